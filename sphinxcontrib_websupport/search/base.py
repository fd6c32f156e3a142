"""The contract of a search adapter, as prose: pages go in while Sphinx builds, queries come later.

An adapter that was written for the published calls alone works: ``add_document`` and
``handle_query`` are all it needs. Everything below "More than pages" has a default.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sphinxcontrib_websupport.errors import SettingsError
from sphinxcontrib_websupport.search.excerpts import excerpt
from sphinxcontrib_websupport.search.queries import parse
from sphinxcontrib_websupport.search.results import PAGE_SIZE, SearchResult, SearchResults
from sphinxcontrib_websupport.search.words import analyzer

if TYPE_CHECKING:
    from docutils import nodes

MOST_RESULTS = 1_000
"""How many results a query has at most: nobody turns so many pages."""

# What is searched for right now: per thread and task, for an adapter serves many readers at once.
_searched: ContextVar[str] = ContextVar("_searched", default="")


class BaseSearch:
    """Index pages, answer queries. An adapter writes two calls: add_document and handle_query.

    Queries may come from any thread, and from other processes while a build feeds pages.
    """

    language: str | None = None
    """conf.py's ``language``, from :meth:`prepare` on."""

    def __init__(self, path: str | Path | None = None) -> None:
        """Take the folder of the index; an adapter that keeps no files ignores it."""

    # -- the build -------------------------------------------------------------------------

    def init_indexing(self, changed: Collection[str] = ()) -> None:
        """Begin a build.

        :param changed: the names of the pages that are about to be fed again. One that is not
            fed then is not to be found any more.
        """

    def finish_indexing(self) -> None:
        """End a build: what was fed can be found from here on."""

    def feed(self, pagename: str, filename: str, title: str, doctree: nodes.document) -> None:
        """Take in a page as it is written.

        :param pagename: the document's name.
        :param filename: its source file, relative to the source folder.
        :param title: its title, as plain text.
        """
        self.add_document(pagename, filename, title, doctree.astext())

    def add_document(self, pagename: str, filename: str, title: str, text: str) -> None:
        """Put a page's text into the index, in place of what was known of it."""
        raise NotImplementedError

    # -- reading ---------------------------------------------------------------------------

    def query(self, q: str) -> Iterable[tuple[str, str, str]]:
        """Answer a reader's query; any text is a valid one.

        :returns: ``(path, title, context)``, best first: the page's address under the
            ``docroot``, its title as plain text, an excerpt as safe HTML.
        """
        with self._searching(q):
            return list(islice(self.handle_query(q), MOST_RESULTS))

    def handle_query(self, q: str) -> Iterable[tuple[str, str, str]]:
        """Find pages; called by :meth:`query`, so that :meth:`extract_context` knows the words."""
        raise NotImplementedError

    def extract_context(self, text: str, length: int = 240) -> str:
        """Return an excerpt around what was found, as safe HTML with the words marked.

        :param length: of the excerpt, in characters of the text.
        """
        words = analyzer(self.language)
        return excerpt(text, parse(_searched.get(), words), words, length)

    def show(self, q: str, text: str) -> str:
        """Return an excerpt of a text that shows what a query finds in it, as safe HTML."""
        with self._searching(q):
            return self.extract_context(text)

    @contextmanager
    def _searching(self, q: str) -> Iterator[None]:
        token = _searched.set(q)
        try:
            yield
        finally:
            _searched.reset(token)

    # -- more than pages: every call below has a default ---------------------------------------

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Open the index that is kept in a folder; an adapter that keeps no files ignores it."""
        return cls()

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Open the index at a URL.

        :raises SettingsError: it is not such a URL.
        """
        raise SettingsError(f"this search adapter is opened by its name, not by {url!r}")

    def prepare(self, language: str | None, address: Callable[[str], str]) -> None:
        """Learn of the site, before a build begins.

        :param language: conf.py's.
        :param address: gives a page's address under the ``docroot``, such as ``"faq.html"``.
        """
        self.language = language

    def names(self) -> set[str] | None:
        """Return the names of the pages that were fed; ``None`` from an adapter that cannot tell.

        The build writes and feeds again what is missing here.
        """
        return None

    def prune(self, keep: Collection[str]) -> None:
        """Forget all pages but these when the build ends; called before finish_indexing."""

    def discard_indexing(self) -> None:
        """Forget what was fed since :meth:`init_indexing`: the build failed."""

    def search(self, q: str, start: int = 0, limit: int = PAGE_SIZE) -> SearchResults:
        """Answer a reader's query with a page of results that say where on the page to look.

        :param start: how many results to leave out.
        """
        found = list(self.query(q))
        results = [
            SearchResult(path, title, context, rank)
            for rank, (path, title, context) in enumerate(found[start : start + limit], start + 1)
        ]
        return SearchResults(results, len(found), start)

    has_comments = False
    """Whether this adapter finds comments; one that does not ignores the calls below."""

    def put_comments(self, node: str, comments: Mapping[str, str]) -> None:
        """Let a node's comments be found: these, in place of all that were known of it.

        A comment is found while a page has the node.

        :param comments: the plain text of each, by its id; only such as every reader sees.
        """

    def add_comment(self, node: str, comment: str, text: str) -> None:
        """Let one more comment be found; one that is known already is replaced."""

    def count_comments(self) -> Mapping[str, int]:
        """Return how many comments are known of each node that has any."""
        return {}

    def nodes_of_comments(self, comments: Sequence[str]) -> Mapping[str, str]:
        """Return the node of each of these comments that is known."""
        return {}

    def close(self) -> None:
        """Give up connections and files; the object is not used afterwards."""
