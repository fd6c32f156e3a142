"""The same comments for both."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage

NAMES = 50
VOTERS = b"\0" * 256
"""A Bloom filter of Isso's without anybody in it."""

_chance = random.Random(7)
_VOCABULARY = ["".join(_chance.choices("aeiounrstlmdhcgbpfwky", k=n % 9 + 2)) for n in range(2000)]


def words(number: int) -> str:
    """Return the text of a comment: about 40 words, others in each."""
    chance = random.Random(number)
    return " ".join(chance.choices(_VOCABULARY, k=38)) + " *with emphasis* and `code`."


def html(text: str) -> str:
    """Return what such a text is rendered to."""
    text = text.replace("*with emphasis*", "<em>with emphasis</em>")
    return f"<p>{text.replace('`code`', '<code>code</code>')}</p>"


PAGE = [f"p{number}" for number in range(300)]
"""The paragraphs of the page whose counts are asked for."""


@dataclass(frozen=True)
class Talk:
    """A thread: a node here, an address there."""

    node: str
    document: str
    length: int


def talks(stored: int) -> list[Talk]:
    """Return the threads of a site with so many comments on one page, and some of other lengths."""
    each = stored // len(PAGE)
    page = [Talk(node, "page", each) for node in PAGE]
    lengths = (10, 99, 101, 1000)
    return [*page, *(Talk(f"of{n}", "lengths", n) for n in lengths), Talk("votes", "votes", 200)]


def fill_ours(path: Path, listed: list[Talk]) -> None:
    """Make a database of the service's."""
    storage = SQLAlchemyStorage(f"sqlite:///{path.as_posix()}")
    storage.pre_build()
    for talk in [*listed, Talk("posts", "posts", 0)]:
        storage.add_node(talk.node, talk.document, f"The source of {talk.node}. {words(0)}")
    storage.post_build()
    storage.close()
    start = int(time.time()) - 10_000_000
    with closing(sqlite3.connect(path)) as raw, raw:
        for talk in listed:
            rows = [
                (talk.node, (start + n) * 1_000_000, html(text), f"reader {n % NAMES}", text)
                for n in range(talk.length)
                for text in [words(n)]
            ]
            raw.executemany(
                """
                INSERT INTO websupport_comments
                    (node_id, time, text, username, original, rating, displayed, visible, deleted)
                VALUES (?, ?, ?, ?, ?, 0, 1, 1, 0)
                """,
                rows,
            )
            counts = (talk.length, talk.length, talk.node)
            raw.execute(
                "UPDATE websupport_nodes SET comments = ?, visible = ? WHERE id = ?", counts
            )
        raw.execute("ANALYZE")


def fill_isso(path: Path, listed: list[Talk]) -> None:
    """Fill a database whose tables Isso has made."""
    start = time.time() - 10_000_000
    with closing(sqlite3.connect(path)) as raw, raw:
        for number, talk in enumerate([*listed, Talk("posts", "posts", 0)], 1):
            raw.execute(
                "INSERT INTO threads (id, uri, title) VALUES (?, ?, ?)",
                (number, address(talk.node), talk.node),
            )
            rows = [
                (
                    number,
                    start + n,
                    f"192.0.2.{n % 250}",
                    words(n),
                    f"reader {n % NAMES}",
                    b"\0" * 256,
                )
                for n in range(talk.length)
            ]
            raw.executemany(
                """
                INSERT INTO comments (tid, created, mode, remote_addr, text, author, voters)
                VALUES (?, ?, 1, ?, ?, ?, ?)
                """,
                rows,
            )


def address(node: str) -> str:
    """Return the address by which Isso knows a thread."""
    return f"/{node}/"


def comment_ids(path: Path, ours: bool) -> list[int]:
    """Return the ids of the comments to vote on."""
    query = "SELECT id FROM websupport_comments WHERE node_id = ?"
    if not ours:
        query = "SELECT c.id FROM comments c JOIN threads t ON t.id = c.tid WHERE t.uri = ?"
    with closing(sqlite3.connect(path)) as raw:
        return [id for (id,) in raw.execute(query, ("votes" if ours else address("votes"),))]
