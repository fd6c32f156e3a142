"""What moderators look through: comments that wait, and discussions without their paragraph.

A build has found no paragraph that is like a lost one beyond doubt. Here a person decides, who sees
both texts and what leads from one to the other; so a guess is welcome.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from rapidfuzz import fuzz, process

from sphinxcontrib_websupport import differ
from sphinxcontrib_websupport.identity import normalise
from sphinxcontrib_websupport.identity.candidates import Index
from sphinxcontrib_websupport.model import Detached, Nearest, Node, Waiting
from sphinxcontrib_websupport.storage.base import StorageBackend

LEAST_SIMILARITY = 0.5
"""Below this share of common characters two texts are strangers, not worth anybody's look."""

MOST_PAIRS = 100_000_000
"""How many pairs of characters are compared for one answer: about 50 ms at the very worst."""

SMALL = 200
"""Up to how many texts all are compared where no rare word is shared."""

LONGEST = 5_000
"""From how many characters on only the beginning of a text is compared and shown."""


def waiting(storage: StorageBackend, start: int, limit: int) -> list[Waiting]:
    """Return comments that are not displayed, page by page, oldest first under each node.

    Only threads in which something waits are read, and only as many as are needed.
    """
    return list(islice(_waiting(storage), start, start + limit))


def detached(
    storage: StorageBackend,
    documents: Collection[str] | None,
    moderator: bool,
    start: int = 0,
    limit: int | None = None,
) -> list[Detached]:
    """Return discussions whose paragraph is gone, beside what is most like it now.

    It is looked for on the page that the paragraph was on, and for a moderator, where that has
    nothing like it, on all pages.

    :param documents: those of these pages only; ``None`` for all.
    :param start: how many to leave out.
    :param limit: how many to return at most: only for these is anything compared.
    """
    end = None if limit is None else start + limit
    retired = storage.get_retired(documents, moderator)[start:end]
    gone = [node for node, _ in retired]
    pages = sorted({node.document for node in gone})
    budget = [MOST_PAIRS]
    like = nearest(gone, storage.get_nodes(pages) if pages else (), budget=budget, is_page=True)
    strangers = [node for node in gone if like[node.id] is None]
    if moderator and documents is None and strangers:
        like |= nearest(strangers, storage.get_nodes(), budget=budget)
    return [
        {
            "node": node.id,
            "source": node.source,
            "document": node.document,
            "count": count,
            "nearest": like[node.id],
        }
        for node, count in retired
    ]


def nearest(
    gone: Collection[Node],
    nodes: Iterable[Node],
    *,
    budget: list[int] | None = None,
    is_page: bool = False,
) -> dict[str, Nearest | None]:
    """Find for each node that is gone the attached node whose source is most like its own.

    Where the build has noted which paragraph took its text in, that one is given. Otherwise the few
    that share its rare words are compared; short texts without any, on their page alone.

    :param budget: how many pairs of characters may still be compared; what is left stands in it
        afterwards.
    :param is_page: whether a node is only compared with those of its own page.
    :returns: by id; ``None`` where nothing is like it, or where no more is compared.
    """
    budget = [MOST_PAIRS] if budget is None else budget
    by_page: dict[str, list[Node]] = {}
    for node in nodes:
        if not node.retired:
            by_page.setdefault(node.document if is_page else "", []).append(node)
    found: dict[str, Nearest | None] = {}
    for document in {node.document for node in gone} if is_page else {""}:
        today = by_page.get(document, [])
        texts = [node.source[:LONGEST] for node in today]
        index = Index(
            enumerate(texts),
            [node.source[:LONGEST] for node in gone if not is_page or node.document == document],
        )
        by_id = {node.id: node for node in today}
        for node in gone:
            if not is_page or node.document == document:
                like = by_id.get(node.successor or "")
                like = like or _most_like(node, today, texts, index, budget)
                found[node.id] = _nearest(node, like) if like else None
    return found


def _most_like(
    node: Node, today: list[Node], texts: list[str], index: Index, budget: list[int]
) -> Node | None:
    text = normalise(node.source[:LONGEST])
    keys = index.search(text) or range(len(texts) if len(texts) <= SMALL else 0)
    pairs = len(text) * sum(len(texts[key]) for key in keys)
    if pairs > budget[0]:
        return None
    budget[0] -= pairs
    chosen = {key: normalise(texts[key]) for key in keys}
    best = process.extractOne(text, chosen, scorer=fuzz.ratio, score_cutoff=LEAST_SIMILARITY * 100)
    return today[best[2]] if best else None


def _nearest(node: Node, like: Node) -> Nearest:
    changes = differ.compare(node.source[:LONGEST], like.source[:LONGEST])
    return {"node": like.id, "source_diff": differ.as_html(changes)}


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
