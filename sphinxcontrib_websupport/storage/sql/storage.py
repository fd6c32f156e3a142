"""The comment store on SQLite, PostgreSQL, MariaDB and MySQL."""

# ruff: noqa: D102 - what each call does is said once, in base.py

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Sequence
from itertools import zip_longest
from typing import Any, Self

from sqlalchemy import Engine, Select
from sqlalchemy.engine import URL

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.errors import (
    CommentNotFoundError,
    InvalidInputError,
    NodeNotFoundError,
    SettingsError,
)
from sphinxcontrib_websupport.model import (
    PAGE_SIZE,
    CommentDraft,
    Edit,
    Node,
    Original,
    StoredComment,
    Thread,
    ThreadPage,
    Viewer,
)
from sphinxcontrib_websupport.registry import shown_place
from sphinxcontrib_websupport.settings import Settings
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.commentstore import CommentStore
from sphinxcontrib_websupport.storage.sql import comments, editing, queries, transfer
from sphinxcontrib_websupport.storage.sql.engine import Database
from sphinxcontrib_websupport.storage.sql.generation import told
from sphinxcontrib_websupport.storage.sql.nodes import chunks, publish, published_generation
from sphinxcontrib_websupport.storage.sql.schema import nodes
from sphinxcontrib_websupport.storage.staging import Build
from sphinxcontrib_websupport.storage.transfer.checks import check_comments, checked_node
from sphinxcontrib_websupport.storage.transfer.records import Discussions, Transferable

logger = logging.getLogger(__name__)

_MARK = re.compile(r"(-?[0-9]{1,18})\.(-?[1-9][0-9]{0,17})", re.ASCII)


