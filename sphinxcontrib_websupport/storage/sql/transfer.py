"""All that the SQL store holds, read out and written in: its side of a transfer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    String,
    bindparam,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from sphinxcontrib_websupport.errors import NodeNotFoundError
from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.sql import queries
from sphinxcontrib_websupport.storage.sql.generation import new_generation
from sphinxcontrib_websupport.storage.sql.nodes import chunks, new_stamp
from sphinxcontrib_websupport.storage.sql.schema import comments, nodes, state, votes
from sphinxcontrib_websupport.storage.transfer.records import CommentRecord, Discussions, taken

_ID = func.coalesce(comments.c.known_as, cast(comments.c.id, String))

_COMMENTS = select(
    comments.c.node_id,
    comments.c.id.label("number"),
    comments.c.root_id,
    _ID.label("id"),
    comments.c.parent_id,
    comments.c.time,
    comments.c.text,
    comments.c.username,
    comments.c.displayed,
    comments.c.deleted,
    comments.c.proposal,
    comments.c.proposal_diff,
    comments.c.base,
    comments.c.original,
    comments.c.markup,
    comments.c.edited,
).order_by(comments.c.id)

_VOTES = select(votes.c.comment_id, votes.c.username, votes.c.value).join(
    comments, comments.c.id == votes.c.comment_id
)

_FIRST = -(2**52)
"""Where the numbers begin of comments whose ids are no numbers."""


class Stored:
    """The comments of some nodes as a database has them."""

    def __init__(self, connection: Connection, ids: Sequence[str]) -> None:
        self.records: dict[str, list[CommentRecord]] = {}
        self.numbers: dict[str, int] = {}
        self.roots: dict[str, int] = {}
        names: dict[int, str] = {}
        votes_on: dict[int, dict[str, int]] = {}
        for row in _in_nodes(connection, _VOTES, ids):
            votes_on.setdefault(row.comment_id, {})[row.username] = row.value
        for row in _in_nodes(connection, _COMMENTS, ids):
            names[row.number] = row.id
            self.numbers[row.id] = row.number
            self.roots[row.id] = row.root_id or row.number
            record = CommentRecord(
                id=row.id,
                parent=None if row.parent_id is None else names[row.parent_id],
                time=row.time,
                text=row.text,
                username=row.username,
                displayed=row.displayed,
                deleted=row.deleted,
                proposal=row.proposal,
                proposal_diff=row.proposal_diff,
                base=row.base,
                original=row.original,
                markup=row.markup,
                edited=row.edited,
                votes=votes_on.get(row.number, {}),
            )
            self.records.setdefault(row.node_id, []).append(record)


def _in_nodes(connection: Connection, query: Select[Any], ids: Sequence[str]) -> Iterable[Any]:
    for part in chunks(list(ids)):
        yield from connection.execute(query.where(comments.c.node_id.in_(part)))


def fields(node: Node) -> dict[str, Any]:
    """Return a node as the columns of its row."""
    return {
        "id": node.id,
        "document": node.document,
        "source": node.source,
        "position": node.position,
        "retired": node.retired,
        "successor": node.successor,
        "file": node.file,
        "line": node.line,
    }


def write_nodes(connection: Connection, given: Iterable[Node]) -> None:
    """Register nodes, or make those that are there as they are given."""
    rows = {node.id: fields(node) for node in given}
    generation = state.c.name == "generation"
    connection.execute(select(state.c.value).where(generation).with_for_update())
    there = {row.id: row._asdict() for row in connection.execute(queries.NODE)}
    new = [
        row | {"comments": 0, "visible": 0, "stamp": new_stamp()}
        for id, row in rows.items()
        if id not in there
    ]
    changed = [
        row | {"key": id, "stamp": new_stamp()}
        for id, row in sorted(rows.items())
        if id in there and there[id] != row
    ]
    if new:
        connection.execute(insert(nodes), new)
    if changed:
        connection.execute(update(nodes).where(nodes.c.id == bindparam("key")), changed)
    if new or changed:
        # A build that began before is refused.
        connection.execute(update(state).where(generation).values(value=new_generation()))


def write_discussions(connection: Connection, discussions: Discussions) -> None:
    """Make the comments of nodes as they are given.

    :raises TransferError: another comment has one of the ids.
    :raises NodeNotFoundError: there is no such node.
    """
    _lock(connection, sorted(discussions))
    stored = Stored(connection, list(discussions))
    known = {record.id: record for found in stored.records.values() for record in found}
    new: dict[str, list[CommentRecord]] = {}
    for node, records in sorted(discussions.items()):
        for record in records:
            old = known.get(record.id)
            if old is None:
                new.setdefault(node, []).append(record)
            elif not record.is_same_comment(old):
                raise taken(record.id)
            elif old != record:
                _replace(connection, stored.numbers[record.id], record)
                new.setdefault(node, [])
    _refuse_taken(connection, [record for records in new.values() for record in records])
    _insert(connection, new, stored)
    _recount(connection, [*new])
    if any(rules.number(record.id) for records in new.values() for record in records):
        _count_on(connection)


def _lock(connection: Connection, ids: Sequence[str]) -> None:
    """Hold nodes; by id, as everywhere: then no two writers wait for each other in a ring."""
    for part in chunks(ids):
        query = select(nodes.c.id).where(nodes.c.id.in_(part)).order_by(nodes.c.id)
        if len(connection.execute(query.with_for_update()).all()) < len(part):
            raise NodeNotFoundError("no build has registered such a node")


def _refuse_taken(connection: Connection, records: Sequence[CommentRecord]) -> None:
    """Refuse ids that comments of other nodes have."""
    for part in chunks(records):
        numbers = [number for record in part if (number := rules.number(record.id))]
        named = [record.id for record in part if not rules.number(record.id)]
        query = select(_ID).where(or_(comments.c.id.in_(numbers), comments.c.known_as.in_(named)))
        for id in connection.execute(query).scalars():
            raise taken(id)


def _insert(
    connection: Connection, discussions: Mapping[str, Sequence[CommentRecord]], stored: Stored
) -> None:
    given: list[dict[str, Any]] = []
    cast: list[dict[str, Any]] = []
    # Comments whose ids are no numbers are numbered below zero, where no id is.
    last = connection.scalar(select(func.max(comments.c.id)).where(comments.c.id < 0))
    below = count((last or _FIRST) + 1)
    for node, records in discussions.items():
        for record in records:
            number = rules.number(record.id)
            own = next(below) if number is None else number
            above = record.parent
            stored.numbers[record.id] = own
            stored.roots[record.id] = own if above is None else stored.roots[above]
            given.append(
                _changing(record)
                | {
                    "id": own,
                    "node_id": node,
                    "parent_id": None if above is None else stored.numbers[above],
                    "root_id": None if above is None else stored.roots[above],
                    "time": record.time,
                    "visible": False,
                    "known_as": record.id if number is None else None,
                    "parent_known_as": None if above is None or rules.number(above) else above,
                }
            )
            cast += _cast(own, record)
    if given:
        connection.execute(insert(comments), given)
    if cast:
        connection.execute(insert(votes), cast)


def _replace(connection: Connection, number: int, record: CommentRecord) -> None:
    connection.execute(update(comments).where(comments.c.id == number).values(_changing(record)))
    connection.execute(delete(votes).where(votes.c.comment_id == number))
    if record.votes:
        connection.execute(insert(votes), _cast(number, record))


def _changing(record: CommentRecord) -> dict[str, Any]:
    """Return the columns of a comment that may change after it was written."""
    return {
        "text": record.text,
        "username": record.username,
        "rating": sum(record.votes.values()),
        "displayed": record.displayed,
        "deleted": record.deleted,
        "proposal": record.proposal,
        "proposal_diff": record.proposal_diff,
        "base": record.base,
        "original": record.original,
        "markup": record.markup,
        "edited": record.edited,
    }


def _cast(number: int, record: CommentRecord) -> list[dict[str, Any]]:
    return [
        {"comment_id": number, "username": name, "value": value}
        for name, value in sorted(record.votes.items())
    ]


def _recount(connection: Connection, ids: Sequence[str]) -> None:
    """Work out anew which comments of nodes are seen, and how many there are."""
    query = select(
        comments.c.node_id,
        comments.c.id,
        comments.c.parent_id,
        comments.c.displayed,
        comments.c.visible,
    )
    rows = list(_in_nodes(connection, query, ids))
    seen = rules.visible(
        {row.id: row.displayed for row in rows}, {row.id: row.parent_id for row in rows}
    )
    for visible in (False, True):
        wrong = [row.id for row in rows if (row.id in seen) is visible is not bool(row.visible)]
        for part in chunks(sorted(wrong)):
            connection.execute(
                update(comments).where(comments.c.id.in_(part)).values(visible=visible)
            )
    totals = Counter(row.node_id for row in rows)
    visibles = Counter(row.node_id for row in rows if row.id in seen)
    if ids:
        connection.execute(
            update(nodes)
            .where(nodes.c.id == bindparam("key"))
            .values(
                comments=bindparam("total"),
                visible=bindparam("seen"),
                stamp=bindparam("new"),
            ),
            [
                {"key": id, "total": totals[id], "seen": visibles[id], "new": new_stamp()}
                for id in ids
            ],
        )


def _count_on(connection: Connection) -> None:
    """Let new ids follow the greatest; SQLite and MariaDB do so by themselves."""
    if connection.dialect.name != "postgresql":
        return
    sequence = func.pg_get_serial_sequence("websupport_comments", "id")
    given = func.nextval(sequence)
    greatest = select(func.max(comments.c.id)).scalar_subquery()
    connection.execute(select(func.setval(sequence, func.greatest(greatest, given))))
