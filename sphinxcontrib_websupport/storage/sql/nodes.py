"""A build's nodes, written in one short transaction, or not at all."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.errors import BuildConflictError
from sphinxcontrib_websupport.storage.sql import queries
from sphinxcontrib_websupport.storage.sql.engine import Database
from sphinxcontrib_websupport.storage.sql.generation import new_generation
from sphinxcontrib_websupport.storage.sql.schema import nodes, state
from sphinxcontrib_websupport.storage.staging import Build

T = TypeVar("T")

_CHUNK = 500
"""How many ids one query names."""

_MANY = 2000
"""From how many nodes on it is quicker to read all there are."""

_STAMP_BITS = 48
"""So many that no stamp comes back, and so few that those of 32,000 nodes add up to a BIGINT."""

_FIELDS = itemgetter("id", "document", "source", "position", "retired", "successor", "file", "line")
"""The columns of :data:`~.queries.NODE`, in their order."""


@dataclass
class _Difference:
    """What a build would change."""

    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    gone: list[tuple[str, str | None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)


def new_stamp() -> int:
    """Return a stamp that no node ever had.

    A random one: a count would begin again with a node that comes back or a database that is
    restored, and then name something else than it did before.
    """
    return random.getrandbits(_STAMP_BITS)


def published_generation(connection: Connection) -> int:
    """Return the number of the build that was published last."""
    query = select(state.c.value).where(state.c.name == "generation")
    return int(connection.execute(query).scalar_one())


def publish(database: Database, build: Build) -> int:
    """Write what a build changes; nothing at all when it changes nothing.

    :returns: the number of this build, or of the one before when nothing was written.
    :raises BuildConflictError: another build was published since this one began.
    """
    with database.read() as connection:
        # Looked at before the writers' turn is asked for: most builds change little, and
        # many nothing.
        if not _difference(connection, build):
            return build.generation

    def work(connection: Connection) -> int:
        turn = select(state.c.value).where(state.c.name == "generation").with_for_update()
        generation = connection.execute(turn).scalar_one()
        difference = _difference(connection, build)
        if not difference:
            return build.generation
        if generation != build.generation:
            raise BuildConflictError("another build was published since this one began")
        _write(connection, difference)
        number = new_generation()
        connection.execute(update(state).where(state.c.name == "generation").values(value=number))
        return number

    return database.write(work)


def _difference(connection: Connection, build: Build) -> _Difference:
    difference = _Difference()
    known = _known(connection, [*build.added, *build.retired])
    for id, node in build.added.items():
        if id not in known:
            difference.new.append(node)
        elif known[id] != _FIELDS(node):
            difference.changed.append(node)
    for id, successor in build.retired.items():
        if id in known and (not known[id].retired or known[id].successor != successor):
            difference.gone.append((id, successor))
    return difference


def _known(connection: Connection, ids: Sequence[str]) -> dict[str, Any]:
    if len(ids) > _MANY:
        return {row.id: row for row in connection.execute(queries.NODE)}
    query = queries.NODE.where(nodes.c.id.in_(bindparam("ids", expanding=True)))
    return {
        row.id: row
        for part in chunks([id for id in ids if inputs.is_storable(id)])
        for row in connection.execute(query, {"ids": part})
    }


def _write(connection: Connection, difference: _Difference) -> None:
    if difference.new:
        _insert(connection, difference.new)
    # By id, as everywhere: then no two writers wait for each other in a ring.
    if difference.changed:
        changed = sorted(difference.changed, key=itemgetter("id"))
        rows = [{"key": node["id"], **node, "stamp": new_stamp()} for node in changed]
        connection.execute(update(nodes).where(nodes.c.id == bindparam("key")), rows)
    if difference.gone:
        gone = [
            {"key": id, "retired": True, "successor": to, "stamp": new_stamp()}
            for id, to in sorted(difference.gone)
        ]
        connection.execute(update(nodes).where(nodes.c.id == bindparam("key")), gone)
        for ids in chunks([id for id, _ in difference.gone]):
            connection.execute(delete(nodes).where(nodes.c.id.in_(ids), nodes.c.comments == 0))


def _insert(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    # In the driver's own words: what SQLAlchemy does for each row's values takes longer than
    # SQLite takes to store them.
    counts = {"comments": 0, "visible": 0, "stamp": 0}
    statement = insert(nodes).inline()
    compiled = statement.compile(dialect=connection.dialect, column_keys=[*rows[0], *counts])
    values: list[Any] = [row | counts | {"stamp": new_stamp()} for row in rows]
    if compiled.positiontup is not None:
        values = list(map(itemgetter(*compiled.positiontup), values))
    connection.exec_driver_sql(compiled.string, values)


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a list so that no statement names too many values."""
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
