"""An index in PostgreSQL, by its own full-text search."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from sphinxcontrib_websupport.errors import SettingsError, StorageError
from sphinxcontrib_websupport.search.base import MOST_RESULTS
from sphinxcontrib_websupport.search.indexed import VERSION, Found, IndexedSearch
from sphinxcontrib_websupport.search.passages import Page, Passage
from sphinxcontrib_websupport.search.queries import Clause, Query
from sphinxcontrib_websupport.search.staging import Staging
from sphinxcontrib_websupport.search.words import STEMMERS, analyzer

_TABLES = ("passages", "nodes", "pages", "state")

# Weights: A the title, B the heading, C the text; D words as they are written, for prefixes, and
# scripts that PostgreSQL does not part into words, as trigrams.
_SCHEMA = """
CREATE TABLE websupport_search_state (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE websupport_search_pages (
    id bigserial PRIMARY KEY,
    name text UNIQUE,
    comment text UNIQUE,
    node text,
    title text NOT NULL,
    path text NOT NULL,
    digest text NOT NULL
);
CREATE INDEX ON websupport_search_pages (node);
CREATE TABLE websupport_search_nodes (
    node text NOT NULL,
    page bigint NOT NULL REFERENCES websupport_search_pages ON DELETE CASCADE,
    PRIMARY KEY (node, page)
);
CREATE INDEX ON websupport_search_nodes (page);
CREATE TABLE websupport_search_passages (
    id bigserial PRIMARY KEY,
    page bigint NOT NULL REFERENCES websupport_search_pages ON DELETE CASCADE,
    heading text NOT NULL,
    anchor text NOT NULL,
    blocks text NOT NULL,
    words tsvector NOT NULL
);
CREATE INDEX ON websupport_search_passages (page);
CREATE INDEX ON websupport_search_passages USING gin (words);
"""

_LOCK = 8_315_220_011
"""The number under which writers queue; any would do."""

_INSERT_PASSAGE = text("""
INSERT INTO websupport_search_passages (page, heading, anchor, blocks, words) VALUES (
    :page, :heading, :anchor, :blocks,
    setweight(to_tsvector(CAST(:config AS regconfig), :title_text), 'A')
    || to_tsvector('simple', :gap)
    || setweight(to_tsvector(CAST(:config AS regconfig), :heading_text), 'B')
    || to_tsvector('simple', :gap)
    || setweight(to_tsvector(CAST(:config AS regconfig), :body_text), 'C')
    || to_tsvector('simple', :gap)
    || setweight(to_tsvector('simple', :forms), 'D')
)""")

_GAP = "websupportgap"
"""A word between texts, so that no phrase reaches from one into the next."""

# D, C, B, A. The length of a passage counts as little as its logarithm.
_RANK = "ts_rank('{0.05, 0.1, 0.5, 1.0}', words, sought, 1)"

# Comments whose node no page has any more.
_ELSEWHERE = """SELECT id FROM websupport_search_pages WHERE node IS NOT NULL
    AND node NOT IN (SELECT node FROM websupport_search_nodes)"""

_LOADING = text("""
SELECT passages.id, heading, anchor, blocks, found.comment, found.node, place.title, place.path
FROM websupport_search_passages AS passages
    JOIN websupport_search_pages AS found ON found.id = passages.page
    JOIN websupport_search_pages AS place ON place.id = CASE
        WHEN found.comment IS NULL THEN found.id
        ELSE (SELECT MIN(page) FROM websupport_search_nodes AS n WHERE n.node = found.node) END
WHERE passages.id = ANY(:keys)
""")


class PostgreSQLSearch(IndexedSearch):
    """Search in a PostgreSQL database, in tables of its own.

    :param url: such as ``postgresql://user@host/database``.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        try:
            place = make_url(url).set(drivername="postgresql+psycopg")
        except ArgumentError as error:
            raise SettingsError(f"not the URL of a database: {error}") from None
        self._engine = create_engine(place, pool_pre_ping=True, pool_recycle=1800)

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Refuse: a database is not kept in a folder.

        :raises SettingsError: always.
        """
        raise SettingsError("the search adapter postgresql is opened by a URL: postgresql://…")

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Open the index in the database at a URL."""
        return cls(url)

    # -- the build -------------------------------------------------------------------------

    def names(self) -> set[str]:
        """Return the names of the pages that were fed, unless in another language."""
        with self._reading() as db:
            if db is None or _state(db).get("language") != self.language:
                return set()
            return set(_digests(db))

    def publish(self, staging: Staging) -> None:
        """Put what was staged into the index, in one transaction."""
        with self._writing() as db:
            state = {"version": str(VERSION), "language": self.language or "en"}
            if _state(db) != state:
                _renew(db, state)
            known = _digests(db)
            _delete(db, "name", sorted(staging.gone(known)))
            for page, digest in staging.pages(known):
                _delete(db, "name", [page.name])
                _insert(db, page, state["language"], name=page.name, digest=digest)

    # -- comments --------------------------------------------------------------------------

    def put_comments(self, node: str, comments: Mapping[str, str]) -> None:
        """Let a node's comments be found: these, and no other."""
        with self._writing() as db:
            if (language := _state(db).get("language")) is not None:
                _delete(db, "node", [node])
                for comment, words in comments.items():
                    _insert_comment(db, language, node, comment, words)

    def add_comment(self, node: str, comment: str, text: str) -> None:
        """Let one more comment be found."""
        with self._writing() as db:
            if (language := _state(db).get("language")) is not None:
                _insert_comment(db, language, node, comment, text)

    def count_comments(self) -> Mapping[str, int]:
        """Return how many comments are known of each node."""
        with self._reading() as db:
            if db is None:
                return {}
            counts = """SELECT node, COUNT(*) AS number FROM websupport_search_pages
                WHERE node IS NOT NULL GROUP BY node"""
            return {row.node: row.number for row in db.execute(text(counts))}

    def nodes_of_comments(self, comments: Sequence[str]) -> Mapping[str, str]:
        """Return the nodes of these comments."""
        with self._reading() as db:
            if db is None:
                return {}
            query = "SELECT comment, node FROM websupport_search_pages WHERE comment = ANY(:ids)"
            rows = db.execute(text(query), {"ids": list(comments)})
            return {row.comment: row.node for row in rows}

    # -- reading ---------------------------------------------------------------------------

    def indexed_language(self) -> str | None:
        """Return the language of the index."""
        with self._reading() as db:
            return None if db is None else _state(db).get("language")

    def rank(self, query: Query) -> Sequence[Any]:
        """Rank the passages of pages that have all that is wanted, or some of it."""
        with self._reading() as db:
            if db is None:
                return []
            config = _config(_state(db).get("language"))
            for has_all in (True, False):
                statement, parameters = _ranking(query, has_all=has_all)
                rows = db.execute(text(statement), {**parameters, "config": config}).all()
                if rows or len(query.wanted) == 1:
                    break
            return [row.passage for row in rows]

    def load(self, keys: Sequence[Any]) -> Iterable[Found]:
        """Load passages."""
        with self._reading() as db:
            rows = [] if db is None else db.execute(_LOADING, {"keys": list(keys)}).all()
        found = {
            row.id: Found(
                row.title,
                row.path,
                Passage(row.heading, row.anchor, [(a, b) for a, b in json.loads(row.blocks)]),
                row.node,
                row.comment,
            )
            for row in rows
        }
        return [found[key] for key in keys if key in found]

    # -- the connection --------------------------------------------------------------------

    def close(self) -> None:
        """Close all connections."""
        self.discard_indexing()
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection | None]:
        """Give a connection; ``None`` where no build has made an index yet."""
        try:
            with self._engine.connect() as db:
                yield db if _state(db).get("version") == str(VERSION) else None
        except SQLAlchemyError as error:
            raise _failed(error) from error

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Give a connection whose changes are seen when all of them are made; one at a time."""
        try:
            with self._engine.begin() as db:
                db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                yield db
        except SQLAlchemyError as error:
            raise _failed(error) from error


def _failed(error: SQLAlchemyError) -> StorageError:
    cause = getattr(error, "orig", None) or error
    # The driver's words may hold addresses and values; they stay in the cause.
    return StorageError(f"the search index failed: {type(cause).__name__}")


def _state(db: Connection) -> dict[str, str]:
    if db.execute(text("SELECT to_regclass('websupport_search_state')")).scalar() is None:
        return {}
    rows = db.execute(text("SELECT name, value FROM websupport_search_state"))
    return {row.name: row.value for row in rows}


def _renew(db: Connection, state: Mapping[str, str]) -> None:
    """Begin an index of this form and language, without what was there."""
    for table in _TABLES:
        db.execute(text(f"DROP TABLE IF EXISTS websupport_search_{table}"))
    for statement in filter(str.strip, _SCHEMA.split(";")):
        db.execute(text(statement))
    rows = [{"name": name, "value": value} for name, value in state.items()]
    db.execute(text("INSERT INTO websupport_search_state VALUES (:name, :value)"), rows)


def _digests(db: Connection) -> dict[str, str]:
    query = "SELECT name, digest FROM websupport_search_pages WHERE name IS NOT NULL"
    return {row.name: row.digest for row in db.execute(text(query))}


def _delete(db: Connection, column: str, values: Sequence[str]) -> None:
    statement = f"DELETE FROM websupport_search_pages WHERE {column} = ANY(:values)"  # noqa: S608 - a column's name
    db.execute(text(statement), {"values": list(values)})


def _insert(db: Connection, page: Page, language: str, **columns: str) -> None:
    row = {"name": None, "comment": None, "node": None, "digest": "", **columns}
    statement = """INSERT INTO websupport_search_pages (name, comment, node, title, path, digest)
        VALUES (:name, :comment, :node, :title, :path, :digest) RETURNING id"""
    row |= {"title": _clean(page.title), "path": page.path}
    number = db.execute(text(statement), row).scalar_one()
    if page.nodes:
        nodes = [{"node": node, "page": number} for node in dict.fromkeys(page.nodes)]
        db.execute(text("INSERT INTO websupport_search_nodes VALUES (:node, :page)"), nodes)
    passages = [_passage_row(page, passage, number, language) for passage in page.passages]
    if passages:
        db.execute(_INSERT_PASSAGE, passages)


def _insert_comment(db: Connection, language: str, node: str, comment: str, words: str) -> None:
    _delete(db, "comment", [comment])
    page = Page("", "", "", [Passage("", f"comment-{comment}", [("", words)])])
    _insert(db, page, language, comment=comment, node=node)


def _passage_row(page: Page, passage: Passage, number: int, language: str) -> dict[str, Any]:
    words = analyzer(language)
    texts = (page.title, passage.heading, passage.text)
    # PostgreSQL reads "conf.py" as a host and "a/b" as a path; here these are words side by side,
    # as they are for the readers of queries and excerpts.
    title, heading, body = (" ".join(form for _, form in words.pairs(part)) for part in texts)
    return {
        "page": number,
        "heading": _clean(passage.heading),
        "anchor": passage.anchor,
        "blocks": json.dumps(passage.blocks),
        "config": _config(language),
        "title_text": title,
        "heading_text": heading,
        "body_text": body,
        "forms": f" {_GAP} ".join((title, heading, body)),
        "gap": _GAP,
    }


def _clean(line: str) -> str:
    return line.replace("\x00", " ")


def _config(language: str | None) -> str:
    """Return the name of PostgreSQL's configuration for a language."""
    algorithm = STEMMERS.get((language or "en").lower().replace("_", "-").partition("-")[0])
    # What Snowball has and PostgreSQL 13, the oldest that is kept up, has not.
    missing = {"czech", "esperanto", "estonian", "persian", "polish", "hindi", "armenian", "basque",
               "catalan", "serbian", "yiddish"}  # fmt: skip
    return "simple" if algorithm is None or algorithm in missing else algorithm


