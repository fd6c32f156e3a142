"""Equal texts: which is which, by being the only one, by neighbours, by order."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from rapidfuzz.distance import LCSseq

from sphinxcontrib_websupport.identity.sides import UNPAIRED, Pairing
from sphinxcontrib_websupport.identity.text import DISTINCT, is_lead_in

CELLS = 4_000_000
"""The largest table (old times new paragraphs) that an alignment of equal texts may fill."""


def unchanged_pages(pairing: Pairing) -> None:
    """Pair the paragraphs of every page that kept its name and its whole text."""
    for name, before in pairing.old.pages.items():
        now = pairing.new.pages.get(name)
        if now is not None and len(before) == len(now):
            old_tokens = pairing.old.tokens[before.start : before.stop]
            if old_tokens == pairing.new.tokens[now.start : now.stop]:
                for i, j in zip(before, now, strict=True):
                    pairing.pair(i, j)


def unique_texts(pairing: Pairing) -> None:
    """Pair every text that stands exactly once in each build, wherever it stands."""
    place = _only(range(len(pairing.new)), pairing.new.tokens)
    for token, i in _only(range(len(pairing.old)), pairing.old.tokens).items():
        j = place.get(token)
        # Nothing (a node without source) is no text to know a paragraph by.
        if j is not None and pairing.to_new[i] == UNPAIRED and pairing.old.texts[i]:
            pairing.pair(i, j)


def unique_on_page(pairing: Pairing) -> None:
    """Pair, in order, the texts that stand once on a page and once on its counterpart.

    Only where they are in line with each other and with what is paired: the longest
    increasing sequence, as in a patience diff.
    """
    for before, now in _page_pairs(pairing):
        old_left, new_left = pairing.old_left(before), pairing.new_left(now)
        if not old_left or not new_left:
            continue
        place = _only(new_left, pairing.new.tokens)
        line = {i: j for i in before if (j := pairing.to_new[i]) in now}
        for token, i in _only(old_left, pairing.old.tokens).items():
            if token in place:
                line[i] = place[token]
        for i, j in increasing(sorted(line.items())):
            if pairing.to_new[i] == UNPAIRED:
                pairing.pair(i, j)


def spread(pairing: Pairing) -> None:
    """Pair equal texts next to paragraphs that are paired, on and on, up and down.

    This is what tells repeated texts apart, also in sections that moved. A lead-in
    ("Example:") goes with what follows it, all else first with what it follows.
    """
    lead_in = [is_lead_in(text) for text in pairing.old.texts]
    _sweep(pairing, down=True, allowed=[not lead for lead in lead_in])
    _sweep(pairing, down=False, allowed=lead_in)
    _sweep(pairing, down=True, allowed=None)
    _sweep(pairing, down=False, allowed=None)


def _sweep(pairing: Pairing, *, down: bool, allowed: Sequence[bool] | None) -> None:
    step = 1 if down else -1
    old, new = pairing.old, pairing.new
    to_new, to_old = pairing.to_new, pairing.to_old
    for document, before in old.pages.items():
        now = new.pages.get(pairing.counterparts.get(document, ""))
        # The neighbour's new place; a page's edge has one where the page has a counterpart.
        neighbour = None if now is None else now.start - 1 if down else now.stop
        for i in before if down else reversed(before):
            if to_new[i] != UNPAIRED:
                neighbour = to_new[i]
                now = new.pages[new.page_of[neighbour]]
                continue
            if neighbour is None:
                continue
            j = neighbour + step
            if (
                now is not None
                and j in now
                and to_old[j] == UNPAIRED
                and old.tokens[i] == new.tokens[j]
                and (allowed is None or allowed[i])
            ):
                pairing.pair(i, j)
                neighbour = j
            else:
                neighbour = None


def in_runs(pairing: Pairing) -> None:
    """Align the equal texts of what is left between neighbours, in order, as a diff does."""
    for run in list(pairing.runs()):
        _align(pairing, pairing.old_left(run.old), pairing.new_left(run.new))


def on_page(pairing: Pairing) -> None:
    """Pair the equal texts left on a page and its counterpart: first in order, then in any."""
    for before, now in _page_pairs(pairing):
        _align(pairing, pairing.old_left(before), pairing.new_left(now))
        for i, j in _by_occurrence(pairing, pairing.old_left(before), pairing.new_left(now)):
            pairing.pair(i, j)


def elsewhere(pairing: Pairing) -> None:
    """Pair the equal texts left on any pages, if they are long enough to be no commonplace.

    Where there are several, the pages that already share most paragraphs go first; where
    that does not tell, nothing does.
    """
    shared = Counter(
        (pairing.old.page_of[i], pairing.new.page_of[j])
        for i, j in enumerate(pairing.to_new)
        if j != UNPAIRED
    )
    new_places = _places(pairing.new_left(range(len(pairing.new))), pairing.new.tokens)
    old_places = _places(pairing.old_left(range(len(pairing.old))), pairing.old.tokens)
    for token, before in old_places.items():
        now = new_places.get(token)
        if not now or len(pairing.old.texts[before[0]]) < DISTINCT:
            continue
        if len(before) == len(now) == 1:
            pairing.pair(before[0], now[0])
            continue
        if len(before) * len(now) > CELLS // 1000:
            continue
        choices = sorted(
            (-shared[pairing.old.page_of[i], pairing.new.page_of[j]], i, j)
            for i in before
            for j in now
        )
        for strength, i, j in choices:
            if strength and pairing.to_new[i] == UNPAIRED == pairing.to_old[j]:
                pairing.pair(i, j)


def increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a longest part of pairs, sorted by their first, whose seconds increase."""
    ends: list[int] = []
    chosen: list[int] = []
    before: list[int] = []
    for index, (_, second) in enumerate(pairs):
        length = bisect_left(ends, second)
        before.append(chosen[length - 1] if length else -1)
        if length == len(ends):
            ends.append(second)
            chosen.append(index)
        else:
            ends[length] = second
            chosen[length] = index
    found = []
    index = chosen[-1] if chosen else -1
    while index >= 0:
        found.append(pairs[index])
        index = before[index]
    return found[::-1]


