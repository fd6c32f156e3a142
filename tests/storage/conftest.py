"""Databases for the tests of the SQL store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, delete, inspect, update

from sphinxcontrib_websupport.storage.sql.schema import comments, metadata, state, votes
from tests.engines import new_database


@pytest.fixture(scope="class")
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a database of the test class's own, on the engine that it names."""
    engine: str = request.cls.engine
    if engine == "sqlite":
        yield f"sqlite:///{(tmp_path_factory.mktemp('sqlite') / 'comments.db').as_posix()}"
    elif engine == "postgresql":
        usual = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
        yield from new_database(engine, usual, "DROP DATABASE IF EXISTS {} WITH (FORCE)")
    else:
        usual = "mysql+pymysql://root@127.0.0.1:3306/mysql?charset=utf8mb4"
        yield from new_database(engine, usual, "DROP DATABASE IF EXISTS {}")


@pytest.fixture
def empty_database(database: str) -> str:
    """The same, without rows that an earlier test left: a new database takes longer."""
    empty(database)
    return database


def empty(database: str) -> None:
    """Delete all rows of a database, if it has tables."""
    engine = create_engine(database)
    with engine.begin() as connection:
        if inspect(connection).has_table(comments.name):
            connection.execute(delete(votes))
            connection.execute(update(comments).values(parent_id=None))
            for table in reversed(metadata.sorted_tables):
                if table is not state:
                    connection.execute(delete(table))
    engine.dispose()
