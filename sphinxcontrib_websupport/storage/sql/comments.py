"""What a change to the discussion does to the rows, within one transaction.

Two locks keep concurrent changes apart on servers (SQLite's writers are alone anyway):
whoever adds, moves, shows or removes comments holds the node, whoever votes the comment. A
node is locked before a comment and rows of one table by id, so nobody waits in a ring.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    bindparam,
    column,
    delete,
    func,
    insert,
    inspect,
    select,
    table,
    union,
    update,
)

from sphinxcontrib_websupport.errors import (
    CommentNotAllowedError,
    CommentNotFoundError,
    NodeNotFoundError,
    UserNotAuthorizedError,
)
from sphinxcontrib_websupport.model import CommentDraft, StoredComment, Viewer
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.sql import queries, rows
from sphinxcontrib_websupport.storage.sql.nodes import chunks, new_stamp
from sphinxcontrib_websupport.storage.sql.schema import comments, nodes, state, votes

_PASSES = 5
"""How often a renamed user's comments are looked for: they may be moved meanwhile."""

_NODES_OF = union(
    select(comments.c.node_id).where(comments.c.username == bindparam("name")),
    select(comments.c.node_id)
    .join(votes, votes.c.comment_id == comments.c.id)
    .where(votes.c.username == bindparam("name")),
)
"""The nodes on which a user wrote or voted."""

_TOUCH = (
    update(nodes)
    .where(
        nodes.c.id
        == select(comments.c.node_id).where(comments.c.id == bindparam("comment")).scalar_subquery()
    )
    .values(stamp=bindparam("new"))
)

_ADD = insert(comments)
_RATE = (
    update(comments)
    .where(comments.c.id == bindparam("comment"))
    .values(
        rating=comments.c.rating
        + bindparam("vote")
        - func.coalesce(rows.OWN_VOTE.scalar_subquery(), 0)
    )
)
_UNVOTE = delete(votes).where(
    votes.c.comment_id == bindparam("comment"), votes.c.username == bindparam("name")
)
_VOTE = insert(votes).prefix_with("OR REPLACE", dialect="sqlite")

_ERASED: dict[str, Any] = {"text": "", "username": None, "proposal": None, "proposal_diff": None}
_GONE: dict[str, Any] = {
    **_ERASED,
    **dict.fromkeys(("base", "original", "markup", "edited")),
    "deleted": True,
}


def comment(connection: Connection, draft: CommentDraft) -> StoredComment:
    """Add a comment to a node.

    :raises NodeNotFoundError: no such node.
    """
    node = draft.node
    place = connection.execute(rows.LOCK_NODE, {"node": node}).first()
    if node is None or place is None:
        raise NodeNotFoundError("no build has registered such a node")
    return _add(connection, draft, node, place.document, place.source, None, None)


def reply(connection: Connection, draft: CommentDraft) -> StoredComment:
    """Add a reply to a comment.

    :raises CommentNotFoundError: no such comment.
    :raises CommentNotAllowedError: readers do not see it.
    """
    parent = queries.located(connection, draft.parent)
    above = rows.locked(connection, parent)
    if not above.visible:
        raise CommentNotAllowedError("a comment that is not displayed takes no reply")
    root = above.root_id or parent
    place = (above.node_id, above.document, above.source)
    return _add(connection, draft, *place, parent, root, above.known_as)


def remove(connection: Connection, comment_id: str, viewer: Viewer) -> bool:
    """Remove a comment and all below it (a moderator, ``True``) or erase it (its author).

    :raises CommentNotFoundError: no such comment.
    :raises UserNotAuthorizedError: neither may this user.
    """
    comment = queries.located(connection, comment_id)
    row = rows.locked(connection, comment)
    if not rules.may_delete(viewer, comment_id, row.username, row.deleted):
        raise UserNotAuthorizedError("only its author or a moderator may delete a comment")
    if not viewer.moderator:
        connection.execute(update(comments).where(comments.c.id == comment).values(_GONE))
        rows.touch(connection, row.node_id)
        _erase_earlier(connection, [comment])
        return False
    branch = {row.id: row for row in rows.branch(connection, row)}
    gone = rules.below(comment, {row.id: row.parent_id for row in branch.values()})
    for ids in chunks(sorted(gone)):
        # MariaDB checks each row as it goes, not the statement: no order of rows would do.
        connection.execute(update(comments).where(comments.c.id.in_(ids)).values(parent_id=None))
    for ids in chunks(sorted(gone)):
        connection.execute(delete(comments).where(comments.c.id.in_(ids)))
    rows.count(connection, row.node_id, -len(gone), -sum(branch[id].visible for id in gone))
    # A paragraph that is gone and that nobody speaks of any more is forgotten.
    forgotten = delete(nodes).where(nodes.c.id == row.node_id, nodes.c.retired.is_(True))
    connection.execute(forgotten.where(nodes.c.comments == 0))
    _erase_earlier(connection, gone)
    return True


def accept(connection: Connection, comment: int) -> None:
    """Display a comment.

    :raises CommentNotFoundError: no such comment.
    """
    row = rows.locked(connection, comment)
    if not row.displayed:
        rows.display(connection, row, True)


