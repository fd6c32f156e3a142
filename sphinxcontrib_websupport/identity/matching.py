"""The order in which evidence is heard, the strongest first."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from sphinxcontrib_websupport.identity import edited, exact, moved, returned
from sphinxcontrib_websupport.identity.fresh import FreshIds
from sphinxcontrib_websupport.identity.pages import counterparts
from sphinxcontrib_websupport.identity.sides import UNPAIRED, Pairing, Side, Vocabulary
from sphinxcontrib_websupport.model import Node


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A commentable node of the new build."""

    document: str
    source: str


@dataclass(frozen=True, slots=True)
class Retirement:
    """An attached node whose paragraph is gone."""

    id: str
    successor: str | None
    """The id of the node that took its text in, where paragraphs were merged."""


@dataclass(frozen=True, slots=True)
class Matching:
    """What :func:`~sphinxcontrib_websupport.identity.match` found."""

    ids: list[str]
    """For each new paragraph, in the order given, its old id or a fresh one; none twice."""
    retired: list[Retirement]
    """The attached nodes that no new paragraph has the id of, in the order given."""


def match(old: Sequence[Node], new: Sequence[Paragraph], taken: Container[str] = ()) -> Matching:
    """Tell which paragraph of a new build is which node of the old one.

    Pure, and the same whatever the order of documents. Takes time nearly in proportion to
    the number of paragraphs.

    :param old: the attached nodes of all documents that were read or removed, in order within
        each document, and all retired ones.
    :param new: the commentable nodes of all documents that were read, in document order.
    :param taken: the ids of documents that were not read; no fresh id is one of them.
    """
    # A damaged store may hold an id twice; the first stands.
    nodes = list({node.id: node for node in reversed(old)}.values())[::-1]
    attached = [node for node in nodes if not node.retired]
    apart = [node for node in nodes if node.retired]

    vocabulary = Vocabulary()
    old_side = Side([(node.document, node.source) for node in attached], vocabulary)
    new_side = Side([(each.document, each.source) for each in new], vocabulary)
    retired_side = Side([(node.document, node.source) for node in apart], vocabulary)
    pairing = Pairing(old_side, new_side)
    retired_ids = [apart[given].id for given in retired_side.order]
    _pair(pairing, retired_side, retired_ids)

    ids: list[str] = [""] * len(new)
    fresh: list[int] = []
    for j, i in enumerate(pairing.to_old):
        if i >= 0:
            ids[new_side.order[j]] = attached[old_side.order[i]].id
        elif j in pairing.returned:
            ids[new_side.order[j]] = pairing.returned[j]
        else:
            fresh.append(j)
    assigned = FreshIds({node.id for node in nodes}, taken).assign(new_side, fresh)
    for j, id in assigned.items():
        ids[new_side.order[j]] = id

    gone = {}
    for i, j in enumerate(pairing.to_new):
        if j == UNPAIRED:
            into = pairing.merged.get(i)
            successor = None if into is None else ids[new_side.order[into]]
            given = old_side.order[i]
            gone[given] = Retirement(attached[given].id, successor)
    return Matching(ids, [gone[given] for given in sorted(gone)])


def _pair(pairing: Pairing, retired: Side, retired_ids: Sequence[str]) -> None:
    exact.unchanged_pages(pairing)
    exact.unique_texts(pairing)
    if UNPAIRED not in pairing.to_new and UNPAIRED not in pairing.to_old:
        return
    pairing.counterparts.update(counterparts(pairing.old, pairing.new))
    exact.unique_on_page(pairing)
    exact.spread(pairing)
    returned.returned_to_page(pairing, retired, retired_ids)
    # Edits of texts that stand nowhere else come before the order of repeated ones: they are
    # the neighbours by which those are told apart.
    edited.edited_in_runs(pairing, distinct=True)
    moved.part_where_another_is_more_alike(pairing)
    exact.spread(pairing)
    exact.in_runs(pairing)
    exact.spread(pairing)
    exact.on_page(pairing)
    exact.elsewhere(pairing)
    edited.edited_in_runs(pairing, distinct=False)
    moved.part_where_another_is_more_alike(pairing)
    moved.moved_and_edited(pairing)
    moved.part_where_another_is_more_alike(pairing)
    returned.returned_elsewhere(pairing, retired, retired_ids)
