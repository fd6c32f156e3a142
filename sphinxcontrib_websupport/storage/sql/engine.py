"""A database and how it is used: opened, forked, written to in turn, and its errors named."""

from __future__ import annotations

import logging
import os
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from sqlite3 import Connection as SQLiteConnection
from textwrap import shorten
from time import sleep
from typing import Any, TypeVar
from weakref import WeakSet

from sqlalchemy import Connection, Engine, Select, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.pool import PoolProxiedConnection, StaticPool

from sphinxcontrib_websupport.errors import MissingDriverError, SettingsError, StorageError
from sphinxcontrib_websupport.storage.sql.creation import create
from sphinxcontrib_websupport.storage.sql.schema import VERSION, VERSION_TABLE

T = TypeVar("T")

_DRIVERS = {
    "postgresql": ("postgresql+psycopg", "postgresql"),
    "mysql": ("mysql+pymysql", "mysql"),
    "mariadb": ("mysql+pymysql", "mysql"),
}
"""Scheme without a driver: the one with ours, and the extra that installs it."""

_ATTEMPTS = 12
"""How often a transaction is tried; with the pauses between, for about three seconds."""

_LONGEST_PAUSE = 0.5
_BUSY_TIMEOUT = 30.0
"""How many seconds a writer waits for another process's turn on SQLite."""

# PostgreSQL: serialization failure, deadlock. MariaDB: deadlock, lock wait timeout, record
# changed since last read. The transaction was rolled back, nothing of it is stored.
_TRANSIENT = {"40001", "40P01", 1213, 1205, 1020}


