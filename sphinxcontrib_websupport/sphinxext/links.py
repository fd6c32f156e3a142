"""Markers for readers without scripts: links to the page of a paragraph's thread.

They stand in ``noscript`` elements. With scripts these are empty to the eye and to the ear, so
that nothing moves when the front end puts its buttons in their place.
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

_NEXT_TO = (
    nodes.FixedTextElement,
    nodes.Sequential,
    nodes.figure,
    nodes.table,
    nodes.line_block,
    addnodes.desc,
    addnodes.productionlist,
)
"""What cannot hold a link itself: code, of which all is text, and what HTML knows parts of."""


class thread_link(nodes.Inline, nodes.Element):  # noqa: N801 - as docutils names nodes
    """A link that has no text: what asks a paragraph for its text is not to find it."""


def connect(app: Sphinx) -> None:
    """Teach HTML translators, whichever a project uses, to write links."""
    app.add_node(thread_link, html=(_visit, _depart))


def make(url: str, document: str, node: str, label: str) -> thread_link:
    """Return a link to the page of a node's thread.

    :param url: the service's address.
    :param document: the page that it is to lead back to.
    :param label: what it says to the ear; to the eye it is a sign in the margin.
    """
    address = f"{url}/threads/{quote(node, safe='')}?document={quote(document, safe='')}"
    return thread_link(address=address, label=label)


def add(node: nodes.Element, link: thread_link) -> None:
    """Put a link into an element, or behind one that cannot hold it."""
    if isinstance(node, nodes.row):
        add(next(reversed(list(node.findall(nodes.entry)))), link)
    elif isinstance(node, nodes.section):
        node.insert(1, link)
    elif isinstance(node, _NEXT_TO) and not isinstance(node, (nodes.footnote, nodes.citation)):
        node.parent.insert(node.parent.index(node) + 1, link)
    else:
        node.append(link)


def _visit(translator: HTML5Translator, node: nodes.Element) -> None:
    translator.body.append(
        f'<noscript><a class="websupport-marker" rel="nofollow" href="{escape(node["address"])}"'
        f' aria-label="{escape(node["label"])}"></a></noscript>'
    )


def _depart(translator: HTML5Translator, node: nodes.Element) -> None:
    pass
