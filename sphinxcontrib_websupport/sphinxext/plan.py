"""What a build has to tell the store: the difference between the sources and what it knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sphinxcontrib_websupport.identity import Paragraph, Retirement, match
from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.sphinxext.collector import Note
from sphinxcontrib_websupport.storage.commentstore import CommentStore


def registered_name(site: str, docname: str) -> str:
    """Return the name under which the store knows a document of this site."""
    return f"{site}:{docname}" if site else docname


def is_of_site(site: str, document: str) -> bool:
    """Tell whether a registered document is one of this site's."""
    return document.startswith(f"{site}:") if site else ":" not in document


@dataclass(frozen=True, slots=True)
class Registration:
    """The ids of all paragraphs of today, and what the store does not know yet."""

    ids: Mapping[str, Sequence[str]]
    """By document: one id for each of its notes."""
    notes: Mapping[str, Sequence[Note]]
    """By document, only of those that the store has otherwise."""
    retired: Sequence[Retirement]
    places: Mapping[str, str]
    """By retired id: the document where it was."""

    @property
    def is_news(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.notes or self.retired)

    def stage(self, storage: CommentStore) -> None:
        """Hand it to the store, which keeps it from readers until ``post_build``."""
        storage.pre_build()
        for document in sorted(self.notes):
            for id, note in zip(self.ids[document], self.notes[document], strict=True):
                storage.register_node(
                    Node(id, document, note.source, file=note.file, line=note.line)
                )
        for retirement in self.retired:
            storage.retire_node(retirement.id, retirement.successor)

    def detached(self, storage: CommentStore) -> Counter[str]:
        """Count the discussions that lose their paragraph, by document."""
        gone = Counter[str]()
        for document in sorted(set(self.places.values())):
            counts = storage.get_metadata(document, moderator=True)
            gone[document] = sum(
                1 for id, place in self.places.items() if place == document and counts.get(id)
            )
        return +gone


def register(
    storage: CommentStore,
    today: Mapping[str, Sequence[Note]],
    belongs: Callable[[str], bool],
) -> Registration:
    """Compare the sources with the store, and give every paragraph its id.

    :param today: the notes of all documents, by registered name.
    :param belongs: whether a registered document is one of this site's: the others are left
        as they are.
    """
    attached: dict[str, list[Node]] = {}
    retired: list[Node] = []
    foreign: list[str] = []
    for node in storage.get_nodes():
        if not belongs(node.document) and node.document not in today:
            foreign.append(node.id)
        elif node.retired:
            retired.append(node)
        else:
            attached.setdefault(node.document, []).append(node)

    edited = {
        document
        for document, notes in today.items()
        if [node.source for node in attached.get(document, ())] != [note.source for note in notes]
    }
    removed = attached.keys() - today.keys()
    ids = {
        document: [node.id for node in attached.get(document, ())]
        for document in today
        if document not in edited
    }
    old = [node for document in sorted(edited | removed) for node in attached.get(document, ())]
    new = [
        Paragraph(document, note.source) for document in sorted(edited) for note in today[document]
    ]
    retirements: Sequence[Retirement] = ()
    if old or new:
        taken = [*foreign, *(id for of_document in ids.values() for id in of_document)]
        matching = match([*old, *retired], new, taken)
        ids.update(_by_document(new, matching.ids, edited))
        # What was set apart before stays so; it is no news.
        were_attached = {node.id for node in old}
        retirements = [lost for lost in matching.retired if lost.id in were_attached]
    gone = {retirement.id for retirement in retirements}
    news = edited | (_moved(today, attached) - edited if storage.keeps_places else set())
    return Registration(
        ids=ids,
        notes={document: today[document] for document in news},
        retired=retirements,
        places={node.id: node.document for node in old if node.id in gone},
    )


def _by_document(
    paragraphs: Iterable[Paragraph], ids: Iterable[str], documents: Iterable[str]
) -> dict[str, list[str]]:
    sorted_out: dict[str, list[str]] = {document: [] for document in documents}
    for paragraph, id in zip(paragraphs, ids, strict=True):
        sorted_out[paragraph.document].append(id)
    return sorted_out


def _moved(today: Mapping[str, Sequence[Note]], attached: Mapping[str, list[Node]]) -> set[str]:
    """Return the documents of which something stands elsewhere than the store knows."""
    return {
        document
        for document, notes in today.items()
        if [(node.file, node.line) for node in attached.get(document, ())]
        != [(note.file, note.line) for note in notes]
    }