class Database:
    """An engine with an up-to-date schema."""

    def __init__(self, url_or_engine: str | URL | Engine) -> None:
        if isinstance(url_or_engine, Engine):
            self.engine = url_or_engine
            # What was connected before lacks the settings that are made on connecting.
            self.engine.dispose()
        else:
            self.engine = _create_engine(url_or_engine)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._in_memory = self.is_sqlite and isinstance(self.engine.pool, StaticPool)
        self._turn = threading.Lock()
        self._compiled: dict[Select[Any], tuple[str, list[str] | None, dict[str, Any]]] = {}
        self._driver_error: Any = self.engine.dialect.loaded_dbapi.Error
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin)
        self._writer = self.engine.execution_options(websupport_writes=True)
        _databases.add(self)
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        _databases.discard(self)
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection to read from; on SQLite, writers do not wait for it nor it for them.

        :raises StorageError: the database does not answer.
        """
        with translated(), self._alone(), self.engine.connect() as connection:
            yield connection

    def fetch(self, *questions: tuple[Select[Any], Mapping[str, object]]) -> list[list[Any]]:
        """Return the rows of each query, as the driver gives them.

        What readers ask most goes past SQLAlchemy's own execution, which takes several times
        as long as a short query itself; no type of a result is converted. All values of a
        query have names, and none is a list.

        :raises StorageError: the database does not answer.
        """
        statements = [self._in_drivers_words(*question) for question in questions]
        with self._alone():
            try:
                connection = self.engine.raw_connection()
                try:
                    return _fetch_all(connection, statements)
                except self._driver_error as error:
                    if self.engine.dialect.is_disconnect(error, None, None):
                        connection.invalidate(error)
                    raise
                finally:
                    connection.close()
            except (SQLAlchemyError, self._driver_error) as error:
                raise _named(error) from _cause(error)

    def _in_drivers_words(
        self, query: Select[Any], values: Mapping[str, object]
    ) -> tuple[str, Any]:
        compiled = self._compiled.get(query)
        if compiled is None:
            whole = query.compile(dialect=self.engine.dialect)
            # What SQLAlchemy adds, such as SQLite's OFFSET 0.
            constants = {name: value for name, value in whole.params.items() if value is not None}
            compiled = self._compiled[query] = (whole.string, whole.positiontup, constants)
        statement, names, constants = compiled
        values = {**constants, **values}
        return statement, values if names is None else [values[name] for name in names]

    def write(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` returns, done in one transaction.

        It is done again, all of it, when the engine took another transaction's side.

        :raises StorageError: the database does not answer, or is too busy.
        """
        with translated():
            for attempt in range(_ATTEMPTS - 1):
                try:
                    return self._transact(work)
                except DBAPIError as error:
                    if not _is_worth_another_attempt(error):
                        raise
                _pause(attempt)
            return self._transact(work)

    def _transact(self, work: Callable[[Connection], T]) -> T:
        # Within one process writers to SQLite queue here: its own way of waiting is to sleep
        # and to try again, which is slow and unfair.
        turn: AbstractContextManager[Any] = self._turn if self.is_sqlite else nullcontext()
        with turn, self._writer.connect() as connection:
            transaction = connection.begin()
            try:
                result = work(connection)
            except BaseException:
                transaction.rollback()
                raise
            try:
                transaction.commit()
            except DBAPIError as error:
                if error.connection_invalidated:
                    # Whether it is stored cannot be known: doing it again might do it twice.
                    raise StorageError("the connection broke while a change was stored") from (
                        error.orig
                    )
                raise
            return result

    def _alone(self) -> AbstractContextManager[Any]:
        # A database in memory has one connection for all threads.
        return self._turn if self._in_memory else nullcontext()

    def _migrate(self) -> None:
        with translated():
            with self.engine.connect() as connection:
                if self.is_sqlite:
                    _log_ahead(connection)
                found = version(connection)
            if found is None and self.is_sqlite and self.write(create):
                return
            if found != VERSION:
                # Alembic takes longer to import than all the rest; only an old database and
                # a server's need it.
                with _quiet("alembic"):
                    migrate = import_module(
                        "sphinxcontrib_websupport.storage.sql.migrations.upgrade"
                    )
                    migrate.upgrade(self.engine)

    def before_fork(self) -> None:
        """Close what is idle: a child must not even close a connection of its parent's."""
        if not self._in_memory:
            self.engine.dispose()

    def after_fork(self) -> None:
        """Start anew in the child: its parent's threads, and what they held, are not there."""
        self._turn = threading.Lock()
        if not self._in_memory:
            self.engine.dispose(close=False)


_databases: WeakSet[Database] = WeakSet()


def _before_fork() -> None:
    for database in list(_databases):
        database.before_fork()


def _after_fork() -> None:
    for database in list(_databases):
        database.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep a library's progress out of whatever log its host has: here it is an inner matter."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def version(connection: Connection) -> str | None:
    """Return the migration that a database is at; ``None`` where there is none of ours."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant


def is_empty(url: str) -> bool:
    """Tell whether a database has no tables of a comment store, of this or an earlier version.

    :raises StorageError: it refuses to tell.
    """
    engine = _create_engine(url)
    try:
        with translated(), engine.connect() as connection:
            tables = inspect(connection).get_table_names()
    finally:
        engine.dispose()
    return not any(table.startswith(("websupport_", "sphinx_")) for table in tables)


@contextmanager
def translated() -> Iterator[None]:
    """Name every error of the database or its driver: the one place where this is done."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _named(error) from _cause(error)


def _named(error: Exception) -> StorageError:
    cause = _cause(error)
    sentence = f"the database failed: {type(cause).__name__}"
    # Of other errors the driver's words may hold what readers wrote; they stay in the cause.
    if isinstance(error, OperationalError):
        sentence += f": {_words_of(cause)}"
    return StorageError(sentence)


def _words_of(error: BaseException) -> str:
    """Return what a driver says of an error, in one line and without a password."""
    # PyMySQL's first argument is a number, and its text is that of a tuple.
    said = str(error.args[-1]) if len(error.args) > 1 else str(error)
    said = re.sub(r"(?<=://)([^/@:\s]*):[^/\s]*@", r"\1:***@", said)
    said = re.sub(r"(?i)(password\s*=\s*)('[^']*'|\S+)", r"\1***", said)
    return shorten(" ".join(said.split()), _LONGEST_WORDS, placeholder="…")


