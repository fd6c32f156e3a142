"""What comes from outside, made into values: the one place where it is checked.

Whatever passes here can be kept by every engine; stores trust it. Everything else is refused with
:exc:`~sphinxcontrib_websupport.errors.InvalidInputError`, an id with the error of what it would
name.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime

from sphinxcontrib_websupport.errors import (
    CommentNotFoundError,
    InvalidInputError,
    NodeNotFoundError,
    WebSupportError,
)
from sphinxcontrib_websupport.model import (
    ANONYMOUS,
    MAX_NAME_LENGTH,
    MAX_PROPOSAL_LENGTH,
    MAX_TEXT_LENGTH,
    CommentDraft,
    Edit,
    Viewer,
)

MAX_ID_LENGTH = 255
"""The longest id that is looked for, in characters."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


# -- what every engine can keep ----------------------------------------------------------------


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


# -- ids ---------------------------------------------------------------------------------------


def node_id(value: object) -> str:
    """Return a node's id as its string.

    :raises NodeNotFoundError: it cannot be one.
    """
    return _id(value, NodeNotFoundError, "node")


def comment_id(value: object) -> str:
    """Return a comment's id as its string.

    :raises CommentNotFoundError: it cannot be one.
    """
    return _id(value, CommentNotFoundError, "comment")


def _id(value: object, error: type[WebSupportError], what: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise error(f"no such {what}: {value!r:.80}")
    text = str(value)
    if not text or len(text) > MAX_ID_LENGTH or _CONTROL.search(text):
        raise error(f"no such {what}: {text!r:.80}")
    return text


# -- people ------------------------------------------------------------------------------------


def name(value: object) -> str | None:
    """Return a user name; ``None`` for an anonymous reader.

    ``"Anonymous"``, in upper or lower case, is nobody's name: views of the earlier package hand it
    back for readers who have none.

    :raises InvalidInputError: it is no name: too long, blank, or with control characters.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidInputError("a user name is a text")
    if len(value) > MAX_NAME_LENGTH:
        raise InvalidInputError(f"a user name has at most {MAX_NAME_LENGTH} characters")
    if _CONTROL.search(value) or "\n" in value or "\t" in value or not value.strip():
        raise InvalidInputError("a user name has no control characters and is not blank")
    return None if is_anonymous(value) else value


def is_anonymous(name: str) -> bool:
    """Tell whether this is no name, or ``"Anonymous"`` in upper or lower case."""
    return not name or name.strip().casefold() == ANONYMOUS.casefold()


def author(username: object, moderator: bool = False, proofs: Collection[str] = ()) -> Viewer:
    """Return somebody who writes.

    :raises InvalidInputError: the name is none.
    """
    return Viewer(name(username) or "", bool(moderator), frozenset(proofs))


def asking(username: object, moderator: bool = False, proofs: Collection[str] = ()) -> Viewer:
    """Return somebody who asks; whose name no store can hold is anonymous."""
    try:
        return author(username, moderator, proofs)
    except InvalidInputError:
        return Viewer("", bool(moderator), frozenset(proofs))


# -- texts, times, votes -----------------------------------------------------------------------


def text(value: object, longest: int = MAX_TEXT_LENGTH, what: str = "text") -> str:
    """Return what somebody typed, its lines ended by LF.

    :param longest: the most characters that it may have.
    :param what: how the message calls it.
    :raises InvalidInputError: it is empty, too long, or holds a control character.
    """
    if not isinstance(value, str):
        raise InvalidInputError(f"the {what} is not a text")
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    if not lines.strip():
        raise InvalidInputError(f"the {what} is empty")
    if len(lines) > longest:
        raise InvalidInputError(f"the {what} is longer than {longest} characters")
    if _CONTROL.search(lines):
        raise InvalidInputError(f"the {what} contains a control character")
    return lines


def proposal(value: object) -> str | None:
    """Return the source text that somebody proposes; ``None`` for none.

    :raises InvalidInputError: it is blank, too long, or holds a control character.
    """
    return text(value, MAX_PROPOSAL_LENGTH, "proposal") if value else None


def moment(value: object) -> datetime | None:
    """Return a time as it was given, for third-party stores get it so; ``None`` is now.

    :raises InvalidInputError: it is no datetime.
    """
    if value is None or isinstance(value, datetime):
        return value
    raise InvalidInputError("the time is not a datetime")


def vote(value: object) -> int:
    """Return a vote, given as −1, 0 or 1 or as that string.

    :raises InvalidInputError: it is another number, or no integer.
    """
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInputError(f"vote value {value!r:.80} is not an integer")
    if not -1 <= value <= 1:
        raise InvalidInputError(f"vote value {value} out of range (-1, 1)")
    return value


# -- comments ----------------------------------------------------------------------------------


def draft(
    *,
    text: str,
    author: Viewer,
    node: object = None,
    parent: object = None,
    time: datetime | None = None,
    displayed: bool = True,
    proposal: str | None = None,
    original: str | None = None,
    markup: str | None = None,
) -> CommentDraft:
    """Return a new comment that every store can keep.

    :param text: safe HTML.
    :param node: the node's id, and ``parent`` the parent's: exactly one of them.
    :raises InvalidInputError: neither or both of node and parent; a text cannot be stored.
    :raises NodeNotFoundError: ``node`` can be no node's id.
    :raises CommentNotFoundError: ``parent`` can be no comment's.
    """
    is_on_node, is_reply = node not in ("", None), parent not in ("", None)
    if is_on_node == is_reply:
        raise InvalidInputError("a comment belongs to a node or to a comment: give one of them")
    return CommentDraft(
        text=storable("the text", text),
        author=author,
        node=node_id(node) if is_on_node else None,
        parent=comment_id(parent) if is_reply else None,
        time=moment(time),
        displayed=bool(displayed),
        proposal=storable("the proposal", proposal) if proposal else None,
        original=None if original is None else storable("the text", original),
        markup=_markup(markup),
    )


def edit(
    *,
    text: str,
    original: str | None,
    markup: str | None = None,
    time: datetime | None = None,
    displayed: bool = True,
    proposal: str | None = None,
) -> Edit:
    """Return a change of a comment that every store can keep.

    :param proposal: ``None`` leaves the proposal as it is, an empty text takes it back.
    :raises InvalidInputError: a text cannot be stored.
    """
    return Edit(
        text=storable("the text", text),
        original=None if original is None else storable("the text", original),
        markup=_markup(markup),
        time=moment(time) or datetime.now(UTC),
        displayed=bool(displayed),
        proposal=None if proposal is None else storable("the proposal", proposal),
    )


def _markup(value: str | None) -> str | None:
    return None if value is None else storable("the markup's name", value, MAX_NAME_LENGTH)