def vote(connection: Connection, comment: int, name: str, value: int) -> None:
    """Set one user's vote.

    :raises CommentNotFoundError: no such comment.
    """
    values = {"comment": comment, "name": name, "vote": value}
    is_alone = connection.dialect.name == "sqlite"
    if not is_alone:
        # The old vote is looked up once the comment is ours: otherwise, after waiting, it
        # would still be the one from before.
        rows.touch(connection, rows.locked(connection, comment).node_id)
    if connection.execute(_RATE, values).rowcount == 0:
        raise CommentNotFoundError("there is no such comment")
    if is_alone:
        connection.execute(_TOUCH, {"comment": comment, "new": new_stamp()})
    if value == 0 or not is_alone:
        connection.execute(_UNVOTE, values)
    if value:
        connection.execute(_VOTE, {"comment_id": comment, "username": name, "value": value})


def rename(connection: Connection, old: str, new: str) -> None:
    """Let comments and votes follow a user; where both names voted, the new one's stays."""
    for _ in range(_PASSES):
        there = sorted(connection.execute(_NODES_OF, {"name": old}).scalars())
        for ids in chunks(there):
            # In order, and before their comments, as everywhere: nobody waits in a ring.
            mine = select(nodes.c.id).where(nodes.c.id.in_(ids)).order_by(nodes.c.id)
            connection.execute(mine.with_for_update())
            stamped = update(nodes).where(nodes.c.id.in_(ids)).values(stamp=new_stamp())
            connection.execute(stamped)
            _rename_on(connection, ids, old, new)
        if not there:
            return


def _rename_on(connection: Connection, ids: Sequence[str], old: str, new: str) -> None:
    held = select(comments.c.id, votes.c.value).join(votes, votes.c.comment_id == comments.c.id)
    held = held.where(votes.c.username == old, comments.c.node_id.in_(ids))
    held = held.order_by(comments.c.id).with_for_update()
    cast = {row.id: row.value for row in connection.execute(held)}
    for part in chunks(sorted(cast)):
        both = select(votes.c.comment_id).where(
            votes.c.username == new, votes.c.comment_id.in_(part)
        )
        for comment in connection.execute(both).scalars().all():
            lost = cast[comment]
            connection.execute(_UNVOTE, {"comment": comment, "name": old})
            connection.execute(
                update(comments)
                .where(comments.c.id == comment)
                .values(rating=comments.c.rating - lost)
            )
        followed = update(votes).where(votes.c.username == old, votes.c.comment_id.in_(part))
        connection.execute(followed.values(username=new))
    written = update(comments).where(comments.c.username == old, comments.c.node_id.in_(ids))
    connection.execute(written.values(username=new))


def attach(connection: Connection, old: str, new: str) -> None:
    """Move all comments of one node to another and forget the first.

    :raises NodeNotFoundError: either is unknown.
    """
    query = select(nodes.c.id, nodes.c.comments, nodes.c.visible)
    query = query.where(nodes.c.id.in_([old, new])).order_by(nodes.c.id).with_for_update()
    found = {row.id: row for row in connection.execute(query)}
    if old not in found or new not in found:
        raise NodeNotFoundError("no build has registered such a node")
    if old == new:
        return
    connection.execute(update(comments).where(comments.c.node_id == old).values(node_id=new))
    rows.count(connection, new, found[old].comments, found[old].visible)
    followed = update(nodes).where(nodes.c.successor == old)
    connection.execute(followed.values(successor=new, stamp=new_stamp()))
    connection.execute(delete(nodes).where(nodes.c.id == old))


def _add(
    connection: Connection,
    draft: CommentDraft,
    node: str,
    document: str,
    source: str,
    parent: int | None,
    root: int | None,
    parent_known_as: str | None = None,
) -> StoredComment:
    change = rules.proposed(source, draft.proposal)
    time, username = rules.microseconds(draft.time), draft.author.username or None
    values = {
        "node_id": node,
        "parent_id": parent,
        "root_id": root,
        "time": time,
        "text": draft.text,
        "username": username,
        "rating": 0,
        "displayed": draft.displayed,
        "visible": draft.displayed,
        "deleted": False,
        "proposal": change and change.text,
        "proposal_diff": change and change.html,
        "base": change and change.base,
        "original": draft.original,
        "markup": draft.markup,
        "parent_known_as": parent_known_as,
    }
    key = connection.execute(_ADD, values).inserted_primary_key
    assert key is not None  # noqa: S101 - every engine tells
    id: int = key[0]
    rows.count(connection, node, 1, int(draft.displayed))
    row = rules.CommentRow(
        id=id,
        parent=parent_known_as or parent,
        node=node,
        time=time,
        text=draft.text,
        displayed=draft.displayed,
        deleted=False,
        username=username,
        rating=0,
        proposal_diff=change and change.html,
        vote=None,
    )
    return {
        **rules.as_comment(row, rules.now()),
        "document": document,
        "proposal_diff_text": change and change.plain,
    }


def _erase_earlier(connection: Connection, ids: Collection[int]) -> None:
    """Erase comments in the tables of the earlier package as well, where they came from it."""
    last = connection.scalar(select(state.c.value).where(state.c.name == "migrated"))
    earlier = [id for id in ids if last is not None and id <= last]
    if not earlier or not inspect(connection).has_table("sphinx_comments"):
        return
    old = table("sphinx_comments", *map(column, ("id", *_ERASED)))
    for part in chunks(earlier):
        connection.execute(update(old).where(old.c.id.in_(part)).values(_ERASED))