class SQLAlchemyStorage(CommentStore, Transferable):
    """Nodes, comments and votes in a relational database.

    :param url_or_engine: such as ``sqlite:///comments.db``,
        ``postgresql+psycopg://user@host/name``, ``mysql+pymysql://user@host/name``, or an
        engine of SQLAlchemy's. Tables are created, and older ones migrated, at once.
    :raises StorageError: the database does not answer, or is newer than this package.
    :raises SettingsError: this is not the URL of a database.
    :raises MissingDriverError: the database's driver is not installed.
    """

    def __init__(self, url_or_engine: str | URL | Engine) -> None:
        self._database = Database(url_or_engine)
        self._build: Build | None = None
        self._generation = 0

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Open the store at a URL."""
        return cls(url)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Open the store that ``STORAGE`` names.

        :raises SettingsError: that is no URL.
        """
        if "://" not in settings["STORAGE"]:
            raise SettingsError(
                f"a database is chosen by its URL, such as {settings['STORAGE']}://…"
            )
        if settings.get("SECRET_KEY"):
            logger.warning("SECRET_KEY encrypts values under keys; a database is not encrypted")
        return cls(settings["STORAGE"])

    # -- the build -------------------------------------------------------------------------

    def pre_build(self) -> None:
        with self._database.read() as connection:
            self._generation = published_generation(connection)
        self._build = Build(self._generation)

    def has_node(self, id: str) -> bool:
        if self._build is not None and id in self._build.added:
            return True
        if not _is_id(id):
            return False
        with self._database.read() as connection:
            return connection.execute(queries.NODE_PLACE, {"node": id}).first() is not None

    def register_node(self, node: Node) -> None:
        self._current_build().add(node)

    def retire_node(self, id: str, successor: str | None = None) -> None:
        self._current_build().retire(id, successor)

    def post_build(self) -> None:
        if self._build is not None:
            self._generation = publish(self._database, self._build)
            self._build = None

    def get_generation(self) -> str | None:
        return told(self._generation)

    def discard_build(self) -> None:
        self._build = None

    def _current_build(self) -> Build:
        if self._build is None:
            self.pre_build()
        assert self._build is not None  # noqa: S101 - pre_build says so
        return self._build

    def get_nodes(self, documents: Collection[str] | None = None) -> Iterable[Node]:
        return list(map(queries.node, self._nodes(queries.ALL_NODES, documents)))

    # -- reading ---------------------------------------------------------------------------

    def get_thread(self, node_id: str, viewer: Viewer) -> Thread:
        reader = _reader(node_id, viewer)
        query = queries.thread(viewer.moderator, "reader" in reader)
        node, rows = self._database.fetch((queries.NODE_PLACE, reader), (query, reader))
        if not node:
            raise NodeNotFoundError("no build has registered such a node")
        return {"source": node[0][1], "comments": rules.tree(rows, viewer.moderator)}

    def get_page(
        self, node_id: str, viewer: Viewer, after: str | None = None, limit: int = PAGE_SIZE
    ) -> ThreadPage:
        reader = _reader(node_id, viewer)
        limit = max(1, limit)
        start = {} if after is None else _place(after)
        top = queries.top(viewer.moderator, "reader" in reader, bool(start))
        replies = queries.replies(viewer.moderator, "reader" in reader)
        values = {**reader, **start, "limit": limit + 1}
        node, found = self._database.fetch((queries.NODE_PLACE, reader), (top, values))
        if not node:
            raise NodeNotFoundError("no build has registered such a node")
        rows = [row[:-1] for row in found[:limit]]
        numbers = [row[-1] for row in found[:limit]]
        for first in range(0, len(numbers), PAGE_SIZE):
            # The last one stands for those that are missing to a whole question.
            named = dict(zip_longest(queries.ROOTS, numbers[first : first + PAGE_SIZE]))
            roots = {name: root or numbers[-1] for name, root in named.items()}
            [below] = self._database.fetch((replies, {**reader, **roots}))
            rows += below
        last = found[limit - 1] if len(found) > limit else None
        return {
            "source": node[0][1],
            "comments": rules.tree(rows, viewer.moderator),
            "next": f"{last[3]}.{last[-1]}" if last else None,
        }

    def get_version(
        self, node_id: str, moderator: bool = False, after: str | None = None
    ) -> str | None:
        if not _is_id(node_id):
            return None
        [rows] = self._database.fetch((queries.STAMP, {"node": node_id}))
        return f"{rows[0][0]:x}" if rows else None

    def get_document_version(self, docname: str) -> str | None:
        if not inputs.is_storable(docname):
            return None
        [[(count, total)]] = self._database.fetch((queries.STAMPS, {"document": docname}))
        return f"{count:x}.{int(total or 0):x}"

    def find_comment(self, comment_id: str, moderator: bool) -> str:
        with self._database.read() as connection:
            values = {"comment": queries.located(connection, comment_id)}
            row = connection.execute(queries.COMMENT, values).first()
        if row is None or not (moderator or row.visible):
            raise CommentNotFoundError("there is no such comment")
        return str(row.node_id)

    def get_depth(self, comment_id: str) -> int:
        with self._database.read() as connection:
            values = {"comment": queries.located(connection, comment_id)}
            depth = connection.scalar(queries.DEPTH, values)
        if depth is None:
            raise CommentNotFoundError("there is no such comment")
        return int(depth)

    def get_metadata(self, docname: str, moderator: bool) -> dict[str, int]:
        if not inputs.is_storable(docname):
            return {}
        [rows] = self._database.fetch((queries.counts(moderator), {"document": docname}))
        return dict(rows)

    def get_retired(
        self, documents: Collection[str] | None = None, moderator: bool = False
    ) -> list[tuple[Node, int]]:
        count = queries.count(moderator)
        query = queries.ALL_NODES.add_columns(count).where(nodes.c.retired.is_(True), count > 0)
        return [(queries.node(row[:-1]), row[-1]) for row in self._nodes(query, documents)]

    def get_node(self, id: str) -> Node:
        [rows] = self._database.fetch((queries.ONE_NODE, {"node": _known(id)}))
        if not rows:
            raise NodeNotFoundError("no build has registered such a node")
        return queries.node(rows[0])

    def count_all(self) -> dict[str, tuple[int, int]]:
        [rows] = self._database.fetch((queries.COUNTS, {}))
        return {row[0]: (row[1], row[2]) for row in rows}

    def get_waiting_nodes(self) -> list[Node]:
        query = queries.ALL_NODES.where(nodes.c.comments != nodes.c.visible)
        return list(map(queries.node, self._nodes(query, None)))

    def _nodes(self, query: Select[Any], documents: Collection[str] | None) -> list[Any]:
        with self._database.read() as connection:
            if documents is None:
                return list(connection.execute(query))
            names = sorted(filter(inputs.is_storable, set(documents)))
            return [
                row
                for part in chunks(names)
                for row in connection.execute(query.where(nodes.c.document.in_(part)))
            ]

    # -- writing ---------------------------------------------------------------------------

    def store_comment(self, draft: CommentDraft) -> StoredComment:
        add = comments.reply if draft.node is None else comments.comment
        return self._database.write(lambda c: add(c, draft))

    def edit_comment(self, comment_id: str, edit: Edit, viewer: Viewer) -> StoredComment:
        return self._database.write(lambda c: editing.edit(c, comment_id, edit, viewer))

    def get_original(self, comment_id: str, viewer: Viewer) -> Original:
        with self._database.read() as connection:
            return editing.original(connection, comment_id, viewer)

    def remove_comment(self, comment_id: str, viewer: Viewer) -> bool:
        return self._database.write(lambda c: comments.remove(c, comment_id, viewer))

    def process_vote(self, comment_id: str, username: str, value: int) -> None:
        vote = inputs.vote(value)
        name = inputs.name(username)
        if name is None:
            raise InvalidInputError("a vote needs a user name")
        self._database.write(lambda c: comments.vote(c, queries.located(c, comment_id), name, vote))

    def update_username(self, old_username: str, new_username: str) -> None:
        new, old = inputs.name(new_username), inputs.asking(old_username).username
        if new is None:
            raise InvalidInputError("the new user name is empty")
        if old and old != new:
            self._database.write(lambda c: comments.rename(c, old, new))

    def accept_comment(self, comment_id: str) -> None:
        self._database.write(lambda c: comments.accept(c, queries.located(c, comment_id)))

    def attach_node(self, id: str, to_id: str) -> None:
        old, new = _known(id), _known(to_id)
        self._database.write(lambda c: comments.attach(c, old, new))

    # -- all of it -------------------------------------------------------------------------

    def read_discussions(self, nodes: Sequence[str]) -> Discussions:
        with self._database.read() as connection:
            return transfer.Stored(connection, [id for id in nodes if _is_id(id)]).records

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        given = [checked_node(node) for node in nodes]
        self._database.write(lambda c: transfer.write_nodes(c, given))

    def write_discussions(self, discussions: Discussions) -> None:
        check_comments(discussions)
        self._database.write(lambda c: transfer.write_discussions(c, discussions))

    # -- the connection --------------------------------------------------------------------

    def describe(self) -> str:
        return shown_place(self._database.engine.url.render_as_string(hide_password=True))

    def check(self) -> None:
        with self._database.read() as connection:
            published_generation(connection)

    def close(self) -> None:
        self._database.close()


def _is_id(id: object) -> bool:
    return isinstance(id, str) and inputs.is_storable(id)


def _known(id: object) -> str:
    id = str(id) if isinstance(id, int) else id
    if not isinstance(id, str) or not inputs.is_storable(id):
        raise NodeNotFoundError("no build has registered such a node")
    return id


def _reader(node_id: str, viewer: Viewer) -> dict[str, object]:
    reader: dict[str, object] = {"node": _known(node_id)}
    return reader | {"reader": viewer.username} if viewer.username else reader


def _place(mark: str) -> dict[str, int]:
    match = _MARK.fullmatch(mark)
    if match is None:
        raise InvalidInputError("this is no mark of a part of a thread")
    return {"time": int(match[1]), "id": int(match[2])}
