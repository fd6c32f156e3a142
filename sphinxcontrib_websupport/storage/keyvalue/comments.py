"""What readers and moderators do to comments.

Each change is one atomic change of one segment; what is written before it (that the node is
discussed, that the user was here, that counts are about to change) means nothing without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.errors import (
    CommentNotAllowedError,
    CommentNotFoundError,
    NodeNotFoundError,
    StorageError,
)
from sphinxcontrib_websupport.model import CommentDraft, StoredComment, Viewer
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.keyvalue import layout, lists
from sphinxcontrib_websupport.storage.keyvalue.headers import Header
from sphinxcontrib_websupport.storage.keyvalue.layout import CommentId
from sphinxcontrib_websupport.storage.keyvalue.nodes import Entry, Site
from sphinxcontrib_websupport.storage.keyvalue.publishing import Publisher
from sphinxcontrib_websupport.storage.keyvalue.segments import Said, Segment
from sphinxcontrib_websupport.storage.keyvalue.site import Published, Snapshot
from sphinxcontrib_websupport.storage.keyvalue.threads import Outrun, Thread, Threads

_TRIES = 20


class Found(NamedTuple):
    """A node that is registered."""

    generation: int
    """How many builds had been published then."""
    document: str
    entry: Entry
    threads: list[Thread]


class Writer:
    """Changes comments in a store of values."""

    def __init__(
        self, backend: Backend, threads: Threads, published: Published, publisher: Publisher
    ) -> None:
        self._backend = backend
        self._threads = threads
        self._published = published
        self._publisher = publisher

    # -- comments ----------------------------------------------------------------------------

    def comment(self, draft: CommentDraft, node: str, look: Callable[[], Found]) -> StoredComment:
        """Add a top-level comment to a node.

        :param look: returns the node, or says that it is not registered.
        :raises NodeNotFoundError: it is not registered.
        """
        time = rules.microseconds(draft.time)
        for _ in range(_TRIES):
            generation, document, entry, threads = look()
            try:
                thread = threads[0].name if threads else self.begin(node, entry)
            except _Closed:
                self._publisher.finish_attaching()
                continue
            self._note({layout.talk_key(document): node} | _mentions(draft.author.username, thread))
            change = rules.proposed(entry.source, draft.proposal)
            said = _said(draft, time, None, change)

            def reserve(header: Header | None) -> tuple[Header, int]:
                header = header or Header(node, node)
                if header.node != node:
                    # It was attached elsewhere just now.
                    raise Outrun
                return header, header.open_segment(time)

            try:
                number, said = self._threads.change(thread, reserve, lambda s: s.add(said))  # noqa: B023 - called at once
            except Outrun:
                continue
            id = CommentId(thread, number, said.seq)
            if self._published.site().generation != generation:
                self._make_sure(node, id)
            return as_stored(id.beside, said, document, entry, change)
        raise StorageError("others kept moving a discussion")

    def reply(self, draft: CommentDraft, parent: CommentId) -> StoredComment:
        """Add a reply to a comment.

        :raises CommentNotFoundError: there is no such comment.
        :raises CommentNotAllowedError: readers do not see it.
        """
        header_key = layout.header_key(parent.thread)
        segment_key = layout.segment_key(parent.thread, parent.segment)

        def look(snapshot: Snapshot, loaded: dict[str, Any]) -> tuple[str, Entry]:
            segment = Segment.read(segment_key, loaded.get(segment_key))
            if not segment.find(parent.seq).visible:
                raise CommentNotAllowedError("a comment that is not displayed takes no reply")
            found = snapshot.find(Header.read(header_key, loaded.get(header_key)).node)
            if found is None:
                raise CommentNotFoundError("there is no such comment")
            return found

        document, entry = self._published.read(look, header_key, segment_key)
        self._note(_mentions(draft.author.username, parent.thread))
        change = rules.proposed(entry.source, draft.proposal)
        said = _said(draft, rules.microseconds(draft.time), parent.seq, change)
        said, named = self._threads.change_known(
            parent, lambda s: (s.add(said), s.ids(parent.thread, parent.segment))
        )
        return as_stored(named, said, document, entry, change)

    def remove(self, id: CommentId) -> None:
        """Remove a comment and all replies below it.

        :raises CommentNotFoundError: there is no such comment.
        """
        # Looked at first: who asks for what is not there writes nothing.
        self._segment(id).find(id.seq)
        self._threads.change_known(id, lambda segment: segment.remove(id.seq))

    def erase(self, id: CommentId, comment_id: str, viewer: Viewer) -> None:
        """Erase what an author wrote.

        :param comment_id: the id as the reader knows it.
        :raises CommentNotFoundError: there is no such comment.
        :raises UserNotAuthorizedError: this is not its author, or it is erased already.
        """
        self._threads.adjust(id.thread, id.segment, lambda s: s.erase(id.seq, comment_id, viewer))

    def accept(self, id: CommentId) -> None:
        """Display a comment.

        :raises CommentNotFoundError: there is no such comment.
        """
        if not self._segment(id).find(id.seq).displayed:
            self._threads.change_known(id, lambda segment: segment.accept(id.seq))

    def find(self, id: CommentId, moderator: bool) -> str:
        """Return the node under which a comment stands.

        :raises CommentNotFoundError: there is no such comment, or this reader does not see it.
        """
        header_key = layout.header_key(id.thread)
        segment_key = layout.segment_key(id.thread, id.segment)
        loaded = self._backend.load_many([header_key, segment_key])
        segment = Segment.read(segment_key, loaded.get(segment_key))
        if not (segment.find(id.seq).visible or moderator):
            raise CommentNotFoundError("there is no such comment")
        return Header.read(header_key, loaded.get(header_key)).node

    def depth(self, id: CommentId) -> int:
        """Return how deep a comment stands, from 1.

        :raises CommentNotFoundError: there is no such comment.
        """
        key = layout.segment_key(id.thread, id.segment)
        segment = Segment.read(key, self._backend.load(key))
        depth, said = 1, segment.find(id.seq)
        while said.parent is not None:
            depth, said = depth + 1, segment.find(said.parent)
        return depth

    # -- users -------------------------------------------------------------------------------

    def vote(self, id: CommentId, name: str, value: int) -> None:
        """Set a user's vote.

        :raises CommentNotFoundError: there is no such comment.
        """
        user_key = layout.user_key(name)
        segment_key = layout.segment_key(id.thread, id.segment)
        loaded = self._backend.load_many([user_key, segment_key])
        Segment.read(segment_key, loaded.get(segment_key)).find(id.seq)
        if id.thread not in lists.read(user_key, loaded.get(user_key)):
            lists.note(self._backend, user_key, id.thread)
        self._threads.adjust(id.thread, id.segment, lambda s: s.vote(id.seq, name, value))

    def rename(self, old: str, new: str) -> None:
        """Let comments and votes follow a user."""
        key = layout.user_key(old)
        threads = lists.read(key, self._backend.load(key))
        if not threads:
            return
        lists.note(self._backend, layout.user_key(new), *threads)
        for thread, header in self._threads.headers(threads).items():
            for number in range(len(header.parts)):
                self._threads.adjust(thread, number, lambda segment: segment.rename(old, new))

    # -- the way there -----------------------------------------------------------------------

    def _segment(self, id: CommentId) -> Segment:
        return self._threads.segment(id.thread, id.segment)

    def _note(self, items: dict[str, str]) -> None:
        """Put an item on each of some lists, where it is not on it yet."""
        loaded = self._backend.load_many(items) if items else {}
        for key, item in items.items():
            if item not in lists.read(key, loaded.get(key)):
                lists.note(self._backend, key, item)

    def begin(self, node: str, entry: Entry) -> str:
        """Return the name of a thread for a node that has none of its own.

        :raises _Closed: the node is being attached to another.
        """
        main = layout.main_thread(node)
        if self._threads.header(main) is None:
            return main
        name = main

        def begin(header: Header | None) -> Header:
            nonlocal name
            header = header or Header(node, node)
            if header.node == node:
                name = main
                return header
            if header.closed is not None and header.closed >= entry.born:
                raise _Closed
            name = layout.spare_thread(node, len(header.threads) + 1)
            header.threads.append(name)
            return header

        self._threads.update_header(main, begin)
        return name

    def _make_sure(self, node: str, id: CommentId) -> None:
        """Make sure that a new comment is not left behind by builds published meanwhile.

        :raises NodeNotFoundError: the node is gone; so is the comment then.
        """

        def begin_anew(value: Any) -> list[Any]:
            site = Site.read(value)
            return site._replace(revision=site.revision + 1).stored()

        # Whoever is about to publish looks at the threads once more.
        self._backend.update(layout.SITE, begin_anew)
        header = self._threads.header(id.thread)
        is_elsewhere = header is not None and header.node != node
        if not is_elsewhere and not self._published.read(lambda s, _: s.documents_of([node])):
            self._threads.change_known(id, lambda segment: segment.remove(id.seq))
            raise NodeNotFoundError("no build has registered such a node")


class _Closed(Exception):  # noqa: N818 - no error: it goes no further than this module
    """No thread can be begun: the node is being attached to another."""


def _mentions(username: str, thread: str) -> dict[str, str]:
    return {layout.user_key(username): thread} if username else {}


def _said(
    draft: CommentDraft, time: int, parent: int | None, change: rules.Proposal | None
) -> Said:
    """Return a draft as it is to be stored."""
    return Said(
        seq=rules.now(),
        parent=parent,
        time=time,
        text=draft.text,
        displayed=draft.displayed,
        visible=draft.displayed,
        deleted=False,
        username=draft.author.username or None,
        proposal=change and change.text,
        diff=change and change.html,
        votes={},
        original=draft.original,
        markup=draft.markup,
        base=change and change.base,
    )


def as_stored(
    named: Callable[[int], str],
    said: Said,
    document: str,
    entry: Entry,
    change: rules.Proposal | None,
    reader: str | None = None,
) -> StoredComment:
    """Return a comment as writers are told it.

    :param named: gives the ids of it and of its parent by their ``seq``.
    :param change: the proposal that it has.
    :param reader: whose vote to tell.
    """
    row = rules.CommentRow(
        id=named(said.seq),
        parent=None if said.parent is None else named(said.parent),
        node=entry.id,
        time=said.time,
        text=said.text,
        displayed=said.displayed,
        deleted=False,
        username=said.username,
        rating=said.rating,
        proposal_diff=said.diff,
        vote=said.votes.get(reader) if reader else None,
        edited=said.edited,
    )
    return {
        **rules.as_comment(row, rules.now()),
        "document": document,
        "proposal_diff_text": change and change.plain,
    }
