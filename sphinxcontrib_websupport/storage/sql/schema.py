"""The tables of :class:`~sphinxcontrib_websupport.storage.sql.storage.SQLAlchemyStorage`.

What only one engine knows of a table (its kind of file, how it counts ids) is said in the
migration that creates it: here it would import that engine's dialect, whatever engine is used.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from sphinxcontrib_websupport.model import MAX_NAME_LENGTH
from sphinxcontrib_websupport.storage.staging import MAX_DOCUMENT_LENGTH, MAX_ID_LENGTH
from sphinxcontrib_websupport.storage.transfer.records import MAX_COMMENT_ID_LENGTH

VERSION = "0006"
"""The newest migration; a database that says so is opened without Alembic."""

VERSION_TABLE = "websupport_version"


class Name(TypeDecorator[str]):
    """A short text that is equal only to itself: case, accents and spaces at its end count."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self._length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the collation by which each engine compares code points."""
        length = self._length
        if dialect.name == "postgresql":
            return String(length, collation="C")
        if dialect.name in {"mysql", "mariadb"}:
            # utf8mb4_bin ignores spaces at the end; each of the two has another name for
            # the collation that does not.
            is_mariadb = getattr(dialect, "is_mariadb", False)
            collation = "utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin"
            return String(length, collation=collation)
        return String(length)


Prose = Text().with_variant(Text(2**22 - 1), "mysql", "mariadb")
"""A text of any length: MySQL's plain TEXT ends at 65,535 bytes, one of so many characters
is a MEDIUMTEXT."""

Number = BigInteger().with_variant(Integer(), "sqlite")
"""An id: SQLite counts up by itself only in a column that says INTEGER."""

metadata = MetaData()

nodes = Table(
    "websupport_nodes",
    metadata,
    Column("id", Name(MAX_ID_LENGTH), primary_key=True),
    Column("document", Name(MAX_DOCUMENT_LENGTH), nullable=False),
    Column("position", Integer, nullable=False),
    Column("source", Prose, nullable=False),
    Column("file", Prose),
    Column("line", Integer),
    Column("retired", Boolean, nullable=False),
    Column("successor", Name(MAX_ID_LENGTH)),
    # How many comments there are, and how many of them a reader sees.
    Column("comments", Integer, nullable=False),
    Column("visible", Integer, nullable=False),
    # A random number, another one with each change of the node or of its discussion.
    Column("stamp", BigInteger, nullable=False, server_default="0"),
    Index("websupport_nodes_document", "document", "position"),
)

comments = Table(
    "websupport_comments",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("node_id", Name(MAX_ID_LENGTH), ForeignKey("websupport_nodes.id"), nullable=False),
    Column("parent_id", Number, ForeignKey("websupport_comments.id"), index=True),
    # The comment at the top of a reply's branch; null at the top itself.
    Column("root_id", Number),
    # Microseconds since 1970 in UTC: exact, and the same number on every engine.
    Column("time", BigInteger, nullable=False),
    Column("text", Prose, nullable=False),
    Column("username", Name(MAX_NAME_LENGTH), index=True),
    Column("rating", Integer, nullable=False),
    Column("displayed", Boolean, nullable=False),
    # Whether a reader sees it: it and all comments above it are displayed.
    Column("visible", Boolean, nullable=False),
    # Whether its author deleted it; a user may well be named "[deleted]".
    Column("deleted", Boolean, nullable=False),
    Column("proposal", Prose),
    Column("proposal_diff", Prose),
    # The node's source that the proposal was made against; null for those from before 0006.
    Column("base", Prose),
    # As its author typed it, for the author alone; null for comments from before 0003.
    Column("original", Prose),
    # What that is written in; null for comments from before 0006.
    Column("markup", Name(MAX_NAME_LENGTH)),
    # When it was last changed, in microseconds since 1970; null for never.
    Column("edited", BigInteger),
    # The id of a comment, and of its parent, that came from a store whose ids are no numbers.
    Column("known_as", Name(MAX_COMMENT_ID_LENGTH)),
    Column("parent_known_as", Name(MAX_COMMENT_ID_LENGTH)),
    Index("websupport_comments_known_as", "known_as", unique=True),
    # One node's comments lie together, its top-level ones first, siblings oldest first.
    Index("websupport_comments_thread", "node_id", "root_id", "time", "id"),
)

votes = Table(
    "websupport_votes",
    metadata,
    Column(
        "comment_id",
        Number,
        ForeignKey("websupport_comments.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("username", Name(MAX_NAME_LENGTH), primary_key=True, index=True),
    Column("value", SmallInteger, nullable=False),
)

state = Table(
    "websupport_state",
    metadata,
    Column("name", Name(64), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""``generation``: the number of the build that was published last. ``migrated``: the
last comment that came from the earlier package's tables."""
