"""Keep what authors typed, and when they changed it."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, inspect

from sphinxcontrib_websupport.storage.sql.schema import Prose

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add two columns, as far as they are not there: MariaDB cannot take back the half of it."""
    there = {column["name"] for column in inspect(op.get_bind()).get_columns("websupport_comments")}
    for column in (Column("original", Prose), Column("edited", BigInteger)):
        if column.name not in there:
            op.add_column("websupport_comments", column)
