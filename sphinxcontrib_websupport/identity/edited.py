"""Edited where they stand: reworded, split in two or three, merged.

Between known neighbours, old and new paragraphs are aligned in order so that most text is
kept, one to one, one to several, or several to one, as translations are aligned by sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sphinxcontrib_websupport.identity.candidates import Index
from sphinxcontrib_websupport.identity.sides import UNPAIRED, Pairing, Run
from sphinxcontrib_websupport.identity.text import (
    PART,
    WHOLE,
    common,
    edited_in_place,
    similarity,
)

TABLE = 2_500
"""The most pairs (old times new) that are all compared; of a longer run only likely ones."""

PARTS = 3
"""The most parts that a paragraph is split into, or merged from."""

CHANCE = 0.5
"""The similarity that strangers may have; an alignment gains by what exceeds it."""


@dataclass(frozen=True, slots=True)
class Bead:
    """Old paragraphs that may be new ones: one of either, and one to three of the other.

    Bounds are positions in the run, the last included.
    """

    old_first: int
    old_last: int
    new_first: int
    new_last: int
    gain: float


def edited_in_runs(pairing: Pairing, *, distinct: bool) -> None:
    """Pair what was edited between known neighbours.

    :param distinct: leave aside texts that have their equal on the other side of the run,
        since those may be unchanged and only not told apart yet.
    """
    runs = list(pairing.runs())
    # Where nothing moved there is only one place to look; those go first.
    for run in [run for run in runs if run.in_order] + [run for run in runs if not run.in_order]:
        old_left = [i for i in pairing.old_left(run.old) if i not in pairing.merged]
        new_left = pairing.new_left(run.new)
        if distinct:
            equal = {pairing.old.tokens[i] for i in old_left}
            equal &= {pairing.new.tokens[j] for j in new_left}
            old_left = [i for i in old_left if pairing.old.tokens[i] not in equal]
            new_left = [j for j in new_left if pairing.new.tokens[j] not in equal]
        if old_left and new_left:
            _align(pairing, Run(old_left, new_left, run.in_order))


def _align(pairing: Pairing, run: Run) -> None:
    for bead in heaviest_chain(list(_beads(pairing, run)), len(run.new)):
        old = run.old[bead.old_first : bead.old_last + 1]
        new = run.new[bead.new_first : bead.new_last + 1]
        keeper = max(old, key=lambda i: (len(pairing.old.texts[i]), -i))
        pairing.pair(keeper, new[0])
        if len(old) > 1 or len(new) > 1:
            pairing.parts.add(keeper)
        for i in old:
            if i != keeper:
                pairing.merged[i] = new[0]


def _beads(pairing: Pairing, run: Run) -> Iterator[Bead]:
    old_texts = [pairing.old.texts[i] for i in run.old]
    new_texts = [pairing.new.texts[j] for j in run.new]
    for a, b in _likely(old_texts, new_texts):
        alike = edited_in_place(old_texts[a], new_texts[b])
        if alike:
            yield Bead(a, a, b, b, _gain(alike, len(old_texts[a]) + len(new_texts[b])))
        for gain, last in _in_parts(old_texts[a], b, new_texts, _neighbours(run.new)):
            yield Bead(a, a, b, last, gain)
        for gain, last in _in_parts(new_texts[b], a, old_texts, _neighbours(run.old)):
            yield Bead(a, last, b, b, gain)


def _likely(old_texts: list[str], new_texts: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the pairs worth comparing: all of them, or those that share rare words."""
    if len(old_texts) * len(new_texts) <= TABLE:
        for a in range(len(old_texts)):
            for b in range(len(new_texts)):
                yield a, b
        return
    index = Index(enumerate(new_texts))
    for a, text in enumerate(old_texts):
        for b in sorted(index.search(text)):
            yield a, b


def _neighbours(indices: Sequence[int]) -> Callable[[int], bool]:
    """Return a test whether the paragraph at a position stands right above the next one."""
    return lambda position: indices[position] + 1 == indices[position + 1]


def _in_parts(
    whole: str, first: int, texts: list[str], adjacent: Callable[[int], bool]
) -> Iterator[tuple[float, int]]:
    """Yield gain and last position where ``texts`` from ``first`` on, joined, are ``whole``.

    Each part must bring its own share of the whole: a new paragraph that merely stands beside
    an edited one is no part of it.
    """
    for last in range(first + 1, min(first + PARTS, len(texts))):
        if not adjacent(last - 1):
            return
        parts = texts[first : last + 1]
        joined = " ".join(parts)
        total = len(joined) + len(whole)
        if 2 * len(whole) < WHOLE * total:
            return
        if 2 * len(joined) < WHOLE * total:
            continue
        alike = similarity(whole, joined, WHOLE)
        if alike and _each_brings_its_own(whole, parts, joined):
            yield _gain(alike, total), last


def _each_brings_its_own(whole: str, parts: list[str], joined: str) -> bool:
    found = common(whole, joined)
    return all(
        found - common(whole, " ".join(parts[:n] + parts[n + 1 :])) >= PART * len(part) > 0
        for n, part in enumerate(parts)
    )


def _gain(alike: float, characters: int) -> float:
    return (alike - CHANCE) * characters


def heaviest_chain(beads: Sequence[Bead], width: int) -> list[Bead]:
    """Return the beads, in order on both sides and disjoint, whose gains add up to most.

    :param width: the number of new paragraphs; takes ``O(n log width)`` for ``n`` beads.
    """
    by_start = sorted(beads, key=lambda bead: (bead.old_first, bead.new_first, bead.new_last))
    by_end = sorted(range(len(by_start)), key=lambda at: by_start[at].old_last)
    best = [(0.0, UNPAIRED)] * (width + 1)
    """A Fenwick tree: the best chain (its sum and last bead) that ends before a position."""
    total = [0.0] * len(by_start)
    before = [UNPAIRED] * len(by_start)
    ended = 0
    for at, bead in enumerate(by_start):
        while ended < len(by_end) and by_start[by_end[ended]].old_last < bead.old_first:
            done = by_end[ended]
            position = by_start[done].new_last + 1
            while position <= width:
                if total[done] > best[position][0]:
                    best[position] = (total[done], done)
                position += position & -position
            ended += 1
        heaviest = (0.0, UNPAIRED)
        position = bead.new_first
        while position > 0:
            if best[position][0] > heaviest[0]:
                heaviest = best[position]
            position -= position & -position
        total[at] = heaviest[0] + bead.gain
        before[at] = heaviest[1]
    chain = []
    at = max(range(len(by_start)), key=lambda at: (total[at], -at), default=UNPAIRED)
    while at != UNPAIRED:
        chain.append(by_start[at])
        at = before[at]
    return chain[::-1]
