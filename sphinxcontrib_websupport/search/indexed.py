"""What the adapters with an index of passages have in common; each adds its engine.

The engine has two kinds of entries. A *page* answers whether all that is wanted is on it; its
*passages* (sections, descriptions of objects) are ranked, and the best one is where the result
leads. A comment is a small page of one passage.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sphinxcontrib_websupport.search.base import MOST_RESULTS, BaseSearch
from sphinxcontrib_websupport.search.excerpts import excerpt, find_best
from sphinxcontrib_websupport.search.passages import (
    Page,
    Passage,
    page_of_doctree,
    page_of_text,
)
from sphinxcontrib_websupport.search.queries import Query, parse
from sphinxcontrib_websupport.search.results import PAGE_SIZE, SearchResult, SearchResults
from sphinxcontrib_websupport.search.staging import Staging
from sphinxcontrib_websupport.search.words import Analyzer, analyzer

if TYPE_CHECKING:
    from docutils import nodes

VERSION = 1
"""Changes with the form of an index: one of another form is made anew by the next build."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found, or a comment."""

    title: str
    path: str
    passage: Passage
    node: str | None = None
    comment: str | None = None


class IndexedSearch(BaseSearch):
    """Stages what a build feeds, and turns what the engine finds into results."""

    has_comments = True

    def __init__(self) -> None:
        self._staging: Staging | None = None
        self._address: Callable[[str], str] = str

    # -- what an engine adds ---------------------------------------------------------------

    def publish(self, staging: Staging) -> None:
        """Put what was staged into the index, all of it or nothing."""
        raise NotImplementedError

    def indexed_language(self) -> str | None:
        """Return the language that the index was made in; ``None`` where there is no index."""
        raise NotImplementedError

    def rank(self, query: Query) -> Sequence[Any]:
        """Return keys of passages and comments, best first, each page once.

        Pages have all that is wanted; if there are none, some of it.
        """
        raise NotImplementedError

    def load(self, keys: Sequence[Any]) -> Iterable[Found]:
        """Return what stands behind keys; what is gone by now is left out."""
        raise NotImplementedError

    # -- the build -------------------------------------------------------------------------

    def prepare(self, language: str | None, address: Callable[[str], str]) -> None:
        """Learn of the site, before a build begins."""
        self.language = language or "en"
        self._address = address

    def init_indexing(self, changed: Collection[str] = ()) -> None:
        """Begin a build."""
        self.discard_indexing()
        self._staging = Staging(changed)

    def feed(self, pagename: str, filename: str, title: str, doctree: nodes.document) -> None:
        """Take in a page as it is written, section by section."""
        self._stage(page_of_doctree(pagename, title, self._address(pagename), doctree))

    def add_document(self, pagename: str, filename: str, title: str, text: str) -> None:
        """Put a page's text into the index, in place of what was known of it."""
        self._stage(page_of_text(pagename, title, self._address(pagename), text))

    def _stage(self, page: Page) -> None:
        if self._staging is None:
            self._staging = Staging()
        self._staging.add(page)

    def prune(self, keep: Collection[str]) -> None:
        """Forget all pages but these when the build ends."""
        if self._staging is None:
            self._staging = Staging()
        self._staging.keep = set(keep)

    def finish_indexing(self) -> None:
        """Publish what was fed."""
        staging, self._staging = self._staging, None
        if staging is not None:
            try:
                self.publish(staging)
            finally:
                staging.close()

    def discard_indexing(self) -> None:
        """Forget what was fed: the index is as it was."""
        if self._staging is not None:
            self._staging.close()
            self._staging = None

    # -- reading ---------------------------------------------------------------------------

    def show(self, q: str, text: str) -> str:
        """Return an excerpt, by the language of the index."""
        words = analyzer(self.indexed_language())
        return excerpt(text, parse(q, words), words)

    def handle_query(self, q: str) -> Iterator[tuple[str, str, str]]:
        """Yield results, as ``(path, title, context)``."""
        for result in self.search(q, 0, MOST_RESULTS).results:
            yield result.path, result.title, result.context

    def search(self, q: str, start: int = 0, limit: int = PAGE_SIZE) -> SearchResults:
        """Answer a reader's query with a page of results."""
        language = self.indexed_language()
        if language is None:
            return SearchResults(start=start)
        words = analyzer(language)
        query = parse(q, words)
        if not query.wanted:
            return SearchResults(start=start)
        keys = self.rank(query)[:MOST_RESULTS]
        found = self.load(keys[start : start + limit])
        results = [_result(hit, rank, query, words) for rank, hit in enumerate(found, start + 1)]
        return SearchResults(results, len(keys), start)


def _result(found: Found, rank: int, query: Query, words: Analyzer) -> SearchResult:
    """Return a result that leads to the paragraph which has most of what is wanted."""
    passage = found.passage
    best = find_best([text for _, text in passage.blocks], query, words)
    anchor, text = passage.blocks[best or 0] if passage.blocks else ("", "")
    if best is None:  # it was the title or the heading
        anchor = passage.anchor
    anchor = anchor or passage.anchor
    return SearchResult(
        path=f"{found.path}#{anchor}" if anchor else found.path,
        title=found.title,
        context=excerpt(text, query, words),
        rank=rank,
        kind="page" if found.comment is None else "comment",
        heading=passage.heading if passage.heading != found.title else "",
        node=found.node,
        comment=found.comment,
    )
