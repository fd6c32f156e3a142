"""Markdown (CommonMark with tables and strike-through) to safe HTML."""

from __future__ import annotations

from markdown_it import MarkdownIt

from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.markup.cleaning import clean

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False})
_markdown.enable(["table", "strikethrough"])


def render(text: str) -> str:
    """Return Markdown as safe HTML.

    :raises InvalidInputError: nothing is left of it, as of a mere link definition.
    """
    html = clean(_markdown.render(text)).strip()
    if not html:
        raise InvalidInputError("the text is empty: nothing of it would be shown")
    return f"{html}\n"
