"""The comment store over any :class:`~sphinxcontrib_websupport.backends.base.Backend`."""

# ruff: noqa: D102 - what each call does is said once, in storage/base.py

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from hashlib import blake2b
from typing import Any, Self, TypeVar

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.codecs import JsonCodec
from sphinxcontrib_websupport.errors import InvalidInputError, NodeNotFoundError, SettingsError
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
from sphinxcontrib_websupport.registry import open_backend
from sphinxcontrib_websupport.settings import Settings
from sphinxcontrib_websupport.storage.commentstore import CommentStore
from sphinxcontrib_websupport.storage.keyvalue import layout, lists, reading
from sphinxcontrib_websupport.storage.keyvalue.comments import Found, Writer
from sphinxcontrib_websupport.storage.keyvalue.drafts import register
from sphinxcontrib_websupport.storage.keyvalue.editing import Editor
from sphinxcontrib_websupport.storage.keyvalue.headers import Header
from sphinxcontrib_websupport.storage.keyvalue.knownids import KnownIds
from sphinxcontrib_websupport.storage.keyvalue.nodes import Entry
from sphinxcontrib_websupport.storage.keyvalue.publishing import Publisher
from sphinxcontrib_websupport.storage.keyvalue.site import Published, Snapshot
from sphinxcontrib_websupport.storage.keyvalue.threads import Thread as StoredThread
from sphinxcontrib_websupport.storage.keyvalue.threads import Threads
from sphinxcontrib_websupport.storage.keyvalue.transfer import Importer
from sphinxcontrib_websupport.storage.staging import Build
from sphinxcontrib_websupport.storage.transfer.checks import check_comments, checked_node
from sphinxcontrib_websupport.storage.transfer.records import Discussions, Transferable

T = TypeVar("T")


