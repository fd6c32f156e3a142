"""The values that travel between the floors: nodes, comments, threads, readers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NotRequired, Protocol, TypedDict

MAX_TEXT_LENGTH = 10_000
"""The longest comment, in characters.

The parsers of reStructuredText are quadratic in hostile texts: at this length the worst one
found takes about a second.
"""

MAX_PROPOSAL_LENGTH = 50_000
"""The longest proposal, in characters: a code block may be longer than any comment."""

MAX_NAME_LENGTH = 64
"""The longest user name, in characters."""

PAGE_SIZE = 50
"""How many top-level comments one page of a thread holds."""

ANONYMOUS = "Anonymous"
"""How an author without a name is called in all answers; the name belongs to nobody."""

DELETED = "[deleted]"
"""What stands for the text and the author of a comment that its author deleted."""


@dataclass(frozen=True, slots=True)
class Node:
    """A commentable node (a paragraph, a figure, …) as the last build registered it."""

    id: str
    document: str
    source: str
    """The node's source text, the starting point of a proposal."""
    position: int = 0
    """Its place in the document's order, from 0."""
    retired: bool = False
    """Whether its paragraph is gone; its comments are kept."""
    successor: str | None = None
    """Where a merged paragraph went: the id of the node that took its text in."""
    file: str | None = None
    """The source file, relative to the source folder, where docutils knows it."""
    line: int | None = None
    """The line in that file, from 1, where docutils knows it."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: an empty name is anonymous."""

    username: str = ""
    moderator: bool = False
    proofs: frozenset[str] = frozenset()
    """The ids of anonymous comments that this reader has proved to have written."""

    def has_proved(self, comment_id: str) -> bool:
        """Tell whether this reader proved to have written an anonymous comment."""
        return comment_id in self.proofs


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentDraft:
    """A new comment on its way to the store, checked by ``inputs``."""

    text: str
    """Safe HTML."""
    author: Viewer
    node: str | None = None
    """The node's id; ``None`` for a reply."""
    parent: str | None = None
    """The id of the comment that it replies to; ``None`` at the top."""
    time: datetime | None = None
    """When it was written, ``None`` for now; without a time zone it is UTC."""
    displayed: bool = True
    """Whether readers see it before a moderator accepts it."""
    proposal: str | None = None
    """The source text that the author proposes for the node."""
    original: str | None = None
    """The text as its author typed it: for those who may edit the comment, erased with it."""
    markup: str | None = None
    """What ``original`` is written in, ``"rst"`` or ``"markdown"``; ``None`` where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What a comment is to become, checked by ``inputs``."""

    text: str
    """Safe HTML."""
    original: str | None
    """The same as it was typed."""
    markup: str | None = None
    """What ``original`` is written in; ``None`` where nobody knows."""
    time: datetime
    """When it was changed; without a time zone it is UTC."""
    displayed: bool = True
    """False hides a displayed comment until a moderator accepts it. True changes nothing: an
    edit never shows what was hidden."""
    proposal: str | None = None
    """``None`` leaves the proposal as it is, an empty text takes it back."""


class CommentTime(TypedDict):
    """A moment, in UTC, as the front end needs it."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    iso: str
    delta: str


class Comment(TypedDict):
    """A comment as a particular reader sees it."""

    text: str
    """Safe HTML."""
    username: str
    """``"Anonymous"`` for an author without a name."""
    id: str
    rating: int
    age: int
    """Whole seconds since it was written."""
    time: CommentTime
    vote: int
    """This reader's own vote: 1, −1 or 0."""
    node: str | None
    """The node's id; null for a reply."""
    parent: str | None
    """The parent comment's id; null at the top."""
    proposal_diff: str | None
    """The change proposed, as HTML with ``ins`` and ``del``; null without a proposal."""
    displayed: bool
    edited: str | None
    """When it was last changed, in ISO 8601 with its zone; null for never."""
    children: list[Comment]


class StoredComment(Comment):
    """What a store's ``add_comment`` returns: the comment, and where and what it changes."""

    document: str
    proposal_diff_text: str | None
    """The change proposed, as plain text."""


class NewComment(StoredComment):
    """What ``WebSupport.add_comment`` returns: what a moderator wants to read."""

    original_text: str
    """The comment as its author typed it."""


class Original(TypedDict):
    """What an author typed: where an edit begins."""

    text: str | None
    """Null where the store did not keep it: older comments."""
    markup: str | None
    """What the text is written in, ``"rst"`` or ``"markdown"``; null where nobody knows."""
    proposal: str | None
    """The node's source text as the author proposes it; null without a proposal."""
    base: str | None
    """The node's source text when it was proposed; null for proposals from before it was kept."""


class Thread(TypedDict):
    """All that one reader may see of a node's discussion."""

    source: str
    comments: list[Comment]


class ThreadPage(Thread):
    """A part of a thread."""

    next: str | None
    """An opaque mark to ask for the next part with; null at the end."""


class Nearest(TypedDict):
    """The paragraph of today that is most like one that is gone."""

    node: str
    source_diff: str
    """What leads from the old source to its own, as HTML with ``ins`` and ``del``."""


class Detached(TypedDict):
    """A discussion whose paragraph is gone."""

    node: str
    source: str
    """The paragraph's source text as it was."""
    document: str
    """The page that it was on."""
    count: int
    """How many comments this reader would see."""
    nearest: Nearest | None
    """On the same page; null where nothing is like it."""


class Waiting(TypedDict):
    """A comment that waits for a moderator, and where it stands."""

    comment: Comment
    """Without its replies."""
    node: str
    source: str
    """The paragraph's source text."""
    document: str
    """The page that it is on, or was on."""


class Document(TypedDict):
    """The parts of one built page, for a template of the embedding application."""

    body: str
    sidebar: str
    relbar: str
    title: str
    css: str
    script: str
    parents: NotRequired[list[dict[str, str]]]


class KeyValue(Protocol):
    """As much of a ``Backend`` as the floors below ``backends`` rely on."""

    def load(self, key: str) -> object: ...  # noqa: D102
    def dump(self, key: str, value: object, expire: float | None = None) -> bool: ...  # noqa: D102
    def delete(self, key: str) -> bool: ...  # noqa: D102
    def keys(self) -> set[str]: ...  # noqa: D102
