"""What the SQL store asks: each question once, kept by SQLAlchemy in its compiled form."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Select,
    String,
    and_,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
)

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.errors import CommentNotFoundError
from sphinxcontrib_websupport.model import PAGE_SIZE, Node
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.sql.schema import comments, nodes, votes
from sphinxcontrib_websupport.storage.transfer.records import MAX_COMMENT_ID_LENGTH

NODE = select(
    nodes.c.id,
    nodes.c.document,
    nodes.c.source,
    nodes.c.position,
    nodes.c.retired,
    nodes.c.successor,
    nodes.c.file,
    nodes.c.line,
)
"""The fields of :class:`~sphinxcontrib_websupport.model.Node`, in their order."""

ONE_NODE = NODE.where(nodes.c.id == bindparam("node"))

COUNTS: Select[Any] = select(nodes.c.id, nodes.c.comments, nodes.c.visible).where(
    nodes.c.comments > 0
)
"""How many comments all nodes have, and how many of them a reader sees."""

ALL_NODES = NODE.order_by(nodes.c.document, nodes.c.position, nodes.c.id)

NODE_PLACE = select(nodes.c.document, nodes.c.source).where(nodes.c.id == bindparam("node"))


STAMP = select(nodes.c.stamp).where(nodes.c.id == bindparam("node"))

STAMPS: Select[Any] = (
    select()
    .add_columns(func.count(), func.sum(nodes.c.stamp))
    .where(nodes.c.document == bindparam("document"))
)
"""How many nodes a document has, and the sum of their stamps: another one with any of them."""


class Comment(NamedTuple):
    """A comment, as far as a change to it or a reply needs it, and its node's words."""

    id: int
    node_id: str
    root_id: int | None
    username: str | None
    displayed: bool
    visible: bool
    deleted: bool
    known_as: str | None
    document: str
    source: str


COMMENT = (
    select(
        comments.c.id,
        comments.c.node_id,
        comments.c.root_id,
        comments.c.username,
        comments.c.displayed,
        comments.c.visible,
        comments.c.deleted,
        comments.c.known_as,
        nodes.c.document,
        nodes.c.source,
    )
    .join(nodes, nodes.c.id == comments.c.node_id)
    .where(comments.c.id == bindparam("comment"))
)
"""The fields of :class:`Comment`, in their order."""

CONTENT = select(
    comments.c.parent_id,
    comments.c.parent_known_as,
    comments.c.time,
    comments.c.rating,
    comments.c.proposal,
    comments.c.proposal_diff,
    comments.c.base,
    comments.c.original,
    comments.c.markup,
).where(comments.c.id == bindparam("comment"))
"""What of a comment only an edit needs."""

BRANCH = select(
    comments.c.id, comments.c.parent_id, comments.c.displayed, comments.c.visible
).where(
    comments.c.node_id == bindparam("node"),
    or_(comments.c.root_id == bindparam("root"), comments.c.id == bindparam("root")),
)
"""A top-level comment and all below it, as far as visibility needs them."""


_KNOWN_AS = select(comments.c.id).where(comments.c.known_as == bindparam("known_as"))


_LEVEL = (
    select(comments.c.parent_id, literal(1).label("depth"))
    .where(comments.c.id == bindparam("comment"))
    .cte("levels", recursive=True)
)
_LEVELS = _LEVEL.union_all(
    select(comments.c.parent_id, _LEVEL.c.depth + 1).where(comments.c.id == _LEVEL.c.parent_id)
)

DEPTH = select(func.max(_LEVELS.c.depth))
"""How deep a comment stands, from 1; null for none."""


def located(connection: Connection, id: object) -> int:
    """Return the number of a comment, given its id: that number, or one from another store.

    :raises CommentNotFoundError: there is none that is known so; whether there is one of this
        number is not looked at.
    """
    number = rules.number(id)
    if number is None and isinstance(id, str) and 0 < len(id) <= MAX_COMMENT_ID_LENGTH:
        known = inputs.is_storable(id)
        number = connection.scalar(_KNOWN_AS, {"known_as": id}) if known else None
    if number is None:
        raise CommentNotFoundError("there is no such comment")
    return number


def node(row: Sequence[Any]) -> Node:
    """Return a row of :data:`NODE` as a node."""
    return Node(*row)


def count(moderator: bool) -> Any:
    """Return the column that counts what such a reader sees of a node."""
    return nodes.c.comments if moderator else nodes.c.visible


@cache
def counts(moderator: bool) -> Select[Any]:
    """Return ``(node id, count)`` of a document's attached nodes."""
    return (
        select(nodes.c.id, count(moderator))
        .where(nodes.c.document == bindparam("document"), nodes.c.retired.is_(False))
        .order_by(nodes.c.position)
    )


@cache
def thread(moderator: bool, named: bool) -> Select[Any]:
    """Return a node's comments as :class:`~.rules.CommentRow`, siblings oldest first.

    :param named: whether to look for the votes of ``reader``.
    """
    return _comments(moderator, named).order_by(comments.c.root_id, comments.c.time, comments.c.id)


@cache
def top(moderator: bool, named: bool, later: bool) -> Select[Any]:
    """Return the first ``limit`` of a node's top-level comments, and the number of each.

    :param later: only those behind the one with this ``time`` and ``id``.
    """
    query = _comments(moderator, named).add_columns(comments.c.id.label("number"))
    query = query.where(comments.c.root_id.is_(None))
    if later:
        # Written so that every engine starts at that time in the index.
        query = query.where(
            comments.c.time >= bindparam("time"),
            or_(comments.c.time > bindparam("time"), comments.c.id > bindparam("id")),
        )
    return query.order_by(comments.c.time, comments.c.id).limit(bindparam("limit"))


ROOTS = [f"root{number}" for number in range(PAGE_SIZE)]
"""So many names that one question is enough for a page, and is compiled once."""


@cache
def replies(moderator: bool, named: bool) -> Select[Any]:
    """Return all replies below the top-level comments :data:`ROOTS`."""
    return thread(moderator, named).where(comments.c.root_id.in_(map(bindparam, ROOTS)))


def _comments(moderator: bool, named: bool) -> Select[Any]:
    query = select(
        func.coalesce(comments.c.known_as, cast(comments.c.id, String)),
        func.coalesce(comments.c.parent_known_as, cast(comments.c.parent_id, String)),
        comments.c.node_id,
        comments.c.time,
        comments.c.text,
        comments.c.displayed,
        comments.c.deleted,
        comments.c.username,
        comments.c.rating,
        comments.c.proposal_diff,
        votes.c.value if named else null(),
        comments.c.edited,
    ).where(comments.c.node_id == bindparam("node"))
    if named:
        own = and_(votes.c.comment_id == comments.c.id, votes.c.username == bindparam("reader"))
        query = query.outerjoin(votes, own)
    return query if moderator else query.where(comments.c.visible.is_(True))
