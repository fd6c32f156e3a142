"""How much a comment may cost: a short text must not become a long page, or a long wait.

A reference repeats its target, a table its columns, without a character typed for it. What grows so
is counted before it is written as HTML, and once more as it is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sphinxcontrib_websupport.errors import InvalidInputError

MAX_SIZE = 200_000
"""The most bytes of HTML that a comment is stored as."""

GROWTH = 20
"""How many times its own length a text may become as HTML."""

_SMALL = 4_000
"""So many bytes of HTML any text may become: the shortest one needs its tags."""

MAX_CELLS = 10_000
"""How many cells the rows of a table can have; docutils takes half a second for so many."""

MAX_WORD = 2_000
MAX_MARKS = 500
"""From which length on a run of ASCII characters without a space has at most so many that are no
letters or digits: some patterns of docutils are quadratic in these. A key in base64 has fewer."""

# Not anchored to a line's beginning: a table may stand in a quotation, a list or another table.
# Possessive, and begun once for each run: else a long run costs its square.
_columns = re.compile(r"(?<!=)=++(?: ++=++)++")
_word = re.compile(rf"[!-~]{{{MAX_WORD + 1},}}")


def check_text(text: str) -> None:
    """Refuse a text in reStructuredText that takes long to parse.

    :raises InvalidInputError: a table may have too many cells, or a word is too long.
    """
    for word in _word.findall(text):
        if sum(not character.isalnum() for character in word) > MAX_MARKS:
            raise InvalidInputError(
                f"a word of more than {MAX_WORD} characters has more than {MAX_MARKS} marks"
            )
    check_cells(text, (match[0].count(" =") + 1 for match in _columns.finditer(text)))


def check_cells(text: str, columns: Iterable[int]) -> None:
    """Refuse a text whose lines may be the rows of a table with too many cells.

    :param columns: of each table in it.
    :raises InvalidInputError: they may.
    """
    if max(columns, default=0) * text.count("\n") > MAX_CELLS:
        raise InvalidInputError(f"a table could have more than {MAX_CELLS} cells")


def check_parts(text: str, lengths: Iterable[int]) -> None:
    """Refuse a parsed text that would become too long.

    :param text: as it was typed.
    :param lengths: of all that repeats something, in characters.
    :raises InvalidInputError: it would.
    """
    if sum(lengths) > _allowed(text):
        raise _too_long()


def check_html(text: str, html: str) -> None:
    """Refuse what became too long.

    :param text: as it was typed.
    :raises InvalidInputError: it did.
    """
    if len(html.encode()) > _allowed(text):
        raise _too_long()


def _allowed(text: str) -> int:
    return min(MAX_SIZE, max(_SMALL, GROWTH * len(text.encode())))


def _too_long() -> InvalidInputError:
    return InvalidInputError(
        "the text becomes too long as HTML: it repeats a long link, or has many empty cells"
    )
