"""The moderators' page of detached discussions: processor time of its first 50 rows.

160 pages of 40 paragraphs each; on every page one discussion has lost its paragraph, which was
edited a little, edited much, or is gone: then it is looked for on the whole site. Mark: 100 ms.
"""

from __future__ import annotations

import random
import time
from statistics import median
from string import ascii_lowercase

from sphinxcontrib_websupport import moderation
from sphinxcontrib_websupport.model import PAGE_SIZE, Node

MARK = 0.1
PAGES, PARAGRAPHS, WORDS = 160, 40, 60


class Site:
    """As much of a store as is asked here."""

    def __init__(self) -> None:
        chance = random.Random(7)
        words = ["".join(chance.choices(ascii_lowercase, k=7)) for _ in range(4000)]
        self.nodes: list[Node] = []
        self.retired: list[tuple[Node, int]] = []
        for page in range(PAGES):
            document = f"page{page}"
            texts = [chance.choices(words, k=WORDS) for _ in range(PARAGRAPHS)]
            self.nodes += [
                Node(f"{page}.{n}", document, " ".join(text), n) for n, text in enumerate(texts)
            ]
            changed = chance.choice((2, 40, WORDS))
            gone = [*chance.choices(words, k=changed), *texts[0][changed:]]
            self.retired.append((Node(f"{page}.gone", document, " ".join(gone), retired=True), 1))

    def get_nodes(self, documents: object = None) -> list[Node]:
        """Return all nodes, or those of some documents."""
        wanted = None if documents is None else set(documents)  # type: ignore[call-overload]
        return [node for node in self.nodes if wanted is None or node.document in wanted]

    def get_retired(self, documents: object, moderator: bool) -> list[tuple[Node, int]]:
        """Return what has lost its paragraph."""
        return self.retired


def main(argv: list[str]) -> None:
    """Print the figure."""
    site, taken = Site(), []
    for _ in range(5):
        begun = time.process_time()
        rows = moderation.detached(site, None, True, 0, PAGE_SIZE)  # type: ignore[arg-type]
        taken.append(time.process_time() - begun)
    found = sum(row["nearest"] is not None for row in rows)
    print(f"detached: {len(rows)} rows of {PAGES} pages, {found} with a paragraph like them")
    print(f"  {median(taken) * 1000:.0f} ms of processor time (mark: {MARK * 1000:.0f} ms)")
