"""What holds in every store: who sees, edits and deletes, and how rows become a thread."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from time import time_ns
from typing import Literal, NamedTuple

from babel.dates import format_timedelta

from sphinxcontrib_websupport.differ import as_html, as_text, compare
from sphinxcontrib_websupport.errors import InvalidInputError, UserNotAuthorizedError
from sphinxcontrib_websupport.model import (
    ANONYMOUS,
    DELETED,
    MAX_PROPOSAL_LENGTH,
    Comment,
    CommentTime,
    Edit,
    Viewer,
)

_Unit = Literal["year", "month", "week", "day", "hour", "minute", "second"]
_UNITS: dict[_Unit, int] = {
    "year": 365 * 86_400,
    "month": 30 * 86_400,
    "week": 7 * 86_400,
    "day": 86_400,
    "hour": 3600,
    "minute": 60,
    "second": 1,
}
"""How many seconds Babel's units have, the longest first."""

_THRESHOLDS = [(seconds * 0.85, seconds, unit) for unit, seconds in _UNITS.items()]
"""From how many seconds on Babel takes a unit."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_START = datetime(1970, 1, 1)
_NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_LARGEST_NUMBER = 2**63 - 1


class CommentRow(NamedTuple):
    """A comment as stores keep it, with the vote of the reader who asks."""

    id: str | int
    parent: str | int | None
    node: str
    time: int
    """Microseconds since 1970, in UTC."""
    text: str
    displayed: bool
    deleted: bool
    username: str | None
    rating: int
    proposal_diff: str | None
    vote: int | None
    edited: int | None = None
    """When it was last changed, in microseconds since 1970 in UTC."""


# -- what comes in ---------------------------------------------------------------------------


def number(id: object) -> int | None:
    """Return a comment's id as a number; ``None`` for what no store has given out."""
    if isinstance(id, str) and _NUMBER.fullmatch(id):
        id = int(id)
    if isinstance(id, int) and not isinstance(id, bool) and 0 < id <= _LARGEST_NUMBER:
        return id
    return None


def microseconds(time: datetime | None) -> int:
    """Return a moment as microseconds since 1970 in UTC; a naive one is UTC, ``None`` is now."""
    if time is None:
        return now()
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return (time - _EPOCH) // timedelta(microseconds=1)


def now() -> int:
    """Return the present moment as microseconds since 1970 in UTC."""
    return time_ns() // 1000


class Proposal(NamedTuple):
    """A change to a node's source, as it was when it was proposed."""

    text: str
    html: str
    """The difference as safe HTML."""
    plain: str
    """The difference as plain text."""
    base: str | None
    """The node's source that it was made against; ``None`` where nobody kept it."""


def proposed(source: str, proposal: str | None) -> Proposal | None:
    """Return what a proposal changes; ``None`` for an empty one and one that changes nothing.

    :raises InvalidInputError: the source is longer than any proposal may be: it would be stored
        with each, and nobody could propose it but shortened.
    """
    difference = _difference(source, proposal)
    if difference is not None and len(source) > MAX_PROPOSAL_LENGTH:
        raise InvalidInputError(
            f"this paragraph has more than {MAX_PROPOSAL_LENGTH} characters: "
            "no change of it can be proposed"
        )
    return difference


def _difference(source: str, proposal: str | None) -> Proposal | None:
    # A browser's form sends its lines with CR LF, whatever the source has.
    text = (proposal or "").replace("\r\n", "\n")
    base = source.replace("\r\n", "\n")
    if not text.strip() or text == base:
        return None
    changes = compare(base, text)
    return Proposal(text, as_html(changes), as_text(changes), base)


# -- who may ---------------------------------------------------------------------------------


def may_delete(viewer: Viewer, id: str, author: str | None, deleted: bool) -> bool:
    """Tell whether somebody may delete a comment.

    A moderator may delete any, an author their own once. An anonymous one belongs to nobody but
    who can prove to have written it.

    :param id: the comment's id, as the reader knows it.
    :param author: the name of the comment's author.
    :param deleted: whether its author deleted it already.
    """
    return viewer.moderator or (not deleted and _owns(viewer, id, author))


def check_edit(viewer: Viewer, id: str, author: str | None, deleted: bool) -> None:
    """Refuse who may not change a comment: as to delete it, but never a deleted one.

    :raises UserNotAuthorizedError: neither its author nor a moderator, or it is deleted.
    """
    if deleted or not (viewer.moderator or _owns(viewer, id, author)):
        raise UserNotAuthorizedError("only its author or a moderator may change a comment")


def _owns(viewer: Viewer, id: str, author: str | None) -> bool:
    # A proof is given with an anonymous comment only, so it says nothing of a named one.
    return viewer.username == author if author else viewer.has_proved(id)


