"""Comments in the search index: what every reader may see is found, and nothing else.

The index is told of each change, and it is never believed: what it finds is looked up in the
comment store before a reader is shown it. So a comment that was hidden or deleted is not found,
even where the index missed the change. What was missed is mended when it is met, and all of it at
the end of a build and, after the first search of a process and every ten minutes of searching, by a
thread for which no reader waits.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol

from markupsafe import Markup

from sphinxcontrib_websupport.errors import (
    CommentNotFoundError,
    NodeNotFoundError,
    WebSupportError,
)
from sphinxcontrib_websupport.model import DELETED, Comment, NewComment, Thread
from sphinxcontrib_websupport.search.base import BaseSearch
from sphinxcontrib_websupport.search.results import PAGE_SIZE, SearchResult, SearchResults

logger = logging.getLogger(__name__)

_ATTEMPTS = 3

RECONCILE_EVERY = 600.0
"""After how many seconds index and store are compared again: a build in another language, say,
begins a new index."""


class Store(Protocol):
    """As much of a comment store as is asked here."""

    def count_all(self) -> Mapping[str, tuple[int, int]]: ...  # noqa: D102
    def get_data(self, node_id: str, username: str | None, moderator: bool) -> Thread: ...  # noqa: D102
    def find_comment(self, comment_id: str, moderator: bool) -> str: ...  # noqa: D102


class Discussions:
    """Keeps a search adapter up to date with a comment store, and its answers true to it.

    No change of a comment fails because the index does: what it misses is logged and mended.
    """

    def __init__(self, store: Store, search: BaseSearch) -> None:
        self._store = store
        self._search = search
        self._due = time.monotonic() if search.has_comments else math.inf
        self._worker: threading.Thread | None = None
        self._missed: set[str] = set()

    # -- changes ---------------------------------------------------------------------------

    def added(self, comment: NewComment) -> None:
        """Let a new comment be found, if readers see it."""
        if self._search.has_comments and comment["displayed"]:
            self._try(partial(self._add, comment))

    def _add(self, comment: NewComment) -> None:
        node = comment["node"]
        if node is None:
            try:
                # A reply is seen only where all comments above it are.
                node = self._store.find_comment(comment["id"], False)
            except CommentNotFoundError:
                node = self.node_of(comment["parent"] or "")
                if node is not None:
                    self._refresh(node)
                return
        self._search.add_comment(node, comment["id"], _plain(comment["text"]))

    def node_of(self, comment_id: str) -> str | None:
        """Return the node of a comment that is about to be changed, as far as it is known."""
        if not self._search.has_comments:
            return None
        try:
            return self._store.find_comment(comment_id, True)
        except WebSupportError:  # unknown to it, or it cannot tell: a store of others
            try:
                return self._search.nodes_of_comments([comment_id]).get(comment_id)
            except WebSupportError:
                return None

    def changed(self, *nodes: str | None) -> None:
        """Look at threads again in which comments were accepted, deleted or moved."""
        if self._search.has_comments:
            for node in nodes:
                if node is not None:
                    self._try(partial(self._refresh, node))

    def _refresh(self, node: str) -> None:
        try:
            self._search.put_comments(node, self._visible(node))
        except WebSupportError:
            # A text that was changed leaves the count, by which other gaps are found.
            self._missed.add(node)
            raise
        self._missed.discard(node)

    def _visible(self, node: str) -> dict[str, str]:
        """Return the text of every comment on a node that all readers see."""
        try:
            thread = self._store.get_data(node, None, False)
        except NodeNotFoundError:
            return {}
        return {c["id"]: _plain(c["text"]) for c in _flat(thread["comments"]) if not _is_deleted(c)}

    def reconcile(self) -> None:
        """Compare the index with the store, thread by thread; refresh those that differ.

        One question, and one per thread that differs. A store that cannot tell its nodes is left
        at what the index was told.
        """
        if not self._search.has_comments:
            return
        known = dict(self._search.count_comments())
        counts = self._store.count_all()
        for node, (_, visible) in counts.items():
            if known.pop(node, 0) != visible:
                self._refresh(node)
        for node in list(self._missed):
            self._refresh(node)
        if counts:
            for node in known:  # gone
                self._refresh(node)

    def _begin_reconciling(self) -> None:
        """Let a thread compare index and store, if that is due and none does."""
        if time.monotonic() < self._due or (self._worker and self._worker.is_alive()):
            return
        self._due = time.monotonic() + RECONCILE_EVERY
        self._worker = threading.Thread(
            target=partial(self._try, self.reconcile), name="websupport-reconcile", daemon=True
        )
        self._worker.start()

    def wait(self) -> None:
        """Wait until nothing is compared any more: before store and index are closed."""
        if self._worker is not None and self._worker.is_alive():
            self._worker.join()

    def try_reconciling(self) -> None:
        """Compare index and store now, at the end of a build; what fails is logged."""
        if self._search.has_comments:
            self._try(self.reconcile)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except WebSupportError:
            logger.exception("the search index missed a comment; it is mended by the next search")
            self._due = time.monotonic()

    # -- reading ---------------------------------------------------------------------------

    def search(self, q: str, start: int = 0, limit: int = PAGE_SIZE) -> SearchResults:
        """Search; every comment among the results is as the store has it now."""
        self._begin_reconciling()
        found = self._search.search(q, start, limit)
        for _ in range(_ATTEMPTS):
            confirmed, stale = self._confirm(q, found.results)
            if not stale:
                break
            self.changed(*stale)
            found = self._search.search(q, start, limit)
        else:
            confirmed, stale = self._confirm(q, found.results)
        return replace(found, results=confirmed, total=found.total - len(stale))

    def _confirm(
        self, q: str, results: Iterable[SearchResult]
    ) -> tuple[list[SearchResult], list[str]]:
        """Return results with the text that the store has, and the nodes of those it has not."""
        threads: dict[str, Mapping[str, str]] = {}
        confirmed: list[SearchResult] = []
        stale: list[str] = []
        for result in results:
            if result.comment is None or result.node is None:
                confirmed.append(result)
                continue
            if result.node not in threads:
                threads[result.node] = self._visible(result.node)
            text = threads[result.node].get(result.comment)
            context = None if text is None else self._search.show(q, text)
            if context is not None and "<mark>" in context:
                confirmed.append(replace(result, context=context))
            else:
                stale.append(result.node)
        return confirmed, stale


def _plain(html: str) -> str:
    return str(Markup(html).striptags())  # noqa: S704 - the tags are taken off


def _flat(comments: Iterable[Comment]) -> Iterator[Comment]:
    pending = list(comments)
    while pending:
        comment = pending.pop()
        yield comment
        pending += comment["children"]


def _is_deleted(comment: Comment) -> bool:
    return comment["username"] == DELETED and _plain(comment["text"]) == DELETED
