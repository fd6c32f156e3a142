"""The published contract of a comment store, as prose: what others implement.

A store written for the published calls alone works: everything else has a default here. Inside
the package values travel instead, through
:class:`~sphinxcontrib_websupport.storage.commentstore.CommentStore`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sphinxcontrib_websupport.errors import (
    CommentNotFoundError,
    NodeNotFoundError,
    UnsupportedError,
)
from sphinxcontrib_websupport.model import (
    PAGE_SIZE,
    Edit,
    Node,
    Original,
    StoredComment,
    Thread,
    ThreadPage,
    Viewer,
)


class StorageBackend:
    """Nodes, comments and votes.

    Ids are opaque strings; what is not exactly an id that the store gave out is unknown, were
    it ever so similar. Names are equal when all their code points are: case, accents and
    spaces count. An empty name is anonymous and owns nothing.

    Text and names with NUL or a lone surrogate, which not every engine can keep, are refused
    with :exc:`~sphinxcontrib_websupport.errors.InvalidInputError` on every engine; nothing is
    stored when a call raises. A driver's exception never leaves a store: it comes as
    :exc:`~sphinxcontrib_websupport.errors.StorageError`, raised ``from`` the driver's.

    Every call may be made from any thread. A vote or a comment that was acknowledged (the call
    returned) is never lost and never counted twice, with any number of threads and processes,
    and after the writer was killed.

    What these calls promise is tested by the suites in
    :mod:`sphinxcontrib_websupport.testing`; the rules they share are functions in
    :mod:`sphinxcontrib_websupport.storage.rules`.
    """

    # -- the build -------------------------------------------------------------------------

    def pre_build(self) -> None:
        """Begin a build: what is added from here on is staged, and no reader sees it.

        What this object had staged before is forgotten. Staging belongs to the object: another
        one, in this process or elsewhere, builds on its own.
        """

    def has_node(self, id: str) -> bool:
        """Tell whether a build has registered the node ``id`` (attached or retired).

        A node that this object's unfinished build has added counts, too.
        """
        raise NotImplementedError

    def add_node(self, id: str, document: str, source: str) -> None:
        """Register a commentable node.

        Called for every commentable node of every document that was read, in document order.
        For a known id it updates document, source and position, and un-retires it. The
        position is the count of calls for the same document since :meth:`pre_build`.

        :param id: the node's id.
        :param document: the name of the document that holds it.
        :param source: its source text, the starting point for proposals; a character that
            cannot be stored is replaced by U+FFFD.
        :raises InvalidInputError: ``id`` or ``document`` cannot be stored.
        """
        raise NotImplementedError

    def get_nodes(self, documents: Collection[str] | None = None) -> Iterable[Node]:
        """Return what builds registered, retired nodes included, in order.

        :param documents: only of these; ``None`` for all.
        :returns: nodes by document, then by position. A store that cannot tell returns
            nothing: its ids then come from the text alone.
        """
        return ()

    def retire_node(self, id: str, successor: str | None = None) -> None:
        """Set a node apart: its paragraph is gone from the sources.

        Its comments are kept, can be listed and re-attached, and the discussion may go on; a
        node without comments is forgotten, also later, when its last comment is removed.
        Staged like :meth:`add_node`; of several calls for one node the last one counts.

        :param successor: the node whose paragraph took this one's text in, if any.
        """

    def post_build(self) -> None:
        """Publish everything staged since :meth:`pre_build`, or nothing.

        Nothing is written when nothing changed.

        :raises BuildConflictError: another build was published since this one began, and said
            something else.
        """

    def get_generation(self) -> str | None:
        """Return what tells the published build apart from all others, of any store.

        It names the one after which this object's last build began, or which that build
        published. Sources that are as they were when it was published need not be compared
        with the store again.

        :returns: ``None`` where the store cannot tell: then they are.
        """
        return None

    def discard_build(self) -> None:
        """Forget what was staged: the build failed."""

    # -- reading ---------------------------------------------------------------------------

    def get_data(self, node_id: str, username: str | None, moderator: bool) -> Thread:
        """Return a node's source and the comments that this reader may see.

        Oldest first at every level. A moderator also sees what is not displayed. A reply
        whose parent is not seen is not seen.

        :raises NodeNotFoundError: no such node.
        """
        raise NotImplementedError

    def get_page(
        self, node_id: str, viewer: Viewer, after: str | None = None, limit: int = PAGE_SIZE
    ) -> ThreadPage:
        """Return a part of a thread: ``limit`` top-level comments with all their replies.

        :param viewer: who reads; as for :meth:`get_data`.
        :param after: the ``next`` of the part before; ``None`` for the first.
        :raises NodeNotFoundError: no such node.
        :raises InvalidInputError: ``after`` is not such a mark.
        """
        thread = self.get_data(node_id, viewer.username or None, viewer.moderator)
        comments = thread["comments"]
        start = 0
        if after is not None:
            # The comment behind the mark may be gone by now; then its thread starts anew
            # rather than hiding the rest.
            start = next((n for n, c in enumerate(comments, 1) if c["id"] == after), 0)
        part = comments[start : start + limit]
        more = start + limit < len(comments)
        return {
            "source": thread["source"],
            "comments": part,
            "next": part[-1]["id"] if more else None,
        }

    def get_version(
        self, node_id: str, moderator: bool = False, after: str | None = None
    ) -> str | None:
        """Return a stamp that is another one whenever :meth:`get_page` has another answer.

        It changes when any reader's answer does, may change although none did, and never
        comes back. Reading it costs less than the answer, which needs not be read where the
        stamp is known. A stamp from before an answer was read is never newer than that.

        :param moderator: as for :meth:`get_page`, and so is ``after``.
        :returns: ``None`` where the store cannot tell, for whatever reason.
        """
        return None

    def get_document_version(self, docname: str) -> str | None:
        """Return a stamp that is another one whenever a document is not as it was.

        That is whenever :meth:`get_metadata`, :meth:`get_retired` or :meth:`get_nodes` has
        another answer for it. What holds for :meth:`get_version` holds here.
        """
        return None

    def find_comment(self, comment_id: str, moderator: bool) -> str:
        """Return the id of the node under which a comment stands.

        A store that cannot tell finds none: permanent links then lead to the page only.

        :raises CommentNotFoundError: no such comment, or this reader does not see it.
        """
        raise CommentNotFoundError(f"no comment {comment_id!r:.80}")

    def get_depth(self, comment_id: str) -> int:
        """Return how deep a comment stands: 1 at the top, 2 for a reply, and so on.

        A store that cannot tell returns 0: replies to it are then nested without limit.

        :raises CommentNotFoundError: no such comment.
        """
        return 0

    def get_metadata(self, docname: str, moderator: bool) -> dict[str, int]:
        """Return ``{node id: count}`` for every attached node of a document.

        The count is the number of comments that :meth:`get_data` would give this reader.
        An unknown document gives an empty dict.
        """
        raise NotImplementedError

    def get_retired(
        self, documents: Collection[str] | None = None, moderator: bool = False
    ) -> list[tuple[Node, int]]:
        """Return the retired nodes whose discussion this reader may see, with its count.

        :param documents: only of these; ``None`` for all.
        """
        return [
            (node, count)
            for node in self.get_nodes(documents)
            if node.retired and (count := _count(self.get_data(node.id, None, moderator)))
        ]

    def get_node(self, id: str) -> Node:
        """Return one node, attached or retired.

        :raises NodeNotFoundError: no such node.
        """
        for node in self.get_nodes():
            if node.id == id:
                return node
        raise NodeNotFoundError(f"no such node: {id!r:.80}")

    def count_all(self) -> dict[str, tuple[int, int]]:
        """Count the comments of the whole site: what a moderator sees, and what every reader does.

        :returns: ``{node id: (all, visible)}`` for attached and retired nodes; those without
            comments may be left out. A store that overrides it answers by one question.
        """
        counts: dict[str, tuple[int, int]] = {}
        for document in {node.document for node in self.get_nodes()}:
            visible = self.get_metadata(document, False)
            for node, count in self.get_metadata(document, True).items():
                counts[node] = (count, visible.get(node, 0))
        shown = {node.id: count for node, count in self.get_retired()}
        for gone, count in self.get_retired(moderator=True):
            counts[gone.id] = (count, shown.get(gone.id, 0))
        return counts

    def get_waiting_nodes(self) -> list[Node]:
        """Return the nodes under which comments wait for a moderator, in order.

        A reply that is displayed under a comment that is not counts as waiting with it.
        """
        found = list(self.get_nodes())
        unlike = {
            node
            for document in {node.document for node in found}
            for node, _ in self.get_metadata(document, True).items()
            - self.get_metadata(document, False).items()
        }
        shown = {node.id: count for node, count in self.get_retired()}
        unlike |= {
            node.id
            for node, count in self.get_retired(moderator=True)
            if count != shown.get(node.id, 0)
        }
        return [node for node in found if node.id in unlike]

    # -- writing ---------------------------------------------------------------------------

    def add_comment(
        self,
        text: str,
        displayed: bool,
        username: str | None,
        time: datetime | None,
        proposal: str | None,
        node_id: str | None,
        parent_id: str | None,
        moderator: bool,
    ) -> StoredComment:
        """Store a comment and return it.

        Exactly one of ``node_id`` and ``parent_id`` is given. Nothing is stored when an
        error is raised.

        :param text: safe HTML.
        :param displayed: whether readers see it before a moderator accepts it.
        :param username: the author's name; ``"Anonymous"`` for somebody without one.
        :param time: when it was written; without a time zone it is UTC. ``None`` is now.
        :param proposal: the source text that the author proposes for the node; an empty one
            and one that changes nothing are none. It is compared with the source as it is now.
        :param moderator: whether the author is a moderator.
        :raises NodeNotFoundError: no such node.
        :raises CommentNotFoundError: no such parent.
        :raises CommentNotAllowedError: the parent is not displayed.
        """
        raise NotImplementedError

    def delete_comment(self, comment_id: str, username: str, moderator: bool) -> bool | None:
        """Delete a comment.

        :returns: ``True``: removed with all its replies and their votes (a moderator asked).
            ``False``: text, username, proposal and diff are gone for good, shown as
            ``[deleted]``, replies stay (its author asked). A third-party store may return
            nothing.
        :raises UserNotAuthorizedError: another's comment, an anonymous one's, or one that
            was deleted already, and ``moderator`` is false.
        :raises CommentNotFoundError: no such comment.
        """
        raise NotImplementedError

    def process_vote(self, comment_id: str, username: str, value: int) -> None:
        """Set a reader's vote on a comment to ``value``: −1, 0 or 1.

        :raises CommentNotFoundError: no such comment.
        """
        raise NotImplementedError

    def update_username(self, old_username: str, new_username: str) -> None:
        """Let comments and votes follow a user who was renamed.

        Where both names voted on one comment, one vote (the new name's) is left and the
        rating is right.
        """
        raise NotImplementedError

    def accept_comment(self, comment_id: str) -> None:
        """Display a comment to all from now on.

        :raises CommentNotFoundError: no such comment.
        """
        raise NotImplementedError

    def attach_node(self, id: str, to_id: str) -> None:
        """Move a node's whole discussion to another node and forget the first.

        :raises NodeNotFoundError: either is unknown.
        """
        raise UnsupportedError("this store cannot move a discussion to another node")

    def edit_comment(self, comment_id: str, edit: Edit, viewer: Viewer) -> StoredComment:
        """Change a comment, and return it without its replies.

        Votes, replies, place and time stay. A comment that was hidden stays hidden. A proposal
        that stays keeps the source that it was made against.

        :param viewer: who asks; its author and moderators may.
        :raises UserNotAuthorizedError: another's comment, or one that its author deleted.
        :raises CommentNotFoundError: no such comment.
        """
        raise UnsupportedError("this store cannot change a comment")

    def get_original(self, comment_id: str, viewer: Viewer) -> Original:
        """Return what a comment's author typed, to those who may change it.

        ``markup`` and ``base`` of the answer may be left out by a store that does not keep them.

        :raises UserNotAuthorizedError: as for :meth:`edit_comment`.
        :raises CommentNotFoundError: no such comment.
        """
        raise UnsupportedError("this store does not keep what authors typed")

    # -- the connection --------------------------------------------------------------------

    def describe(self) -> str:
        """Name the store for an operator, without any password; never for readers."""
        return type(self).__name__

    def check(self) -> None:
        """Ask the store for a sign of life.

        :raises StorageError: it does not answer.
        """

    def close(self) -> None:
        """Give up connections and files; the object is not used afterwards."""


def _count(thread: Thread) -> int:
    pending = list(thread["comments"])
    count = 0
    while pending:
        comment = pending.pop()
        count += 1
        pending.extend(comment["children"])
    return count
