"""Small builds for the tests of identity: a page is a name and its paragraphs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sphinxcontrib_websupport.identity import Matching, Paragraph, match
from sphinxcontrib_websupport.model import Node

Pages = Mapping[str, Sequence[str]]


def paragraphs(pages: Pages) -> list[Paragraph]:
    """Return the commentable nodes of a build."""
    return [Paragraph(page, text) for page, texts in pages.items() for text in texts]


class Site:
    """A site that is built again and again; its store keeps what :func:`match` says."""

    def __init__(self, pages: Pages) -> None:
        self.nodes: list[Node] = []
        self.matching = Matching([], [])
        self.build(pages)

    def build(self, pages: Pages) -> Site:
        """Build the whole site anew."""
        new = paragraphs(pages)
        self.matching = match(self.nodes, new)
        by_id = {node.id: node for node in self.nodes}
        attached = [
            Node(id, each.document, each.source)
            for id, each in zip(self.matching.ids, new, strict=True)
        ]
        apart = {node.id: node for node in self.nodes if node.retired}
        for retirement in self.matching.retired:
            node = by_id[retirement.id]
            apart[node.id] = Node(node.id, node.document, node.source, retired=True)
        self.nodes = attached + [
            node for id, node in apart.items() if id not in set(self.matching.ids)
        ]
        return self

    def ids(self, page: str) -> list[str]:
        """Return the ids on a page, in order."""
        return [node.id for node in self.nodes if node.document == page and not node.retired]

    @property
    def retired(self) -> list[str]:
        """Return what the last build set apart."""
        return [retirement.id for retirement in self.matching.retired]


def rebuilt(before: Sequence[str], after: Sequence[str]) -> list[int | None]:
    """Build a page twice; for each new paragraph the position of the old one that it is."""
    site = Site({"page": before})
    old = site.ids("page")
    return [old.index(id) if id in old else None for id in site.build({"page": after}).ids("page")]
