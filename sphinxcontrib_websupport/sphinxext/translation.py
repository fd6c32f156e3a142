"""The source text of a node, in the language its reader sees."""

from __future__ import annotations

from gettext import NullTranslations
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import init as load_catalog
from sphinx.util.i18n import docname_to_domain
from sphinx.util.nodes import extract_messages

_unread = (nodes.Invisible, nodes.system_message, nodes.raw)


class Translation:
    """The message catalog of one document, loaded when its first translated node is met."""

    def __init__(self, app: Sphinx, docname: str) -> None:
        self._folders = [Path(app.srcdir, folder) for folder in app.config.locale_dirs]
        self._language = app.config.language
        self._domain = docname_to_domain(docname, app.config.gettext_compact)
        self._catalog: NullTranslations | None = None

    def source(self, node: nodes.Element) -> str:
        """Return the text that a proposal starts from; empty when there is nothing to read.

        The markup, where the node carries it. A reader of a translation proposes a change to
        what they see, so that a translated node gives its translation's markup. A node made
        by a program (autodoc's fields) carries none and gives its plain text; one that holds
        other blocks (a list item, a figure) gives theirs.
        """
        return self._source(node).replace("\0", "").strip()

    def _source(self, node: nodes.Element) -> str:
        if node.get("translated") and node.rawsource:
            return self._translated(node)
        if node.rawsource:
            return node.rawsource
        if isinstance(node, nodes.TextElement):
            return node.astext() or _images(node)
        parts = (
            self._source(child)
            for child in node.children
            if isinstance(child, nodes.Element) and not isinstance(child, _unread)
        )
        return "\n\n".join(part for part in parts if part) or _images(node)

    def _translated(self, node: nodes.Element) -> str:
        if isinstance(node, (nodes.literal_block, nodes.doctest_block)):
            return node.rawsource  # Sphinx keeps the translation itself here
        for found, message in extract_messages(node):
            if found is node:
                return self._loaded().gettext(message)
        return node.astext()

    def _loaded(self) -> NullTranslations:
        if self._catalog is None:
            self._catalog, _ = load_catalog(self._folders, self._language, self._domain)
        return self._catalog


def _images(node: nodes.Element) -> str:
    images = (node,) if isinstance(node, nodes.image) else node.findall(nodes.image)
    return "\n\n".join(f".. image:: {image['uri']}" for image in images)
