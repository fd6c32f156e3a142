"""An index in one SQLite file: full-text search of Python's own library, nothing to install."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import unquote

from sqlalchemy.pool import QueuePool

from sphinxcontrib_websupport.errors import SettingsError, StorageError
from sphinxcontrib_websupport.search.base import MOST_RESULTS
from sphinxcontrib_websupport.search.indexed import VERSION, Found, IndexedSearch
from sphinxcontrib_websupport.search.passages import Page, Passage
from sphinxcontrib_websupport.search.queries import Clause, Query
from sphinxcontrib_websupport.search.staging import Staging
from sphinxcontrib_websupport.search.words import Analyzer, analyzer

_BUSY_TIMEOUT = 30.0
"""How many seconds a writer waits for another one."""

# Texts go in as terms parted by blanks (see words.py): "ascii" parts there, and nowhere else.
_SCHEMA = """
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE pages (
    id INTEGER PRIMARY KEY,
    name TEXT UNIQUE,
    comment TEXT UNIQUE,
    node TEXT,
    title TEXT NOT NULL,
    path TEXT NOT NULL,
    digest TEXT NOT NULL
);
CREATE INDEX pages_node ON pages (node) WHERE node IS NOT NULL;
CREATE TABLE nodes (
    node TEXT NOT NULL,
    page INTEGER NOT NULL REFERENCES pages ON DELETE CASCADE,
    PRIMARY KEY (node, page)
) WITHOUT ROWID;
CREATE INDEX nodes_page ON nodes (page);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY,
    page INTEGER NOT NULL REFERENCES pages ON DELETE CASCADE,
    heading TEXT NOT NULL,
    anchor TEXT NOT NULL,
    blocks TEXT NOT NULL
);
CREATE INDEX passages_page ON passages (page);
CREATE VIRTUAL TABLE wholes USING fts5 (text, forms, tokenize = 'ascii', columnsize = 0);
CREATE VIRTUAL TABLE words USING fts5 (title, heading, text, forms, tokenize = 'ascii');
"""

_TABLES = ("words", "wholes", "passages", "nodes", "pages", "state")

TITLE, HEADING, TEXT, FORMS = 10.0, 5.0, 1.0, 0.5
"""What a word counts by where it stands."""

# Materialized, for bm25() is known only where the match is.
_RANKING = f"""
WITH scored AS MATERIALIZED (
    SELECT passages.id AS passage, passages.page AS page,
        bm25(words, {TITLE}, {HEADING}, {TEXT}, {FORMS}) AS score
    FROM words JOIN passages ON passages.id = words.rowid
    WHERE words MATCH :any
        AND passages.page IN (SELECT rowid FROM wholes WHERE wholes MATCH :all)
        AND passages.page NOT IN (SELECT id FROM pages
            WHERE node IS NOT NULL AND node NOT IN (SELECT node FROM nodes))
)
SELECT passage, MIN(score) FROM scored GROUP BY page ORDER BY 2, page LIMIT {MOST_RESULTS}
"""  # noqa: S608 - constants

# A comment is found where its node is; one whose node no page has any more was not ranked.
_LOADING = """
SELECT passages.id, heading, anchor, blocks, found.comment, found.node, place.title, place.path
FROM passages
    JOIN pages AS found ON found.id = passages.page
    JOIN pages AS place ON place.id = CASE
        WHEN found.comment IS NULL THEN found.id
        ELSE (SELECT MIN(page) FROM nodes WHERE nodes.node = found.node) END
