"""Changes to the pages of nodes, in memory, and the records to write for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.storage.keyvalue import layout
from sphinxcontrib_websupport.storage.keyvalue.nodes import MAX_BITS, Entry, Manifest, PageRef
from sphinxcontrib_websupport.storage.keyvalue.site import Snapshot
from sphinxcontrib_websupport.storage.staging import Build

PAGE = 1000
"""How many nodes one record of a page holds."""

INDEX = 512
"""How many nodes, about, one part of the index holds at most."""

Edit = Callable[["Draft"], None]


@dataclass
class Draft:
    """The pages as they are to be."""

    snapshot: Snapshot
    _before: dict[str, dict[str, Entry]] = field(default_factory=dict)
    _pages: dict[str, dict[str, Entry]] = field(default_factory=dict)

    def load(self, documents: Iterable[str]) -> None:
        """Read the pages of these documents, which may then be changed."""
        missing = sorted({name for name in documents if name not in self._pages})
        found = dict(self.snapshot.pages(missing))
        for document in missing:
            self._before[document] = found.get(document, {})
            self._pages[document] = dict(self._before[document])

    def page(self, document: str) -> dict[str, Entry]:
        """Return the nodes of a document, to be changed."""
        if document not in self._pages:
            self.load([document])
        return self._pages[document]

    def changed(self) -> list[str]:
        """Return the documents whose nodes are not as they were."""
        return [name for name, page in self._pages.items() if page != self._before[name]]

    def moves(self) -> dict[str, str | None]:
        """Return the new documents of all nodes that are elsewhere now; ``None``: nowhere."""
        moves: dict[str, str | None] = {}
        for document in self.changed():
            moves |= dict.fromkeys(self._before[document].keys() - self._pages[document].keys())
        for document in self.changed():
            arrived = self._pages[document].keys() - self._before[document].keys()
            moves |= dict.fromkeys(arrived, document)
        return moves


def register(build: Build) -> Edit:
    """Return what a build says of nodes, as a change to the pages."""

    def edit(draft: Draft) -> None:
        generation = draft.snapshot.site.generation + 1
        retired = filter(inputs.is_storable, build.retired)
        known = draft.snapshot.documents_of([*build.added, *retired])
        draft.load({*known.values(), *(node["document"] for node in build.added.values())})
        for id, node in build.added.items():
            document = node["document"]
            old = draft.page(known[id]).pop(id, None) if id in known else None
            draft.page(document)[id] = Entry(
                id,
                node["source"],
                node["position"],
                node["file"],
                node["line"],
                None,
                None,
                old.born if old is not None and old.retired is None else generation,
                old is not None and (old.moved or known[id] != document),
            )
        for id, successor in build.retired.items():
            page = draft.page(known[id]) if id in known else {}
            old = page.get(id)
            if old is not None:
                since = generation if old.retired is None else old.retired
                page[id] = old._replace(retired=since, successor=successor)

    return edit


def take_over(nodes: Collection[Node]) -> Edit:
    """Return nodes of another store, as they are, as a change to the pages."""

    def edit(draft: Draft) -> None:
        generation = draft.snapshot.site.generation + 1
        known = draft.snapshot.documents_of([node.id for node in nodes])
        draft.load({*known.values(), *(node.document for node in nodes)})
        for node in nodes:
            old = draft.page(known[node.id]).pop(node.id, None) if node.id in known else None
            is_as_it_was = old is not None and (old.retired is None or node.retired)
            since = None if old is None else old.retired
            draft.page(node.document)[node.id] = Entry(
                node.id,
                node.source,
                node.position,
                node.file,
                node.line,
                (generation if since is None else since) if node.retired else None,
                node.successor,
                old.born if old is not None and is_as_it_was else generation,
                old is not None and (old.moved or known[node.id] != node.document),
            )

    return edit


def written(draft: Draft, token: str) -> tuple[dict[str, Any], Manifest]:
    """Return the records to write, by their keys, and the manifest that names them."""
    old = draft.snapshot.manifest
    records: dict[str, Any] = {}
    pages = dict(old.pages)
    for document in draft.changed():
        entries = sorted(
            draft.page(document).values(), key=lambda entry: (entry.position, entry.id)
        )
        keys = []
        for start in range(0, len(entries), PAGE):
            keys.append(f"page/{token}-{len(records)}")
            records[keys[-1]] = [[*entry] for entry in entries[start : start + PAGE]]
        retired = sum(entry.retired is not None for entry in entries)
        pages[document] = PageRef(keys, len(entries), retired)
        if not entries:
            del pages[document]
    nodes = sum(page.nodes for page in pages.values())
    bits = min(MAX_BITS, max(old.bits, (nodes // INDEX).bit_length()))
    index: list[str | None] = [*old.index] if bits == old.bits else [None] * (1 << bits)
    for number, part in _index(draft, bits).items():
        index[number] = f"index/{token}-{number}" if part else None
        if part:
            records[f"index/{token}-{number}"] = part
    return records, Manifest(pages, bits, index)


def _index(draft: Draft, bits: int) -> dict[int, dict[str, str]]:
    """Return those parts of the index that change, by their numbers."""
    old = draft.snapshot.manifest
    parts: dict[int, dict[str, str]] = {}
    if bits != old.bits:
        for number in range(len(old.index)):
            for node, document in draft.snapshot.index_part(number).items():
                parts.setdefault(layout.bucket(node, bits), {})[node] = document
    for node, moved_to in draft.moves().items():
        number = layout.bucket(node, bits)
        if number not in parts:
            parts[number] = draft.snapshot.index_part(number) if bits == old.bits else {}
        if moved_to is None:
            parts[number].pop(node, None)
        else:
            parts[number][node] = moved_to
    return parts
