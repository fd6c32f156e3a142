"""Bring a database to the newest schema, with any number of processes trying at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from sphinxcontrib_websupport.errors import StorageError

_LOCK = 0x77656273
"""What the processes agree on; PostgreSQL's advisory locks are numbers."""

_LOCK_TIMEOUT = 600
"""How many seconds to wait for another process's migration."""


def upgrade(engine: Engine) -> None:
    """Create or migrate the tables; does nothing when another process just did.

    :raises StorageError: the database was written by a newer version of this package.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with engine.execution_options(websupport_writes=True).connect() as connection:
        config.attributes["connection"] = connection
        with _alone(connection), connection.begin():
            _lock_transaction(connection)
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise StorageError(
                    f"the database was written by a newer version of this package: {error}"
                ) from error


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Hold MariaDB's and MySQL's lock: their changes to tables are no part of a transaction."""
    if connection.dialect.name not in {"mysql", "mariadb"}:
        yield
        return
    # Such a lock belongs to the whole server, not to a database.
    name = "CONCAT('websupport ', LEFT(DATABASE(), 50))"
    with connection.begin():
        held = connection.scalar(text(f"SELECT GET_LOCK({name}, {_LOCK_TIMEOUT})"))
    if not held:
        raise StorageError("another process's migration of the database does not end")
    try:
        yield
    finally:
        with connection.begin():
            connection.execute(text(f"SELECT RELEASE_LOCK({name})"))


def _lock_transaction(connection: Connection) -> None:
    # SQLite's transaction began as a writer's, which is a lock by itself.
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
