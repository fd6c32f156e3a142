"""A segment: some top-level comments of a thread with all replies to them, and their votes.

What must be consistent stands in one segment: a comment, all above and below it and all votes on
it, so that one atomic change decides whether a reply is refused or is removed with its parent.
For the same reason a comment never moves to another segment: nothing is copied, so nothing can be
lost or doubled on the way, no text outlives its deletion in a copy, and an id leads to its comment
for good.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from types import NoneType
from typing import Any, NamedTuple, Self

from sphinxcontrib_websupport.errors import (
    CommentNotAllowedError,
    CommentNotFoundError,
    DamagedValueError,
    UserNotAuthorizedError,
)
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.storage import rules

_STAMP_BITS = 48


class Said(NamedTuple):
    """A comment as it is stored."""

    seq: int
    """Its arrival in microseconds since 1970, or a little later: unique in its segment."""
    parent: int | None
    time: int
    text: str
    displayed: bool
    visible: bool
    """Whether it and all above it are displayed."""
    deleted: bool
    username: str | None
    proposal: str | None
    diff: str | None
    votes: dict[str, int]
    edited: int | None = None
    """When it was last changed, in microseconds since 1970."""
    original: str | None = None
    """What its author typed."""
    markup: str | None = None
    """What that is written in."""
    base: str | None = None
    """The node's source that the proposal was made against."""

    @property
    def rating(self) -> int:
        """The sum of all votes."""
        return sum(self.votes.values())


