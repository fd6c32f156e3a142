"""The records of nodes: what they hold, and how they are read back."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from types import NoneType
from typing import Any, NamedTuple, Self

from sphinxcontrib_websupport.errors import DamagedValueError
from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.storage.keyvalue import layout

MAX_BITS = 24
"""The index has at most two to this power parts."""


class Entry(NamedTuple):
    """A node as its page's record has it."""

    id: str
    source: str
    position: int
    file: str | None
    line: int | None
    retired: int | None
    """The generation that retired it."""
    successor: str | None
    born: int
    """The generation that registered it, or took it back."""
    moved: bool
    """Whether it was in another document before: then it may be discussed although it is not
    on the list of this document's nodes that are."""

    def node(self, document: str) -> Node:
        """Return the node as callers know it."""
        return Node(
            self.id,
            document,
            self.source,
            self.position,
            self.retired is not None,
            self.successor,
            self.file,
            self.line,
        )


class PageRef(NamedTuple):
    """Where a document's nodes are."""

    records: list[str]
    """The keys of its records: more than one for very many nodes."""
    nodes: int
    """How many there are."""
    retired: int
    """How many of them are retired."""


@dataclass(frozen=True)
class Manifest:
    """Where everything is."""

    pages: dict[str, PageRef] = field(default_factory=dict)
    bits: int = 0
    index: list[str | None] = field(default_factory=lambda: [None])
    """The keys of the ``2 ** bits`` parts of the index; an empty part has no record."""

    def records(self) -> set[str]:
        """Return the keys of all that it layout."""
        return {key for page in self.pages.values() for key in page.records} | {
            key for key in self.index if key is not None
        }

    def stored(self) -> dict[str, Any]:
        """Return it as a JSON value."""
        pages = {document: [*page] for document, page in self.pages.items()}
        return {"pages": pages, "bits": self.bits, "index": self.index}


class Site(NamedTuple):
    """The record that says what is published."""

    generation: int = 0
    """How many builds were published."""
    revision: int = 0
    """How many changes were published: builds, and nodes attached elsewhere."""
    manifest: str | None = None
    attaching: tuple[str, str] | None = None
    """The node whose discussion is being attached to another, and that other: whoever publishes
    next finishes it first."""

    @classmethod
    def read(cls, value: Any) -> Self:
        """Return the stored record; that of an empty store for ``None``.

        :raises DamagedValueError: it is none.
        """
        match value:
            case None:
                return cls()
            case [int(generation), int(revision), str() | None as manifest, None]:
                return cls(generation, revision, manifest)
            case [int(generation), int(revision), str() | None as manifest, [str(old), str(new)]]:
                return cls(generation, revision, manifest, (old, new))
        raise DamagedValueError(f"the value under {layout.SITE!r} is damaged")

    def stored(self) -> list[Any]:
        """Return the record as a JSON value."""
        return [*self]


_TEXT, _NUMBER = (str, NoneType), (int, NoneType)
_KINDS = frozenset(product((str,), (str,), (int,), _TEXT, _NUMBER, _NUMBER, _TEXT, (int,), (bool,)))
"""The types that the fields of a node can have, in their order."""


def read_manifest(key: str, value: Any) -> Manifest:
    """Return a stored manifest.

    :raises DamagedValueError: it is none.
    """
    match value:
        case {"pages": dict(pages), "bits": int(bits), "index": list(index)} if (
            0 <= bits <= MAX_BITS
            and all(_is_page(page) for page in pages.values())
            and len(index) == 1 << bits
            and all(part is None or isinstance(part, str) for part in index)
        ):
            refs = {document: PageRef._make(page) for document, page in pages.items()}
            return Manifest(refs, bits, index)
    raise DamagedValueError(f"the value under {key!r} is damaged")


def _is_page(value: Any) -> bool:
    match value:
        case [list(records), int(), int()]:
            return all(isinstance(record, str) for record in records)
    return False


def read_index(key: str, value: Any) -> dict[str, str]:
    """Return the documents of the nodes in a stored part of the index.

    :raises DamagedValueError: it is none.
    """
    if isinstance(value, dict) and all(isinstance(name, str) for name in value.values()):
        return value
    raise DamagedValueError(f"the value under {key!r} is damaged")


def read_page(key: str, value: Any) -> list[Entry]:
    """Return the nodes in a stored record of a page.

    :raises DamagedValueError: it is none.
    """
    if isinstance(value, list) and all(_is_entry(row) for row in value):
        return [Entry._make(row) for row in value]
    raise DamagedValueError(f"the value under {key!r} is damaged")


def _is_entry(row: Any) -> bool:
    # Compared whole: a build reads tens of thousands.
    return type(row) is list and tuple(map(type, row)) in _KINDS
