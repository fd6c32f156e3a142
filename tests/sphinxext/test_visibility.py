"""Through any number of builds, no comment is ever invisible and unlisted."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinxcontrib_websupport.sphinxext.collector import Note
from sphinxcontrib_websupport.sphinxext.plan import Registration, register
from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage

TEXTS = (
    "Call the harbour office on channel twelve before you enter, and wait for the signal.",
    "Call the harbour office on channel nine before you enter, and wait for its signal.",
    "Call the harbour office on channel twelve before you enter.",
    "And wait for the signal.",
    "The fee is due on arrival; it covers water, waste and the showers in the customs house.",
    "The fee is due when you leave; it covers water, waste and the showers in the house.",
    "Lower your sails.",
    "Lower all sails.",
    "See below:",
)
"""Few, and some like others: edited, split, merged, said twice; all of them come back."""

Pages = Mapping[str, Sequence[str]]

PAGES = st.dictionaries(
    st.sampled_from(["index", "fees"]), st.lists(st.sampled_from(TEXTS), max_size=6), min_size=1
)
REMARKS = st.lists(st.tuples(st.integers(0, 11), st.booleans()), max_size=4)
"""On which paragraph, counted through all pages, and whether it is displayed at once."""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its tables, made once: each example works on a copy."""
    path = tmp_path_factory.mktemp("store") / "comments.db"
    SQLAlchemyStorage(f"sqlite:///{path}").close()
    return path


@contextmanager
def copy_of(path: Path) -> Iterator[SQLAlchemyStorage]:
    with TemporaryDirectory() as folder:
        storage = SQLAlchemyStorage(f"sqlite:///{shutil.copy(path, folder)}")
        try:
            yield storage
        finally:
            storage.close()


def build(storage: SQLAlchemyStorage, pages: Pages) -> Registration:
    notes = {
        page: [Note(text, f"{page}.rst", line, ()) for line, text in enumerate(texts, 1)]
        for page, texts in pages.items()
    }
    registration = register(storage, notes, lambda document: True)
    registration.stage(storage)
    storage.post_build()
    return registration


def say(storage: SQLAlchemyStorage, node: str, displayed: bool) -> str:
    now = datetime.now(UTC)
    return storage.add_comment("<p>Hm.</p>", displayed, None, now, None, node, None, False)["id"]


@given(st.lists(st.tuples(PAGES, REMARKS), min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_every_comment_is_at_a_paragraph_of_today_or_listed_as_detached(
    empty: Path, history: list[tuple[Pages, list[tuple[int, bool]]]]
) -> None:
    said: dict[str, bool] = {}
    with copy_of(empty) as storage:
        for pages, remarks in history:
            ids = build(storage, pages).ids
            for moderator in (False, True):
                expected = [id for id, displayed in said.items() if displayed or moderator]
                # Every one can be found, at a place that is shown, and is counted there.
                places = Counter(storage.find_comment(id, moderator) for id in expected)
                attached = {
                    page: {n: c for n, c in storage.get_metadata(page, moderator).items() if c}
                    for page in pages
                }
                detached = {node.id: count for node, count in storage.get_retired(None, moderator)}
                for page, counts in attached.items():
                    assert counts.keys() <= set(ids[page])
                shown = [detached, *attached.values()]
                assert places == sum(map(Counter, shown), Counter[str]())
                assert len(places) == sum(map(len, shown))
            nodes = [id for page in pages for id in ids[page]]
            for at, displayed in remarks:
                if at < len(nodes):
                    said[say(storage, nodes[at], displayed)] = displayed
