"""Third-party stores: values into the published signatures, and what comes back into values.

The published signatures stand here once, as calls; in the other direction they stand once in
:mod:`.commentstore`.
"""

# ruff: noqa: D102 - what each call does is said once, in storage/base.py

from __future__ import annotations

from collections.abc import Collection, Iterable

from sphinxcontrib_websupport.model import (
    PAGE_SIZE,
    CommentDraft,
    Edit,
    Node,
    Original,
    StoredComment,
    Thread,
    ThreadPage,
    Viewer,
)
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.commentstore import CommentStore

ANONYMOUS = "Anonymous"
"""The name by which third-party stores are told of an author without one."""


def adapted(storage: StorageBackend) -> CommentStore:
    """Return a store that takes values: the store itself, or an adapter around it."""
    return storage if isinstance(storage, CommentStore) else ThirdPartyStore(storage)


class ThirdPartyStore(CommentStore):
    """A store that was written against the published interface.

    :param inner: the store; it is closed with this one.
    """

    keeps_places = False

    def __init__(self, inner: StorageBackend) -> None:
        self.inner = inner

    # -- the build -------------------------------------------------------------------------

    def pre_build(self) -> None:
        self.inner.pre_build()

    def has_node(self, id: str) -> bool:
        return self.inner.has_node(id)

    def register_node(self, node: Node) -> None:
        self.inner.add_node(node.id, node.document, node.source)

    def get_nodes(self, documents: Collection[str] | None = None) -> Iterable[Node]:
        return self.inner.get_nodes(documents)

    def retire_node(self, id: str, successor: str | None = None) -> None:
        self.inner.retire_node(id, successor)

    def post_build(self) -> None:
        self.inner.post_build()

    def get_generation(self) -> str | None:
        return self.inner.get_generation()

    def discard_build(self) -> None:
        self.inner.discard_build()

    # -- reading ---------------------------------------------------------------------------

    def get_thread(self, node_id: str, viewer: Viewer) -> Thread:
        return self.inner.get_data(node_id, viewer.username or None, viewer.moderator)

    def get_page(
        self, node_id: str, viewer: Viewer, after: str | None = None, limit: int = PAGE_SIZE
    ) -> ThreadPage:
        return self.inner.get_page(node_id, viewer, after, limit)

    def get_version(
        self, node_id: str, moderator: bool = False, after: str | None = None
    ) -> str | None:
        return self.inner.get_version(node_id, moderator, after)

    def get_document_version(self, docname: str) -> str | None:
        return self.inner.get_document_version(docname)

    def find_comment(self, comment_id: str, moderator: bool) -> str:
        return self.inner.find_comment(comment_id, moderator)

    def get_depth(self, comment_id: str) -> int:
        return self.inner.get_depth(comment_id)

    def get_metadata(self, docname: str, moderator: bool) -> dict[str, int]:
        return self.inner.get_metadata(docname, moderator)

    def get_retired(
        self, documents: Collection[str] | None = None, moderator: bool = False
    ) -> list[tuple[Node, int]]:
        return self.inner.get_retired(documents, moderator)

    def get_waiting_nodes(self) -> list[Node]:
        return self.inner.get_waiting_nodes()

    # -- writing ---------------------------------------------------------------------------

    def store_comment(self, draft: CommentDraft) -> StoredComment:
        return self.inner.add_comment(
            draft.text,
            draft.displayed,
            draft.author.username or ANONYMOUS,
            draft.time,
            draft.proposal,
            draft.node or "",
            draft.parent or "",
            draft.author.moderator,
        )

    def edit_comment(self, comment_id: str, edit: Edit, viewer: Viewer) -> StoredComment:
        return self.inner.edit_comment(comment_id, edit, viewer)

    def get_original(self, comment_id: str, viewer: Viewer) -> Original:
        return self.inner.get_original(comment_id, viewer)

    def remove_comment(self, comment_id: str, viewer: Viewer) -> bool:
        gone = self.inner.delete_comment(comment_id, viewer.username, viewer.moderator)
        return viewer.moderator if gone is None else gone

    def process_vote(self, comment_id: str, username: str, value: int) -> None:
        self.inner.process_vote(comment_id, username, value)

    def update_username(self, old_username: str, new_username: str) -> None:
        self.inner.update_username(old_username, new_username)

    def accept_comment(self, comment_id: str) -> None:
        self.inner.accept_comment(comment_id)

    def attach_node(self, id: str, to_id: str) -> None:
        self.inner.attach_node(id, to_id)

    # -- the connection --------------------------------------------------------------------

    def check(self) -> None:
        self.inner.check()

    def close(self) -> None:
        self.inner.close()
