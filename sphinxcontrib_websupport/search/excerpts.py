"""The piece of a text that shows why it was found, as safe HTML."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from html import escape

from sphinxcontrib_websupport.search.queries import Query
from sphinxcontrib_websupport.search.words import Analyzer

LENGTH = 240
"""The usual length of an excerpt, in characters of its text."""

_LEAD = 60
"""How many characters are shown before what was found, at most."""

_REACH = 100_000
"""How far into a text is looked, in characters."""

Span = tuple[int, int]


def find_best(texts: Sequence[str], query: Query, analyzer: Analyzer) -> int | None:
    """Return the index of the text that has most of what is wanted; ``None`` if none has any.

    Of equal ones the first.
    """
    best, most = None, 0
    has_prefix = any(clause.is_prefix for clause in query.wanted)
    for n, text in enumerate(texts):
        pairs = list(analyzer.pairs(text[:_REACH]))
        terms = [term for term, _ in pairs]
        forms = {form for _, form in pairs} if has_prefix else ()
        found = sum(clause.is_in(terms, forms) for clause in query.wanted)
        if found > most:
            best, most = n, found
            if found == len(query.wanted):
                break
    return best


def excerpt(text: str, query: Query, analyzer: Analyzer, length: int = LENGTH) -> str:
    """Return the stretch of a text that shows most of what is wanted, as safe HTML.

    :param length: of the excerpt, in characters of the text.
    """
    spans = _spans(text[:_REACH], query, analyzer)
    start = _begin(text, spans, length)
    end = min(start + length, len(text))
    if end < len(text):
        # Not in the middle of a word, unless it is all there is.
        blank = text.rfind(" ", start + length // 2, end + 1)
        end = blank if blank > start else end
    marked = _mark(
        text, [span for span in spans if start <= span[0] and span[1] <= end], start, end
    )
    return ("…" if start > 0 else "") + marked + ("…" if end < len(text) else "")


def _spans(text: str, query: Query, analyzer: Analyzer) -> list[Span]:
    terms = list(analyzer.terms(text))
    spans = sorted({span for clause in query.wanted for span in clause.spans(terms)})
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _begin(text: str, spans: Sequence[Span], length: int) -> int:
    """Return where the stretch with the most spans begins."""
    if not spans:
        return 0
    ends = [end for _, end in spans]
    reach = length - min(_LEAD, length // 4)
    counts = [
        # At least itself, though it is longer than the whole stretch.
        max(bisect_right(ends, start + reach) - bisect_left(spans, (start, 0)), 1)
        for start, _ in spans
    ]
    most = max(counts)
    index = counts.index(most)
    first = spans[index][0]
    if spans[index + most - 1][1] <= length:  # all of it is at the beginning
        return 0
    start = max(first - min(_LEAD, length // 4), 0)
    if start == 0:
        return 0
    blank = text.find(" ", start, first)
    return blank + 1 if blank >= 0 else start


def _mark(text: str, spans: Sequence[Span], start: int, end: int) -> str:
    parts: list[str] = []
    at = start
    for first, last in spans:
        parts += [escape(text[at:first]), f"<mark>{escape(text[first:last])}</mark>"]
        at = last
    return "".join(parts) + escape(text[at:end])
