"""Feeds a search adapter with the pages that any HTML builder writes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.builders.singlehtml import SingleFileHTMLBuilder
from sphinx.environment import BuildEnvironment
from sphinx.errors import ConfigError, SphinxError

from sphinxcontrib_websupport.errors import SettingsError, WebSupportError
from sphinxcontrib_websupport.registry import open_search
from sphinxcontrib_websupport.search.base import BaseSearch
from sphinxcontrib_websupport.search.null import NullSearch
from sphinxcontrib_websupport.sphinxext import config
from sphinxcontrib_websupport.sphinxext.builder import WebSupportBuilder
from sphinxcontrib_websupport.sphinxext.collector import KEY
from sphinxcontrib_websupport.sphinxext.embedding import embedding_of

_LAST = 2000
"""After paragraphs were marked: results lead to their ids."""

_SILENT = {"nosearch", "no-search"}
"""The fields by which Sphinx, too, leaves a page out of its search."""


def connect(app: Sphinx, has_failed: Callable[[Sphinx], bool]) -> None:
    """Take part in a build whose application or conf.py names a search adapter.

    :param has_failed: whether the build fails though no exception was raised.
    """
    given = embedding_of(app).search
    if given is not None:
        if not isinstance(given, NullSearch):
            Indexing(app, given, has_failed)
        return
    try:
        url = config.search_url(app)
        search = open_search(url) if url else None
    except SettingsError as wrong:
        raise ConfigError(f"websupport_search: {wrong}") from wrong
    if search is not None:
        try:
            Indexing(app, search, has_failed)
        except BaseException:
            search.close()
            raise
        app.connect("build-finished", lambda app, exception: search.close(), priority=2 * _LAST)


class Indexing:
    """One build's pages on their way into an index.

    Sphinx resolves every page in the main process, also with ``-j``, so that nothing has to come
    back from the processes that write.

    :param has_failed: whether the build fails though no exception was raised.
    """

    def __init__(
        self,
        app: Sphinx,
        search: BaseSearch,
        has_failed: Callable[[Sphinx], bool],
    ) -> None:
        self._app = app
        self._search = search
        self._has_failed = has_failed
        self._unpublished = _Unpublished(Path(app.outdir))
        self._is_writing = False
        search.prepare(app.config.language, _addresses(app.builder))
        app.connect("env-updated", self.find_missing, priority=_LAST)
        app.connect("doctree-resolved", self.feed, priority=_LAST)
        app.connect("build-finished", self.finish, priority=_LAST)
        self._hear_what_is_written()

    def _hear_what_is_written(self) -> None:
        # Sphinx tells its builder alone which pages it is about to write.
        builder: Any = self._app.builder
        prepare = builder.prepare_writing

        def prepare_writing(docnames: Set[str]) -> None:
            if not self._is_writing:  # singlehtml prepares twice
                self._is_writing = True
                changed = docnames if self._has_a_page_each else {self._app.config.root_doc}
                self._unpublished.add(changed)
                with _as_sphinx_error():
                    self._search.init_indexing(sorted(changed))
            prepare(docnames)

        builder.prepare_writing = prepare_writing

    def find_missing(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Return the pages that are written, and not in the index as they are."""
        missing = self._unpublished.load()
        with _as_sphinx_error():
            known = self._search.names()
        if known is not None and self._has_a_page_each:
            missing |= {name for name in env.found_docs - known if not _is_silent(env, name)}
        return sorted(missing & env.found_docs)

    @property
    def _has_a_page_each(self) -> bool:
        return not isinstance(self._app.builder, SingleFileHTMLBuilder)

    def feed(self, app: Sphinx, doctree: nodes.document, docname: str) -> None:
        """Feed a page whose paragraphs are marked."""
        # Extensions resolve fragments of their own, too.
        if not self._is_writing or KEY not in doctree or _is_silent(app.env, docname):
            return
        title = app.env.longtitles.get(docname) or app.env.titles.get(docname)
        filename = os.fspath(app.env.doc2path(docname, base=False))
        with _as_sphinx_error():
            self._search.feed(docname, filename, title.astext() if title else "", doctree)

    def finish(self, app: Sphinx, exception: Exception | None) -> None:
        """Publish what was fed, unless the build failed."""
        if exception is not None or self._has_failed(app):
            self._search.discard_indexing()
            return
        pages = app.env.found_docs if self._has_a_page_each else {app.config.root_doc}
        with _as_sphinx_error():
            if not self._is_writing and not (self._search.names() or set()) - pages:
                return
            if not self._is_writing:
                self._search.init_indexing([])
            self._search.prune(pages)
            self._search.finish_indexing()
        self._unpublished.clear()


class SearchIndexError(SphinxError):
    """The search index failed; the next build feeds it again."""

    category = "Search index error"


@contextmanager
def _as_sphinx_error() -> Iterator[None]:
    """Turn an adapter's error into one that Sphinx shows as a sentence."""
    try:
        yield
    except WebSupportError as error:
        raise SearchIndexError(str(error)) from error


def _addresses(builder: Builder) -> Callable[[str], str]:
    """Return what gives a page's address under the ``docroot``."""
    if isinstance(builder, WebSupportBuilder):
        return builder.get_page_path
    if isinstance(builder, SingleFileHTMLBuilder):
        # Its addresses of documents are sections of the one page.
        return lambda docname: docname + builder.out_suffix
    return builder.get_target_uri


class _Unpublished:
    """A file in the output folder: which pages were written and did not get into the index.

    Sphinx takes a page that was written for done, though the build failed after it.
    """

    def __init__(self, outdir: Path) -> None:
        self._path = outdir / ".websupport-search.json"

    def load(self) -> set[str]:
        try:
            value = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return set()
        return (
            {name for name in value if isinstance(name, str)} if isinstance(value, list) else set()
        )

    def add(self, docnames: Set[str]) -> None:
        names = sorted(self.load() | docnames)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(names), encoding="utf-8")

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)


def _is_silent(env: BuildEnvironment, docname: str) -> bool:
    return not _SILENT.isdisjoint(env.metadata.get(docname, {}))
