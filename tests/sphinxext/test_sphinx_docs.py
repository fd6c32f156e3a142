"""Sphinx's own documentation, about 13,000 paragraphs, as real input.

Two builds for all that is asked here: ``html`` with two processes, then ``websupport`` with one
and an environment of its own, into the same store.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from benchmarks.corpus import corpus
from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.sphinxext.runner import run
from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage
from tests.engines import require

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Built:
    """Where the id of each node was found: by node, the pages."""

    nodes: list[Node]
    pages: dict[str, list[str]]


class _Ids(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name == "id" and value]


@pytest.fixture(scope="module")
def source() -> Path:
    require("corpus")
    return corpus("sphinx", "9.0.4")


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    folder = tmp_path_factory.mktemp("sphinx-docs")
    storage = SQLAlchemyStorage(f"sqlite:///{folder.as_posix()}/comments.db")
    # Its other projects' inventories are on the network.
    offline: dict[str, dict[str, object]] = {"intersphinx_mapping": {}}
    results = {}
    for builder, parallel in (("html", 2), ("websupport", 1)):
        run(
            source,
            folder / builder,
            folder / f"{builder}-doctrees",
            buildername=builder,
            confoverrides=offline,
            storage=storage,
            parallel=parallel,
        )
        nodes = [node for node in storage.get_nodes() if not node.retired]
        results[builder] = Built(nodes, _places(folder / builder))
    storage.close()
    return results


def _places(folder: Path) -> dict[str, list[str]]:
    places = defaultdict(list)
    documents = folder / "documents"
    for path in documents.rglob("*.json") if documents.exists() else folder.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        parser = _Ids()
        if documents.exists():
            parser.feed(json.loads(text)["body"])
            name = path.relative_to(documents).with_suffix("").as_posix()
        else:
            parser.feed(text)
            name = path.relative_to(folder).with_suffix("").as_posix()
        for id in parser.found:
            places[id].append(unquote(name))
    return places


@pytest.mark.parametrize("builder", ["html", "websupport"])
def test_every_id_is_on_its_page_once(built: dict[str, Built], builder: str) -> None:
    result = built[builder]

    assert len(result.nodes) > 12_500
    elsewhere = {
        node.id: (node.document, result.pages.get(f"s{node.id}"))
        for node in result.nodes
        if result.pages.get(f"s{node.id}") != [node.document]
    }
    assert elsewhere == {}


def test_a_clean_build_with_another_builder_gives_the_same_ids(built: dict[str, Built]) -> None:
    html, websupport = (
        {node.id: (node.document, node.source) for node in built[builder].nodes}
        for builder in ("html", "websupport")
    )

    # Two paragraphs are for the html builder alone, by an "only" directive.
    assert websupport.items() <= html.items()
    assert len(html) - len(websupport) <= 2
