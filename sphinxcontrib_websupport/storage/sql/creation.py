"""A new SQLite file's tables, made at once.

Alembic takes as long to import as SQLAlchemy itself, and every first build and every demo begins
with a new file. Other engines, and files in which anything is, go through the migrations;
``tests/storage/test_migrations.py`` proves that both ways lead to the same tables.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
)

from sphinxcontrib_websupport.storage.sql.schema import VERSION, VERSION_TABLE, metadata, state


def create(connection: Connection) -> bool:
    """Create all tables in an empty SQLite database; tell whether it was empty.

    :param connection: in a writer's transaction, which keeps others from doing the same.
    """
    if inspect(connection).get_table_names():
        return False
    tables = MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(tables)
    # The id of a removed comment is never given to another one.
    tables.tables["websupport_comments"].dialect_options["sqlite"]["autoincrement"] = True
    # A vote is found by both parts of its key and by nothing else: no second tree.
    tables.tables["websupport_votes"].dialect_options["sqlite"]["with_rowid"] = False
    # As Alembic names it, which takes over from here.
    version = Table(
        VERSION_TABLE,
        tables,
        Column("version_num", String(32), nullable=False),
        PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
    )
    tables.create_all(connection, checkfirst=False)
    connection.execute(insert(state), {"name": "generation", "value": 0})
    connection.execute(insert(version), {"version_num": VERSION})
    return True
