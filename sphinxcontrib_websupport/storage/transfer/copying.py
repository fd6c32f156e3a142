"""All that one store holds, copied to another, and both compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from typing import NamedTuple, Protocol

from sphinxcontrib_websupport.errors import TransferError
from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.transfer.records import (
    CommentRecord,
    Discussions,
    Transferable,
)

BATCH = 100
"""How many nodes are read, and written, at once."""

Progress = Callable[[int], object]
"""Is told how many of the parts of :attr:`Stream.size` were done since."""


class Part(NamedTuple):
    """Some of what a stream gives."""

    size: int
    nodes: Sequence[str]
    """The ids of nodes of which these are all the comments."""
    discussions: Discussions


class Stream(Protocol):
    """All that a store, or a file, holds, part by part."""

    size: int
    """How much there is, in whatever is counted."""

    def nodes(self) -> Iterable[Node]:
        """Return all nodes."""

    def parts(self) -> Iterator[Part]:
        """Yield the comments."""


class TransferableStorage(StorageBackend, Transferable):
    """A store that can be copied."""


class StoreStream:
    """All that a store holds."""

    def __init__(self, storage: TransferableStorage) -> None:
        self.storage = storage
        self._nodes = list(storage.get_nodes())
        self.size = len(self._nodes)

    def nodes(self) -> Iterable[Node]:
        """Return all nodes."""
        return self._nodes

    def parts(self) -> Iterator[Part]:
        """Yield the comments of a hundred nodes at a time."""
        for start in range(0, self.size, BATCH):
            ids = [node.id for node in self._nodes[start : start + BATCH]]
            yield Part(len(ids), ids, self.storage.read_discussions(ids))


def transferable(storage: StorageBackend) -> TransferableStorage:
    """Return a store that can be copied.

    :raises TransferError: it cannot, and what it lacks.
    """
    if isinstance(storage, StorageBackend) and isinstance(storage, Transferable):
        return storage  # type: ignore[return-value] # it is both
    lacks = [
        name for name in sorted(Transferable.__abstractmethods__) if not hasattr(storage, name)
    ]
    if type(storage).get_nodes is StorageBackend.get_nodes:
        lacks.insert(0, "get_nodes")
    missing = f"{', '.join(lacks)} of Transferable" if lacks else "Transferable as a base class"
    raise TransferError(f"{type(storage).__name__} cannot be copied: it lacks {missing}")


def copy(source: Stream, target: TransferableStorage, progress: Progress) -> None:
    """Make the target hold what the source holds; what else it holds stays.

    Whenever it is broken off, it can be begun again, and goes on where it was.

    :raises TransferError: the two do not go together.
    """
    target.write_nodes(source.nodes())
    for part in source.parts():
        target.write_discussions(part.discussions)
        progress(part.size)


def compare(
    source: Stream,
    target: TransferableStorage,
    progress: Progress,
    names: tuple[str, str] = ("FROM", "TO"),
) -> Iterator[str]:
    """Yield a sentence for each difference between what both hold.

    :param names: how the sentences call the two.
    """
    here, there = names
    left = {node.id: node for node in source.nodes()}
    right = {node.id: node for node in target.get_nodes()}
    for id in sorted(left.keys() | right.keys()):
        if id not in right:
            yield f"node {id}: only in {here}"
        elif id not in left:
            yield f"node {id}: only in {there}"
        elif left[id] != right[id]:
            yield f"node {id}: {_differing(left[id], right[id])} differ"
    silent = left.keys() & right.keys()
    for part in source.parts():
        found = target.read_discussions(part.nodes)
        for node in part.nodes:
            mine = part.discussions.get(node, ())
            yield from _compared(node, mine, found.get(node, ()), names)
        silent -= set(part.nodes)
        progress(part.size)
    rest = sorted(silent)
    for start in range(0, len(rest), BATCH):
        for node, records in target.read_discussions(rest[start : start + BATCH]).items():
            yield from _compared(node, (), records, names)


def _compared(
    node: str,
    mine: Sequence[CommentRecord],
    other: Sequence[CommentRecord],
    names: tuple[str, str],
) -> Iterator[str]:
    left = {record.id: record for record in mine}
    right = {record.id: record for record in other}
    for id in [*left, *(id for id in right if id not in left)]:
        where = f"comment {id} on node {node}"
        if id not in right:
            yield f"{where}: only in {names[0]}"
        elif id not in left:
            yield f"{where}: only in {names[1]}"
        elif left[id] != right[id]:
            yield f"{where}: {_differing(left[id], right[id])} differ"


def _differing(one: Node | CommentRecord, other: Node | CommentRecord) -> str:
    return ", ".join(
        field.name
        for field in fields(one)
        if getattr(one, field.name) != getattr(other, field.name)
    )
