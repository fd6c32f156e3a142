"""Which paragraph of today is shown beside one that is gone."""

from __future__ import annotations

import pytest

from sphinxcontrib_websupport import moderation
from sphinxcontrib_websupport.model import Nearest, Node

GONE = Node("gone", "page", "Call the harbour office before you enter.", retired=True)


def nearest(gone: tuple[Node, ...], today: tuple[Node, ...]) -> list[Nearest | None]:
    return list(moderation.nearest(gone, today).values())


def here(id: str, source: str) -> Node:
    return Node(id, "page", source)


def test_it_is_the_one_most_like_it() -> None:
    near = here("near", "Ring the port office before you enter.")
    nearer = here("nearer", "Call the harbour office when you enter.")
    (found,) = nearest((GONE,), (near, nearer, here("other", "Lower your sails.")))
    diff = "Call the harbour office <del>before</del><ins>when</ins> you enter."
    assert found == {"node": "nearer", "source_diff": diff}


def test_strangers_are_not_shown() -> None:
    assert nearest((GONE,), (here("other", "Three red lights."),)) == [None]
    assert nearest((GONE,), ()) == [None]


def test_white_space_does_not_matter() -> None:
    wrapped = here("wrapped", GONE.source.replace(" ", "\n    "))
    similar = here("similar", GONE.source.replace("harbour", "port"))
    (found,) = nearest((GONE,), (similar, wrapped))
    assert found is not None
    assert found["node"] == "wrapped"


def test_the_paragraph_that_took_its_text_in_comes_first() -> None:
    merged = here("merged", f"Before anything else, and in any weather: {GONE.source} " + "x " * 99)
    similar = here("similar", GONE.source.replace("harbour", "port"))
    gone = Node("gone", "page", GONE.source, retired=True, successor="merged")
    (found,) = nearest((gone,), (similar, merged))
    assert found is not None
    assert found["node"] == "merged"


def test_a_successor_on_another_page_is_none() -> None:
    similar = here("similar", GONE.source.replace("harbour", "port"))
    gone = Node("gone", "page", GONE.source, retired=True, successor="elsewhere")
    (found,) = nearest((gone,), (similar,))
    assert found is not None
    assert found["node"] == "similar"


def test_sources_are_text_and_never_markup() -> None:
    gone = Node("gone", "page", "Write <b>bold</b> & old.", retired=True)
    (found,) = nearest((gone,), (here("here", "Write <b>bold</b> & new."),))
    assert found is not None
    assert found["source_diff"] == (
        "Write &lt;b&gt;bold&lt;/b&gt; &amp; <del>old</del><ins>new</ins>."
    )


def test_the_work_for_a_page_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    today = here("here", GONE.source.replace("Call", "Ring"))
    monkeypatch.setattr(moderation, "MOST_PAIRS", 2 * len(GONE.source) * len(today.source))
    gone = tuple(Node(f"gone{n}", "page", GONE.source, retired=True) for n in range(3))
    assert [like and like["node"] for like in nearest(gone, (today,))] == ["here", "here", None]
