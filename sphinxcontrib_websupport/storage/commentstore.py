"""The contract of a comment store inside the package: values go in, values come out.

The published signatures stand here once, as calls that make values of their arguments; in the
other direction they stand once in :mod:`.adapter`, for third-party stores.
"""

from __future__ import annotations

from datetime import datetime

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.model import (
    CommentDraft,
    Node,
    StoredComment,
    Thread,
    Viewer,
)
from sphinxcontrib_websupport.storage.base import StorageBackend


class CommentStore(StorageBackend):
    """Nodes, comments and votes.

    What each call promises is said where it is published:
    :class:`~sphinxcontrib_websupport.storage.base.StorageBackend`. Drafts and edits are checked
    when they are made; a store trusts them.
    """

    keeps_places = True
    """Whether files and lines of nodes are kept: a build then registers a moved node again."""

    notice: str | None = None
    """What the author of a build should know of it, as a sentence."""

    # -- what a store implements ---------------------------------------------------------------

    def register_node(self, node: Node) -> None:
        """Register a node: as :meth:`.StorageBackend.add_node`, with its place in the sources.

        Position and retirement of the value do not count: they follow from the calls.
        """
        raise NotImplementedError

    def get_thread(self, node_id: str, viewer: Viewer) -> Thread:
        """Return a node's source and its comments: as :meth:`.StorageBackend.get_data`."""
        raise NotImplementedError

    def store_comment(self, draft: CommentDraft) -> StoredComment:
        """Store a comment and return it: as :meth:`.StorageBackend.add_comment`."""
        raise NotImplementedError

    def remove_comment(self, comment_id: str, viewer: Viewer) -> bool:
        """Delete a comment: as :meth:`.StorageBackend.delete_comment`.

        :param viewer: may have proved to be the author of an anonymous comment.
        """
        raise NotImplementedError

    # -- the published signatures ----------------------------------------------------------------

    def add_node(self, id: str, document: str, source: str) -> None:  # noqa: D102
        self.register_node(Node(id, document, source))

    def get_data(self, node_id: str, username: str | None, moderator: bool) -> Thread:  # noqa: D102
        return self.get_thread(node_id, inputs.asking(username, moderator))

    def add_comment(  # noqa: D102
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
        draft = inputs.draft(
            text=text,
            displayed=displayed,
            author=inputs.author(username, moderator),
            time=time,
            proposal=proposal,
            node=node_id,
            parent=parent_id,
        )
        return self.store_comment(draft)

    def delete_comment(self, comment_id: str, username: str | None, moderator: bool) -> bool:  # noqa: D102
        return self.remove_comment(comment_id, inputs.asking(username, moderator))
