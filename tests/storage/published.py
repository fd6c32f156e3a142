"""Comment stores as somebody writes them who has the published pages alone.

They know nothing of this package but the base class and two of its errors. Ids are integers, a node
is an INSERT, no column is nullable without need, and nothing is returned that is not asked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sphinxcontrib_websupport.errors import UserNotAuthorizedError
from sphinxcontrib_websupport.storage.base import StorageBackend

_TABLES = """
CREATE TABLE IF NOT EXISTS node (id TEXT PRIMARY KEY, document TEXT NOT NULL, source TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS comment (
    id INTEGER PRIMARY KEY AUTOINCREMENT, node TEXT NOT NULL, parent TEXT NOT NULL,
    text TEXT NOT NULL, username TEXT NOT NULL, time TEXT NOT NULL, displayed INTEGER NOT NULL,
    proposal TEXT);
CREATE TABLE IF NOT EXISTS vote (
    comment INTEGER NOT NULL, username TEXT NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (comment, username));
"""


class NineCalls(StorageBackend):
    """The nine calls of the published page."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.calls: list[str] = []
        self.arguments: list[tuple[Any, ...]] = []
        self.build: sqlite3.Connection | None = None
        with self.open() as database:
            database.executescript(_TABLES)

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        database = self.connect()
        try:
            with database:
                yield database
        finally:
            database.close()

    def connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=30)
        database.row_factory = sqlite3.Row
        return database

    def pre_build(self) -> None:
        self.calls.append("pre_build")
        self.build = self.connect()

    def add_node(self, id: str, document: str, source: str) -> None:
        self.calls.append("add_node")
        assert self.build is not None
        self.build.execute("INSERT INTO node VALUES (?, ?, ?)", (id, document, source))

    def post_build(self) -> None:
        self.calls.append("post_build")
        assert self.build is not None
        self.build.commit()
        self.build.close()
        self.build = None

    def add_comment(  # type: ignore[override]  # the published page says of no answer
        self,
        text: str,
        displayed: bool,
        username: str,
        time: datetime | None,
        proposal: str | None,
        node_id: str,
        parent_id: Any,
        moderator: bool,
    ) -> None:
        self.calls.append("add_comment")
        self.arguments.append((username, time, proposal, node_id, parent_id, moderator))
        with self.open() as database:
            if parent_id:
                parent = self.find(database, parent_id)
                node_id = parent["node"]
            row: tuple[Any, ...] = (node_id, str(parent_id or ""), text, username)
            row += ((time or datetime.now()).isoformat(), displayed, proposal)
            database.execute(
                "INSERT INTO comment (node, parent, text, username, time, displayed, proposal)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def find(self, database: sqlite3.Connection, id: Any) -> sqlite3.Row:
        # As a dict would have it: "7" is not 7.
        rows = {row["id"]: row for row in database.execute("SELECT * FROM comment")}
        found: sqlite3.Row = rows[id]
        return found

    def delete_comment(self, comment_id: Any, username: str, moderator: bool) -> None:
        with self.open() as database:
            if not moderator and self.find(database, comment_id)["username"] != username:
                raise UserNotAuthorizedError
            self.find(database, comment_id)
            database.execute("DELETE FROM comment WHERE id = ?", (comment_id,))

    def get_data(self, node_id: str, username: str | None, moderator: bool) -> Any:
        self.calls.append("get_data")
        with self.open() as database:
            node = database.execute("SELECT * FROM node WHERE id = ?", (node_id,)).fetchone()
            source = node["source"]
            rows = database.execute(
                "SELECT * FROM comment WHERE node = ? ORDER BY id", (node_id,)
            ).fetchall()
            votes = database.execute("SELECT * FROM vote").fetchall()
        shown: dict[str, dict[str, Any]] = {"": {"children": []}}
        for row in rows:
            if not (row["displayed"] or moderator) or row["parent"] not in shown:
                continue
            own = [v for v in votes if v["comment"] == row["id"]]
            shown[str(row["id"])] = comment = {
                "id": row["id"],
                "text": row["text"],
                "username": row["username"],
                "rating": sum(vote["value"] for vote in own),
                "vote": sum(vote["value"] for vote in own if vote["username"] == username),
                "time": {"iso": row["time"], "delta": "just now"},
                "age": 0,
                "node": None if row["parent"] else node_id,
                "parent": row["parent"] or None,
                "proposal_diff": None,
                "children": [],
            }
            shown[row["parent"]]["children"].append(comment)
        return {"source": source, "comments": shown[""]["children"]}

    def process_vote(self, comment_id: Any, username: str, value: int) -> None:
        with self.open() as database:
            self.find(database, comment_id)
            database.execute(
                "INSERT OR REPLACE INTO vote VALUES (?, ?, ?)", (comment_id, username, value)
            )

    def update_username(self, old_username: str, new_username: str) -> None:
        with self.open() as database:
            for table in ("comment", "vote"):
                database.execute(
                    f"UPDATE {table} SET username = ? WHERE username = ?",
                    (new_username, old_username),
                )

    def accept_comment(self, comment_id: Any) -> None:
        with self.open() as database:
            self.find(database, comment_id)
            database.execute("UPDATE comment SET displayed = 1 WHERE id = ?", (comment_id,))

    def stored(self, table: str = "comment") -> int:
        """Return how many rows there are."""
        with self.open() as database:
            return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


class ElevenCalls(NineCalls):
    """The two further calls of the package's code; ``has_node`` belongs to a build."""

    def has_node(self, id: str) -> bool:
        assert self.build is not None, "only within a build"
        found = self.build.execute("SELECT 1 FROM node WHERE id = ?", (id,)).fetchone()
        return found is not None

    def get_metadata(self, docname: str, moderator: bool) -> dict[str, int]:
        self.calls.append("get_metadata")
        with self.open() as database:
            rows = database.execute(
                "SELECT node.id, count(comment.id) FROM node LEFT JOIN comment"
                " ON comment.node = node.id WHERE document = ? GROUP BY node.id",
                (docname,),
            )
            return {row[0]: row[1] for row in rows}
