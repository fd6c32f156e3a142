"""What changes of comments have in common: their locks, what readers see, and its count."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from sphinxcontrib_websupport.errors import CommentNotFoundError
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.sql import queries
from sphinxcontrib_websupport.storage.sql.nodes import chunks, new_stamp
from sphinxcontrib_websupport.storage.sql.schema import comments, nodes, votes

LOCK_NODE = queries.NODE_PLACE.with_for_update()
_LOCKED = queries.COMMENT.with_for_update()

_COUNT = (
    update(nodes)
    .where(nodes.c.id == bindparam("node"))
    .values(
        comments=nodes.c.comments + bindparam("more"),
        visible=nodes.c.visible + bindparam("seen"),
        stamp=bindparam("stamp"),
    )
)
_TOUCH = update(nodes).where(nodes.c.id == bindparam("node")).values(stamp=bindparam("new"))

OWN_VOTE = select(votes.c.value).where(
    votes.c.comment_id == bindparam("comment"), votes.c.username == bindparam("name")
)


def locked(connection: Connection, comment: int) -> queries.Comment:
    """Return a comment whose node is this transaction's until it ends.

    :raises CommentNotFoundError: no such comment.
    """
    row = connection.execute(queries.COMMENT, {"comment": comment}).first()
    if connection.dialect.name != "sqlite":
        node = None
        while row is not None and row.node_id != node:
            # It may be moved to another node before the lock is ours.
            node = row.node_id
            connection.execute(LOCK_NODE, {"node": node})
            row = connection.execute(_LOCKED, {"comment": comment}).first()
    if row is None:
        raise CommentNotFoundError("there is no such comment")
    return queries.Comment._make(row)


def branch(connection: Connection, row: queries.Comment) -> list[Any]:
    """Return the top-level comment above a comment and all below that, as ``BRANCH`` has them."""
    values = {"node": row.node_id, "root": row.root_id or row.id}
    return list(connection.execute(queries.BRANCH, values))


def display(connection: Connection, row: queries.Comment, displayed: bool) -> None:
    """Show or hide a comment, and with it what is below it."""
    connection.execute(update(comments).where(comments.c.id == row.id).values(displayed=displayed))
    around = branch(connection, row)
    seen = rules.visible(
        {other.id: displayed if other.id == row.id else other.displayed for other in around},
        {other.id: other.parent_id for other in around},
    )
    changed = sorted(seen ^ {other.id for other in around if other.visible})
    for ids in chunks(changed):
        connection.execute(update(comments).where(comments.c.id.in_(ids)).values(visible=displayed))
    count(connection, row.node_id, 0, len(changed) if displayed else -len(changed))


def count(connection: Connection, node: str, more: int, seen: int) -> None:
    """Change how many comments a node has, and how many of them readers see."""
    values = {"node": node, "more": more, "seen": seen, "stamp": new_stamp()}
    connection.execute(_COUNT, values)


def touch(connection: Connection, node: str) -> None:
    """Say that a discussion is not as it was."""
    connection.execute(_TOUCH, {"node": node, "new": new_stamp()})
