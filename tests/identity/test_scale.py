"""The work grows with the number of paragraphs, not with its square: comparisons are counted."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from string import ascii_lowercase

import pytest
from rapidfuzz.distance import LCSseq

from sphinxcontrib_websupport.identity import (
    Paragraph,
    candidates,
    edited,
    exact,
    match,
    moved,
    text,
)
from sphinxcontrib_websupport.model import Node

SOURCE = random.Random(0)
VOCABULARY = ["".join(SOURCE.choices(ascii_lowercase, k=8)) for _ in range(4_000)]


class Work:
    """How many pairs of texts were compared, and how large the tables of equal ones were."""

    comparisons = 0
    cells = 0


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """Count every comparison of two texts and every cell of an alignment."""
    counted = Work()

    def compared(one: str, other: str, at_least: float = 0.0) -> float:
        counted.comparisons += 1
        return similarity(one, other, at_least)

    similarity = text.similarity
    for module in (text, edited, moved):
        monkeypatch.setattr(module, "similarity", compared)

    class Counting:
        @staticmethod
        def opcodes(one: list[int], other: list[int]) -> object:
            counted.cells += len(one) * len(other)
            return opcodes(one, other)

    opcodes = LCSseq.opcodes
    monkeypatch.setattr(exact, "LCSseq", Counting)
    return counted


@contextmanager
def doubled(work: Work, growth: float) -> Iterator[list[int]]:
    """Hold that the second of two measures is at most ``growth`` times the first."""
    measures: list[int] = []
    yield measures
    small, large = measures
    assert large <= max(small, 100) * growth


def _text(source: random.Random, words: int = 30) -> str:
    return " ".join(source.choice(VOCABULARY) for _ in range(words))


def _manual(size: int, pages: int) -> list[Paragraph]:
    source = random.Random(size)
    return [Paragraph(f"page{n * pages // size}", _text(source)) for n in range(size)]


def _built(paragraphs: list[Paragraph]) -> list[Node]:
    ids = match([], paragraphs).ids
    return [Node(id, each.document, each.source) for id, each in zip(ids, paragraphs, strict=True)]


def test_an_unchanged_manual_is_not_compared_at_all(work: Work) -> None:
    manual = _manual(5_000, 50)
    match(_built(manual), manual)
    assert work.comparisons == work.cells == 0


def test_an_insertion_on_a_large_page_compares_nothing(work: Work) -> None:
    page = _manual(1_300, 1)
    page[100:100] = [Paragraph("page0", "Example:")] * 400
    old = _built(page)
    matching = match(old, [Paragraph("page0", "One sentence at the top."), *page])
    assert matching.ids[1:] == [node.id for node in old]
    assert work.comparisons <= 10
    assert work.cells <= 10


@pytest.mark.parametrize("pages", [1, 20])
def test_twice_the_edits_on_twice_the_paragraphs_are_twice_the_work(work: Work, pages: int) -> None:
    with doubled(work, 2.6) as measures:
        for size in (2_000, 4_000):
            manual = _manual(size, pages)
            source = random.Random(1)
            changed = [
                Paragraph(each.document, each.source + " " + _text(source, 4))
                if source.random() < 0.05
                else each
                for each in manual
            ]
            work.comparisons = 0
            assert not match(_built(manual), changed).retired
            measures.append(work.comparisons)


def test_a_page_rewritten_as_a_whole_is_looked_up_not_compared_with_everything(
    work: Work,
) -> None:
    with doubled(work, 2.6) as measures:
        for size in (1_000, 2_000):
            old = _built(_manual(size, 1))
            new = [Paragraph("page0", each.source) for each in _manual(size + 1, 1)]
            work.comparisons = 0
            match(old, new)
            measures.append(work.comparisons)
    per_paragraph = candidates.CANDIDATES * 4 + moved.NEAR * 2
    assert measures[1] <= 2_000 * per_paragraph


def test_shuffled_repeated_texts_are_aligned_without_a_square_table(work: Work) -> None:
    source = random.Random(1)
    page = [Paragraph("page", source.choice(["yes", "no", "Example:"])) for _ in range(6_000)]
    shuffled = source.sample(page, len(page))
    assert not match(_built(page), shuffled).retired
    assert work.cells <= exact.CELLS


def test_thousands_of_equal_paragraphs_are_no_burden(work: Work) -> None:
    cells = [Paragraph("page", "yes")] * 5_000
    old = _built(cells)
    assert match(old, cells[:4_000]).ids == [node.id for node in old[:4_000]]
    assert match(old, [*cells, cells[0]]).ids[:5_000] == [node.id for node in old]
    assert work.comparisons == work.cells == 0
