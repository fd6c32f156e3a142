"""What happens between the SQL store and its database: turns, forks, failures."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.pool import PoolProxiedConnection

from sphinxcontrib_websupport.errors import MissingDriverError, SettingsError, StorageError
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.registry import open_storage
from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage
from sphinxcontrib_websupport.testing.storage import every, publish, rating, say, shown


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "comments.db"


@pytest.fixture
def storage(path: Path) -> Iterator[SQLAlchemyStorage]:
    storage = SQLAlchemyStorage(f"sqlite:///{path.as_posix()}")
    publish(storage, "n")
    yield storage
    storage.close()


# -- a connection that breaks ----------------------------------------------------------------


@pytest.fixture
def engine(path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """SQLite, that takes an error which says so for a lost connection, as a server's drivers do."""
    engine = create_engine(f"sqlite:///{path.as_posix()}")
    monkeypatch.setattr(engine.dialect, "is_disconnect", lambda error, *_: "lost" in str(error))
    return engine


@pytest.mark.parametrize("stored", [1, 0])
def test_a_commit_that_broke_is_not_made_again_since_it_may_be_stored(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, stored: int
) -> None:
    """The connection breaks once, after the engine has stored the change or before."""
    commit = engine.dialect.do_commit
    commits = []

    def break_once(connection: PoolProxiedConnection) -> None:
        commits.append(connection)
        if len(commits) == 1 and not stored:
            raise sqlite3.OperationalError("the connection is lost")
        commit(connection)
        if len(commits) == 1:
            raise sqlite3.OperationalError("the connection is lost")

    with closing(SQLAlchemyStorage(engine)) as storage:
        publish(storage, "n")
        monkeypatch.setattr(engine.dialect, "do_commit", break_once)
        with pytest.raises(StorageError, match="broke while a change was stored"):
            say(storage)
        assert len(commits) == 1
        assert len(shown(storage)) == stored


def test_a_change_whose_connection_broke_before_the_commit_is_made_again(engine: Engine) -> None:
    broken: list[bool] = []

    def break_once(*_: object) -> None:
        if not broken:
            broken.append(True)
            raise sqlite3.OperationalError("the connection is lost")

    with closing(SQLAlchemyStorage(engine)) as storage:
        publish(storage, "n")
        event.listen(engine, "before_cursor_execute", break_once)
        say(storage)
        assert broken
        assert len(shown(storage)) == 1


# -- SQLite ----------------------------------------------------------------------------------


def test_readers_do_not_wait_for_a_writer(storage: SQLAlchemyStorage, path: Path) -> None:
    say(storage)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM websupport_comments")
    assert len(shown(storage)) == 1
    another = SQLAlchemyStorage(f"sqlite:///{path.as_posix()}")
    assert len(shown(another)) == 1
    another.close()
    writer.close()


def test_a_writer_waits_for_its_turn(storage: SQLAlchemyStorage, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, partial(other.execute, "COMMIT")).start()
    say(storage)
    other.close()
    assert len(shown(storage)) == 1


def test_nothing_of_a_deleted_comment_is_left_in_the_file(
    storage: SQLAlchemyStorage, path: Path
) -> None:
    own = say(storage, text="<p>Mauve</p>", proposal="A mauve source.")["id"]
    other = say(storage, text="<p>Mauve, too</p>")["id"]
    storage.delete_comment(own, "ann", False)
    storage.delete_comment(other, "", True)
    storage.close()
    assert b"auve" not in path.read_bytes()


def test_writes_nothing_when_nothing_changed(storage: SQLAlchemyStorage, path: Path) -> None:
    with sqlite3.connect(path) as watcher:
        before = watcher.execute("PRAGMA data_version").fetchone()
        publish(storage, "n")
        storage.pre_build()
        storage.post_build()
        assert watcher.execute("PRAGMA data_version").fetchone() == before
        publish(storage, "n", "more")
        assert watcher.execute("PRAGMA data_version").fetchone() != before
    watcher.close()