WHERE passages.id IN (SELECT value FROM json_each(:keys))
"""


class SQLiteSearch(IndexedSearch):
    """Search in one file, by any number of processes while a build writes.

    :param path: the file; it and its folder are made by the first build.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self._path = Path(path)
        self._pool = self._new_pool()

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Open the index in a folder."""
        return cls(folder / "search.db")

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Open the index at a URL such as ``sqlite:///search.db``."""
        path = url.partition("://")[2]
        if not path.startswith("/") or len(path) < 2:
            raise SettingsError(f"a URL such as sqlite:///search.db is expected, not {url!r}")
        return cls(unquote(path[1:]))

    # -- the build -------------------------------------------------------------------------

    def names(self) -> set[str]:
        """Return the names of the pages that were fed, unless in another language."""
        with self._reading() as db:
            if db is None or _state(db).get("language") != self.language:
                return set()
            return _digests(db).keys() | set()

    def publish(self, staging: Staging) -> None:
        """Put what was staged into the index, in one transaction."""
        with self._writing() as db:
            state = {"version": str(VERSION), "language": self.language or "en"}
            if _state(db) != state:
                _renew(db, state)
            words = analyzer(state["language"])
            known = _digests(db)
            for name in staging.gone(known):
                _delete(db, "name = ?", name)
            for page, digest in staging.pages(known):
                _delete(db, "name = ?", page.name)
                self._insert(db, words, page, digest)

    def _insert(
        self,
        db: sqlite3.Connection,
        words: Analyzer,
        page: Page,
        digest: str = "",
        *,
        comment: str | None = None,
        node: str | None = None,
    ) -> None:
        (number,) = db.execute(
            "INSERT INTO pages (name, comment, node, title, path, digest) "
            "VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            (None if comment else page.name, comment, node, page.title, page.path, digest),
        ).fetchone()
        db.executemany(
            "INSERT OR IGNORE INTO nodes VALUES (?, ?)", [(id, number) for id in page.nodes]
        )
        title, title_forms = words.for_index(page.title)
        whole, whole_forms = [title], [title_forms]
        for passage in page.passages:
            heading, heading_forms = words.for_index(passage.heading)
            text, text_forms = words.for_index(passage.text)
            forms = f"{title_forms} {heading_forms} {text_forms}"
            whole += [heading, text]
            whole_forms += [heading_forms, text_forms]
            row = (number, passage.heading, passage.anchor, json.dumps(passage.blocks))
            key = db.execute(
                "INSERT INTO passages (page, heading, anchor, blocks) VALUES (?, ?, ?, ?)", row
            ).lastrowid
            db.execute(
                "INSERT INTO words (rowid, title, heading, text, forms) VALUES (?, ?, ?, ?, ?)",
                (key, title, heading, text, forms),
            )
        db.execute(
            "INSERT INTO wholes (rowid, text, forms) VALUES (?, ?, ?)",
            (number, " ".join(whole), " ".join(whole_forms)),
        )

    # -- comments --------------------------------------------------------------------------

    def put_comments(self, node: str, comments: Mapping[str, str]) -> None:
        """Let a node's comments be found: these, and no other."""
        with self._writing() as db:
            if _state(db).get("version") == str(VERSION):
                _delete(db, "node = ?", node)
                for comment, text in comments.items():
                    self._insert_comment(db, node, comment, text)

    def add_comment(self, node: str, comment: str, text: str) -> None:
        """Let one more comment be found."""
        with self._writing() as db:
            if _state(db).get("version") == str(VERSION):
                self._insert_comment(db, node, comment, text)

    def _insert_comment(self, db: sqlite3.Connection, node: str, comment: str, text: str) -> None:
        _delete(db, "comment = ?", comment)
        page = Page("", "", "", [Passage("", f"comment-{comment}", [("", text)])])
        words = analyzer(_state(db)["language"])
        self._insert(db, words, page, comment=comment, node=node)

    def count_comments(self) -> Mapping[str, int]:
        """Return how many comments are known of each node."""
        with self._reading() as db:
            if db is None:
                return {}
            counts = "SELECT node, COUNT(*) FROM pages WHERE node IS NOT NULL GROUP BY node"
            return dict(db.execute(counts))

    def nodes_of_comments(self, comments: Sequence[str]) -> Mapping[str, str]:
        """Return the nodes of these comments."""
        with self._reading() as db:
            if db is None:
                return {}
            wanted = "SELECT value FROM json_each(?)"
            query = f"SELECT comment, node FROM pages WHERE comment IN ({wanted})"  # noqa: S608 - a constant
            return dict(db.execute(query, (json.dumps(list(comments)),)))

    # -- reading ---------------------------------------------------------------------------

    def indexed_language(self) -> str | None:
        """Return the language of the index."""
        with self._reading() as db:
            return None if db is None else _state(db).get("language")

    def rank(self, query: Query) -> Sequence[Any]:
        """Rank passages by BM25 among the pages that match as a whole."""
        some = " OR ".join(map(_words, (*query.wanted, *query.neighbours)))
        without = "".join(f" NOT {_whole(clause)}" for clause in query.unwanted)
        with self._reading() as db:
            if db is None:
                return []
            for operator in (" AND ", " OR "):
                every = operator.join(map(_whole, query.wanted))
                parameters = {"any": some, "all": f"({every}){without}"}
                rows = db.execute(_RANKING, parameters).fetchall()
                if rows or len(query.wanted) == 1:
                    break
            return [key for key, _ in rows]

    def load(self, keys: Sequence[Any]) -> Iterable[Found]:
        """Load passages."""
        with self._reading() as db:
            rows = [] if db is None else db.execute(_LOADING, {"keys": json.dumps(keys)})
            found = {
                key: Found(title, path, _passage(heading, anchor, blocks), node, comment)
                for key, heading, anchor, blocks, comment, node, title, path in rows
            }
        return [found[key] for key in keys if key in found]

    # -- connections -----------------------------------------------------------------------

    def close(self) -> None:
        """Close all connections."""
        self.discard_indexing()
        self._pool.dispose()

    def _new_pool(self) -> QueuePool:
        self._pid = os.getpid()
        # The pool hands out any driver's connections; its types know SQLAlchemy's own protocol.
        return QueuePool(cast("Any", self._connect), max_overflow=-1)

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self._path, timeout=_BUSY_TIMEOUT, check_same_thread=False, isolation_level=None
        )
        db.execute("PRAGMA journal_mode = WAL")
        # What is lost in a power cut is fed again: the index is made of what is kept elsewhere.
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA foreign_keys = ON")
        return db

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if self._pid != os.getpid():
            # A child must not even close what its parent opened.
            self._pool = self._new_pool()
        try:
            connection = self._pool.connect()
            try:
                yield connection.dbapi_connection  # type: ignore[misc]  # the driver's own
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise StorageError(f"the search index failed: {error}") from error

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """Give a connection that sees one state of the index; ``None`` where there is none."""
        if not self._path.exists():
            yield None
            return
        with self._connection() as db:
            db.execute("BEGIN")
            try:
                yield db if _state(db).get("version") == str(VERSION) else None
            finally:
                db.execute("ROLLBACK")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection whose changes are seen when all of them are made."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")


