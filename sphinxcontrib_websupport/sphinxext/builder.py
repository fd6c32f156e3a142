"""The builder named ``websupport``: pages in parts, for an application's own templates."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.environment import BuildEnvironment

from sphinxcontrib_websupport.backends.filesystem import FileSystemJsonBackend
from sphinxcontrib_websupport.documents.store import DOCROOT, STATICROOT, Documents
from sphinxcontrib_websupport.sphinxext.embedding import embedding_of
from sphinxcontrib_websupport.sphinxext.parts import PageParts

_DOCUMENT, _PAGE = "document", "page"


class WebSupportBuilder(StandaloneHTMLBuilder):
    """Writes each page's parts as JSON; what a web server serves as files stands apart.

    Sphinx's output folder is the folder of static files: images, downloads, ``_static`` and
    the search index come to stand there without our doing, also those of extensions. Pages go
    to a :class:`~sphinxcontrib_websupport.documents.store.Documents`. For each page a stamp is left
    in ``.pages``, by whose time Sphinx tells which pages are outdated.
    """

    name = "websupport"
    epilog = "The pages' parts are in %(outdir)s."
    allow_sharp_as_current_path = True
    templates: Any

    def __init__(self, app: Sphinx, env: BuildEnvironment) -> None:
        super().__init__(app, env)
        embedding = embedding_of(app)
        store = FileSystemJsonBackend(Path(self.outdir) / "documents")
        self.documents = embedding.documents or Documents(store)
        self._docroot = _root(embedding.docroot, DOCROOT)
        self._staticroot = _root(embedding.staticroot, STATICROOT)
        self._written: set[str] = set()

    def init(self) -> None:
        """Prepare templates; hear of every page last, when its context is complete."""
        super().init()
        self.events.connect("html-page-context", self._address, priority=-10_000)
        self.events.connect("html-page-context", self._expect, priority=10_000)

    @property
    def allow_parallel(self) -> bool:  # type: ignore[override]  # Sphinx has a constant
        """Whether pages may be written in processes of their own (``-j``).

        Only files are sure to be seen by all of them and to survive a fork.
        """
        return isinstance(self.documents.store, FileSystemJsonBackend)

    # -- addresses -------------------------------------------------------------------------

    @property
    def imgpath(self) -> str:
        """The address of the images, the same on every page."""
        return self.static_uri("_images")

    @imgpath.setter
    def imgpath(self, relative: str) -> None:
        pass

    @property
    def dlpath(self) -> str:
        """The address of the downloads, the same on every page."""
        return self.static_uri("_downloads")

    @dlpath.setter
    def dlpath(self, relative: str) -> None:
        pass

    def static_uri(self, path: str) -> str:
        """Return the address of a static file."""
        return path if "://" in path or path.startswith("/") else self._staticroot + path

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Return a page's address; that of a folder's index is the folder's."""
        folder, _, name = docname.rpartition("/")
        path = (folder + "/" if folder else "") if name == "index" else docname
        return self._docroot + quote(path)

    def get_page_path(self, docname: str) -> str:
        """Return a page's address under the ``docroot``."""
        return self.get_target_uri(docname).removeprefix(self._docroot)

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        """Return a page's address, whatever page it is asked for on."""
        return "" if from_ == to else self.get_target_uri(to, typ)

    # -- pages -----------------------------------------------------------------------------

    def create_template_bridge(self) -> None:
        """Stand between Sphinx and the templates: for a page they give its parts."""
        super().create_template_bridge()
        self._parts = PageParts(self.templates, self)
        self.templates = self._parts

    def handle_page(
        self,
        pagename: str,
        addctx: dict[str, Any],
        templatename: str = "page.html",
        outfilename: Any = None,
        event_arg: Any = None,
    ) -> None:
        """Write a page's parts; what has a file name of its own is written as that file."""
        self._is_page = outfilename is None
        super().handle_page(
            pagename, addctx, templatename, outfilename=outfilename, event_arg=event_arg
        )
        parts = self._parts.take()
        if parts is not None:
            self._written.add(pagename)
            self.documents.write(pagename, parts)

    def _address(
        self, app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], _: Any
    ) -> None:
        """Let templates and extensions find absolute addresses."""

        def pathto(other: str, resource: bool = False, baseuri: str = "") -> str:
            return self.static_uri(other) if resource else self.get_target_uri(other)

        context["pathto"] = pathto
        context["content_root"] = self._docroot
        context["css_tag"] = self._parts.css_tag
        context["js_tag"] = self._parts.js_tag

    def _expect(
        self, app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], _: Any
    ) -> None:
        """Take the next rendering for that of the page: extensions render fragments before."""
        if self._is_page:
            self._parts.expect(_DOCUMENT if pagename in self.env.all_docs else _PAGE)

    def get_output_path(self, page_name: str, /) -> Path:
        """Return where a page's stamp is."""
        return Path(self.outdir, ".pages", f"{page_name}.stamp")

    def get_outfilename(self, pagename: str) -> Any:
        """Return the same, as Sphinx before 8.2 asks for it."""
        return os.fspath(self.get_output_path(pagename))

    def get_outdated_docs(self) -> Iterator[str]:
        """Return the documents to be written: also those that the store of pages lost."""
        outdated = set(super().get_outdated_docs())
        yield from sorted(outdated | (self.env.found_docs - self.documents.names()))

    def cleanup(self) -> None:
        """Forget the pages of documents that are gone.

        At the very end, for Sphinx before 8.1 writes nothing when nothing else changed.
        """
        super().cleanup()
        current = self.env.found_docs | self._written
        # Extensions leave out pages of theirs that are up to date (viewcode).
        of_extensions = {name for name in self.documents.names() - current if self._is_other(name)}
        self.documents.prune(current | of_extensions)

    def _is_other(self, pagename: str) -> bool:
        try:
            return self.get_output_path(pagename).read_text(encoding="utf-8") == _PAGE
        except OSError:
            return False

    def dump_inventory(self) -> None:
        """Write the inventory with addresses relative to the root of the pages."""
        docroot, self._docroot = self._docroot, ""
        try:
            super().dump_inventory()
        finally:
            self._docroot = docroot


def _root(path: str | None, placeholder: str) -> str:
    """Return a root's address with slashes around it; a full URL is taken as it is."""
    if path is None:
        return placeholder
    path = path.strip("/")
    if "://" in path:
        return path + "/"
    return f"/{path}/" if path else "/"
