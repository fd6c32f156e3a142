"""Runs Sphinx for an application: :meth:`WebSupport.build` and the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from sphinx.locale import translators
from sphinx.util.console import color_terminal, nocolor
from sphinx.util.docutils import docutils_namespace, patch_docutils

from sphinxcontrib_websupport.backends.filesystem import FileSystemJsonBackend
from sphinxcontrib_websupport.documents.store import Documents
from sphinxcontrib_websupport.errors import BuildError
from sphinxcontrib_websupport.search.base import BaseSearch
from sphinxcontrib_websupport.sphinxext.embedding import EmbeddedSphinx, Embedding
from sphinxcontrib_websupport.storage.base import StorageBackend


@contextmanager
def _own_words() -> Iterator[None]:
    """Let a build say what its own language says: English ones keep the words of the last."""
    before = dict(translators)
    translators.clear()
    try:
        yield
    finally:
        translators.clear()
        translators.update(before)


def run(
    srcdir: Path | str,
    outdir: Path | str,
    doctreedir: Path | str,
    *,
    buildername: str = "html",
    confdir: Path | str | None = None,
    confoverrides: Mapping[str, Any] | None = None,
    storage: StorageBackend | str | None = None,
    staticdir: Path | str | None = None,
    docroot: str | None = None,
    staticroot: str | None = None,
    documents: Documents | None = None,
    search: BaseSearch | str | None = None,
    status: TextIO | None = None,
    warning: TextIO | None = None,
    parallel: int = 1,
    freshenv: bool = False,
) -> None:
    """Build a documentation with this extension, whether or not its conf.py names it.

    :param outdir: where the pages go; for the ``websupport`` builder, where ``documents`` and
        ``static`` go that are not given.
    :param doctreedir: Sphinx's own cache.
    :param confdir: the folder of conf.py; ``srcdir`` by default.
    :param confoverrides: conf.py values to override; it is not changed.
    :param storage: an open store, which stays open, or a URL; ``None``: as conf.py says.
    :param staticdir: where the ``websupport`` builder puts images, downloads and ``_static``.
    :param docroot: the URL path under which the ``websupport`` builder's pages are served; without
        one, the object that serves them decides.
    :param staticroot: the same for ``staticdir``.
    :param documents: where the ``websupport`` builder keeps the pages' parts.
    :param search: an open adapter, which stays open, or a URL, to be fed with each page that is
        written; ``None``: as conf.py says.
    :param status: where progress is told; ``None`` for nowhere.
    :param warning: where warnings go; ``None`` for nowhere.
    :param parallel: the number of processes.
    :param freshenv: whether to read all documents anew.
    :raises BuildError: Sphinx failed; the message is its own. The store is as it was.
    """
    if not color_terminal():  # as sphinx-build does; Sphinx itself leaves it to its caller
        nocolor()
    overrides = dict(confoverrides or {})
    if isinstance(storage, str):
        overrides["websupport_storage"] = storage
        storage = None
    if isinstance(search, str):
        overrides["websupport_search"] = search
        search = None
    outdir = Path(outdir)
    if buildername == "websupport":
        documents = documents or Documents(FileSystemJsonBackend(outdir / "documents"))
        outdir = Path(staticdir or outdir / "static")
    embedding = Embedding(
        storage=storage,
        docroot=docroot,
        staticroot=staticroot,
        documents=documents,
        search=search,
    )
    confdir = Path(confdir or srcdir)
    try:
        # Directives and roles are global in docutils, and the words of a language in Sphinx:
        # another build in this process finds them as they were.
        with patch_docutils(confdir), docutils_namespace(), _own_words():
            app = EmbeddedSphinx(
                embedding,
                srcdir,
                confdir,
                outdir,
                doctreedir,
                buildername,
                confoverrides=overrides,
                status=status,
                warning=warning,
                parallel=parallel,
                freshenv=freshenv,
            )
            app.build()
    except Exception as failed:
        raise BuildError(_sentence(failed)) from failed
    if app.statuscode:
        raise BuildError("the build finished with problems")


def _sentence(failed: Exception) -> str:
    """Return what Sphinx would print for an exception."""
    category = getattr(failed, "category", type(failed).__name__)
    return f"{category}: {failed}" if str(failed) else category
