"""What a search gives, whatever the adapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

PAGE_SIZE = 10
"""How many results one page of them has."""

Kind = Literal["page", "comment"]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A place where something was found."""

    path: str
    """The address under the ``docroot``, with ``#`` and the id of the paragraph or section."""
    title: str
    """The page's title, as plain text."""
    context: str
    """An excerpt as safe HTML, what was looked for in ``<mark>``."""
    rank: int = 1
    """Its place among all results, from 1."""
    kind: Kind = "page"
    heading: str = ""
    """The section's heading or the object's name, as plain text; empty for the page itself."""
    node: str | None = None
    """The node that a comment belongs to."""
    comment: str | None = None
    """The comment's id."""


@dataclass(frozen=True, slots=True)
class SearchResults:
    """A page of results, best first."""

    results: Sequence[SearchResult] = ()
    total: int = 0
    """How many there are on all pages of results."""
    start: int = 0
    """How many come before these."""

    @property
    def next(self) -> int | None:
        """Return the ``start`` of the next page of results; ``None`` at the end."""
        end = self.start + len(self.results)
        return end if self.results and end < self.total else None
