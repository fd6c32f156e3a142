"""A comment store in dictionaries: slow, for one thread, and short enough to be right.

What other stores answer is compared with what this one does.
"""

# ruff: noqa: D102 - what each call does is said once, in storage/base.py

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import attrgetter

from sphinxcontrib_websupport.differ import Change, as_html, as_text, compare
from sphinxcontrib_websupport.errors import (
    CommentNotAllowedError,
    CommentNotFoundError,
    InvalidInputError,
    NodeNotFoundError,
    UserNotAuthorizedError,
)
from sphinxcontrib_websupport.model import (
    MAX_PROPOSAL_LENGTH,
    Comment,
    CommentDraft,
    Edit,
    Node,
    Original,
    StoredComment,
    Thread,
    Viewer,
)
from sphinxcontrib_websupport.storage.commentstore import CommentStore


@dataclass
class _Said:
    id: int
    node: str
    parent: _Said | None
    time: datetime
    text: str
    username: str
    displayed: bool
    diff: str | None
    proposal: str | None = None
    base: str | None = None
    original: str | None = None
    markup: str | None = None
    deleted: bool = False
    edited: datetime | None = None
    votes: dict[str, int] = field(default_factory=dict)

    @property
    def visible(self) -> bool:
        return all(above.displayed for above in self.line())

    def line(self) -> Iterator[_Said]:
        """Return this one and those above it."""
        above: _Said | None = self
        while above is not None:
            yield above
            above = above.parent


