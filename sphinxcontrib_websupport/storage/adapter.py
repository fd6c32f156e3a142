"""Third-party stores: values into the published signatures, and what comes back into values.

The published signatures stand here once, as calls; in the other direction they stand once in
:mod:`.commentstore`. What a third-party store cannot tell is derived: nodes from the record that
builds keep (:mod:`.journal`), counts and new comments from its threads (:mod:`.foreign`).
"""

# ruff: noqa: D102 - what each call does is said once, in storage/base.py

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sphinxcontrib_websupport.errors import (
    CommentNotFoundError,
    NodeNotFoundError,
    StorageError,
)
from sphinxcontrib_websupport.model import (
    ANONYMOUS,
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
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.commentstore import CommentStore
from sphinxcontrib_websupport.storage.foreign import Ids, as_comment, as_thread, every, shielded
from sphinxcontrib_websupport.storage.journal import NodeJournal
from sphinxcontrib_websupport.storage.staging import Build

COUNTS_AGE = 60.0
"""For how many seconds derived counts are kept."""


def adapted(storage: StorageBackend, record: Path | None = None) -> CommentStore:
    """Return a store that takes values: the store itself, or an adapter around it.

    :param record: the file in which builds note what they registered, for a store that cannot
        tell.
    """
    return storage if isinstance(storage, CommentStore) else ThirdPartyStore(storage, record)


class ThirdPartyStore(CommentStore):
    """A store that was written against the published interface.

    :param inner: the store; it is closed with this one.
    :param record: the file in which builds note what they registered; without one, the store is
        asked for each node.
    """

    keeps_places = False

    def __init__(self, inner: StorageBackend, record: Path | None = None) -> None:
        self.inner = inner
        kind = type(inner)
        name = f"{kind.__module__}.{kind.__qualname__}"
        self._journal = None if record is None else NodeJournal(record, name)
        self._build: Build | None = None
        self._ids = Ids()
        self._counts: dict[tuple[str, bool], tuple[float, dict[str, int]]] = {}
        self._searched = -COUNTS_AGE

    def offers(self, call: str) -> bool:
        """Tell whether the store has a call of its own, and not the default of the base class."""
        own = getattr(self.inner, call, None)
        return own is not None and (
            getattr(own, "__func__", own) is not getattr(StorageBackend, call)
        )

    def _call(self, call: str, *arguments: Any) -> Any:
        with shielded(self.inner, call):
            return getattr(self.inner, call)(*arguments)

    # -- the build -------------------------------------------------------------------------

    def pre_build(self) -> None:
        # The store is told when there is something to say: once for each build.
        self._build = Build(0)
        if self._journal is not None and not self.offers("get_nodes"):
            sample = self._journal.nodes()
            sample = [sample[0], sample[len(sample) // 2], sample[-1]] if sample else []
            if sample and not any(self._has_thread(node.id) for node in sample):
                # Of another store: this one was emptied, or has never had them.
                self._journal.path.unlink(missing_ok=True)

    def has_node(self, id: str) -> bool:
        if self._build is not None and id in self._build.added:
            return True
        if self.offers("has_node"):
            return bool(self._call("has_node", id))
        return self._has_thread(id)

    def register_node(self, node: Node) -> None:
        self._current_build().add(node)

    def retire_node(self, id: str, successor: str | None = None) -> None:
        self._current_build().retire(id, successor)

    def discard_build(self) -> None:
        self._build = None
        if self.offers("discard_build"):
            self._call("discard_build")

    def post_build(self) -> None:
        if self._build is None:
            return
        build, self._build = self._build, None
        self._call("pre_build")
        try:
            if self.offers("get_nodes"):
                self._hand_over(build, build.added, lambda id: None)
                for id, successor in build.retired.items():
                    self._call("retire_node", id, successor)
            elif self._journal is None:
                self._hand_over(build, self._unknown(build), lambda id: None)
            else:
                unknown = self._unknown(build)
                with self._journal.handing_over() as note:
                    self._hand_over(build, unknown, note)
            self._call("post_build")
        except BaseException:
            if self.offers("discard_build"):
                self._call("discard_build")
            raise
        if self._journal is not None and not self.offers("get_nodes"):
            self._journal.save(_merged(self._journal.nodes(), build))
        self._counts.clear()

    def _current_build(self) -> Build:
        if self._build is None:
            self.pre_build()
        assert self._build is not None  # noqa: S101 - pre_build says so
        return self._build

    def _unknown(self, build: Build) -> list[str]:
        """Return the ids of the nodes that the store does not have: it gets each once.

        :meth:`has_node` may only be called within a build.
        """
        unknown = [id for id in build.added if not self._is_registered(id)]
        has_record = self._journal is not None and self._journal.is_there
        if len(unknown) < len(build.added) and not has_record:
            where = "" if self._journal is None else f" ({self._journal.path})"
            self.notice = (
                f"the record of earlier builds{where} is not there: ids come from the texts of "
                "paragraphs alone, and comments on paragraphs that were edited since are not found"
            )
        return unknown

    def _is_registered(self, id: str) -> bool:
        if self.offers("has_node"):
            return bool(self._call("has_node", id))
        known = self._journal.knows(id) if self._journal is not None else None
        return self._has_thread(id) if known is None else known

    def _has_thread(self, id: str) -> bool:
        """Ask for a thread: an answer means that the node is known, an error that it is not."""
        try:
            return self._call("get_data", id, None, True) is not None
        except (NodeNotFoundError, StorageError):
            return False

    def _hand_over(self, build: Build, ids: Iterable[str], note: Callable[[str], object]) -> None:
        for id in ids:
            node = build.added[id]
            note(id)
            self._call("add_node", id, node["document"], node["source"])

    def get_nodes(self, documents: Collection[str] | None = None) -> Iterable[Node]:
        if self.offers("get_nodes"):
            return list(self._call("get_nodes", documents))
        return [] if self._journal is None else self._journal.nodes(documents)

    def get_generation(self) -> str | None:
        generation: str | None = self._call("get_generation")
        return generation

    # -- reading ---------------------------------------------------------------------------

    def get_thread(self, node_id: str, viewer: Viewer) -> Thread:
        given = self._call("get_data", node_id, viewer.username or None, viewer.moderator)
        if given is None:
            raise NodeNotFoundError(f"no such node: {node_id!r:.80}")
        thread = as_thread(given, node_id)
        for id, comment in every(given["comments"]):
            self._ids.see(id, comment["id"], node_id)
        return thread

    def get_page(
        self, node_id: str, viewer: Viewer, after: str | None = None, limit: int = PAGE_SIZE
    ) -> ThreadPage:
        if not self.offers("get_page"):
            return super().get_page(node_id, viewer, after, limit)
        page: ThreadPage = self._call("get_page", node_id, viewer, after, limit)
        return page

    def get_retired(
        self, documents: Collection[str] | None = None, moderator: bool = False
    ) -> list[tuple[Node, int]]:
        if not self.offers("get_retired"):
            return super().get_retired(documents, moderator)
        return list(self._call("get_retired", documents, moderator))

    def get_node(self, id: str) -> Node:
        if not self.offers("get_node"):
            return super().get_node(id)
        node: Node = self._call("get_node", id)
        return node

    def count_all(self) -> dict[str, tuple[int, int]]:
        if not self.offers("count_all"):
            return super().count_all()
        return dict(self._call("count_all"))

    def get_waiting_nodes(self) -> list[Node]:
        if not self.offers("get_waiting_nodes"):
            return super().get_waiting_nodes()
        return list(self._call("get_waiting_nodes"))

    def get_version(
        self, node_id: str, moderator: bool = False, after: str | None = None
    ) -> str | None:
        version: str | None = self._call("get_version", node_id, moderator, after)
        return version

    def get_document_version(self, docname: str) -> str | None:
        version: str | None = self._call("get_document_version", docname)
        return version

    def find_comment(self, comment_id: str, moderator: bool) -> str:
        if self.offers("find_comment"):
            return str(self._at(comment_id, "find_comment", moderator))
        node = self._ids.node_of(comment_id) or self._search(comment_id)
        if node is None:
            raise CommentNotFoundError(f"no such comment: {comment_id!r:.80}")
        thread = self.get_thread(node, Viewer(moderator=moderator))
        if all(id != comment_id for id, _ in every(thread["comments"])):
            raise CommentNotFoundError(f"no such comment: {comment_id!r:.80}")
        return node

    def get_depth(self, comment_id: str) -> int:
        return int(self._at(comment_id, "get_depth")) if self.offers("get_depth") else 0

    def get_metadata(self, docname: str, moderator: bool) -> dict[str, int]:
        if self.offers("get_metadata"):
            counts = self._call("get_metadata", docname, moderator)
            return {str(node): int(count or 0) for node, count in dict(counts).items()}
        known = self._counts.get((docname, moderator))
        if known is not None and time.monotonic() - known[0] < COUNTS_AGE:
            return dict(known[1])
        counts = {
            node.id: self._count(node.id, moderator)
            for node in self.get_nodes([docname])
            if not node.retired
        }
        self._counts[docname, moderator] = (time.monotonic(), counts)
        return dict(counts)

    def _count(self, node_id: str, moderator: bool) -> int:
        thread = self.get_thread(node_id, Viewer(moderator=moderator))
        return sum(1 for _ in every(thread["comments"]))

    # -- writing ---------------------------------------------------------------------------

    def store_comment(self, draft: CommentDraft) -> StoredComment:
        node = draft.node
        before: set[str] = set()
        if draft.parent is not None:
            node = self._ids.node_of(draft.parent) or self._search(draft.parent)
        if node is not None:
            # A store need not return the comment that it stored: then it is the one that was not
            # there before. That the node is unknown is told before anything is stored.
            before = {id for id, _ in every(self._whole(node)["comments"])}
            if draft.parent is not None and draft.parent not in before:
                raise CommentNotFoundError(f"no such comment: {draft.parent!r:.80}")
        answer = self._add(draft)
        self._counts.clear()
        return self._stored(draft, node, before, answer)

    def _add(self, draft: CommentDraft) -> Any:
        author = draft.author.username or ANONYMOUS
        arguments = (draft.text, draft.displayed, author, draft.time, draft.proposal)
        if draft.parent is None:
            return self._call("add_comment", *arguments, draft.node, "", draft.author.moderator)
        return self._ids.attempt(
            draft.parent,
            lambda id: self._call("add_comment", *arguments, "", id, draft.author.moderator),
        )

    def _stored(
        self, draft: CommentDraft, node: str | None, before: set[str], answer: Any
    ) -> StoredComment:
        given = dict(answer) if isinstance(answer, dict) else {}
        if given.get("id") is None and node is not None:
            new = [c for id, c in every(self._whole(node)["comments"]) if id not in before]
            given = {**(dict(new[-1]) if new else {}), **given}
        comment = as_comment({**_told(draft), **given}, node if draft.parent is None else None)
        if given.get("id") is not None and node is not None:
            self._ids.see(comment["id"], given["id"], node)
        source = self._whole(node)["source"] if node and draft.proposal else ""
        change = rules.proposed(source, draft.proposal)
        document = given.get("document") or self._document_of(node)
        return {
            **comment,
            "children": [],
            "proposal_diff": comment["proposal_diff"] or (change and change.html),
            "document": str(document),
            "proposal_diff_text": given.get("proposal_diff_text") or (change and change.plain),
        }

    def _whole(self, node_id: str) -> Thread:
        return self.get_thread(node_id, Viewer(moderator=True))

    def _document_of(self, node: str | None) -> str:
        return next((known.document for known in self.get_nodes() if known.id == node), "")

    def _search(self, comment_id: str) -> str | None:
        """Find the node of a comment that this process has not seen yet.

        All threads are read, once a minute at most; what they hold is known from then on.
        """
        if time.monotonic() - self._searched < COUNTS_AGE:
            return None
        self._searched = time.monotonic()
        for node in self.get_nodes():
            try:
                self._whole(node.id)
            except NodeNotFoundError:
                continue
            if (found := self._ids.node_of(comment_id)) is not None:
                self._searched = -COUNTS_AGE
                return found
        return None

    def _at(self, comment_id: str, call: str, *arguments: Any) -> Any:
        """Call the store with a comment's id as it gave it, or else as it may have been."""
        if self._ids.node_of(comment_id) is None:
            self._search(comment_id)
        return self._ids.attempt(comment_id, lambda id: self._call(call, id, *arguments))

    def edit_comment(self, comment_id: str, edit: Edit, viewer: Viewer) -> StoredComment:
        edited: StoredComment = self._at(comment_id, "edit_comment", edit, viewer)
        return edited

    def get_original(self, comment_id: str, viewer: Viewer) -> Original:
        original = self._at(comment_id, "get_original", viewer)
        # A store may know of the text and the proposal only.
        known: Original = {"text": None, "markup": None, "proposal": None, "base": None}
        known.update(original)
        return known

    def remove_comment(self, comment_id: str, viewer: Viewer) -> bool:
        gone = self._at(comment_id, "delete_comment", viewer.username, viewer.moderator)
        self._counts.clear()
        return viewer.moderator if gone is None else bool(gone)

    def process_vote(self, comment_id: str, username: str, value: int) -> None:
        self._at(comment_id, "process_vote", username, value)

    def update_username(self, old_username: str, new_username: str) -> None:
        self._call("update_username", old_username, new_username)

    def accept_comment(self, comment_id: str) -> None:
        self._at(comment_id, "accept_comment")
        self._counts.clear()

    def attach_node(self, id: str, to_id: str) -> None:
        self._call("attach_node", id, to_id)

    # -- the connection --------------------------------------------------------------------

    def describe(self) -> str:
        # Not the store's own: it was written before there was such a call.
        return type(self.inner).__name__

    def check(self) -> None:
        self._call("check")

    def close(self) -> None:
        # A store of the earlier package has no such call.
        if self.offers("close"):
            self._call("close")


def _merged(old: Iterable[Node], build: Build) -> list[Node]:
    """Return what the record holds after a build."""
    nodes = {node.id: node for node in old}
    for id, values in build.added.items():
        nodes[id] = Node(**values)
    for id, successor in build.retired.items():
        if id in nodes:
            nodes[id] = replace(nodes[id], retired=True, successor=successor)
    return list(nodes.values())


def _told(draft: CommentDraft) -> dict[str, Any]:
    """Return what is known of a new comment whatever its store says."""
    return {
        "text": draft.text,
        "username": draft.author.username,
        "displayed": draft.displayed,
        "parent": draft.parent,
        "time": draft.time,
    }
