"""The difference of two source texts, word by word, as safe HTML and as plain text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from rapidfuzz.distance import Levenshtein

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")

# The alignment costs time in proportion to the product of both lengths, at worst 0.2 s here:
# two texts of 20,000 characters, each a token of its own. Longer ones are compared by lines.
_MAX_PRODUCT = 20_000 * 20_000


class Change(NamedTuple):
    """A stretch of text that both have, or that only the proposal or only the source has."""

    kind: Literal["equal", "insert", "delete"]
    text: str


def compare(source: str, proposal: str) -> list[Change]:
    """Return what leads from ``source`` to ``proposal``, in order.

    The texts of all changes that are not an ``insert`` join to the source, the texts of all
    that are not a ``delete`` to the proposal.
    """
    for pattern in (_WORDS, _LINES):
        old, new = pattern.findall(source), pattern.findall(proposal)
        if len(old) * len(new) <= _MAX_PRODUCT:
            return list(_merged(_aligned(old, new)))
    return list(_merged(iter((("delete", source), ("insert", proposal)))))


def as_html(changes: list[Change]) -> str:
    """Return changes as HTML: ``ins`` and ``del`` without attributes, all text escaped."""
    tags = {"equal": "{}", "insert": "<ins>{}</ins>", "delete": "<del>{}</del>"}
    return "".join(tags[kind].format(html.escape(text)) for kind, text in changes)


def as_text(changes: list[Change]) -> str:
    """Return changes as plain text: ``[-gone-]`` and ``{+new+}``, the notation of wdiff."""
    marks = {"equal": "{}", "insert": "{{+{}+}}", "delete": "[-{}-]"}
    return "".join(marks[kind].format(text) for kind, text in changes)


_Part = tuple[Literal["equal", "insert", "delete"], str]


def _aligned(old: list[str], new: list[str]) -> Iterator[_Part]:
    # rapidfuzz compares hashes; numbers in place of words make that exact.
    numbers: dict[str, int] = {}
    codes = [[numbers.setdefault(token, len(numbers)) for token in side] for side in (old, new)]
    for step in Levenshtein.opcodes(*codes):
        if step.tag == "equal":
            yield "equal", "".join(old[step.src_start : step.src_end])
        else:
            yield "delete", "".join(old[step.src_start : step.src_end])
            yield "insert", "".join(new[step.dest_start : step.dest_end])


def _merged(parts: Iterator[_Part]) -> Iterator[Change]:
    """Join neighbours, so that a changed phrase reads as one and not word by word."""
    deleted: list[str] = []
    inserted: list[str] = []
    space = ""
    for kind, text in parts:
        if not text:
            continue
        if kind == "equal":
            if (deleted or inserted) and not space and text.isspace() and "\n" not in text:
                space = text
                continue
            yield from _flushed(deleted, inserted)
            yield Change("equal", space + text)
            space = ""
            continue
        if space:
            deleted.append(space)
            inserted.append(space)
            space = ""
        (deleted if kind == "delete" else inserted).append(text)
    yield from _flushed(deleted, inserted)
    if space:
        yield Change("equal", space)


def _flushed(deleted: list[str], inserted: list[str]) -> Iterator[Change]:
    if deleted:
        yield Change("delete", "".join(deleted))
    if inserted:
        yield Change("insert", "".join(inserted))
    deleted.clear()
    inserted.clear()
