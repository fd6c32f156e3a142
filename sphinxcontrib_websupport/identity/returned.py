"""Paragraphs that come back get the id, and the comments, that were set apart with them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from sphinxcontrib_websupport.identity.sides import Pairing, Side
from sphinxcontrib_websupport.identity.text import DISTINCT, LONG, is_lead_in


def returned_to_page(pairing: Pairing, retired: Side, ids: Sequence[str]) -> None:
    """Give paragraphs without a pair the ids of retired nodes of the same page and text.

    A text that may still be an attached paragraph's is left to that one. A short text comes
    back only where its page has it once, and a lead-in never: it is no text to know a
    paragraph by.

    :param ids: of the retired nodes, by their index.
    """
    waiting = {pairing.old.tokens[i] for i in pairing.old_left(range(len(pairing.old)))}
    for document, page in retired.pages.items():
        now = pairing.new.pages.get(pairing.counterparts.get(document, document))
        if now is None:
            continue
        standing = Counter(pairing.new.tokens[j] for j in now)
        free: defaultdict[int, list[int]] = defaultdict(list)
        for j in pairing.new_left(now):
            free[pairing.new.tokens[j]].append(j)
        for r in page:
            token, text = retired.tokens[r], retired.texts[r]
            if token in waiting or not free[token] or is_lead_in(text):
                continue
            if len(text) >= DISTINCT or (text and standing[token] == 1):
                pairing.give_back(free[token].pop(0), ids[r])


def returned_elsewhere(pairing: Pairing, retired: Side, ids: Sequence[str]) -> None:
    """Give long paragraphs the ids of retired nodes of other pages: one text, one of each."""
    used = set(pairing.returned.values())
    gone: defaultdict[int, list[int]] = defaultdict(list)
    for r, token in enumerate(retired.tokens):
        if len(retired.texts[r]) >= LONG and ids[r] not in used:
            gone[token].append(r)
    free: defaultdict[int, list[int]] = defaultdict(list)
    for j in pairing.new_left(range(len(pairing.new))):
        if pairing.new.tokens[j] in gone:
            free[pairing.new.tokens[j]].append(j)
    for token, places in free.items():
        if len(places) == len(gone[token]) == 1:
            pairing.give_back(places[0], ids[gone[token][0]])
