"""What became of a paragraph that is gone: the paragraph of today that is most like it.

A build has found none that is like it beyond doubt. Here a person decides, who sees both texts
and what leads from one to the other; so a guess is welcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import fuzz, process

from sphinxcontrib_websupport import differ
from sphinxcontrib_websupport.identity import normalise
from sphinxcontrib_websupport.model import Node

LEAST_SIMILARITY = 0.5
"""Below this share of common characters two texts are strangers, not worth anybody's look."""

MOST_PAIRS = 2_000_000_000
"""How many pairs of characters are compared for one page: about a second at the very worst.

It is enough for about 20 lost paragraphs on a page of 1,300; for all of any ordinary page.
"""


class Likeness(NamedTuple):
    """A paragraph of today beside one that is gone."""

    node: str
    """The id of today's."""
    source_diff: str
    """From the old source to today's, word by word, as safe HTML."""


# Every reader of a page asks the same; the texts change with a build only.
@lru_cache(maxsize=16)
def nearest(gone: tuple[Node, ...], today: tuple[Node, ...]) -> tuple[Likeness | None, ...]:
    """Find for each node that is gone the attached node whose source is most like its own.

    Where the build has noted which paragraph took its text in, that one is given.

    :param gone: the retired nodes of a document.
    :param today: the attached nodes of the same document.
    :returns: one for each of ``gone``; ``None`` where nothing is like it, or where the page
        is so large that no more is compared.
    """
    texts = [normalise(node.source) for node in today]
    characters = sum(map(len, texts))
    by_id = {node.id: node for node in today}
    left = MOST_PAIRS
    found: list[Likeness | None] = []
    for node in gone:
        pairs = len(node.source) * characters
        if pairs > left:
            found.append(None)
            continue
        left -= pairs
        like = by_id.get(node.successor or "") or _most_like(node, today, texts)
        found.append(_likeness(node, like) if like else None)
    return tuple(found)


def _most_like(node: Node, today: Sequence[Node], texts: Sequence[str]) -> Node | None:
    best = process.extractOne(
        normalise(node.source), texts, scorer=fuzz.ratio, score_cutoff=LEAST_SIMILARITY * 100
    )
    return today[best[2]] if best else None


def _likeness(node: Node, like: Node) -> Likeness:
    return Likeness(like.id, differ.as_html(differ.compare(node.source, like.source)))