def _ranking(query: Query, *, has_all: bool) -> tuple[str, dict[str, str]]:
    """Return the statement that ranks, and its parameters; every word is one of them."""
    parameters: dict[str, str] = {}

    def expression(clause: Clause) -> str:
        name = f"q{len(parameters)}"
        if clause.is_prefix:
            # Of letters and digits alone: nothing in it is an operator.
            parameters[name] = " <-> ".join(f"'{form}'" for form in clause.forms) + ":*"
            return f"to_tsquery('simple', :{name})"
        parameters[name] = " ".join(clause.forms)
        # As it is written, too: of a stop word the language's configuration leaves nothing.
        return (
            f"(phraseto_tsquery(CAST(:config AS regconfig), :{name})"
            f" || phraseto_tsquery('simple', :{name}))"
        )

    wanted = [expression(clause) for clause in query.wanted]
    near = [expression(clause) for clause in query.neighbours]
    unwanted = [expression(clause) for clause in query.unwanted]
    conditions = [f"bool_or(words @@ ({clause}))" for clause in wanted] if has_all else []
    conditions += [f"NOT bool_or(words @@ ({clause}))" for clause in unwanted]
    having = f"HAVING {' AND '.join(conditions)}" if conditions else ""
    any_of = " || ".join([*wanted, *near, *unwanted])
    statement = f"""
        WITH query AS (SELECT {" || ".join([*wanted, *near])} AS sought, {any_of} AS any_of),
        found AS (
            SELECT id, page, words, {_RANK} AS score
            FROM websupport_search_passages, query
            WHERE words @@ any_of AND page NOT IN ({_ELSEWHERE})
        )
        SELECT (array_agg(id ORDER BY score DESC, id))[1] AS passage FROM found
        GROUP BY page {having}
        ORDER BY MAX(score) DESC, page LIMIT {MOST_RESULTS}
    """  # noqa: S608 - the words are parameters
    return statement, parameters
