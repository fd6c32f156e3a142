"""Take over the comments of sphinxcontrib-websupport 1.x and 2.0.

Its three tables stay as they are, so that what was taken over can be compared with them and
the earlier package still works on them. Ids stay the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Integer,
    MetaData,
    Row,
    SmallInteger,
    String,
    Table,
    Text,
    bindparam,
    func,
    inspect,
    select,
    text,
)

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.markup import clean
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.sql.schema import Name, Number, Prose

revision = "0002"
down_revision = "0001"

_BATCH = 1000

_old = MetaData()
_old_nodes = Table(
    "sphinx_nodes",
    _old,
    Column("id", String(32), primary_key=True),
    Column("document", String(256)),
    Column("source", Text),
)
_old_comments = Table(
    "sphinx_comments",
    _old,
    Column("id", Integer, primary_key=True),
    Column("rating", Integer),
    # SQLite keeps it as text, which may be anything.
    Column("time", DateTime().with_variant(String(), "sqlite")),
    Column("text", Text),
    Column("displayed", Boolean),
    Column("username", String(64)),
    Column("proposal", Text),
    Column("path", String(256)),
    Column("node_id", String(32)),
)
_old_votes = Table(
    "sphinx_commentvote",
    _old,
    Column("username", String(64), primary_key=True),
    Column("comment_id", Integer, primary_key=True),
    Column("value", Integer),
)

_new = MetaData()
_nodes = Table(
    "websupport_nodes",
    _new,
    Column("id", Name(128), primary_key=True),
    Column("document", Name(512)),
    Column("position", Integer),
    Column("source", Prose),
    Column("retired", Boolean),
    Column("comments", Integer),
    Column("visible", Integer),
)
_comments = Table(
    "websupport_comments",
    _new,
    Column("id", Number, primary_key=True),
    Column("node_id", Name(128)),
    Column("parent_id", Number),
    Column("root_id", Number),
    Column("time", BigInteger),
    Column("text", Prose),
    Column("username", Name(64)),
    Column("rating", Integer),
    Column("displayed", Boolean),
    Column("visible", Boolean),
    Column("deleted", Boolean),
    Column("proposal", Prose),
    Column("proposal_diff", Prose),
)
_votes = Table(
    "websupport_votes",
    _new,
    Column("comment_id", Number, primary_key=True),
    Column("username", Name(64), primary_key=True),
    Column("value", SmallInteger),
)
_state = Table("websupport_state", _new, Column("name", Name(64)), Column("value", BigInteger))


def upgrade() -> None:
    """Copy nodes, comments and votes, where there are any."""
    connection = op.get_bind()
    if not inspect(connection).has_table(_old_comments.name):
        return
    sources = _copy_nodes(connection)
    copied = _copy_comments(connection, sources)
    _copy_votes(connection, copied)
    if copied:
        last = max(copied)
        connection.execute(_state.insert(), {"name": "migrated", "value": last})
        if connection.dialect.name == "postgresql":
            sequence = func.pg_get_serial_sequence("websupport_comments", "id")
            connection.execute(select(func.setval(sequence, last)))


def _copy_nodes(connection: Connection) -> dict[str, str]:
    """Return the source of each node."""
    query = select(_old_nodes.c.id, _old_nodes.c.document, _old_nodes.c.source)
    # The earlier package kept no order; SQLite at least knows which row came first.
    first = text("rowid") if connection.dialect.name == "sqlite" else _old_nodes.c.id
    sources: dict[str, str] = {}
    places: Counter[str] = Counter()
    rows = []
    for id, document, source in connection.execute(query.order_by(first)):
        rows.append(_node(id, document or "", places[document or ""], source or ""))
        places[document or ""] += 1
        sources[id] = source or ""
    if rows:
        connection.execute(_nodes.insert(), rows)
    return sources


def _node(id: str, document: str, position: int, source: str) -> dict[str, object]:
    return {
        "id": id,
        "document": document,
        "position": position,
        "source": source,
        "retired": False,
        "comments": 0,
        "visible": 0,
    }


def _copy_comments(connection: Connection, sources: dict[str, str]) -> dict[int, _Place]:
    """Return where each comment came to stand."""
    places: dict[int, _Place] = {}
    counts: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for batch in _batches(connection, _old_comments, _old_comments.c.id):
        rows = []
        for comment in batch:
            node = comment.node_id or (comment.path or "").partition(".")[0] or "unknown"
            if node not in sources:
                # Nothing refers to this node any more, yet its comments are not lost.
                sources[node] = ""
                connection.execute(_nodes.insert(), {**_node(node, "", 0, ""), "retired": True})
            place, row = _comment(comment, node, sources[node], places)
            places[comment.id] = place
            counts[node] += 1
            seen[node] += place.visible
            rows.append(row)
        connection.execute(_comments.insert(), rows)
    if counts:
        update = _nodes.update().where(_nodes.c.id == bindparam("node"))
        connection.execute(
            update.values(comments=bindparam("count"), visible=bindparam("seen")),
            [{"node": node, "count": counts[node], "seen": seen[node]} for node in counts],
        )
    return places


class _Place:
    """A comment's place in its thread."""

    __slots__ = ("node", "root", "visible")

    def __init__(self, node: str, root: int, visible: bool) -> None:
        self.node = node
        self.root = root
        self.visible = visible


