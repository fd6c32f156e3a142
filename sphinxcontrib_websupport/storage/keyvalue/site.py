"""The nodes that builds registered, as one record says that they are now.

The ``site`` record names a manifest; that names the records of pages and of the index. Those are
never changed: a build writes new ones under new names and becomes visible by one change of
``site``. So what a name stands for can be kept in memory, and a reader, once it has read the pages
it asks for, needs one small record to know that they still hold.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from threading import Lock
from typing import Any, TypeVar

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.errors import DamagedValueError, StorageError
from sphinxcontrib_websupport.storage.keyvalue import layout
from sphinxcontrib_websupport.storage.keyvalue.nodes import (
    Entry,
    Manifest,
    Site,
    read_index,
    read_manifest,
    read_page,
)

T = TypeVar("T")

_TRIES = 20
_KEPT = 20_000
"""How many nodes, about, are kept in memory."""


class Superseded(Exception):  # noqa: N818 - no error: it goes no further than this package
    """A record is gone because a newer build was published: read again."""


class Records:
    """The records that never change, and a memory of those read last."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._weight = 0
        self._lock = Lock()

    def load(self, keys: Collection[str], read: Callable[[str, Any], Any]) -> dict[str, Any]:
        """Return records by their keys; those that are not in memory in one round trip.

        :raises Superseded: one is gone.
        """
        found: dict[str, Any] = {}
        with self._lock:
            for key in keys:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    found[key] = self._kept[key]
        missing = [key for key in keys if key not in found]
        loaded = self._backend.load_many(missing) if missing else {}
        if len(loaded) < len(missing):
            raise Superseded
        for key, value in loaded.items():
            found[key] = read(key, value)
            self._keep(key, found[key])
        return found

    def _keep(self, key: str, record: Any) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = record
                self._weight += _weight(record)
            while self._weight > _KEPT and len(self._kept) > 2:
                _, dropped = self._kept.popitem(last=False)
                self._weight -= _weight(dropped)


class Snapshot:
    """All nodes at one moment."""

    def __init__(self, site: Site, records: Records) -> None:
        self.site = site
        self._records = records
        self.manifest = Manifest()
        if site.manifest is not None:
            self.manifest = records.load([site.manifest], read_manifest)[site.manifest]

    def documents_of(self, nodes: Iterable[str]) -> dict[str, str]:
        """Return the document of each node that is registered."""
        index = self.manifest.index
        bits = self.manifest.bits
        parts = {node: index[layout.bucket(node, bits)] for node in nodes}
        wanted = {key for key in parts.values() if key is not None}
        found = self._records.load(sorted(wanted), read_index)
        return {
            node: found[key][node]
            for node, key in parts.items()
            if key is not None and node in found[key]
        }

    def index_part(self, number: int) -> dict[str, str]:
        """Return the documents of the nodes in one part of the index."""
        key = self.manifest.index[number]
        return {} if key is None else dict(self._records.load([key], read_index)[key])

    def find(self, node: str) -> tuple[str, Entry] | None:
        """Return a node and its document."""
        document = self.documents_of([node]).get(node)
        if document is None:
            return None
        entry = self.page(document).get(node)
        if entry is None:
            raise DamagedValueError(f"the index and the page {document!r} contradict each other")
        return document, entry

    def page(self, document: str) -> dict[str, Entry]:
        """Return a document's nodes in order."""
        return dict(self.pages([document])).get(document, {})

    def pages(self, documents: Collection[str]) -> Iterator[tuple[str, dict[str, Entry]]]:
        """Yield the nodes of each of some documents, those that have any."""
        pages = self.manifest.pages
        known = [document for document in documents if document in pages]
        for start in range(0, len(known), 100):
            batch = known[start : start + 100]
            keys = [key for document in batch for key in pages[document].records]
            found = self._records.load(keys, read_page)
            for document in batch:
                entries = [entry for key in pages[document].records for entry in found[key]]
                yield document, {entry.id: entry for entry in entries}


class Published:
    """What is published, read again and again."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._records = Records(backend)

    def site(self) -> Site:
        """Return what is published now."""
        return Site.read(self._backend.load(layout.SITE))

    def change(self, old: Site, new: Site) -> None:
        """Replace what is published.

        :raises Superseded: it is not ``old`` any more.
        """

        def change(value: Any) -> list[Any]:
            if Site.read(value) != old:
                raise Superseded
            return new.stored()

        self._backend.update(layout.SITE, change)

    def snapshot(self, site: Site) -> Snapshot:
        """Return the nodes as they were published.

        :raises Superseded: that was a while ago.
        """
        return Snapshot(site, self._records)

    def read(self, work: Callable[[Snapshot, dict[str, Any]], T], *keys: str) -> T:
        """Do something with what is published now, again if it is replaced meanwhile.

        :param work: is given the nodes, and the values of those of ``keys`` that there are.
        """
        before: Site | None = None
        for _ in range(_TRIES):
            loaded = self._backend.load_many([layout.SITE, *keys])
            site = Site.read(loaded.get(layout.SITE))
            if site == before:
                raise DamagedValueError("a record of the nodes is missing")
            before = site
            try:
                return work(self.snapshot(site), loaded)
            except Superseded:
                continue
        raise StorageError("one build after the other was published while this was read")


def _weight(record: Any) -> int:
    return len(record.pages) // 10 if isinstance(record, Manifest) else len(record)