def edited_proposal(
    edit: Edit, source: str, proposal: str | None, diff: str | None, base: str | None
) -> Proposal | None:
    """Return the proposal of a comment as an edit makes it.

    One that stays as it is keeps its difference and its base: the source may have changed since.

    :param source: the node's source as it is now.
    :param proposal: the proposal that the comment has.
    :param diff: the difference that it has, as HTML.
    :param base: the source that it was made against, where that was kept.
    """
    if proposal is None or diff is None:
        return proposed(source, edit.proposal)
    if edit.proposal is not None and edit.proposal.replace("\r\n", "\n") != proposal:
        return proposed(source, edit.proposal)
    then = _difference(source if base is None else base, proposal)
    return Proposal(proposal, diff, then.plain if then else "", base)


def visible(displayed: Mapping[int, bool], parents: Mapping[int, int | None]) -> set[int]:
    """Return which comments a reader sees: those displayed under displayed ones only.

    :param displayed: whether each comment of a discussion is displayed.
    :param parents: the parent of each; ``None`` at the top.
    """
    children = _children(parents)
    seen: set[int] = set()
    reached: list[int | None] = [None]
    while reached:
        for id in children.get(reached.pop(), ()):
            if displayed[id] and id not in seen:
                seen.add(id)
                reached.append(id)
    return seen


def below(id: int, parents: Mapping[int, int | None]) -> set[int]:
    """Return a comment and all replies under it, given the parent of each of a discussion."""
    children = _children(parents)
    found = {id}
    pending = [id]
    while pending:
        for child in children.get(pending.pop(), ()):
            if child not in found:
                found.add(child)
                pending.append(child)
    return found


def _children(parents: Mapping[int, int | None]) -> dict[int | None, list[int]]:
    children: dict[int | None, list[int]] = {}
    for id, parent in parents.items():
        children.setdefault(parent, []).append(id)
    return children


# -- what goes out ---------------------------------------------------------------------------


def tree(rows: Iterable[CommentRow], moderator: bool, at: int | None = None) -> list[Comment]:
    """Return rows as the comments that a reader may see, replies under their parents.

    :param rows: in any order in which siblings stand oldest first; plain tuples of the same
        fields will do.
    :param at: the moment of the answer, in microseconds since 1970.
    """
    at = now() if at is None else at
    seen: dict[str | int, Comment] = {}
    replies: list[tuple[str | int, Comment]] = []
    top: list[Comment] = []
    for row in rows:
        # By position, as a driver's own tuple is read as well.
        id, parent, displayed = row[0], row[1], row[5]
        if displayed or moderator:
            seen[id] = comment = as_comment(row, at)
            if parent is None:
                top.append(comment)
            else:
                replies.append((parent, comment))
    # A reply to one that is not seen hangs on nothing, and so do the replies to it.
    for parent, comment in replies:
        if parent in seen:
            seen[parent]["children"].append(comment)
    return top


def as_comment(row: CommentRow, at: int) -> Comment:
    """Return a row as a comment without its replies.

    :param at: the moment of the answer, in microseconds since 1970.
    """
    id, parent, node, time, text, displayed, deleted, username, rating, diff, vote, edited = row
    age = max(0, at - time) // 1_000_000
    return {
        "text": DELETED if deleted else text,
        "username": DELETED if deleted else username or ANONYMOUS,
        "id": str(id),
        "rating": rating,
        "age": age,
        "time": _moment(time, age),
        "vote": vote or 0,
        "node": node if parent is None else None,
        "parent": None if parent is None else str(parent),
        "proposal_diff": None if deleted else diff,
        "displayed": bool(displayed),
        "edited": None if edited is None or deleted else _iso(_datetime(edited)),
        "children": [],
    }


def _moment(time: int, age: int) -> CommentTime:
    moment = _datetime(time)
    return {
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
        "iso": _iso(moment),
        "delta": ago(age),
    }


def _datetime(time: int) -> datetime:
    # Without a zone until the end: what a datetime does with one costs as much as the rest.
    return _START + timedelta(0, time // 1_000_000, time % 1_000_000)


def _iso(moment: datetime) -> str:
    return f"{moment.isoformat()}+00:00"


def ago(age: int) -> str:
    """Return an age in seconds as words, such as ``3 hours ago``."""
    # Babel's own choice of the unit, made here so that the phrase, which costs fifty times
    # as much, is made once per unit and count and not once per comment.
    for least, seconds, unit in _THRESHOLDS:
        if age >= least:
            return _phrase(unit, round(age / seconds))
    return _phrase("second", 1)


@lru_cache(maxsize=512)
def _phrase(unit: _Unit, count: int) -> str:
    span = timedelta(seconds=-max(1, count) * _UNITS[unit])
    # No threshold is reached: the unit was chosen already.
    return format_timedelta(
        span, granularity=unit, threshold=float("inf"), add_direction=True, locale="en"
    )
