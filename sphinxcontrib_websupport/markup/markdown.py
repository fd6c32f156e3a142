"""Markdown (CommonMark with tables and strike-through) to safe HTML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.markup import bounds
from sphinxcontrib_websupport.markup.cleaning import clean

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False})
_markdown.enable(["table", "strikethrough"])

# Of what the row is made that makes a table of the lines around it, in any quotation or list.
_RULE = frozenset("-:| \t>*+.)0123456789")


def render(text: str) -> str:
    """Return Markdown as safe HTML.

    :raises InvalidInputError: nothing is left of it, as of a mere link definition; or too much
        becomes of it.
    """
    bounds.check_cells(text, _columns(text))
    env: dict[str, Any] = {}
    tokens = _markdown.parse(text, env)
    bounds.check_parts(text, map(_repeated, tokens))
    html = clean(_markdown.renderer.render(tokens, _markdown.options, env)).strip()
    bounds.check_html(text, html)
    if not html:
        raise InvalidInputError("the text is empty: nothing of it would be shown")
    return f"{html}\n"


def _columns(text: str) -> Iterator[int]:
    """Yield how many columns each table of a text may have."""
    for line in text.split("\n"):
        if "|" in line and "-" in line and _RULE.issuperset(line):
            yield line.count("|") + 1


def _repeated(token: Token) -> int:
    """Return how much of a token nobody typed: its tag, and what links repeat."""
    own = len(token.tag) + sum(len(str(value)) for value in token.attrs.values())
    return own + sum(map(_repeated, token.children or ()))