@dataclass
class Segment:
    """The comments of a segment in the order of arrival; changed in memory, then stored whole.

    A comment is looked at when it is asked for: the others are stored again as they are.
    """

    key: str
    version: int = 0
    """The ticket of the last change that may have changed counts."""
    last: int = 0
    """The greatest ``seq`` that was ever given out here: none is given twice."""
    stamp: int = 0
    """A random number, another one whenever the segment is stored; 0 before there were any."""
    rows: dict[int, list[Any]] = field(default_factory=dict)
    """The fields of each comment, by its ``seq``."""
    known_as: dict[str, int] = field(default_factory=dict)
    """The ``seq`` of those that came from another store, by the ids that they had there."""

    @classmethod
    def read(cls, key: str, value: Any) -> Self:
        """Return a stored segment; an empty one for ``None``.

        :raises DamagedValueError: it is none.
        """
        if value is None:
            return cls(key)
        match value:
            case {"version": int(version), "last": int(last), "comments": list(rows)} if all(
                type(row) is list and len(row) in _LENGTHS for row in rows
            ):
                stamp = value.get("stamp")
                if type(stamp) is not int:
                    stamp = 0
                known_as = value.get("known_as", {})
                if isinstance(known_as, dict) and {*map(type, known_as.values())} <= {int}:
                    found = {row[0]: row for row in rows}
                    return cls(key, version, last, stamp, found, known_as)
        raise DamagedValueError(f"the value under {key!r} is no segment of a thread")

    def stored(self) -> dict[str, Any]:
        """Return the segment as a JSON value."""
        stored = {
            "version": self.version,
            "last": self.last,
            "stamp": random.getrandbits(_STAMP_BITS),
            "comments": [*self.rows.values()],
        }
        return stored | {"known_as": self.known_as} if self.known_as else stored

    # -- answers -----------------------------------------------------------------------------

    def find(self, seq: int) -> Said:
        """Return a comment.

        :raises CommentNotFoundError: it is not here.
        :raises DamagedValueError: it is damaged.
        """
        row = self.rows.get(seq)
        if row is None:
            raise CommentNotFoundError("there is no such comment")
        return _read(self.key, row)

    def said(self) -> Iterator[Said]:
        """Yield all comments, each behind those above it.

        :raises DamagedValueError: one is damaged.
        """
        for seq, row in self.rows.items():
            said = _read(self.key, row)
            if said.parent is not None and not (said.parent in self.rows and said.parent < seq):
                raise DamagedValueError(f"the value under {self.key!r} lacks a comment")
            yield said

    def ids(self, thread: str, number: int) -> Callable[[int], str]:
        """Return what gives the id of a comment here by its ``seq``."""
        # Spelled out, as CommentId writes it: a thread has thousands.
        start, end = f"{number:x}-", f"-{thread}"
        if not self.known_as:
            return lambda seq: f"{start}{seq:x}{end}"
        known_as = {seq: id for id, seq in self.known_as.items()}
        return lambda seq: known_as.get(seq) or f"{start}{seq:x}{end}"

    def counts(self) -> tuple[int, int]:
        """Return how many comments there are, and how many readers see."""
        return len(self.rows), sum(row[_VISIBLE] is True for row in self.rows.values())

    # -- changes -----------------------------------------------------------------------------

    def add(self, said: Said) -> Said:
        """Add a comment, whose ``seq`` is the moment of its arrival; return it as it is stored.

        :raises CommentNotFoundError: its parent is not here.
        :raises CommentNotAllowedError: readers do not see its parent.
        """
        if said.parent is not None and not self.find(said.parent).visible:
            raise CommentNotAllowedError("a comment that is not displayed takes no reply")
        self.last = max(said.seq, self.last + 1)
        said = said._replace(seq=self.last, visible=said.displayed)
        self._put(said)
        return said

    def remove(self, seq: int) -> None:
        """Remove a comment and all replies below it.

        :raises CommentNotFoundError: it is not here.
        """
        self.find(seq)
        for gone in rules.below(seq, {said.seq: said.parent for said in self.said()}):
            del self.rows[gone]
        self.known_as = {id: seq for id, seq in self.known_as.items() if seq in self.rows}

    def edit(self, seq: int, revise: Callable[[Said], Said]) -> Said:
        """Put a revised comment in the place of one; return it.

        :raises CommentNotFoundError: it is not here.
        """
        old = self.find(seq)
        new = revise(old)
        self._put(new)
        if new.displayed != old.displayed:
            self._settle()
        return self.find(seq)

    def erase(self, seq: int, id: str, viewer: Viewer) -> None:
        """Erase what an author wrote; replies and votes stay.

        :param id: the comment's id as the reader knows it.
        :raises CommentNotFoundError: it is not here.
        :raises UserNotAuthorizedError: this is not its author, or it is erased already.
        """
        said = self.find(seq)
        if not rules.may_delete(viewer, id, said.username, said.deleted):
            raise UserNotAuthorizedError("only its author or a moderator may delete a comment")
        gone = said._replace(text="", username=None, proposal=None, diff=None, deleted=True)
        self._put(gone._replace(**Said._field_defaults))

    def accept(self, seq: int) -> None:
        """Display a comment, and with it the displayed replies below it.

        :raises CommentNotFoundError: it is not here.
        """
        self._put(self.find(seq)._replace(displayed=True))
        self._settle()

    def vote(self, seq: int, name: str, value: int) -> None:
        """Set a user's vote; 0 takes it back.

        :raises CommentNotFoundError: the comment is not here.
        """
        said = self.find(seq)
        votes = {voter: vote for voter, vote in said.votes.items() if voter != name}
        self._put(said._replace(votes=votes | {name: value} if value else votes))

    def rename(self, old: str, new: str) -> None:
        """Let comments and votes follow a user; where both names voted, the new one's stays."""
        for said in [*self.said()]:
            if said.username == old:
                said = said._replace(username=new)
            if old in said.votes:
                votes = {new: said.votes[old]} | said.votes
                del votes[old]
                said = said._replace(votes=votes)
            self._put(said)

    def put(self, placed: Mapping[str, Said], known_as: Mapping[str, int]) -> None:
        """Take in comments of another store, or make those that are here as they are given.

        :param placed: each with a ``seq`` that is free or its own, by its id.
        :param known_as: the ``seq`` of those whose ids are of another form.
        """
        for said in placed.values():
            self._put(said)
        self.known_as |= known_as
        self.rows = dict(sorted(self.rows.items()))
        self.last = max(self.last, *self.rows)
        self._settle()

    def _settle(self) -> None:
        """Work out anew what readers see."""
        everything = [*self.said()]
        visible = rules.visible(
            {said.seq: said.displayed for said in everything},
            {said.seq: said.parent for said in everything},
        )
        for said in everything:
            self._put(said._replace(visible=said.seq in visible))

    def _put(self, said: Said) -> None:
        self.rows[said.seq] = [*said]


_TEXT, _NUMBER, _FLAG = (str, NoneType), (int, NoneType), (bool,)
_KINDS = frozenset(
    product(
        (int,),
        _NUMBER,
        (int,),
        (str,),
        *[_FLAG] * 3,
        *[_TEXT] * 3,
        (dict,),
        _NUMBER,
        *[_TEXT] * 3,
    )
)
"""The types that the fields of a comment can have, in their order."""

_LENGTHS = {11, 13, len(Said._fields)}
"""Older rows are shorter: from before comments could be edited, and before ``markup``."""

_DEFAULTS = [*Said._field_defaults.values()]
_VISIBLE = Said._fields.index("visible")
_VOTES = Said._fields.index("votes")


def _read(key: str, row: Any) -> Said:
    # Compared whole: a long thread has thousands.
    if type(row) is list and len(row) < len(Said._fields):
        row = [*row, *_DEFAULTS[len(row) - len(Said._fields) :]]
    if type(row) is list and tuple(map(type, row)) in _KINDS:
        votes = row[_VOTES]
        if not votes or {*map(type, votes.values())} == {int}:
            return Said._make(row)
    raise DamagedValueError(f"the value under {key!r} holds a damaged comment")
