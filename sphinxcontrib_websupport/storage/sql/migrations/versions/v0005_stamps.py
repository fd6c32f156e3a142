"""Stamp what changes, so that whether it did is cheap to ask."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, inspect

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add a column, if it is not there: MariaDB cannot take back the half of it."""
    there = {column["name"] for column in inspect(op.get_bind()).get_columns("websupport_nodes")}
    if "stamp" not in there:
        stamp = Column("stamp", BigInteger, nullable=False, server_default="0")
        op.add_column("websupport_nodes", stamp)