class KeyValueStorage(CommentStore, Transferable):
    """Nodes, comments and votes in a store of JSON values.

    The store should hold nothing else: a prefix, a bucket or a folder of its own.

    :param backend: the store, perhaps wrapped in
        :class:`~sphinxcontrib_websupport.backends.encrypted.Encrypted`. It is closed with this.
    :raises SettingsError: its values are not JSON values, or it cannot change them atomically.
    """

    def __init__(self, backend: Backend) -> None:
        if not isinstance(backend.codec, JsonCodec):
            raise SettingsError("comments need a store of JSON values")
        if not backend.can_update:
            raise SettingsError(
                f"{backend.describe()} cannot hold comments: without do_update() two votes at the "
                "same time would be one"
            )
        self.backend = backend
        self._threads = Threads(backend)
        self._published = Published(backend)
        self._publisher = Publisher(backend, self._published, self._threads)
        self._writer = Writer(backend, self._threads, self._published, self._publisher)
        self._editor = Editor(self._threads, self._published)
        self._known = KnownIds(backend, self._threads)
        self._importer = Importer(
            backend, self._threads, self._published, self._publisher, self._writer, self._known
        )
        self._build: Build | None = None
        self._generation: str | None = None

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Open the store of values at a URL, such as ``redis://localhost`` or ``file:///dir``."""
        return cls._over(open_backend(url))

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Open the store of values that ``STORAGE`` names, encrypted if there is a key."""
        return cls._over(open_backend({**settings, "STORAGE_BACKEND": settings["STORAGE"]}))

    @classmethod
    def _over(cls, backend: Backend) -> Self:
        try:
            return cls(backend)
        except SettingsError:
            backend.close()
            raise

    # -- the build -------------------------------------------------------------------------

    def pre_build(self) -> None:
        site = self._published.site()
        self._generation = site.manifest
        self._build = Build(site.generation)

    def has_node(self, id: str) -> bool:
        if self._build is not None and id in self._build.added:
            return True
        try:
            self._at_node(id, lambda found: None)
        except NodeNotFoundError:
            return False
        return True

    def register_node(self, node: Node) -> None:
        self._current_build().add(node)

    def retire_node(self, id: str, successor: str | None = None) -> None:
        self._current_build().retire(id, successor)

    def post_build(self) -> None:
        if self._build is not None:
            edit = register(self._build)
            written = self._publisher.publish(edit, self._build.generation)
            self._generation = written or self._generation
            self._build = None

    def get_generation(self) -> str | None:
        return self._generation

    def discard_build(self) -> None:
        self._build = None

    def _current_build(self) -> Build:
        if self._build is None:
            self.pre_build()
        assert self._build is not None  # noqa: S101 - pre_build says so
        return self._build

    def get_nodes(self, documents: Collection[str] | None = None) -> Iterable[Node]:
        def work(snapshot: Snapshot, _: object) -> list[Node]:
            wanted = snapshot.manifest.pages if documents is None else set(documents)
            pages = dict(snapshot.pages(sorted(wanted)))
            retired = [
                id
                for page in pages.values()
                for id, entry in page.items()
                if entry.retired is not None
            ]
            counts = self._threads.counts(retired, moderator=True) if retired else {}
            return [
                entry.node(document)
                for document, page in pages.items()
                for id, entry in page.items()
                if counts.get(id, 1)
            ]

        return self._published.read(work)

    # -- reading ---------------------------------------------------------------------------

    def get_thread(self, node_id: str, viewer: Viewer) -> Thread:
        reader = reading.Reader(node_id, viewer.username or None, viewer.moderator)

        def work(found: Found) -> Thread:
            comments = reading.everything(self._threads, found.threads, reader)
            return {"source": found.entry.source, "comments": comments}

        return self._at_node(node_id, work)

    def get_page(
        self, node_id: str, viewer: Viewer, after: str | None = None, limit: int = PAGE_SIZE
    ) -> ThreadPage:
        reader = reading.Reader(node_id, viewer.username or None, viewer.moderator)
        mark = None if after is None else layout.Mark.parsed(after)

        def work(found: Found) -> ThreadPage:
            page = reading.page(self._threads, found.threads, reader, mark, max(1, limit))
            return {
                "source": found.entry.source,
                "comments": page.comments,
                "next": None if page.next is None else str(page.next),
            }

        return self._at_node(node_id, work)

    def get_version(
        self, node_id: str, moderator: bool = False, after: str | None = None
    ) -> str | None:
        mark = None if after is None else layout.Mark.parsed(after)

        def work(found: Found) -> str | None:
            # Of the segments themselves: a vote changes nothing but its segment.
            stamps = reading.stamps(self._threads, found.threads, moderator, mark, PAGE_SIZE)
            return _digest(found.entry.source, stamps) if all(stamps.values()) else None

        try:
            return self._at_node(node_id, work)
        except NodeNotFoundError:
            return None

    def get_document_version(self, docname: str) -> str | None:
        if not inputs.is_storable(docname):
            return None
        key = layout.talk_key(docname)

        def work(snapshot: Snapshot, loaded: dict[str, Any]) -> str | None:
            page = snapshot.page(docname)
            talk = set(lists.read(key, loaded.get(key)))
            discussed = [
                id
                for id, entry in page.items()
                if id in talk or entry.moved or entry.retired is not None
            ]
            threads = self._threads.of_nodes(discussed) if discussed else {}
            parts = {
                (id, thread.name): thread.header.parts
                for id, listed in threads.items()
                for thread in listed
            }
            if not all(part.is_settled for listed in parts.values() for part in listed):
                return None
            counts = {
                place: [(part.total, part.visible) for part in listed]
                for place, listed in parts.items()
            }
            # A page's records are never changed: their names say what they hold.
            ref = snapshot.manifest.pages.get(docname)
            return _digest(ref and ref.records, counts)

        return self._published.read(work, key)

    def find_comment(self, comment_id: str, moderator: bool) -> str:
        return self._known.at(comment_id, lambda id: self._writer.find(id, moderator))

    def get_depth(self, comment_id: str) -> int:
        return self._known.at(comment_id, self._writer.depth)

    def get_metadata(self, docname: str, moderator: bool) -> dict[str, int]:
        if not inputs.is_storable(docname):
            return {}
        key = layout.talk_key(docname)

        def work(snapshot: Snapshot, loaded: dict[str, Any]) -> dict[str, int]:
            page = snapshot.page(docname)
            talk = set(lists.read(key, loaded.get(key)))
            attached = [id for id, entry in page.items() if entry.retired is None]
            discussed = [id for id in attached if id in talk or page[id].moved]
            counts = self._threads.counts(discussed, moderator) if discussed else {}
            return dict.fromkeys(attached, 0) | counts

        return self._published.read(work, key)

    def get_node(self, id: str) -> Node:
        return self._at_node(id, lambda found: found.entry.node(found.document))

    def count_all(self) -> dict[str, tuple[int, int]]:
        def work(snapshot: Snapshot, _: object) -> dict[str, tuple[int, int]]:
            pages = dict(snapshot.pages(sorted(snapshot.manifest.pages)))
            keys = {document: layout.talk_key(document) for document in pages}
            talks = self.backend.load_many(keys.values()) if keys else {}
            discussed = {
                id
                for document, page in pages.items()
                for talk in [set(lists.read(keys[document], talks.get(keys[document])))]
                for id, entry in page.items()
                if id in talk or entry.moved or entry.retired is not None
            }
            threads = self._threads.of_nodes(discussed) if discussed else {}
            everything = self._threads.counted(threads, moderator=True)
            visible = self._threads.counted(threads, moderator=False)
            return {id: (count, visible[id]) for id, count in everything.items() if count}

        return self._published.read(work)

    def get_retired(
        self, documents: Collection[str] | None = None, moderator: bool = False
    ) -> list[tuple[Node, int]]:
        def work(snapshot: Snapshot, _: object) -> list[tuple[Node, int]]:
            pages = snapshot.manifest.pages
            wanted = pages if documents is None else set(documents) & pages.keys()
            retired = {
                id: entry.node(document)
                for document, page in snapshot.pages(
                    sorted(document for document in wanted if pages[document].retired)
                )
                for id, entry in page.items()
                if entry.retired is not None
            }
            counts = self._threads.counts(retired, moderator) if retired else {}
            return [(node, counts[id]) for id, node in retired.items() if counts[id]]

        return self._published.read(work)

    def _at_node(self, node: str, work: Callable[[Found], T]) -> T:
        """Do something with a node that is registered, again if it is replaced meanwhile.

        :raises NodeNotFoundError: it is not registered.
        """
        if not isinstance(node, str) or not inputs.is_storable(node):
            raise NodeNotFoundError("no build has registered such a node")
        main = layout.main_thread(node)
        key = layout.header_key(main)

        def look(snapshot: Snapshot, loaded: dict[str, Any]) -> T:
            mains = {main: Header.read(key, loaded[key])} if key in loaded else {}
            threads = self._threads.completed([node], mains)[node]
            found = snapshot.find(node)
            if found is None or not self._is_registered(found[1], threads):
                raise NodeNotFoundError("no build has registered such a node")
            return work(Found(snapshot.site.generation, *found, threads))

        return self._published.read(look, key)

    def _is_registered(self, entry: Entry, threads: list[StoredThread]) -> bool:
        # A retired node is there as long as it is discussed: to forget it is no change of a
        # record, and nothing is to be done when a comment arrives at the same moment.
        if entry.retired is None:
            return True
        return bool(self._threads.counted({entry.id: threads}, moderator=True)[entry.id])

    # -- writing ---------------------------------------------------------------------------

    def store_comment(self, draft: CommentDraft) -> StoredComment:
        if (node := draft.node) is not None:

            def look() -> Found:
                return self._at_node(node, lambda found: found)

            return self._writer.comment(draft, node, look)
        return self._known.at(draft.parent, lambda id: self._writer.reply(draft, id))

    def edit_comment(self, comment_id: str, edit: Edit, viewer: Viewer) -> StoredComment:
        return self._known.at(
            comment_id, lambda id: self._editor.edit(id, comment_id, edit, viewer)
        )

    def get_original(self, comment_id: str, viewer: Viewer) -> Original:
        return self._known.at(comment_id, lambda id: self._editor.original(id, comment_id, viewer))

    def remove_comment(self, comment_id: str, viewer: Viewer) -> bool:
        if viewer.moderator:
            self._known.at(comment_id, self._writer.remove)
        else:
            self._known.at(comment_id, lambda id: self._writer.erase(id, comment_id, viewer))
        return viewer.moderator

    def process_vote(self, comment_id: str, username: str, value: int) -> None:
        vote = inputs.vote(value)
        name = inputs.name(username)
        if name is None:
            raise InvalidInputError("a vote needs a user name")
        self._known.at(comment_id, lambda id: self._writer.vote(id, name, vote))

    def update_username(self, old_username: str, new_username: str) -> None:
        new, old = inputs.name(new_username), inputs.asking(old_username).username
        if new is None:
            raise InvalidInputError("the new user name is empty")
        if old and old != new:
            self._writer.rename(old, new)

    def accept_comment(self, comment_id: str) -> None:
        self._known.at(comment_id, self._writer.accept)

    def attach_node(self, id: str, to_id: str) -> None:
        for node in (id, to_id):
            self._at_node(node, lambda found: None)
        if id != to_id:
            self._publisher.attach(id, to_id, lambda snapshot: self._check(snapshot, id, to_id))

    def _check(self, snapshot: Snapshot, *nodes: str) -> None:
        threads = self._threads.of_nodes(nodes)
        for node in nodes:
            found = snapshot.find(node)
            if found is None or not self._is_registered(found[1], threads[node]):
                raise NodeNotFoundError("no build has registered such a node")

    # -- all of it -------------------------------------------------------------------------

    def read_discussions(self, nodes: Sequence[str]) -> Discussions:
        return self._importer.read_discussions(nodes)

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        self._importer.write_nodes([checked_node(node) for node in nodes])

    def write_discussions(self, discussions: Discussions) -> None:
        check_comments(discussions)
        self._importer.write_discussions(discussions)

    # -- the connection --------------------------------------------------------------------

    def describe(self) -> str:
        return self.backend.describe()

    def check(self) -> None:
        self.backend.check()

    def close(self) -> None:
        self.backend.close()


def _digest(*values: object) -> str:
    return blake2b(repr(values).encode("utf-8", "replace"), digest_size=12).hexdigest()