def _comment(
    old: Row[Any], node: str, source: str, places: dict[int, _Place]
) -> tuple[_Place, dict[str, object]]:
    # A path is the node's id and then the ids of the comments down to this one.
    path = (old.path or "").removeprefix(f"{node}.").split(".")
    parent = rules.number(path[-2]) if len(path) > 1 else None
    above = None if parent is None else places.get(parent)
    if above is not None and above.node != node:
        above = None
    # One whose parent is not there (or whose path was cut off by the column's length) comes
    # to the top, for a moderator's eyes: under another comment it might say what its author
    # never meant.
    displayed = bool(old.displayed) and (len(path) == 1 or above is not None)
    visible = displayed and (above is None or above.visible)
    deleted = old.username == "[deleted]" and old.text == "[deleted]"
    change = None if deleted else rules.proposed(source, inputs.repaired(old.proposal or ""))
    return _Place(node, above.root if above else old.id, visible), {
        "id": old.id,
        "node_id": node,
        "parent_id": parent if above else None,
        "root_id": above.root if above else None,
        "time": _microseconds(old.time),
        # Its HTML was never cleaned.
        "text": "" if deleted else clean(old.text or ""),
        # Nobody was named so: it stood for those who gave no name.
        "username": None if deleted or old.username == "Anonymous" else old.username or None,
        "rating": old.rating or 0,
        "displayed": displayed,
        "visible": visible,
        "deleted": deleted,
        "proposal": change and change.text,
        "proposal_diff": change and change.html,
    }


def _copy_votes(connection: Connection, copied: dict[int, _Place]) -> None:
    # Those on comments that were removed had been left behind.
    votes = _old_votes.c
    rows = [
        {"comment_id": vote.comment_id, "username": vote.username, "value": vote.value}
        for vote in connection.execute(select(votes.comment_id, votes.username, votes.value))
        if vote.comment_id in copied and vote.username and vote.value in (-1, 1)
    ]
    for start in range(0, len(rows), _BATCH):
        connection.execute(_votes.insert(), rows[start : start + _BATCH])


def _batches(connection: Connection, table: Table, key: Column[int]) -> Iterator[list[Row[Any]]]:
    last: int | None = None
    while True:
        query = select(table).order_by(key).limit(_BATCH)
        rows = list(connection.execute(query if last is None else query.where(key > last)))
        if not rows:
            return
        yield rows
        last = rows[-1].id


def _microseconds(time: datetime | str | None) -> int:
    """Return a moment of the earlier package: 1.x wrote the server's local time.

    (2.0 wrote UTC: its databases are migrated with ``TZ=UTC``. Nothing in a database says
    which of them wrote it.)
    """
    try:
        moment = datetime.fromisoformat(time) if isinstance(time, str) else time
        return rules.microseconds(moment.astimezone(UTC)) if moment else 0
    except (ValueError, OverflowError):
        return 0