def _state(db: sqlite3.Connection) -> dict[str, str]:
    try:
        return dict(db.execute("SELECT name, value FROM state"))
    except sqlite3.OperationalError:  # no such table
        return {}


def _renew(db: sqlite3.Connection, state: Mapping[str, str]) -> None:
    """Begin an index of this form and language, without what was there."""
    for table in _TABLES:
        db.execute(f"DROP TABLE IF EXISTS {table}")
    for statement in _SCHEMA.split(";"):
        db.execute(statement)
    db.executemany("INSERT INTO state VALUES (?, ?)", state.items())


def _digests(db: sqlite3.Connection) -> dict[str, str]:
    return dict(db.execute("SELECT name, digest FROM pages WHERE name IS NOT NULL"))


def _delete(db: sqlite3.Connection, condition: str, value: str) -> None:
    """Delete pages or comments; a full-text table does not follow by itself."""
    for (page,) in db.execute(f"SELECT id FROM pages WHERE {condition}", (value,)).fetchall():  # noqa: S608 - a constant
        passages = db.execute("SELECT id FROM passages WHERE page = ?", (page,)).fetchall()
        db.executemany("DELETE FROM words WHERE rowid = ?", passages)
        db.execute("DELETE FROM wholes WHERE rowid = ?", (page,))
        db.execute("DELETE FROM pages WHERE id = ?", (page,))


def _passage(heading: str, anchor: str, blocks: str) -> Passage:
    return Passage(heading, anchor, [(id, text) for id, text in json.loads(blocks)])


def _words(clause: Clause) -> str:
    return _expression(clause, "{title heading text}")


def _whole(clause: Clause) -> str:
    return _expression(clause, "{text}")


def _expression(clause: Clause, columns: str) -> str:
    """Return a clause in FTS5's language: terms are letters and digits, in quotes."""
    star = " *" if clause.is_prefix else ""
    expression = f'{columns} : "{" ".join(clause.terms)}"{star}'
    if clause.is_prefix and len(clause.terms) == 1:
        expression += f' OR {{forms}} : "{clause.forms[-1]}" *'
    return f"({expression})"
