"""When two texts are the same, alike, or strangers: the measure and its thresholds.

The measure is the share of characters that two texts have in common, in order (``rapidfuzz``'s
``fuzz.ratio``): 1 for equal texts. Among the paragraphs of Django's manual, one pair of
strangers in a thousand comes above 0.55 (80 characters or more) or 0.86 (fewer). So the
thresholds are the stricter the less a paragraph's place says about it, and short texts are
never compared out of their place.
"""

from __future__ import annotations

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

IN_PLACE = 0.6
"""Least similarity between neighbours that are known: the paragraph was edited where it stood."""

SHORT = 30
"""Below so many characters a text is mostly chance: a date, a version, a name in a table."""

SHORT_IN_PLACE = 0.75
"""Instead of :data:`IN_PLACE` where both texts are short: neighbouring cells are alike."""

IN_PAGE = 0.7
"""Least similarity on the same page, in another place: moved within its page and edited."""

ELSEWHERE = 0.8
"""Least similarity on another page: moved there and edited."""

WHOLE = 0.75
"""Least similarity of a paragraph with the parts it was split into (or merged from), joined."""

PART = 2 / 3
"""The share of its own characters that each such part must add to what was found of the whole."""

DISTINCT = 40
"""The fewest characters of a text that says by itself which paragraph it is when it is equal."""

LONG = 60
"""The fewest characters of a text that may be edited and moved at once."""


def normalise(source: str) -> str:
    """Return a source text with each run of white space as one blank, none at the ends."""
    return " ".join(source.split())


def similarity(one: str, other: str, at_least: float = 0.0) -> float:
    """Return how much of two normalised texts is the same, from 0 to 1.

    :param at_least: below this the answer may be 0, which is found faster.
    """
    return fuzz.ratio(one, other, score_cutoff=at_least * 100) / 100


def edited_in_place(one: str, other: str) -> float:
    """Return the similarity of two texts if the one may be the other, edited; otherwise 0."""
    short = max(len(one), len(other)) < SHORT
    return similarity(one, other, SHORT_IN_PLACE if short else IN_PLACE)


def common(one: str, other: str) -> int:
    """Return how many characters two texts have in common, in order."""
    return LCSseq.similarity(one, other)


def is_lead_in(text: str) -> bool:
    """Tell whether a text such as "For example:" belongs to what follows it."""
    return text.endswith(":")
