"""reStructuredText to safe HTML, with everything off that reads files, URLs or lasts.

docutils keeps directives and roles in process-wide tables that a text can write to (``role``,
``default-role``) and that Sphinx fills while it builds. A comment must neither change what the
next one means nor depend on a build in the same process, so directives outside a short list are
turned into text before docutils sees them, and roles are looked up here.
"""

from __future__ import annotations

import logging
import re
import threading
from copy import deepcopy
from functools import cache
from html import escape
from typing import Any

from docutils import nodes
from docutils.core import publish_doctree, publish_from_doctree
from docutils.frontend import Values, get_default_settings
from docutils.parsers.rst import Parser
from docutils.parsers.rst.states import Inliner
from docutils.readers.standalone import Reader
from docutils.utils import unescape
from docutils.writers.html5_polyglot import Writer

from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.markup import bounds
from sphinxcontrib_websupport.markup.cleaning import clean
from sphinxcontrib_websupport.model import MAX_TEXT_LENGTH

logger = logging.getLogger(__name__)

DIRECTIVES = frozenset(
    "attention caution danger error hint important note tip warning admonition code code-block "
    "sourcecode math epigraph highlights pull-quote parsed-literal rubric table list-table "
    "image figure line-block".split()
)
"""Directives a comment may use: none that reads a file or URL, none with an effect beyond it."""

ROLES: dict[str, type[nodes.TextElement]] = {
    "": nodes.title_reference,
    "code": nodes.literal,
    "emphasis": nodes.emphasis,
    "literal": nodes.literal,
    "math": nodes.literal,
    "strong": nodes.strong,
    "sub": nodes.subscript,
    "subscript": nodes.subscript,
    "sup": nodes.superscript,
    "superscript": nodes.superscript,
    "t": nodes.title_reference,
    "title": nodes.title_reference,
    "title-reference": nodes.title_reference,
}
"""Roles a comment may use. Any other, such as Sphinx's ``:func:``, is shown as code."""

_SETTINGS: dict[str, Any] = {
    "_disable_config": True,
    "doctitle_xform": False,
    "file_insertion_enabled": False,
    "halt_level": 5,
    "input_encoding": "unicode",
    "line_length_limit": MAX_TEXT_LENGTH,
    "math_output": "LaTeX",
    "output_encoding": "unicode",
    "raw_enabled": False,
    "report_level": 5,
    "sectsubtitle_xform": False,
    "stylesheet": None,
    "stylesheet_path": None,
    "smart_quotes": False,
    "syntax_highlight": "none",
    "traceback": True,
    "warning_stream": False,
}

_NAME = r"(?:(?!_)\w)+(?:[-._+:](?:(?!_)\w)+)*"
_explicit = re.compile(rf"\.\.(?=[ \t\v\f]+(?:\||(?P<name>{_NAME})[ ]?::))", re.UNICODE)
_blank_line = re.compile(r"\n[ \t]*\n")


# docutils is not made for threads: while it reads its settings it swaps the process's warning
# filters, and while it parses, its caches. Rendering holds the interpreter anyway.
_docutils = threading.Lock()


def render(text: str) -> str:
    """Return reStructuredText as safe HTML.

    A text that docutils fails on (nested too deep, for one) is kept as it was typed, in
    paragraphs.

    :raises InvalidInputError: nothing is left of it, as of a mere comment or target; or it takes
        too long, or too much becomes of it.
    """
    bounds.check_text(text)
    try:
        with _docutils:
            html = clean(_to_html(text))
    except InvalidInputError:
        raise
    except Exception as error:  # noqa: BLE001 - docutils raises whatever a hostile text makes it
        logger.info("a comment could not be parsed and is kept as plain text: %r", error)
        html = clean(_plain(text))
    html = html.strip()
    bounds.check_html(text, html)
    if not html:
        raise InvalidInputError("the text is empty: nothing of it would be shown")
    return f"{html}\n"


@cache
def _settings() -> Values:
    """Return docutils' settings, made once: an option parser costs more than a comment."""
    settings = get_default_settings(Parser, Reader, Writer)
    for name, value in _SETTINGS.items():
        setattr(settings, name, value)
    return settings


def _interpreted(
    rawsource: str, text: str, role: str, lineno: int
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    node = ROLES.get((role or "").lower(), nodes.literal)
    return [node(rawsource, unescape(text))], []


def _to_html(text: str) -> str:
    inliner = Inliner()
    # Set on the object: docutils builds its patterns from the variables of the very class of
    # an inliner, so that a subclass of it finds none.
    inliner.interpreted = _interpreted  # type: ignore[method-assign]
    # Documents write to their settings.
    settings = deepcopy(_settings())
    tree = publish_doctree(_disarm(text), parser=Parser(inliner=inliner), settings=settings)
    bounds.check_parts(text, map(_repeated, tree.findall()))
    _simplify(tree)
    parts: str = publish_from_doctree(tree, writer=Writer(), settings=settings)
    start, end = parts.index("<main"), parts.rindex("</main>")
    return parts[parts.index(">", start) + 1 : end]


def _repeated(node: nodes.Node) -> int:
    """Return how much of a node nobody typed: its tag, and what references repeat."""
    if not isinstance(node, nodes.Element):
        return 0
    return len("<p>") + sum(len(str(node.get(name, ""))) for name in ("refuri", "uri", "alt"))


def _disarm(text: str) -> str:
    """Turn every directive that is not on the list, and every substitution, into text."""

    def mark(match: re.Match[str]) -> str:
        name = match["name"]
        return ".." if name is not None and name.lower() in DIRECTIVES else "\\.."

    return _explicit.sub(mark, text)


def _simplify(tree: nodes.document) -> None:
    """Replace what a comment cannot show by something that says as much."""
    for message in list(tree.findall(nodes.system_message)):
        # docutils quotes what it could not parse in its message; the reader's words stay.
        message.replace_self(list(message.findall(nodes.literal_block)))
    for problem in list(tree.findall(nodes.problematic)):
        problem.replace_self(nodes.Text(problem.astext()))
    for image in list(tree.findall(nodes.image)):
        uri = str(image.get("uri", ""))
        label = str(image.get("alt") or uri)
        link: nodes.Node = nodes.reference(uri, label, refuri=uri)
        if isinstance(image.parent, nodes.reference):
            link = nodes.Text(label)
        elif not isinstance(image.parent, nodes.TextElement):
            link = nodes.paragraph("", "", link)
        image.replace_self(link)
    for admonition in list(tree.findall(nodes.Element)):
        if not isinstance(admonition, nodes.Admonition):
            continue
        quote = nodes.block_quote("", *admonition.children)
        if admonition.tagname != "admonition":  # that one brings a title of its own
            quote.insert(0, nodes.title("", admonition.tagname.capitalize()))
        admonition.replace_self(quote)
    for literal in tree.findall(nodes.literal):
        literal["classes"].append("code")  # or the writer makes it a span with a class
    for title in list(tree.findall(nodes.title)):
        strong = nodes.strong("", "", *title.children)
        title.replace_self(nodes.paragraph("", "", strong))
    for section in reversed(list(tree.findall(nodes.section))):
        section.replace_self(section.children)


def _plain(text: str) -> str:
    blocks = (block.strip() for block in _blank_line.split(text.replace("\r\n", "\n")))
    return "\n".join(
        "<p>{}</p>".format(escape(block).replace("\n", "<br>")) for block in blocks if block
    )
