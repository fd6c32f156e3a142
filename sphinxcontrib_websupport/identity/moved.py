"""Moved and edited at once: long texts only, and only where nothing else is as like."""

from __future__ import annotations

from sphinxcontrib_websupport.identity.candidates import Index
from sphinxcontrib_websupport.identity.sides import UNPAIRED, Pairing
from sphinxcontrib_websupport.identity.text import ELSEWHERE, IN_PAGE, LONG, similarity

NEAR = 50
"""How many paragraphs up and down are always looked at, whatever words they have."""


def part_where_another_is_more_alike(pairing: Pairing) -> None:
    """Take back pairs of edited texts where a new paragraph without one is more like the old.

    What is taken back is free in its turn, so this goes on until nothing changes.
    """
    edited = [
        i
        for i, j in enumerate(pairing.to_new)
        if j != UNPAIRED
        and pairing.old.tokens[i] != pairing.new.tokens[j]
        and i not in pairing.parts
    ]
    free = pairing.new_left(range(len(pairing.new)))
    while edited and free:
        index = Index((j, pairing.new.texts[j]) for j in free)
        doubtful = [i for i in edited if _another_is_more_alike(pairing, i, index)]
        free = [pairing.to_new[i] for i in doubtful]
        for i in doubtful:
            pairing.part(i)
        edited = [i for i in edited if pairing.to_new[i] != UNPAIRED]


def _another_is_more_alike(pairing: Pairing, i: int, free: Index) -> bool:
    text, mine = pairing.old.texts[i], pairing.to_new[i]
    alike = similarity(text, pairing.new.texts[mine])
    page = pairing.new.pages[pairing.new.page_of[mine]]
    near = range(max(page.start, mine - NEAR), min(page.stop, mine + NEAR + 1))
    others = free.search(text) + pairing.new_left(near)
    return any(similarity(text, pairing.new.texts[j], alike) > alike for j in others)


def moved_and_edited(pairing: Pairing) -> None:
    """Pair long texts that are left where each is the other's most alike, anywhere.

    Here the place says nothing, so that paragraphs which have a pair count as well: what is
    more like one of those is a near twin of it, and no evidence of a move.
    """
    new_left = [
        j for j in pairing.new_left(range(len(pairing.new))) if len(pairing.new.texts[j]) >= LONG
    ]
    old_left = [
        i
        for i in pairing.old_left(range(len(pairing.old)))
        if len(pairing.old.texts[i]) >= LONG and i not in pairing.merged
    ]
    if not old_left or not new_left:
        return
    index = Index((j, text) for j, text in enumerate(pairing.new.texts) if len(text) >= LONG)
    choices = []
    for i in old_left:
        page = pairing.counterparts.get(pairing.old.page_of[i])
        for j in index.search(pairing.old.texts[i]):
            least = IN_PAGE if pairing.new.page_of[j] == page else ELSEWHERE
            alike = similarity(pairing.old.texts[i], pairing.new.texts[j], least)
            if alike:
                choices.append((-alike, i, j))
    choices.sort()
    best_of_old: dict[int, float] = {}
    best_of_new: dict[int, float] = {}
    for distance, i, j in choices:
        # Sorted by likeness: whoever meets a free partner later has lost a better one to
        # another paragraph, and the second best is a guess.
        first_of_old = i not in best_of_old
        first_of_new = j not in best_of_new
        best_of_old.setdefault(i, distance)
        best_of_new.setdefault(j, distance)
        if first_of_old and first_of_new and pairing.to_old[j] == UNPAIRED:
            pairing.pair(i, j)
