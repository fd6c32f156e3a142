"""What holds in every store: who sees, deletes and votes, and how rows become a thread."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from time import time_ns
from typing import Literal, NamedTuple

from babel.dates import format_timedelta

from sphinxcontrib_websupport.differ import as_html, as_text, compare
from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.model import DELETED, MAX_NAME_LENGTH, Comment, CommentTime

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
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
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


def is_storable(text: str) -> bool:
    """Tell whether every engine can keep this text: no NUL and no lone surrogate."""
    if text.isascii():
        return "\0" not in text
    return _UNSTORABLE.search(text) is None


def storable(what: str, text: str, length: int | None = None) -> str:
    """Return ``text``, which every engine can keep.

    :param what: how the message calls it.
    :param length: the most characters that it may have.
    :raises InvalidInputError: it holds NUL or a lone surrogate, or is too long.
    """
    if not is_storable(text):
        raise InvalidInputError(f"{what} holds a character that cannot be stored")
    if length is not None and len(text) > length:
        raise InvalidInputError(f"{what} is longer than {length} characters")
    return text


def repaired(text: str) -> str:
    """Return ``text`` with a replacement mark for each character that cannot be stored."""
    return text if is_storable(text) else _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def author(username: str | None) -> str | None:
    """Return a name as stores keep it: ``None`` for an anonymous reader.

    :raises InvalidInputError: it cannot be stored or is too long.
    """
    return storable("the user name", username, MAX_NAME_LENGTH) if username else None


def known_name(username: str | None) -> str | None:
    """Return a name to look for; ``None`` for one that no store can hold."""
    if username and len(username) <= MAX_NAME_LENGTH and is_storable(username):
        return username
    return None


def vote_value(value: object) -> int:
    """Return a vote, given as −1, 0 or 1 or as that string.

    :raises InvalidInputError: it is not an integer.
    :raises ValueError: it is out of range.
    """
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value, re.ASCII):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInputError(f"vote value {value!r} is not an integer")
    if not -1 <= value <= 1:
        raise ValueError(f"vote value {value} out of range (-1, 1)")
    return value


def microseconds(time: datetime) -> int:
    """Return a moment as microseconds since 1970 in UTC; a naive one is UTC."""
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


def proposed(source: str, proposal: str | None) -> Proposal | None:
    """Return what a proposal changes; ``None`` for an empty one and one that changes nothing.

    :raises InvalidInputError: it cannot be stored.
    """
    # A browser's form sends its lines with CR LF, whatever the source has.
    text = storable("the proposal", proposal or "").replace("\r\n", "\n")
    source = source.replace("\r\n", "\n")
    if not text.strip() or text == source:
        return None
    changes = compare(source, text)
    return Proposal(text, as_html(changes), as_text(changes))


# -- who may ---------------------------------------------------------------------------------


def may_delete(
    username: str | None,
    moderator: bool,
    comment: str | None,
    deleted: bool,
    author: bool = False,
) -> bool:
    """Tell whether someone may delete a comment.

    A moderator may delete any, an author their own once. An anonymous one is owned by nobody
    but who can prove it.

    :param comment: the name of the comment's author.
    :param deleted: whether its author deleted it already.
    :param author: whether it was proved that an anonymous comment is this reader's own.
    """
    return moderator or (not deleted and _owns(username, comment, author))


def may_edit(
    username: str | None,
    moderator: bool,
    comment: str | None,
    deleted: bool,
    author: bool = False,
) -> bool:
    """Tell whether someone may change a comment: as to delete it, but never a deleted one.

    The parameters are those of :func:`may_delete`.
    """
    return not deleted and (moderator or _owns(username, comment, author))


def _owns(username: str | None, comment: str | None, author: bool) -> bool:
    # A proof is given with an anonymous comment only, so it says nothing of a named one.
    return username == comment if comment else author


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
        "username": DELETED if deleted else username or "",
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
