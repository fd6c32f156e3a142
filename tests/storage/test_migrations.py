"""New, old and newer databases, opened by one process or by several."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    select,
    text,
)

from sphinxcontrib_websupport.errors import StorageError
from sphinxcontrib_websupport.model import Comment, Viewer
from sphinxcontrib_websupport.storage.sql import migrations, schema
from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage
from sphinxcontrib_websupport.testing.editing import change
from sphinxcontrib_websupport.testing.storage import every, publish, say

# The tables as sphinxcontrib-websupport 1.0 to 2.0 created them.
earlier = MetaData()
old_nodes = Table(
    "sphinx_nodes",
    earlier,
    Column("id", String(32), primary_key=True),
    Column("document", String(256), nullable=False),
    Column("source", Text, nullable=False),
)
old_comments = Table(
    "sphinx_comments",
    earlier,
    Column("id", Integer, primary_key=True),
    Column("rating", Integer, nullable=False),
    Column("time", DateTime, nullable=False),
    Column("text", Text, nullable=False),
    Column("displayed", Boolean, index=True, default=False),
    Column("username", String(64)),
    Column("proposal", Text),
    Column("proposal_diff", Text),
    Column("path", String(256), index=True),
    Column("node_id", String(32), ForeignKey("sphinx_nodes.id")),
)
old_votes = Table(
    "sphinx_commentvote",
    earlier,
    Column("username", String(64), primary_key=True),
    Column("comment_id", Integer, primary_key=True),
    Column("value", Integer, nullable=False),
)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def new_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{(tmp_path / 'comments.db').as_posix()}"
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def engine(new_database_url: str) -> Iterator[Engine]:
    """What a test looks at the rows with."""
    engine = create_engine(new_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def local_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server whose clock shows Berlin's time."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def add_comment(engine: Engine, id: int, path: str, **values: Any) -> None:
    row: dict[str, Any] = {
        "id": id,
        "rating": 0,
        "time": datetime(2012, 7, 1, 12, 0, 5),
        "text": f"<p>{id}</p>",
        "displayed": True,
        "username": "ann",
        "proposal": None,
        "proposal_diff": None,
        "path": path,
        "node_id": path.partition(".")[0],
    }
    with engine.begin() as connection:
        connection.execute(old_comments.insert(), row | values)


@pytest.fixture
def earlier_database(engine: Engine) -> Engine:
    """A database of the earlier package with a thread."""
    earlier.create_all(engine)
    with engine.begin() as connection:
        connection.execute(
            old_nodes.insert(),
            [
                {"id": "n", "document": "index", "source": "Some <b> words."},
                {"id": "o", "document": "index", "source": "Other."},
            ],
        )
        connection.execute(
            old_votes.insert(),
            [
                {"username": "bob", "comment_id": 1, "value": 1},
                {"username": "eve", "comment_id": 1, "value": 1},
                {"username": "bob", "comment_id": 2, "value": -1},
                {"username": "eve", "comment_id": 2, "value": 0},
                {"username": "eve", "comment_id": 99, "value": 1},
            ],
        )
    proposal = {"proposal": "Some <i> words.", "proposal_diff": '<span onclick="x">Some <b></span>'}
    add_comment(engine, 1, "n.1", rating=2, text="<p onclick='x'>One<script>y</script></p>")
    add_comment(engine, 2, "n.1.2", rating=-1, username="Anonymous", **proposal)
    add_comment(engine, 3, "n.1.2.3", displayed=False)
    add_comment(engine, 4, "n.4", username="[deleted]", text="[deleted]", proposal_diff="<p>x</p>")
    add_comment(engine, 5, "n.1.5", username="[deleted]", text="<p>I call myself so.</p>")
    add_comment(engine, 10, "o.10", time=datetime(2012, 1, 1, 12), displayed=None)
    return engine


def thread(storage: SQLAlchemyStorage, node: str, reader: str = "bob") -> dict[str, Comment]:
    return {c["id"]: c for c in every(storage.get_data(node, reader, True)["comments"])}


@pytest.mark.usefixtures("local_time")
def test_takes_over_the_earlier_package(earlier_database: Engine, new_database_url: str) -> None:
    storage = SQLAlchemyStorage(new_database_url)
    comments = thread(storage, "n")
    assert {id: c["parent"] for id, c in comments.items()} == {
        "1": None, "2": "1", "3": "2", "4": None, "5": "1",
    }  # fmt: skip
    assert comments["1"]["text"] == "<p>One</p>"
    assert [comments[id]["rating"] for id in "123"] == [2, -1, 0]
    assert [comments[id]["vote"] for id in "123"] == [1, -1, 0]
    assert [comments[id]["displayed"] for id in "12345"] == [True, True, False, True, True]
    assert comments["2"]["username"] == "Anonymous"
    assert comments["2"]["proposal_diff"] == "Some &lt;<del>b</del><ins>i</ins>&gt; words."
    assert comments["4"]["text"] == "[deleted]"
    assert comments["4"]["proposal_diff"] is None
    assert comments["5"]["text"] == "<p>I call myself so.</p>"
    # The server's local time, in summer and in winter.
    assert comments["1"]["time"]["iso"] == "2012-07-01T10:00:05+00:00"
    assert thread(storage, "o")["10"]["time"]["iso"] == "2012-01-01T11:00:00+00:00"
    assert storage.get_data("n", None, False)["source"] == "Some <b> words."
    assert storage.get_metadata("index", True) == {"n": 5, "o": 1}
    assert storage.get_metadata("index", False) == {"n": 4, "o": 0}
    storage.close()


def test_goes_on_where_the_earlier_package_ended(
    earlier_database: Engine, new_database_url: str
) -> None:
    storage = SQLAlchemyStorage(new_database_url)
    assert int(say(storage, parent_id="2")["id"]) > 10
    storage.process_vote("1", "bob", -1)
    storage.update_username("eve", "bob")
    assert thread(storage, "n")["1"]["rating"] == -1
    storage.accept_comment("3")
    assert storage.delete_comment("2", "", True)
    assert set(thread(storage, "n")) == {"1", "4", "5"}
    publish(storage, "n", "o")
    assert storage.get_metadata("index", False) == {"n": 3, "o": 0}
    storage.close()


def test_leaves_the_earlier_tables(earlier_database: Engine, new_database_url: str) -> None:
    def rows() -> list[Any]:
        with earlier_database.connect() as connection:
            query = select(old_comments).order_by(old_comments.c.id)
            return list(connection.execute(query))

    before = rows()
    SQLAlchemyStorage(new_database_url).close()
    assert rows() == before
    storage = SQLAlchemyStorage(new_database_url)
    assert len(thread(storage, "n")) == 5
    storage.close()


@pytest.mark.parametrize("moderator", [True, False])
def test_erases_in_the_earlier_tables_too(
    earlier_database: Engine, new_database_url: str, moderator: bool
) -> None:
    storage = SQLAlchemyStorage(new_database_url)
    storage.delete_comment("1", "ann", moderator)
    storage.close()
    with earlier_database.connect() as connection:
        rows = {row.id: row for row in connection.execute(select(old_comments))}
    assert (rows[1].text, rows[1].username) == ("", None)
    assert bool(rows[2].proposal) is not moderator
    assert rows[10].text == "<p>10</p>"


def test_erases_without_the_earlier_tables(earlier_database: Engine, new_database_url: str) -> None:
    storage = SQLAlchemyStorage(new_database_url)
    earlier.drop_all(earlier_database)
    assert storage.delete_comment("1", "ann", False) is False
    storage.close()


def test_shows_what_lost_its_place_to_moderators(
    earlier_database: Engine, new_database_url: str
) -> None:
    add_comment(earlier_database, 20, "n.7.20")
    add_comment(earlier_database, 21, "n.7.20.21")
    add_comment(earlier_database, 22, "o.1.22")
    add_comment(earlier_database, 23, "n." + ".".join(map(str, range(1000, 1040))))
    storage = SQLAlchemyStorage(new_database_url)
    comments = thread(storage, "n") | thread(storage, "o")
    for id in ("20", "22", "23"):
        assert (comments[id]["parent"], comments[id]["displayed"]) == (None, False)
    assert (comments["21"]["parent"], comments["21"]["displayed"]) == ("20", True)
    seen = {c["id"] for c in every(storage.get_data("n", None, False)["comments"])}
    assert seen == {"1", "2", "4", "5"}
    assert storage.get_metadata("index", False) == {"n": 4, "o": 0}
    storage.close()


def test_keeps_comments_on_lost_nodes(tmp_path: Path) -> None:
    # Only SQLite lets them come to be: the earlier package left foreign keys off.
    url = f"sqlite:///{(tmp_path / 'comments.db').as_posix()}"
    engine = create_engine(url)
    earlier.create_all(engine)
    add_comment(engine, 1, "gone.1")
    with engine.begin() as connection:
        connection.execute(text("UPDATE sphinx_comments SET time = 'soon'"))
    engine.dispose()
    storage = SQLAlchemyStorage(url)
    assert [(node.id, count) for node, count in storage.get_retired()] == [("gone", 1)]
    assert thread(storage, "gone")["1"]["time"]["year"] == 1970
    storage.close()


def test_is_what_the_code_says(engine: Engine, new_database_url: str) -> None:
    SQLAlchemyStorage(new_database_url).close()
    with engine.connect() as connection:
        options = {
            "include_object": lambda _, name, *rest: name != schema.VERSION_TABLE,
            # MariaDB made a MEDIUMTEXT of what was asked for by its length.
            "compare_type": engine.dialect.name != "mysql",
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, schema.metadata) == []


def test_a_new_file_has_the_tables_that_the_migrations_make(tmp_path: Path) -> None:
    made, migrated = (create_engine(f"sqlite:///{tmp_path / name}") for name in ("a.db", "b.db"))
    SQLAlchemyStorage(made).close()
    import_module("sphinxcontrib_websupport.storage.sql.migrations.upgrade").upgrade(migrated)

    assert _definitions(made) == _definitions(migrated)
    assert "AUTOINCREMENT" in str(_definitions(made)["websupport_comments"])
    assert "WITHOUT ROWID" in str(_definitions(made)["websupport_votes"])


def _definitions(engine: Engine) -> dict[str, list[str]]:
    """Return what SQLite keeps of each table and index; columns in any order."""
    with engine.connect() as connection:
        rows = [
            *connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql > ''")),
            *connection.execute(text("SELECT name, value FROM websupport_state")),
        ]
    engine.dispose()
    return {name: sorted(re.split(r"\s*[,()\n]\s*", str(sql))) for name, sql in rows}


def test_knows_the_newest_version() -> None:
    folder = Path(migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_current_head() == schema.VERSION


def test_refuses_a_newer_database(engine: Engine, new_database_url: str) -> None:
    SQLAlchemyStorage(new_database_url).close()
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StorageError, match="newer version of this package"):
        SQLAlchemyStorage(new_database_url)


def test_is_opened_by_many_at_once(new_database_url: str) -> None:
    program = (
        "import sys; from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage;"
        "sys.stdin.readline(); storage = SQLAlchemyStorage(sys.argv[1]);"
        "storage.check(); storage.close()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, new_database_url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda process: process.communicate("go\n")[1], processes))
    assert [(process.returncode, text) for process, text in zip(processes, said, strict=True)] == [
        (0, "")
    ] * 4


def test_is_opened_without_alembic(new_database_url: str) -> None:
    SQLAlchemyStorage(new_database_url).close()
    program = (
        "import sys; from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage;"
        "SQLAlchemyStorage(sys.argv[1]).close();"
        "print([m for m in ('alembic', 'sphinx', 'docutils') if m in sys.modules])"
    )
    command = [sys.executable, "-c", program, new_database_url]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_is_repeatable(engine: Engine, new_database_url: str) -> None:
    """MariaDB cannot take back half a migration: it must be able to start again."""
    storage = SQLAlchemyStorage(new_database_url)
    publish(storage, "n")
    say(storage)
    storage.close()
    with engine.begin() as connection:
        connection.execute(text(f"DELETE FROM {schema.VERSION_TABLE}"))
    upgrade = import_module("sphinxcontrib_websupport.storage.sql.migrations.upgrade")
    upgrade.upgrade(engine)
    storage = SQLAlchemyStorage(new_database_url)
    assert len(thread(storage, "n")) == 1
    storage.close()


def take_back(engine: Engine, version: str, lacking: tuple[str, ...]) -> None:
    """Make a database one of an earlier version, without some columns of its comments."""
    with engine.begin() as connection:
        for column in lacking:
            connection.execute(text(f"ALTER TABLE websupport_comments DROP COLUMN {column}"))
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{version}'"))


@pytest.mark.parametrize("lacking", [("markup", "base"), ("base",)])
def test_begins_to_keep_where_texts_and_proposals_began(
    engine: Engine, new_database_url: str, lacking: tuple[str, ...]
) -> None:
    """A database from before 0006, and one in which its migration got half-way."""
    storage = SQLAlchemyStorage(new_database_url)
    publish(storage, "n")
    id = say(storage, original="*a*", markup="markdown", proposal="Sauce of n.")["id"]
    storage.close()
    take_back(engine, "0005", lacking)
    storage = SQLAlchemyStorage(new_database_url)
    original = storage.get_original(id, Viewer("ann"))
    assert (original["text"], original["proposal"]) == ("*a*", "Sauce of n.")
    assert original["base"] is None
    changed = change(storage, id, markup="rst")
    assert changed["proposal_diff_text"] == "[-Source-]{+Sauce+} of n."
    assert storage.get_original(id, Viewer("ann"))["markup"] == "rst"
    storage.close()


@pytest.mark.parametrize("lacking", [("original", "edited"), ("edited",)])
def test_begins_to_keep_what_authors_type(
    engine: Engine, new_database_url: str, lacking: tuple[str, ...]
) -> None:
    """A database from before 0003, and one in which its migration got half-way."""
    storage = SQLAlchemyStorage(new_database_url)
    publish(storage, "n")
    id = say(storage)["id"]
    storage.close()
    take_back(engine, "0002", lacking)
    storage = SQLAlchemyStorage(new_database_url)
    assert storage.get_version("n") is not None
    assert thread(storage, "n")[id]["edited"] is None
    assert storage.get_original(id, Viewer("ann"))["text"] is None
    change(storage, id)
    assert storage.get_original(id, Viewer("ann"))["text"] == "Changed"
    storage.close()
