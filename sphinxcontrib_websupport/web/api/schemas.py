"""What the service answers, for type checkers and for the OpenAPI description."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from sphinxcontrib_websupport.model import Detached, Document, NewComment


class NodeSummary(TypedDict):
    """What a page shows of a node before its thread is opened."""

    count: int
    """How many comments this reader would see."""


class ViewerAnswer(TypedDict):
    """Who the service takes the reader for, and what it will let them do."""

    username: str
    """Empty for an anonymous reader."""
    moderator: bool
    may_comment: bool
    may_vote: bool
    may_sign_in: bool
    """Whether ``PUT session`` takes a name."""


class DocumentAnswer(TypedDict):
    """All that a page needs before a thread is opened."""

    nodes: dict[str, NodeSummary]
    viewer: ViewerAnswer
    detached: list[Detached]
    """Discussions whose paragraphs are gone from this page."""


class PostedComment(NewComment):
    """A comment that was posted just now."""

    token: NotRequired[str]
    """Where it has no name: what proves, as the header ``Comment-Token``, who wrote it."""


class CommentPlace(TypedDict):
    """Where a comment stands."""

    id: str
    node: str
    waiting: bool
    """Whether it waits for a moderator: only moderators and its author are told of it then."""


class Deletion(TypedDict):
    """What became of a deleted comment."""

    removed: bool
    """True: gone with all its replies. False: emptied, and its replies stay."""


class SearchHit(TypedDict):
    """A place where something was found."""

    path: str
    """The page's address under the root of the pages, with ``#`` and the paragraph's id."""
    title: str
    """The page's title, as plain text."""
    heading: str
    """The section's heading or the object's name; empty for the page itself."""
    context: str
    """An excerpt as safe HTML, what was looked for in ``<mark>``."""
    rank: int
    """Its place among all results, from 1."""
    kind: str
    """``page`` or ``comment``."""
    node: str | None
    """The node that a comment belongs to."""
    comment: str | None
    """The comment's id."""


class SearchAnswer(Document):
    """A page of search results: ``body`` has them as HTML."""

    results: list[SearchHit]
    total: int
    """How many there are on all pages of results."""
    next: int | None
    """The ``start`` of the next page of results; null at the end."""


class LegacyComment(TypedDict):
    """A new comment as earlier front ends expect it."""

    comment: NewComment


class Health(TypedDict):
    """A sign of life."""

    status: str
    store: NotRequired[str]


class Problem(TypedDict):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: NotRequired[str]
    """What was wrong with this very request."""
