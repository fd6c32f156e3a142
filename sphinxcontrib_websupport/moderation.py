"""What moderators look through: comments that wait, and discussions without their paragraph."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from sphinxcontrib_websupport.detached import Likeness, nearest
from sphinxcontrib_websupport.model import Detached, Nearest, Node, Waiting
from sphinxcontrib_websupport.storage.base import StorageBackend


def waiting(storage: StorageBackend, start: int, limit: int) -> list[Waiting]:
    """Return comments that are not displayed, page by page, oldest first under each node.

    Only threads in which something waits are read, and only as many as are needed.
    """
    return list(islice(_waiting(storage), start, start + limit))


def detached(
    storage: StorageBackend, documents: Collection[str] | None, moderator: bool
) -> list[Detached]:
    """Return discussions whose paragraph is gone, beside what is most like it now.

    It is looked for on the page that the paragraph was on, and for a moderator, where that has
    nothing like it, on all pages.

    :param documents: those of these pages only; ``None`` for all.
    """
    retired = storage.get_retired(documents, moderator)
    by_page: dict[str, list[Node]] = {}
    for node, _ in retired:
        by_page.setdefault(node.document, []).append(node)
    like: dict[str, Likeness | None] = {}
    for document, gone in by_page.items():
        like |= _likenesses(gone, storage.get_nodes([document]))
    strangers = [node for node, _ in retired if like[node.id] is None]
    if moderator and documents is None and strangers:
        like |= _likenesses(strangers, storage.get_nodes())
    return [
        {
            "node": node.id,
            "source": node.source,
            "document": node.document,
            "count": count,
            "nearest": _nearest(like[node.id]),
        }
        for node, count in retired
    ]


def _waiting(storage: StorageBackend) -> Iterator[Waiting]:
    for node in storage.get_waiting_nodes():
        thread = storage.get_data(node.id, None, True)
        pending = thread["comments"][::-1]
        while pending:
            comment = pending.pop()
            pending.extend(reversed(comment["children"]))
            if not comment["displayed"]:
                yield {
                    "comment": {**comment, "children": []},
                    "node": node.id,
                    "source": thread["source"],
                    "document": node.document,
                }


def _likenesses(gone: list[Node], nodes: Iterable[Node]) -> dict[str, Likeness | None]:
    today = tuple(node for node in nodes if not node.retired)
    found = nearest(tuple(gone), today)
    return {node.id: likeness for node, likeness in zip(gone, found, strict=True)}


def _nearest(like: Likeness | None) -> Nearest | None:
    return like and {"node": like.node, "source_diff": like.source_diff}
