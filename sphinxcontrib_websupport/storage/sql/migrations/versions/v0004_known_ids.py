"""Let comments that came from another store keep their ids."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Index, MetaData, Table, inspect

from sphinxcontrib_websupport.storage.sql.schema import Name

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add what is not there; MariaDB cannot take back the half of it."""
    connection = op.get_bind()
    there = {column["name"] for column in inspect(connection).get_columns("websupport_comments")}
    for name in ("known_as", "parent_known_as"):
        if name not in there:
            op.add_column("websupport_comments", Column(name, Name(255)))
    table = Table("websupport_comments", MetaData(), Column("known_as", Name(255)))
    Index("websupport_comments_known_as", table.c.known_as, unique=True).create(
        connection, checkfirst=True
    )
