"""Create the tables."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
)

from sphinxcontrib_websupport.storage.sql.schema import Name, Number, Prose

revision = "0001"
down_revision = None

_INNODB: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
}


def upgrade() -> None:
    """Create what is not there; MariaDB cannot take back the half of it."""
    metadata = _metadata()
    connection = op.get_bind()
    metadata.create_all(connection)
    for table in metadata.sorted_tables:
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    state = metadata.tables["websupport_state"]
    if connection.execute(state.select()).first() is None:
        connection.execute(state.insert(), {"name": "generation", "value": 0})


def _metadata() -> MetaData:
    metadata = MetaData()
    Table(
        "websupport_nodes",
        metadata,
        Column("id", Name(128), primary_key=True),
        Column("document", Name(512), nullable=False),
        Column("position", Integer, nullable=False),
        Column("source", Prose, nullable=False),
        Column("file", Prose),
        Column("line", Integer),
        Column("retired", Boolean, nullable=False),
        Column("successor", Name(128)),
        Column("comments", Integer, nullable=False),
        Column("visible", Integer, nullable=False),
        Index("websupport_nodes_document", "document", "position"),
        **_INNODB,
    )
    Table(
        "websupport_comments",
        metadata,
        Column("id", Number, primary_key=True, autoincrement=True),
        Column("node_id", Name(128), ForeignKey("websupport_nodes.id"), nullable=False),
        Column("parent_id", Number, ForeignKey("websupport_comments.id"), index=True),
        Column("root_id", Number),
        Column("time", BigInteger, nullable=False),
        Column("text", Prose, nullable=False),
        Column("username", Name(64), index=True),
        Column("rating", Integer, nullable=False),
        Column("displayed", Boolean, nullable=False),
        Column("visible", Boolean, nullable=False),
        Column("deleted", Boolean, nullable=False),
        Column("proposal", Prose),
        Column("proposal_diff", Prose),
        Index("websupport_comments_thread", "node_id", "root_id", "time", "id"),
        # The id of a removed comment is never given to another one.
        sqlite_autoincrement=True,
        **_INNODB,
    )
    Table(
        "websupport_votes",
        metadata,
        Column(
            "comment_id",
            Number,
            ForeignKey("websupport_comments.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        Column("username", Name(64), primary_key=True, index=True),
        Column("value", SmallInteger, nullable=False),
        # A vote is found by both parts of its key and by nothing else: no second tree.
        sqlite_with_rowid=False,
        **_INNODB,
    )
    Table(
        "websupport_state",
        metadata,
        Column("name", Name(64), primary_key=True),
        Column("value", BigInteger, nullable=False),
        **_INNODB,
    )
    return metadata
