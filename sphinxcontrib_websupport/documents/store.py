"""Built pages: kept by name in any store of values, read for an application's templates."""

from __future__ import annotations

import re
from collections.abc import Collection
from html import escape
from typing import cast

from sphinxcontrib_websupport.errors import (
    DamagedValueError,
    DocumentNotFoundError,
    EncryptedValueError,
)
from sphinxcontrib_websupport.model import Document, KeyValue

# Control characters, lone surrogates and the other system's separator: no document has them.
_forbidden = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\\]")
_parts = ("body", "sidebar", "relbar", "title", "css", "script")


DOCROOT = "/-docroot-5d0c6a-/"
"""What a build writes for the root of all pages, whose address only who serves them knows."""

STATICROOT = "/-staticroot-5d0c6a-/"
"""The same for the root of static files."""


def rooted(document: Document, docroot: str, staticroot: str) -> Document:
    """Return a page with the addresses under which pages and static files are served.

    :param docroot: with a slash at its end, as is ``staticroot``.
    """
    roots = {DOCROOT: escape(docroot), STATICROOT: escape(staticroot)}

    def replaced(text: str) -> str:
        for placeholder, root in roots.items():
            text = text.replace(placeholder, root)
        return text

    page: dict[str, object] = {
        part: replaced(text) for part, text in document.items() if isinstance(text, str)
    }
    if "parents" in document:
        page["parents"] = [
            {name: replaced(text) for name, text in parent.items()}
            for parent in document["parents"]
        ]
    return cast("Document", page)


class Documents:
    """The pages of one build.

    :param store: what keeps them; the documents are all that is in it.
    """

    def __init__(self, store: KeyValue) -> None:
        self.store = store

    def write(self, docname: str, parts: Document) -> bool:
        """Keep a page.

        :returns: whether it differs from what was kept; only then something is written.
        """
        if self._load(docname) == parts:
            return False
        self.store.dump(docname, parts)
        return True

    def read(self, docname: str) -> Document:
        """Return a page's parts; a folder's name gives its index.

        :param docname: as Sphinx names it, with ``/``; a slash at its end is ignored.
        :raises DocumentNotFoundError: there is none, the name leads out of the documents, or
            what is kept is damaged.
        """
        name = _relative(docname)
        folder = f"{name}/index" if name else "index"
        for candidate in (name, folder) if name else (folder,):
            parts = self._load(candidate)
            if parts is not None:
                return parts
        raise DocumentNotFoundError(f"no such document: {docname!r:.200}")

    def names(self) -> set[str]:
        """Return the names of all pages."""
        return self.store.keys()

    def prune(self, keep: Collection[str]) -> None:
        """Forget all pages but these."""
        for name in self.names() - set(keep):
            self.store.delete(name)

    def _load(self, name: str) -> Document | None:
        try:
            value = self.store.load(name)
        except EncryptedValueError:
            raise
        except DamagedValueError:
            return None
        return _checked(value)


def _relative(docname: object) -> str:
    """Return the name without a slash at its end, or refuse it."""
    if isinstance(docname, str) and not _forbidden.search(docname):
        name = docname.removesuffix("/")
        if not name.startswith("/") and not {"", ".", ".."} & set(name.split("/") if name else ()):
            return name
    raise DocumentNotFoundError(f"no such document: {docname!r:.200}")


def _checked(value: object) -> Document | None:
    """Return a value that has the shape of a page; ``None`` for any other."""
    if not isinstance(value, dict) or not all(isinstance(value.get(part), str) for part in _parts):
        return None
    parents = value.get("parents", [])
    if not isinstance(parents, list) or not all(
        isinstance(parent, dict) and all(isinstance(text, str) for text in parent.values())
        for parent in parents
    ):
        return None
    return cast("Document", dict(value))
