"""``WebSupport``: the one object that a view of a web framework calls."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TextIO

from sphinxcontrib_websupport import inputs, moderation
from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.cache import JsonCache
from sphinxcontrib_websupport.backends.filesystem import FileSystemJsonBackend
from sphinxcontrib_websupport.discussions import Discussions
from sphinxcontrib_websupport.documents import earlier
from sphinxcontrib_websupport.documents.cache import ReadThrough
from sphinxcontrib_websupport.documents.publishing import publish_assets, publish_documents
from sphinxcontrib_websupport.documents.store import Documents, rooted
from sphinxcontrib_websupport.errors import (
    DocumentNotFoundError,
    InvalidInputError,
    NodeNotFoundError,
    SettingsError,
    StorageError,
    UserNotAuthorizedError,
)
from sphinxcontrib_websupport.model import (
    Detached,
    Document,
    NewComment,
    Node,
    Original,
    Thread,
    ThreadPage,
    Waiting,
)
from sphinxcontrib_websupport.registry import (
    MARKUPS,
    open_backend,
    open_markup,
    open_search,
    open_storage,
)
from sphinxcontrib_websupport.search.base import BaseSearch
from sphinxcontrib_websupport.search.rendering import render
from sphinxcontrib_websupport.search.results import PAGE_SIZE, SearchResults
from sphinxcontrib_websupport.settings import Settings, chosen, gather
from sphinxcontrib_websupport.storage.adapter import adapted
from sphinxcontrib_websupport.storage.base import StorageBackend

logger = logging.getLogger(__name__)


class WebSupport:
    """Builds a documentation, and serves its pages and their discussions.

    Two objects in one process share nothing. Every call may be made from any thread.
    Constructing one imports neither Sphinx nor a driver that is not used.

    :param srcdir: the folder with conf.py; only :meth:`build` needs it.
    :param builddir: where everything goes for which no folder of its own is named.
    :param datadir: pages and the default comment store; default ``builddir/data``.
    :param staticdir: files for the web server; default ``builddir/static``.
    :param doctreedir: Sphinx's own cache; default ``builddir/doctrees``.
    :param search: an adapter's name (its files are in ``datadir/search``), a URL such as
        ``sqlite:///search.db``, or an adapter.
    :param storage: a URL such as ``sqlite:///comments.db``, the name of a store whose settings
        are in the environment, settings of which ``STORAGE`` is one of these, or a
        :class:`~sphinxcontrib_websupport.storage.base.StorageBackend`; default what the
        environment says as ``WEBSUPPORT_STORAGE``, else a SQLite file
        ``datadir/db/websupport.db``.
    :param confoverrides: conf.py values to override in :meth:`build`; it is not changed.
    :param status: where :meth:`build` tells its progress; ``None`` for nowhere.
    :param warning: where :meth:`build` warns; ``None`` for nowhere.
    :param moderation_callback: called with every new comment that is not displayed.
    :param allow_anonymous_comments: whether a comment may come without a user name.
    :param docroot: the URL path under which the application serves the pages: of the object that
        serves, whatever the one that built them said.
    :param staticroot: the URL path under which it serves ``staticdir``; the same holds.
    :param markup: what comments are written in: ``"rst"`` or ``"markdown"``.
    :param parallel: the number of processes that :meth:`build` may use.
    :param documents: a store of JSON values, or its URL, that :meth:`build` publishes the pages
        to and :meth:`get_document` reads them from: a web process then needs no file of the
        build.
    :param assets: a store of bytes, such as an ``S3RawBackend``, that :meth:`build` publishes
        ``staticdir`` to.
    :param page_timeout: for how many seconds a page of ``documents`` is kept in a local cache:
        the longest time that a new build takes to be seen by another process.
    :param front_end: ``"own"``, or ``"earlier"`` for an application that keeps the
        ``websupport.js`` of the earlier package: :meth:`get_document` then gives what that reads,
        and loads nothing of ours.
    :param record: the file in which builds note what they registered in a third-party store that
        cannot tell; default ``datadir/nodes.jsonl``. Processes that serve read it, too.
    """

    def __init__(
        self,
        srcdir: str | Path | None = None,
        builddir: str | Path = "",
        datadir: str | Path | None = None,
        staticdir: str | Path | None = None,
        doctreedir: str | Path | None = None,
        search: str | BaseSearch | None = None,
        storage: str | Settings | StorageBackend | None = None,
        buildername: str = "websupport",
        confoverrides: Mapping[str, Any] | None = None,
        status: TextIO | None = sys.stdout,
        warning: TextIO | None = sys.stderr,
        moderation_callback: Callable[[NewComment], object] | None = None,
        allow_anonymous_comments: bool = True,
        docroot: str = "",
        staticroot: str = "static",
        *,
        markup: str = "rst",
        parallel: int = 1,
        documents: str | Backend | None = None,
        assets: Backend | None = None,
        page_timeout: float = 60.0,
        record: str | Path | None = None,
        front_end: str = "own",
    ) -> None:
        self.srcdir = Path(srcdir) if srcdir else None
        self.builddir = Path(builddir)
        self.datadir = Path(datadir) if datadir else self.builddir / "data"
        self.staticdir = Path(staticdir) if staticdir else self.builddir / "static"
        self.doctreedir = Path(doctreedir) if doctreedir else self.builddir / "doctrees"
        self.buildername = buildername
        self.confoverrides = dict(confoverrides or {})
        self.status = status
        self.warning = warning
        self.moderation_callback = moderation_callback
        self.allow_anonymous_comments = allow_anonymous_comments
        self.docroot = docroot.strip("/")
        self.staticroot = staticroot.strip("/")
        self.parallel = parallel
        if front_end not in {"own", "earlier"}:
            raise SettingsError(f"front_end is 'own' or 'earlier', not {front_end!r:.80}")
        self._front_end = front_end
        self.storage = self._open_storage(storage)
        self._store = adapted(self.storage, Path(record or self.datadir / "nodes.jsonl"))
        self.search = (
            search
            if isinstance(search, BaseSearch)
            else open_search(search or "null", self.datadir / "search")
        )
        self._discussions = Discussions(self._store, self.search)
        self._pages = FileSystemJsonBackend(self.datadir / "documents")
        self._published = self._open_documents(documents, page_timeout)
        self._assets = assets
        self.documents = Documents(self._pages if documents is None else self._published)
        self._opened = [
            opened
            for opened, given, kind in (
                (self.search, search, BaseSearch),
                (self._store, storage, StorageBackend),
                (self._published, documents, Backend),
            )
            if not isinstance(given, kind)
        ]
        self._markup = markup
        self._render = open_markup(markup)

    def _open_storage(self, storage: str | Settings | StorageBackend | None) -> StorageBackend:
        if isinstance(storage, StorageBackend):
            return storage
        if storage is None and chosen(settings := gather())["STORAGE"]:
            storage = settings
        if storage is None:
            path = (self.datadir / "db" / "websupport.db").resolve()
            path.parent.mkdir(parents=True, exist_ok=True)
            storage = f"sqlite:///{path.as_posix()}"
        return open_storage(storage)

    def _open_documents(self, documents: str | Backend | None, timeout: float) -> Backend:
        if documents is None:
            return self._pages
        store = open_backend(documents) if isinstance(documents, str) else documents
        return ReadThrough(store, JsonCache(self.datadir / "cache", timeout))

    # -- pages -----------------------------------------------------------------------------

    def build(self) -> None:
        """Build ``srcdir``; readers see the result when all of it has succeeded.

        conf.py's own ``extensions`` stay as they are.

        :raises RuntimeError: there is no ``srcdir``.
        :raises BuildError: Sphinx failed; the store is as it was.
        :raises StorageError: ``documents`` or ``assets`` does not answer; building again
            completes what was begun.
        """
        if self.srcdir is None:
            raise RuntimeError("a WebSupport object without srcdir cannot build")
        from sphinxcontrib_websupport.sphinxext import runner

        runner.run(
            self.srcdir,
            self.datadir if self.buildername == "websupport" else self.builddir / self.buildername,
            self.doctreedir,
            buildername=self.buildername,
            confoverrides=self.confoverrides,
            storage=self._store,
            staticdir=self.staticdir,
            documents=Documents(self._pages),
            search=self.search,
            status=self.status,
            warning=self.warning,
            parallel=self.parallel,
        )
        self._discussions.try_reconciling()
        # Files first and pages then: no page is seen before what it shows. A page that is gone
        # is gone before its files are, for their list is compared last.
        if self._assets is not None:
            publish_assets(self.staticdir, self._assets, remove=False)
        if self._published is not self._pages:
            publish_documents(self._pages, self._published)
        if self._assets is not None:
            publish_assets(self.staticdir, self._assets)

    def get_document(self, docname: str, username: str = "", moderator: bool = False) -> Document:
        """Return the parts of a page, for the application's own template.

        :param docname: as Sphinx names it; a folder's name gives its index.
        :param username: the reader's name; it and ``moderator`` are handed to the front end
            in a data block of ``script``.
        :returns: ``body, sidebar, relbar, title, css, script``, each HTML.
        :raises DocumentNotFoundError: there is none, or what is stored of it is damaged.
        """
        document = rooted(
            self.documents.read(docname), *map(_root, (self.docroot, self.staticroot))
        )
        if self._front_end == "earlier":
            options = earlier.options(username, moderator, self.docroot, self.staticroot)
            counts = self.get_metadata(docname, moderator)
            return earlier.with_front_end(document, options, counts)
        viewer = {"username": username, "moderator": bool(moderator)}
        document["script"] += (
            f'\n<script type="application/json" id="websupport-viewer">{_embed(viewer)}</script>'
        )
        return document

    def get_search_results(self, q: str, start: int = 0) -> Document:
        """Search pages and comments; any text is a valid query.

        :param start: how many results to leave out; the body's own links ask for the next
            page of them by ``?q=…&start=…``.
        :returns: the search page, its body the results.
        :raises NullSearchException: no search adapter is configured.
        """
        return self.get_search_page(q, self.find(q, start))

    def find(self, q: str, start: int = 0, limit: int = PAGE_SIZE) -> SearchResults:
        """Search pages and the comments that every reader may see; any text is a valid query.

        Words, ``"phrases"``, ``prefix*`` and ``-not`` are understood.

        :param start: how many results to leave out.
        :param limit: how many to return at most.
        :raises NullSearchException: no search adapter is configured.
        """
        return self._discussions.search(q, max(start, 0), limit)

    def get_search_page(self, q: str, found: SearchResults) -> Document:
        """Return the search page with these results in its body."""
        try:
            document = self.get_document("search")
        except DocumentNotFoundError:
            document = Document(body="", sidebar="", relbar="", title="", css="", script="")
        document["title"] = document["title"] or "Search"
        document["body"] = render(q, found, PAGE_SIZE, self._page_url)
        return document

    def _page_url(self, path: str) -> str:
        return _root(self.docroot) + path

    # -- reading ---------------------------------------------------------------------------

    @contextmanager
    def _noting_the_store(self) -> Iterator[None]:
        """Say which store an error is of, to who reads the log, and not in the message itself.

        Views show the message to readers, whom paths and hosts of the server do not concern.
        """
        try:
            yield
        except (NodeNotFoundError, StorageError) as error:
            error.add_note(f"the comment store is {self._store.describe()}")
            raise

    def health(self) -> str:
        """Ask the store for a sign of life, and return which one it is.

        That is for an operator, without any password, and not for readers: it may be a path.

        :raises StorageError: it does not answer; a note of the error says which one.
        """
        with self._noting_the_store():
            self._store.check()
        return self._store.describe()

    def get_data(
        self, node_id: str | int, username: str | None = None, moderator: bool = False
    ) -> Thread:
        """Return a node's source and its comments, oldest first at every level.

        A moderator also sees what is not displayed.

        :raises NodeNotFoundError: no such node.
        """
        viewer = inputs.asking(username, moderator)
        with self._noting_the_store():
            return self._store.get_thread(inputs.node_id(node_id), viewer)

    def get_page(
        self,
        node_id: str | int,
        username: str | None = None,
        moderator: bool = False,
        after: str | None = None,
    ) -> ThreadPage:
        """Return a part of a thread: 50 top-level comments with all their replies.

        :param after: the ``next`` of the part before.
        :raises NodeNotFoundError: no such node.
        :raises InvalidInputError: ``after`` is not such a mark.
        """
        viewer = inputs.asking(username, moderator)
        with self._noting_the_store():
            return self._store.get_page(inputs.node_id(node_id), viewer, after)

    def get_version(
        self, node_id: str | int, moderator: bool = False, after: str | None = None
    ) -> str | None:
        """Return a stamp that changes whenever an answer of :meth:`get_page` does.

        ``None`` where the store cannot tell; see
        :meth:`~sphinxcontrib_websupport.storage.base.StorageBackend.get_version`.
        """
        return self._store.get_version(inputs.node_id(node_id), moderator, after)

    def get_document_version(self, docname: str) -> str | None:
        """Return a stamp that changes whenever a document's counts or discussions do.

        That is whenever an answer of :meth:`get_metadata` or :meth:`get_detached` changes;
        ``None`` where the store cannot tell.
        """
        return self._store.get_document_version(docname)

    def find_comment(self, comment_id: str | int, moderator: bool = False) -> str:
        """Return the id of the node under which a comment stands.

        :raises CommentNotFoundError: no such comment, or this reader does not see it.
        """
        return self._store.find_comment(inputs.comment_id(comment_id), moderator)

    def get_depth(self, comment_id: str | int) -> int:
        """Return how deep a comment stands: 1 at the top, 2 for a reply; 0 if that is not known.

        :raises CommentNotFoundError: no such comment.
        """
        return self._store.get_depth(inputs.comment_id(comment_id))

    def get_metadata(self, docname: str, moderator: bool = False) -> dict[str, int]:
        """Return ``{node id: count}`` for every node of a document.

        Counts what that reader would see. An unknown document gives an empty dict.
        """
        return self._store.get_metadata(docname, moderator)

    def get_retired(
        self, docname: str | None = None, moderator: bool = False
    ) -> list[tuple[Node, int]]:
        """Return the nodes whose paragraph is gone and whose discussion is kept, with counts.

        :param docname: only those that were on this page; ``None`` for all.
        """
        return self._store.get_retired(None if docname is None else [docname], moderator)

    def get_detached(
        self,
        docname: str | None,
        moderator: bool = False,
        start: int = 0,
        limit: int | None = None,
    ) -> list[Detached]:
        """Return a page's discussions whose paragraph is gone, beside what is most like it now.

        Counts what that reader would see, and leaves out discussions of which that is nothing.

        :param docname: ``None`` for those of all pages.
        :param start: how many to leave out.
        :param limit: how many to return at most; ``None`` for all.
        """
        documents = None if docname is None else [docname]
        return moderation.detached(self._store, documents, moderator, start, limit)

    def get_waiting(
        self, moderator: bool = False, start: int = 0, limit: int = PAGE_SIZE
    ) -> list[Waiting]:
        """Return the comments of the whole site that wait for a moderator.

        :param start: how many to leave out.
        :param limit: how many to return at most.
        :raises UserNotAuthorizedError: not a moderator.
        """
        if not moderator:
            raise UserNotAuthorizedError("only a moderator sees what waits")
        return moderation.waiting(self._store, start, limit)

    # -- writing ---------------------------------------------------------------------------

    def add_comment(
        self,
        text: str,
        node_id: str | int = "",
        parent_id: str | int = "",
        displayed: bool = True,
        username: str | None = None,
        time: datetime | None = None,
        proposal: str | None = None,
        moderator: bool = False,
    ) -> NewComment:
        """Add a comment to a node or a reply to a comment.

        :param text: in the markup that this object was made with.
        :param displayed: whether it is shown at once; else when a moderator accepts it.
        :param username: ``None`` or empty for an anonymous reader.
        :param time: when it was written, default now; a naive one is UTC.
        :param proposal: the source text that the author proposes for the node.
        :returns: the comment with ``document``, ``original_text``, ``proposal_diff_text``.
        :raises UserNotAuthorizedError: it is anonymous, which is not allowed here.
        :raises CommentNotAllowedError: the parent is not displayed.
        :raises NodeNotFoundError: no such node.
        :raises CommentNotFoundError: no such parent.
        :raises InvalidInputError: neither or both of node and parent; an empty or over-long
            text or proposal; an over-long name.
        """
        author = inputs.author(username, moderator)
        if not author.username and not self.allow_anonymous_comments:
            raise UserNotAuthorizedError("a comment needs a user name here")
        typed = inputs.text(text)
        draft = inputs.draft(
            text=self._render(typed),
            author=author,
            node=node_id,
            parent=parent_id,
            time=time,
            displayed=displayed,
            proposal=inputs.proposal(proposal),
            original=typed,
            markup=self._markup,
        )
        with self._noting_the_store():
            stored = self._store.store_comment(draft)
        comment: NewComment = {**stored, "original_text": typed}
        self._discussions.added(comment)
        if not displayed and self.moderation_callback is not None:
            self._call_moderator(comment)
        return comment

    def edit_comment(
        self,
        comment_id: str | int,
        text: str,
        username: str = "",
        moderator: bool = False,
        *,
        author: bool = False,
        displayed: bool = True,
        proposal: str | None = None,
        time: datetime | None = None,
    ) -> NewComment:
        """Change what a comment says; its votes, its replies and its place stay.

        :param text: in the markup that the comment was written in, which :meth:`get_original`
            tells; where nobody knows, in the one that this object was made with.
        :param username: who asks: its author may, and a moderator.
        :param author: whether the caller has proved that an anonymous comment is this
            reader's own; without that nobody but a moderator changes one.
        :param displayed: false where comments wait for a moderator: a displayed one then
            disappears, with the replies below it, until it is accepted once more. Otherwise
            a harmless text could be had accepted and anything be put in its place. True does
            not show a comment that is waiting.
        :param proposal: ``None`` leaves the proposal as it is, an empty text takes it back.
        :param time: when it was changed, default now; a naive one is UTC.
        :returns: the comment as :meth:`add_comment` does, without its replies. The moderation
            callback is called where it is not displayed.
        :raises UserNotAuthorizedError: another's comment, or one that was deleted.
        :raises CommentNotFoundError: no such comment.
        :raises InvalidInputError: an empty or over-long text, an over-long proposal or name.
        :raises UnsupportedError: the store cannot change comments.
        """
        id = inputs.comment_id(comment_id)
        viewer = inputs.author(username, moderator, [id] if author else ())
        typed = inputs.text(text)
        proposed = inputs.proposal(proposal)
        # A text is expensive to render: it is for those who may.
        markup, render = self._written_in(self._store.get_original(id, viewer)["markup"])
        edit = inputs.edit(
            text=render(typed),
            original=typed,
            markup=markup,
            time=time,
            displayed=displayed,
            proposal="" if proposal == "" else proposed,
        )
        node = self._discussions.node_of(id)
        stored = self._store.edit_comment(id, edit, viewer)
        comment: NewComment = {**stored, "original_text": typed}
        self._discussions.changed(node)
        if not comment["displayed"] and self.moderation_callback is not None:
            self._call_moderator(comment)
        return comment

    def get_original(
        self,
        comment_id: str | int,
        username: str = "",
        moderator: bool = False,
        *,
        author: bool = False,
    ) -> Original:
        """Return what a comment's author typed: where an edit begins.

        The parameters are those of :meth:`edit_comment`.

        :raises UserNotAuthorizedError: this reader may not change it.
        :raises CommentNotFoundError: no such comment.
        :raises UnsupportedError: the store cannot change comments.
        """
        id = inputs.comment_id(comment_id)
        viewer = inputs.author(username, moderator, [id] if author else ())
        return self._store.get_original(id, viewer)

    def _written_in(self, markup: str | None) -> tuple[str, Callable[[str], str]]:
        """Return the markup of a comment's text and what renders it.

        :param markup: as the store has it, perhaps of another site: this one's stands in for
            what nobody knows here.
        :raises MissingDriverError: the markup's library is not installed any more.
        """
        if markup is None or markup == self._markup or markup not in MARKUPS:
            return self._markup, self._render
        return markup, open_markup(markup)

    def _call_moderator(self, comment: NewComment) -> None:
        assert self.moderation_callback is not None  # noqa: S101 - checked by the one caller
        try:
            self.moderation_callback(comment)
        except Exception:
            # The comment is stored: its author must not be told otherwise.
            logger.exception("the moderation callback failed for comment %s", comment["id"])

    def process_vote(self, comment_id: str | int, username: str, value: int | str) -> None:
        """Set a reader's vote on a comment.

        :param value: −1, 0 or 1, as an int or as that string.
        :raises ValueError: another number.
        :raises InvalidInputError: no user name, or not an integer.
        :raises CommentNotFoundError: no such comment.
        """
        vote = inputs.vote(value)
        name = inputs.name(username)
        if name is None:
            raise InvalidInputError("a vote needs a user name")
        self._store.process_vote(inputs.comment_id(comment_id), name, vote)

    def accept_comment(self, comment_id: str | int, moderator: bool = False) -> None:
        """Display a comment that was waiting.

        :raises UserNotAuthorizedError: not a moderator.
        :raises CommentNotFoundError: no such comment.
        """
        if not moderator:
            raise UserNotAuthorizedError("only a moderator accepts comments")
        self._store.accept_comment(inputs.comment_id(comment_id))
        self._discussions.changed(self._discussions.node_of(inputs.comment_id(comment_id)))

    def delete_comment(
        self,
        comment_id: str | int,
        username: str = "",
        moderator: bool = False,
        *,
        author: bool = False,
    ) -> bool:
        """Delete a comment.

        :param author: whether the caller has proved that an anonymous comment is this
            reader's own, who may then delete it as any author does.
        :returns: ``True``: it is gone with all its replies and their votes (a moderator
            asked). ``False``: it is shown as ``[deleted]``, replies stay (its author asked).
        :raises UserNotAuthorizedError: another's comment, an anonymous one's, or one that
            was deleted already.
        :raises CommentNotFoundError: no such comment.
        """
        id = inputs.comment_id(comment_id)
        viewer = inputs.asking(username, moderator, [id] if author else ())
        node = self._discussions.node_of(id)
        gone = self._store.remove_comment(id, viewer)
        self._discussions.changed(node)
        return gone

    def update_username(self, old: str, new: str) -> None:
        """Let a user's comments and votes follow a change of name.

        Where both names voted on one comment, one vote is left and the rating is right.

        :raises InvalidInputError: an empty or over-long name.
        """
        old_name, new_name = inputs.name(old), inputs.name(new)
        if old_name is None or new_name is None:
            raise InvalidInputError("a user name is empty")
        if old_name != new_name:
            self._store.update_username(old_name, new_name)

    def attach(self, node_id: str | int, to_node_id: str | int, moderator: bool = False) -> None:
        """Move a whole discussion to another node: its own paragraph is gone.

        :raises UserNotAuthorizedError: not a moderator.
        :raises NodeNotFoundError: either is unknown.
        :raises InvalidInputError: the discussion still has its paragraph, which would be left
            without a node; or both are the same.
        """
        if not moderator:
            raise UserNotAuthorizedError("only a moderator attaches discussions")
        node, to = inputs.node_id(node_id), inputs.node_id(to_node_id)
        if node == to:
            raise InvalidInputError("a discussion cannot be attached to itself")
        with self._noting_the_store():
            if not self._store.get_node(node).retired:
                raise InvalidInputError(
                    "the discussion is not detached: its paragraph is still there"
                )
            self._store.attach_node(node, to)
        self._discussions.changed(node, to)

    def close(self) -> None:
        """Give up the connections of what this object opened; it is not used afterwards.

        A store, an adapter or a store of pages that was given is its owner's to close.
        """
        self._discussions.wait()
        for opened in self._opened:
            opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _root(path: str) -> str:
    """Return a root's address with slashes around it; a full URL is taken as it is."""
    if "://" in path:
        return f"{path}/"
    return f"/{path}/" if path else "/"


def _embed(value: object) -> str:
    """Return JSON that cannot end the ``<script>`` it stands in."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