_LONGEST_WORDS = 500
"""How much a driver may say, in characters."""


def _cause(error: Exception) -> BaseException:
    return getattr(error, "orig", None) or error


def _fetch_all(
    connection: PoolProxiedConnection, statements: Sequence[tuple[str, Any]]
) -> list[list[Any]]:
    cursor = connection.cursor()
    try:
        answers = []
        for statement, values in statements:
            cursor.execute(statement, values)
            answers.append(list(cursor.fetchall()))
        return answers
    finally:
        cursor.close()


def _is_worth_another_attempt(error: DBAPIError) -> bool:
    if error.connection_invalidated or isinstance(error, IntegrityError):
        # A row was added or removed between this transaction's look and its change: the
        # next look sees it.
        return True
    # psycopg has the code as an attribute, PyMySQL as the first argument.
    arguments: tuple[object, ...] = error.orig.args if error.orig else ()
    return bool(_TRANSIENT.intersection([getattr(error.orig, "sqlstate", None), *arguments[:1]]))


def _create_engine(url: str | URL) -> Engine:
    try:
        url = make_url(url)
    except ArgumentError as error:
        raise SettingsError(f"not the URL of a database: {error}") from None
    scheme, extra = _DRIVERS.get(url.drivername.partition("+")[0], (url.drivername, ""))
    if "+" not in url.drivername or url.drivername.startswith("mariadb"):
        url = url.set(drivername=scheme)
    options: dict[str, Any] = {"pool_pre_ping": True, "pool_recycle": 1800}
    if url.get_backend_name() == "sqlite":
        arguments = {"timeout": _BUSY_TIMEOUT, "check_same_thread": False}
        # Nothing is left open when a connection goes back: readers have no transaction, and
        # a writer ends its own.
        options = {"connect_args": arguments, "max_overflow": -1, "pool_reset_on_return": None}
        if url.database in {None, "", ":memory:"}:
            options = {"connect_args": arguments, "poolclass": StaticPool}
    elif url.get_backend_name() == "mysql":
        # The default, REPEATABLE READ, locks the gaps between rows: strangers' comments
        # would deadlock.
        options["isolation_level"] = "READ COMMITTED"
        url = url.update_query_dict({"charset": "utf8mb4"})
    try:
        return create_engine(url, **options)
    except ModuleNotFoundError as missing:
        name = f"sphinx-websupport[{extra}]" if extra else missing.name
        raise MissingDriverError(
            f"{missing.name} is not installed: pip install {name!r}"
        ) from missing
    except SQLAlchemyError as error:
        raise SettingsError(f"not the URL of a database: {error}") from None


def _prepare_sqlite(connection: SQLiteConnection, _: object) -> None:
    # Transactions begin where :func:`_begin` says so and not before the first change, which
    # is too late to wait for one's turn.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    # A change that was acknowledged survives the machine, too.
    connection.execute("PRAGMA synchronous = FULL")
    # What is deleted is overwritten, not only unlinked.
    connection.execute("PRAGMA secure_delete = ON")


def _log_ahead(connection: Connection) -> None:
    """Let readers and a writer not wait for each other; the file remembers it."""
    if connection.exec_driver_sql("PRAGMA journal_mode").scalar() != "delete":
        return
    for attempt in range(_ATTEMPTS):
        try:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        except OperationalError:
            # This one change does not wait for its turn by itself.
            _pause(attempt)
        else:
            return


def _pause(attempt: int) -> None:
    sleep(random.random() * min(_LONGEST_PAUSE, 0.005 * 2**attempt))  # noqa: S311 - no secret


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("websupport_writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
