"""What a built page shows: the ids of its paragraphs, and what the browser needs for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder

from sphinxcontrib_websupport.languages import Language, find_language
from sphinxcontrib_websupport.sphinxext import links
from sphinxcontrib_websupport.sphinxext.collector import KEY
from sphinxcontrib_websupport.sphinxext.config import WebSupportConfig
from sphinxcontrib_websupport.sphinxext.plan import registered_name

CLASS = "sphinx-has-comment"
MARK = "websupport_mark"
"""The attribute of a marked node that holds the id it was given."""

SHOWN = "websupport_documents"
"""The attribute of a resolved document that lists whose paragraphs are on the page."""

WORDS = "websupport-words.js"
"""The file of translations; pages in English have none."""

_assets = Path(__file__).parent.parent / "static"
_catalogs = Path(__file__).parent.parent / "locale"
_offline = frozenset({"applehelp", "devhelp", "epub", "htmlhelp", "qthelp"})


def has_readers_online(app: Sphinx) -> bool:
    """Tell whether this builder's pages can talk to the service: HTML that is no help file."""
    return isinstance(app.builder, StandaloneHTMLBuilder) and app.builder.name not in _offline


def noted_elements(doctree: nodes.document) -> list[nodes.Element]:
    """Return the elements of a document that carry a note's place."""
    return [node for node in doctree.findall(nodes.Element) if KEY in node and node is not doctree]


class Marks:
    """Gives noted nodes their id and class as a page is resolved.

    Between reading and writing, others copy nodes (``todolist``, also from other pages) and
    remove them. So the originals are remembered before other handlers see the page, and marked
    after them: every id is in the page once, and where its paragraph is.

    :param ids: of each document's notes, by their index.
    :param link: makes the link, of a document and an id, for readers without scripts.
    """

    def __init__(
        self,
        ids: Mapping[str, Sequence[str | None]],
        link: Callable[[str, str], links.thread_link],
    ) -> None:
        self._ids = ids
        self._link = link
        self._originals: dict[int, list[nodes.Element]] = {}
        self.written: set[str] = set()
        """The documents whose page was resolved in this build."""

    def remember(self, doctree: nodes.document) -> None:
        """Look at a page before others change it."""
        if KEY in doctree:  # not so in a fragment that another extension resolves by itself
            self._originals[id(doctree)] = noted_elements(doctree)

    def apply(self, doctree: nodes.document, docname: str) -> None:
        """Mark a page after others have changed it."""
        originals = self._originals.pop(id(doctree), None)
        if originals is None:
            return
        self.written.add(docname)
        left = noted_elements(doctree)
        for node in left:
            _unmark(node)
        # An original that was replaced by a copy of itself (by a tab, say) is marked there; a
        # copy of another page's paragraph is not.
        due = {node[KEY] for node in originals}
        are_left = {id(node) for node in left}
        shown: dict[str, None] = {}
        for node in (*(node for node in originals if id(node) in are_left), *left):
            owner, index = node[KEY]
            node_id = self._ids[owner][index] if owner in self._ids else None
            if node[KEY] not in due or node_id is None:
                continue
            due.remove(node[KEY])
            node["ids"].append(f"s{node_id}")
            node["classes"].append(CLASS)
            node[MARK] = f"s{node_id}"
            links.add(node, self._link(owner, node_id))
            shown[owner] = None
        doctree[SHOWN] = list(shown)


def clear(doctree: nodes.document) -> None:
    """Remove the traces of noting for a builder that shows attributes, as ``xml`` does."""
    for node in noted_elements(doctree):
        del node[KEY]
    doctree.attributes.pop(KEY, None)


def add_assets(
    app: Sphinx, config: WebSupportConfig, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Give a page that has paragraphs to comment on the script, the styles and their data."""
    shown: list[str] = doctree.get(SHOWN, [])
    documents = [registered_name(config.site, docname) for docname in shown]
    if not documents:
        return
    assert isinstance(app.builder, StandaloneHTMLBuilder)  # noqa: S101 - has_readers_online
    app.builder.add_js_file("websupport-comments.js", type="module")
    app.builder.add_css_file("websupport.css")
    language = _language(app)
    data: dict[str, object] = {
        "url": config.url,
        "document": documents[0],
        "direction": language.direction,
        "version": _version(),
    }
    if words := language.script_words(is_core=True):
        data["words"] = words
    if config.credentials:
        data["credentials"] = True
    if len(documents) > 1:
        data["documents"] = documents
    context["body"] = f"{context.get('body', '')}\n{data_block('websupport-data', data)}\n"


def data_block(id: str, value: object) -> str:
    """Return data for a script, as an element that never runs."""
    text = json.dumps(value, sort_keys=True)
    for character in "<>&":  # so that nothing in it can end the element
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'<script type="application/json" id="{id}">{text}</script>'


def thread_links(app: Sphinx, config: WebSupportConfig) -> Callable[[str, str], links.thread_link]:
    """Return what makes links to threads, of a document's and a node's names."""
    label = _language(app).say("Comments")
    return lambda docname, node: links.make(
        config.url, registered_name(config.site, docname), node, label
    )


def copy_assets(app: Sphinx) -> None:
    """Put the front end where the pages look for it, with the words of their language."""
    target = Path(app.outdir) / "_static"
    files = {source.name: source.read_bytes() for source in _sources()}
    if words := _language(app).script_words(is_core=False):
        text = json.dumps(words, ensure_ascii=False, sort_keys=True, indent=0)
        files[WORDS] = f"export default {text};\n".encode()
    for name, content in files.items():
        copy = target / name
        if not copy.exists() or copy.read_bytes() != content:
            target.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)


def _sources() -> list[Path]:
    return sorted((*_assets.glob("*.js"), _assets / "websupport.css"))


@cache
def _version() -> str:
    """Return what changes with any of the files, so that browsers load them together."""
    digest = blake2b(digest_size=4)
    catalogs = sorted(_catalogs.rglob("*.po"))
    for source in (*_sources(), *catalogs):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _language(app: Sphinx) -> Language:
    return find_language(app.config.language or "en")


def _unmark(node: nodes.Element) -> None:
    """Take a mark off: a copy that was made of a marked node has it too."""
    mark = node.attributes.pop(MARK, None)
    if mark is not None:
        node["ids"] = [id for id in node["ids"] if id != mark]
        node["classes"] = [name for name in node["classes"] if name != CLASS]
