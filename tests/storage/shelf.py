"""A comment store in eleven calls, for one process, in dictionaries."""

from datetime import datetime
from itertools import count

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.errors import (
    CommentNotAllowedError,
    CommentNotFoundError,
    InvalidInputError,
    NodeNotFoundError,
    UserNotAuthorizedError,
)
from sphinxcontrib_websupport.model import StoredComment, Thread
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.base import StorageBackend


class ShelfStorage(StorageBackend):
    def __init__(self) -> None:
        self.nodes: dict[str, tuple[str, str]] = {}
        self.staged: dict[str, tuple[str, str]] = {}
        self.rows: dict[int, rules.CommentRow] = {}
        self.votes: dict[int, dict[str, int]] = {}
        self.ids = count(1)

    def pre_build(self) -> None:
        self.staged = {}

    def has_node(self, id: str) -> bool:
        return id in self.nodes or id in self.staged

    def add_node(self, id: str, document: str, source: str) -> None:
        self.staged[id] = document, inputs.repaired(source)

    def post_build(self) -> None:
        self.nodes, self.staged = self.nodes | self.staged, {}

    def get_data(self, node_id: str, username: str | None, moderator: bool) -> Thread:
        if node_id not in self.nodes:
            raise NodeNotFoundError(node_id)
        rows = []
        for id, row in sorted(self.rows.items(), key=lambda item: (item[1].time, item[0])):
            if row.node == node_id:
                votes = self.votes[id]
                own = votes.get(username or "")
                rows.append(row._replace(rating=sum(votes.values()), vote=own))
        return {"source": self.nodes[node_id][1], "comments": rules.tree(rows, moderator)}

    def get_metadata(self, docname: str, moderator: bool) -> dict[str, int]:
        seen = [self.rows[id] for id in (self.rows if moderator else self._visible())]
        return {
            node: sum(row.node == node for row in seen)
            for node, (document, _) in self.nodes.items()
            if document == docname
        }

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
        if bool(node_id) == bool(parent_id):
            raise InvalidInputError("either a node or a parent")
        parent = self._find(parent_id) if parent_id else None
        if parent is not None and parent.id not in self._visible():
            raise CommentNotAllowedError("the parent is not displayed")
        node = parent.node if parent else str(node_id)
        if node not in self.nodes:
            raise NodeNotFoundError(node)
        document, source = self.nodes[node]
        change = rules.proposed(source, inputs.storable("the proposal", proposal or ""))
        row = rules.CommentRow(
            id=next(self.ids),
            parent=parent and parent.id,
            node=node,
            time=rules.microseconds(time),
            text=inputs.storable("the text", text),
            displayed=displayed,
            deleted=False,
            username=inputs.name(username),
            rating=0,
            proposal_diff=change and change.html,
            vote=None,
        )
        self.rows[int(row.id)], self.votes[int(row.id)] = row, {}
        return {
            **rules.as_comment(row, rules.now()),
            "document": document,
            "proposal_diff_text": change and change.plain,
        }

    def delete_comment(self, comment_id: str, username: str, moderator: bool) -> bool:
        row = self._find(comment_id)
        if not rules.may_delete(
            inputs.asking(username, moderator), comment_id, row.username, row.deleted
        ):
            raise UserNotAuthorizedError("not the author")
        if moderator:
            for id in rules.below(int(row.id), self._parents()):
                del self.rows[id], self.votes[id]
        else:
            erased = row._replace(deleted=True, text="", username=None, proposal_diff=None)
            self.rows[int(row.id)] = erased
        return moderator

    def process_vote(self, comment_id: str, username: str, value: int) -> None:
        votes, name = self.votes[int(self._find(comment_id).id)], inputs.name(username)
        if name is None:
            raise InvalidInputError("a vote needs a name")
        votes[name] = inputs.vote(value)

    def update_username(self, old_username: str, new_username: str) -> None:
        new = inputs.name(new_username)
        if new is None:
            raise InvalidInputError("the new name is empty")
        for id, row in self.rows.items():
            if old_username and row.username == old_username:
                self.rows[id] = row._replace(username=new)
            vote = self.votes[id].pop(old_username, 0)
            self.votes[id][new] = self.votes[id].get(new) or vote

    def accept_comment(self, comment_id: str) -> None:
        row = self._find(comment_id)
        self.rows[int(row.id)] = row._replace(displayed=True)

    def _find(self, id: str) -> rules.CommentRow:
        number = rules.number(id)
        if number not in self.rows:
            raise CommentNotFoundError(f"no comment {id!r}")
        return self.rows[number]

    def _parents(self) -> dict[int, int | None]:
        return {
            id: None if row.parent is None else int(row.parent) for id, row in self.rows.items()
        }

    def _visible(self) -> set[int]:
        return rules.visible({id: row.displayed for id, row in self.rows.items()}, self._parents())
