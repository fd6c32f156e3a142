"""What holds for every build after every other."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from sphinxcontrib_websupport.identity import Paragraph, match, normalise
from sphinxcontrib_websupport.model import Node
from tests.identity.builds import Pages, Site, paragraphs

WORDS = "alpha beta gamma delta epsilon zeta eta theta iota kappa".split()
TEXTS = st.one_of(
    st.sampled_from(["", "yes", "no", "Example:", "Note:"]),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=25).map(" ".join),
)
PAGES: st.SearchStrategy[Pages] = st.dictionaries(
    st.sampled_from("abcd"), st.lists(TEXTS, max_size=12), max_size=4
)


@st.composite
def builds(draw: st.DrawFn) -> tuple[Pages, Pages]:
    """Draw a site and what a few edits make of it."""
    before = draw(PAGES)
    after = {page: list(texts) for page, texts in before.items()}
    for _ in range(draw(st.integers(0, 8))):
        pages = [page for page in after if after[page]]
        if not pages:
            break
        texts = after[draw(st.sampled_from(pages))]
        at = draw(st.integers(0, len(texts) - 1))
        match draw(st.sampled_from(["insert", "delete", "edit", "move", "split", "merge"])):
            case "insert":
                texts.insert(at, draw(TEXTS))
            case "delete":
                del texts[at]
            case "edit":
                words = texts[at].split()
                if words:
                    words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(WORDS))
                texts[at] = " ".join(words)
            case "move":
                text = texts.pop(at)
                target = after[draw(st.sampled_from(sorted(after)))]
                target.insert(draw(st.integers(0, len(target))), text)
            case "split":
                words = texts[at].split()
                cut = draw(st.integers(0, len(words)))
                texts[at : at + 1] = [" ".join(words[:cut]), " ".join(words[cut:])]
            case "merge":
                texts[at : at + 2] = [" ".join(texts[at : at + 2])]
    renamed = draw(st.booleans())
    if after and renamed:
        page = draw(st.sampled_from(sorted(after)))
        after[draw(st.sampled_from("abcdef"))] = after.pop(page)
    return before, after


def nodes(ids: list[str], pages: Pages) -> list[Node]:
    return [
        Node(id, each.document, each.source)
        for id, each in zip(ids, paragraphs(pages), strict=True)
    ]


@given(builds())
def test_each_id_is_used_once_and_none_disappears(case: tuple[Pages, Pages]) -> None:
    before, after = case
    old = match([], paragraphs(before)).ids
    matching = match(nodes(old, before), paragraphs(after))
    retired = [retirement.id for retirement in matching.retired]
    assert len(set(matching.ids)) == len(matching.ids) == len(paragraphs(after))
    assert len(set(retired)) == len(retired)
    assert set(old) & set(matching.ids) == set(old) - set(retired)
    assert set(retired) <= set(old)
    successors = {retirement.successor for retirement in matching.retired} - {None}
    assert successors <= set(matching.ids)


@given(PAGES)
def test_an_unchanged_build_changes_nothing(pages: Pages) -> None:
    ids = match([], paragraphs(pages)).ids
    matching = match(nodes(ids, pages), paragraphs(pages))
    assert matching.ids == ids
    assert not matching.retired


@given(builds())
def test_building_again_changes_nothing(case: tuple[Pages, Pages]) -> None:
    before, after = case
    site = Site(before).build(after)
    ids = site.matching.ids
    assert site.build(after).matching.ids == ids
    assert not site.retired


@given(builds())
def test_a_text_that_is_unique_in_both_builds_keeps_its_id(case: tuple[Pages, Pages]) -> None:
    before, after = case
    old = nodes(match([], paragraphs(before)).ids, before)
    new = paragraphs(after)
    ids = match(old, new).ids
    was = Counter(normalise(node.source) for node in old)
    now = Counter(normalise(each.source) for each in new)
    id_of = {normalise(node.source): node.id for node in old}
    for id, each in zip(ids, new, strict=True):
        text = normalise(each.source)
        if text and was[text] == now[text] == 1:
            assert id == id_of[text]


@given(PAGES, TEXTS, st.data())
def test_an_insertion_anywhere_changes_no_other_id(
    pages: Pages, text: str, data: st.DataObject
) -> None:
    if not pages:
        return
    old = nodes(match([], paragraphs(pages)).ids, pages)
    page = data.draw(st.sampled_from(sorted(pages)))
    texts = list(pages[page])
    texts.insert(data.draw(st.integers(0, len(texts))), text)
    after = {**pages, page: texts}
    new = paragraphs(after)
    matching = match(old, new)
    assert not matching.retired
    fresh = set(matching.ids) - {node.id for node in old}
    assert len(fresh) == 1
    # The others are on their own text, in their own order.
    by_id = {node.id: node for node in old}
    kept = [(id, each) for id, each in zip(matching.ids, new, strict=True) if id not in fresh]
    assert [id for id, _ in kept] == [node.id for node in old]
    assert all(by_id[id].source == each.source for id, each in kept)
    assert all(by_id[id].document == each.document for id, each in kept)


@given(PAGES, st.data())
def test_a_deletion_anywhere_retires_one_id_of_that_text(pages: Pages, data: st.DataObject) -> None:
    filled = sorted(page for page in pages if pages[page])
    if not filled:
        return
    old = nodes(match([], paragraphs(pages)).ids, pages)
    page = data.draw(st.sampled_from(filled))
    texts = list(pages[page])
    gone = texts.pop(data.draw(st.integers(0, len(texts) - 1)))
    matching = match(old, paragraphs({**pages, page: texts}))
    (retirement,) = matching.retired
    by_id = {node.id: node for node in old}
    assert (by_id[retirement.id].document, by_id[retirement.id].source) == (page, gone)


@given(builds(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_documents_does_not_matter(case: tuple[Pages, Pages], random: Random) -> None:
    before, after = case
    old = nodes(match([], paragraphs(before)).ids, before)

    def shuffled(pages: Pages) -> Pages:
        names = sorted(pages, key=lambda _: random.random())
        return {name: pages[name] for name in names}

    other = shuffled(after)
    expected = dict(zip(_where(after), match(old, paragraphs(after)).ids, strict=True))
    reordered = sorted(old, key=lambda node: node.document, reverse=True)
    found = dict(zip(_where(other), match(reordered, paragraphs(other)).ids, strict=True))
    assert found == expected


def _where(pages: Pages) -> list[tuple[str, int]]:
    return [(page, at) for page, texts in pages.items() for at in range(len(texts))]


@given(builds())
def test_the_same_input_gives_the_same_output(case: tuple[Pages, Pages]) -> None:
    before, after = case
    old = nodes(match([], paragraphs(before)).ids, before)
    assert match(old, paragraphs(after)) == match(old, paragraphs(after))


@given(st.lists(PAGES, min_size=2, max_size=5))
def test_no_id_ever_stands_for_two_texts_that_have_nothing_in_common(history: list[Pages]) -> None:
    """Through any number of builds, a retired id comes back with its own text only."""
    site = Site({})
    for pages in history:
        apart = {node.id: node for node in site.nodes if node.retired}
        site.build(pages)
        for id, each in zip(site.matching.ids, paragraphs(pages), strict=True):
            if id in apart:
                assert normalise(each.source) == normalise(apart[id].source)


@given(builds(), st.integers(0, 3))
def test_fresh_ids_avoid_what_is_taken(case: tuple[Pages, Pages], seed: int) -> None:
    before, after = case
    old = nodes(match([], paragraphs(before)).ids, before)
    first = match(old, paragraphs(after)).ids
    fresh = set(first) - {node.id for node in old}
    taken = set(sorted(fresh)[seed:])
    again = match(old, paragraphs(after), taken).ids
    assert not set(again) & taken
    assert [id for id in first if id not in taken] == [
        id for id, was in zip(again, first, strict=True) if was not in taken
    ]


def test_paragraphs_of_one_document_may_be_given_apart() -> None:
    """Only the order within a document counts, not that a document is given in one piece."""
    new = [Paragraph("a", "One."), Paragraph("b", "Two."), Paragraph("a", "Three.")]
    ids = match([], new).ids
    old = [Node(id, each.document, each.source) for id, each in zip(ids, new, strict=True)]
    assert match(old, sorted(new, key=lambda each: each.document)).ids == [ids[0], ids[2], ids[1]]