def _align(pairing: Pairing, old_left: list[int], new_left: list[int]) -> None:
    if not old_left or not new_left:
        return
    one = [pairing.old.tokens[i] for i in old_left]
    other = [pairing.new.tokens[j] for j in new_left]
    if len(one) * len(other) > CELLS:
        for i, j in increasing(_by_occurrence(pairing, old_left, new_left)):
            pairing.pair(i, j)
        return
    for block in LCSseq.opcodes(one, other).as_matching_blocks():
        for offset in range(block.size):
            pairing.pair(old_left[block.a + offset], new_left[block.b + offset])


def _by_occurrence(
    pairing: Pairing, old_left: list[int], new_left: list[int]
) -> list[tuple[int, int]]:
    """Put the first of equal texts to the first, the second to the second, and so on."""
    now = _places(new_left, pairing.new.tokens)
    pairs = []
    for token, before in _places(old_left, pairing.old.tokens).items():
        pairs += list(zip(before, now.get(token, []), strict=False))
    return sorted(pairs)


def _page_pairs(pairing: Pairing) -> list[tuple[range, range]]:
    return [
        (pairing.old.pages[before], pairing.new.pages[now])
        for before, now in sorted(pairing.counterparts.items())
    ]


def _places(indices: Iterable[int], tokens: Sequence[int]) -> dict[int, list[int]]:
    places: defaultdict[int, list[int]] = defaultdict(list)
    for index in indices:
        places[tokens[index]].append(index)
    return places


def _only(indices: Iterable[int], tokens: Sequence[int]) -> dict[int, int]:
    return {token: found[0] for token, found in _places(indices, tokens).items() if len(found) == 1}