class ModelStorage(CommentStore):
    """Nodes, comments and votes in memory."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._said: dict[int, _Said] = {}
        self._given = 0
        self._added: dict[str, Node] = {}
        self._retired: dict[str, str | None] = {}
        self._positions: Counter[str] = Counter()

    # -- the build -------------------------------------------------------------------------

    def pre_build(self) -> None:
        self.discard_build()

    def has_node(self, id: str) -> bool:
        return id in self._nodes or id in self._added

    def register_node(self, node: Node) -> None:
        id, document = node.id, node.document
        source = node.source.replace("\0", "\N{REPLACEMENT CHARACTER}")
        place = self._positions[document]
        self._added[id] = Node(id, document, source, place, file=node.file, line=node.line)
        self._positions[document] += 1
        self._retired.pop(id, None)

    def retire_node(self, id: str, successor: str | None = None) -> None:
        self._added.pop(id, None)
        self._retired[id] = successor

    def post_build(self) -> None:
        self._nodes |= self._added
        for id, successor in self._retired.items():
            if id in self._nodes:
                self._nodes[id] = replace(self._nodes[id], retired=True, successor=successor)
                self._forget_if_silent(id)
        self.discard_build()

    def discard_build(self) -> None:
        self._added, self._retired, self._positions = {}, {}, Counter()

    def get_nodes(self, documents: Collection[str] | None = None) -> Iterable[Node]:
        nodes = sorted(self._nodes.values(), key=attrgetter("document", "position", "id"))
        return [node for node in nodes if documents is None or node.document in documents]

    def attach_node(self, id: str, to_id: str) -> None:
        if id not in self._nodes or to_id not in self._nodes:
            raise NodeNotFoundError
        if id == to_id:
            return
        for said in self._said.values():
            if said.node == id:
                said.node = to_id
        del self._nodes[id]
        for node in list(self._nodes.values()):
            if node.successor == id:
                self._nodes[node.id] = replace(node, successor=to_id)

    def _forget_if_silent(self, id: str) -> None:
        if self._nodes[id].retired and not any(s.node == id for s in self._said.values()):
            del self._nodes[id]

    # -- reading ---------------------------------------------------------------------------

    def get_thread(self, node_id: str, viewer: Viewer) -> Thread:
        if node_id not in self._nodes:
            raise NodeNotFoundError
        top: list[Comment] = []
        seen: dict[int, Comment] = {}
        for said in sorted(self._said.values(), key=attrgetter("time", "id")):
            if said.node == node_id and (viewer.moderator or said.visible):
                seen[said.id] = _comment(said, viewer)
        for id, comment in seen.items():
            parent = self._said[id].parent
            (seen[parent.id]["children"] if parent else top).append(comment)
        return {"source": self._nodes[node_id].source, "comments": top}

    def find_comment(self, comment_id: str, moderator: bool) -> str:
        said = self._find(comment_id)
        if not (moderator or said.visible):
            raise CommentNotFoundError
        return said.node

    def get_metadata(self, docname: str, moderator: bool) -> dict[str, int]:
        return {
            node.id: sum(
                said.node == node.id and (moderator or said.visible) for said in self._said.values()
            )
            for node in self.get_nodes([docname])
            if not node.retired
        }

    # -- writing ---------------------------------------------------------------------------

    def store_comment(self, draft: CommentDraft) -> StoredComment:
        parent = self._find(draft.parent) if draft.parent else None
        if parent is not None and not parent.visible:
            raise CommentNotAllowedError
        node = self._nodes.get(parent.node if parent else str(draft.node))
        if node is None:
            raise NodeNotFoundError
        given, changes = _proposed(node.source, draft.proposal)
        time = draft.time or datetime.now(UTC)
        self._given += 1
        said = _Said(
            self._given,
            node.id,
            parent,
            time.astimezone(UTC) if time.tzinfo else _utc(time),
            draft.text,
            draft.author.username,
            draft.displayed,
            as_html(changes) if changes else None,
            given,
            _lines(node.source) if changes else None,
            draft.original,
            draft.markup,
        )
        self._said[said.id] = said
        return {
            **_comment(said, Viewer()),
            "document": node.document,
            "proposal_diff_text": as_text(changes) if changes else None,
        }

    def edit_comment(self, comment_id: str, edit: Edit, viewer: Viewer) -> StoredComment:
        said = self._mine(comment_id, viewer)
        node = self._nodes[said.node]
        given, changes = _proposed(node.source, edit.proposal)
        said.text, said.original, said.markup = edit.text, edit.original, edit.markup
        said.edited = edit.time.astimezone(UTC) if edit.time.tzinfo else _utc(edit.time)
        said.displayed = said.displayed and edit.displayed
        if edit.proposal is not None and edit.proposal.replace("\r\n", "\n") != said.proposal:
            said.proposal = given
            said.diff = as_html(changes) if changes else None
            said.base = _lines(node.source) if changes else None
        plain = _proposed(said.base or "", said.proposal)[1]
        return {
            **_comment(said, viewer),
            "document": node.document,
            "proposal_diff_text": None if said.diff is None else as_text(plain or []),
        }

    def get_original(self, comment_id: str, viewer: Viewer) -> Original:
        said = self._mine(comment_id, viewer)
        return {
            "text": said.original,
            "markup": said.markup,
            "proposal": said.proposal,
            "base": said.base,
        }

    def _mine(self, id: str, viewer: Viewer) -> _Said:
        said = self._find(id)
        is_mine = viewer.username == said.username if said.username else viewer.has_proved(id)
        if said.deleted or not (viewer.moderator or is_mine):
            raise UserNotAuthorizedError
        return said

    def remove_comment(self, comment_id: str, viewer: Viewer) -> bool:
        said = self._find(comment_id)
        if viewer.moderator:
            gone = [other.id for other in self._said.values() if said in other.line()]
            for id in gone:
                del self._said[id]
            self._forget_if_silent(said.node)
            return True
        self._mine(comment_id, viewer)
        said.deleted, said.text, said.username, said.diff = True, "", "", None
        said.proposal = said.base = said.original = said.markup = said.edited = None
        return False

    def process_vote(self, comment_id: str, username: str, value: int) -> None:
        said = self._find(comment_id)
        said.votes[username] = value

    def update_username(self, old_username: str, new_username: str) -> None:
        for said in self._said.values():
            if old_username and said.username == old_username:
                said.username = new_username
            if old_username != new_username and old_username in said.votes:
                vote = said.votes.pop(old_username)
                # A vote that was taken back is none.
                if not said.votes.get(new_username):
                    said.votes[new_username] = vote

    def accept_comment(self, comment_id: str) -> None:
        self._find(comment_id).displayed = True

    def _find(self, id: str) -> _Said:
        if not id.isascii() or not id.isdigit() or int(id) not in self._said:
            raise CommentNotFoundError
        return self._said[int(id)]


def _comment(said: _Said, viewer: Viewer) -> Comment:
    time = said.time
    return {
        "text": "[deleted]" if said.deleted else said.text,
        "username": "[deleted]" if said.deleted else said.username or "Anonymous",
        "id": str(said.id),
        "rating": sum(said.votes.values()),
        "age": int((datetime.now(UTC) - time).total_seconds()),
        "time": {
            "year": time.year,
            "month": time.month,
            "day": time.day,
            "hour": time.hour,
            "minute": time.minute,
            "second": time.second,
            "iso": time.isoformat(),
            "delta": "",
        },
        "vote": said.votes.get(viewer.username, 0),
        "node": None if said.parent else said.node,
        "parent": str(said.parent.id) if said.parent else None,
        "proposal_diff": said.diff,
        "displayed": said.displayed,
        "edited": said.edited.isoformat() if said.edited else None,
        "children": [],
    }


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _proposed(source: str, proposal: str | None) -> tuple[str | None, list[Change] | None]:
    """Return a proposal that changes something, and what it changes."""
    given, source = _lines(proposal or ""), _lines(source)
    if not given.strip() or given == source:
        return None, None
    if len(source) > MAX_PROPOSAL_LENGTH:
        raise InvalidInputError("no change of it can be proposed")
    return given, compare(source, given)