def test_a_build_holds_no_lock_before_its_end(storage: SQLAlchemyStorage, path: Path) -> None:
    storage.pre_build()
    storage.add_node("new", "index", "New.")
    with sqlite3.connect(path, timeout=0, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("COMMIT")
    other.close()


def test_a_page_costs_what_is_on_it(storage: SQLAlchemyStorage, path: Path) -> None:
    """The plan of the first page has no scan and no sorting, however long the thread."""
    asked: list[str] = []
    engine = storage._database.engine

    def listen(connection: sqlite3.Connection, *_: object) -> None:
        # Of SQLite itself, which hears what goes past SQLAlchemy, too; with the values in place.
        connection.set_trace_callback(asked.append)

    for n in range(3):
        say(storage, time=datetime(2024, 1, 1 + n, tzinfo=UTC))
    event.listen(engine, "checkout", listen)
    mark = None
    for _ in range(2):
        mark = storage.get_page("n", Viewer("ann"), mark, limit=1)["next"]
    event.remove(engine, "checkout", listen)
    with sqlite3.connect(path) as other:
        seen = [
            row[3]
            for statement in asked
            if statement.startswith("SELECT")
            for row in other.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]
    other.close()
    assert seen
    assert not [step for step in seen if "SCAN" in step or "B-TREE" in step]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_shared_by_threads(url: str) -> None:
    storage = SQLAlchemyStorage(url)
    publish(storage, "n")
    threads = [threading.Thread(target=partial(say, storage)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shown(storage)) == 8
    storage.close()


def test_takes_an_engine(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path.as_posix()}")
    storage = SQLAlchemyStorage(engine)
    publish(storage, "n")
    say(storage)
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
    storage.close()


# -- forks -----------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_survives_a_fork(storage: SQLAlchemyStorage) -> None:
    """Parent and child go on with connections, and locks, of their own."""
    id = say(storage)["id"]
    children = []
    for n in range(3):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                storage.process_vote(id, f"child {n}", 1)
                status = 0
            finally:
                os._exit(status)
        storage.process_vote(id, f"parent {n}", 1)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    assert rating(storage, id) == 6
    assert len(list(every(storage.get_data("n", None, False)["comments"]))) == 1


# -- failures --------------------------------------------------------------------------------


def test_names_a_driver_s_error(storage: SQLAlchemyStorage, path: Path) -> None:
    with sqlite3.connect(path) as vandal:
        vandal.execute("DROP TABLE websupport_votes")
        vandal.execute("ALTER TABLE websupport_nodes RENAME TO elsewhere")
    vandal.close()
    for call in (
        partial(storage.get_data, "n", "ann", False),
        partial(storage.get_page, "n", Viewer("ann")),
        partial(storage.get_metadata, "index", False),
        partial(say, storage),
        storage.get_nodes,
    ):
        with pytest.raises(StorageError, match="the database failed: OperationalError") as caught:
            call()
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////nowhere/at/all/comments.db",
        "postgresql://postgres@127.0.0.1:1/nothing",
        "mysql://root@127.0.0.1:1/nothing",
        "mariadb://root@127.0.0.1:1/nothing",
    ],
)
def test_says_when_there_is_no_database(url: str) -> None:
    with pytest.raises(StorageError):
        open_storage(url)


def test_is_no_database(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 100)
    with pytest.raises(StorageError):
        SQLAlchemyStorage(f"sqlite:///{path.as_posix()}")


@pytest.mark.parametrize("url", ["", "nonsense", "oracle9000://host/db"])
def test_says_what_is_no_url(url: str) -> None:
    with pytest.raises(SettingsError):
        SQLAlchemyStorage(url)


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [
        ("postgresql://host/db", "psycopg", "postgresql"),
        ("mysql://host/db", "pymysql", "mysql"),
        ("mariadb://host/db", "pymysql", "mysql"),
    ],
)
def test_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, url: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDriverError, match=rf"pip install .*\[{extra}\]"):
        open_storage(url)


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"])
def test_a_pool_survives_lost_connections(request: pytest.FixtureRequest, engine: str) -> None:
    """As after the server was restarted: what was idle is dead, nobody notices."""
    url = request.getfixturevalue(f"{engine}_url")
    storage = SQLAlchemyStorage(url)
    publish(storage, "n")
    id = say(storage)["id"]
    for n in range(3):
        _end_connections(url)
        if n % 2:
            storage.process_vote(id, f"user {n}", 1)
        assert len(shown(storage)) == 1
    assert rating(storage, id) == 1
    storage.close()


def _end_connections(url: str) -> None:
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        if connection.dialect.name == "postgresql":
            others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            query = text(f"{others} AND pid <> pg_backend_pid()")
            kill = "SELECT pg_terminate_backend({})"
        else:
            others = "SELECT id FROM information_schema.processlist WHERE db = DATABASE()"
            query = text(f"{others} AND id <> CONNECTION_ID()")
            kill = "KILL {}"
        ids = connection.execute(query).scalars().all()
        assert ids
        for id in ids:
            connection.execute(text(kill.format(id)))
    server.dispose()
