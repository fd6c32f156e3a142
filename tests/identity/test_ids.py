"""Ids: the same in every empty store, safe in HTML, never handed out twice."""

from __future__ import annotations

import re

from sphinxcontrib_websupport.identity import Paragraph, match
from sphinxcontrib_websupport.model import Node

TEXTS = [Paragraph("page", text) for text in ("One.", "Two.", "One.", "")]


def test_two_empty_stores_agree() -> None:
    assert match([], TEXTS) == match([], TEXTS)
    assert match([], list(TEXTS)).ids == match([], TEXTS, {"unrelated"}).ids


def test_equal_texts_and_equal_pages_have_different_ids() -> None:
    twice = TEXTS + [Paragraph("other", each.source) for each in TEXTS]
    assert len(set(match([], twice).ids)) == len(twice)


def test_white_space_is_no_part_of_a_text() -> None:
    assert (
        match([], [Paragraph("page", " One\n  two ")]).ids
        == match([], [Paragraph("page", "One two")]).ids
    )


def test_an_id_is_short_and_needs_no_escaping() -> None:
    assert all(re.fullmatch(r"[a-z2-7]{16}", id) for id in match([], TEXTS).ids)


def test_a_fresh_id_is_none_in_use_elsewhere() -> None:
    first = match([], TEXTS).ids
    second = match([], TEXTS, set(first)).ids
    assert not set(first) & set(second)
    assert second == match([], TEXTS, frozenset(first)).ids
    assert len(set(second)) == len(TEXTS)


def test_a_fresh_id_is_no_retired_one() -> None:
    # The retired node's text is another now, but its id is what this paragraph would get.
    (id,) = match([], [Paragraph("page", "One.")]).ids
    retired = [Node(id, "page", "Something altogether different.", retired=True)]
    assert match(retired, [Paragraph("page", "One.")]).ids != [id]


def test_a_damaged_store_with_an_id_twice_does_no_harm() -> None:
    nodes = [Node("a", "page", "One."), Node("a", "page", "Two."), Node("b", "page", "Three.")]
    matching = match(nodes, [Paragraph("page", each.source) for each in nodes])
    assert matching.ids[0] == "a"
    assert matching.ids[2] == "b"
    assert len(set(matching.ids)) == 3


def test_lone_surrogates_are_texts_like_others() -> None:
    odd = [Paragraph("page", "broken \udcff byte"), Paragraph("page", "NUL \0 byte")]
    assert len(set(match([], odd).ids)) == 2
