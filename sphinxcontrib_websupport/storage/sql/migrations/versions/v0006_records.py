"""Keep what a comment was written in, and what a proposal was made against."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, inspect

from sphinxcontrib_websupport.model import MAX_NAME_LENGTH
from sphinxcontrib_websupport.storage.sql.schema import Name, Prose

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add two columns, as far as they are not there: MariaDB cannot take back the half of it."""
    there = {column["name"] for column in inspect(op.get_bind()).get_columns("websupport_comments")}
    for column in (Column("markup", Name(MAX_NAME_LENGTH)), Column("base", Prose)):
        if column.name not in there:
            op.add_column("websupport_comments", column)
