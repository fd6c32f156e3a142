"""What a third-party store gives, made into values: comments, ids and errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from sphinxcontrib_websupport import errors
from sphinxcontrib_websupport.errors import (
    CommentNotFoundError,
    NodeNotFoundError,
    ThirdPartyStoreError,
    UnsupportedError,
    WebSupportError,
)
from sphinxcontrib_websupport.model import Comment, Thread
from sphinxcontrib_websupport.storage import rules

T = TypeVar("T")

MAX_IDS = 100_000
"""How many ids of comments are remembered as the store gave them."""

_MISSING = ("NoResultFound", "DoesNotExist", "NotFound", "NotFoundError")
"""What drivers and object mappers call the error that a record is not there."""

_BY_NAME = {
    "UserNotAuthorizedError": errors.UserNotAuthorizedError,
    "CommentNotAllowedError": errors.CommentNotAllowedError,
}
"""Errors of the earlier package, by which a store that still imports it refuses something."""


@contextmanager
def shielded(store: object, call: str) -> Iterator[None]:
    """Turn every exception of a third-party store into an error of ours.

    :raises UnsupportedError: the store does not offer the call.
    :raises NodeNotFoundError, CommentNotFoundError: what was asked for is not there.
    :raises ThirdPartyStoreError: anything else; it names the store and the call.
    """
    name = type(store).__name__
    try:
        yield
    except WebSupportError:
        raise
    except (NotImplementedError, AttributeError) as error:
        if isinstance(error, AttributeError) and hasattr(store, call):
            raise ThirdPartyStoreError(f"the comment store {name} failed in {call}") from error
        raise UnsupportedError(f"the comment store {name} does not offer {call}") from error
    except Exception as error:
        kind = type(error).__name__
        if kind in _BY_NAME:
            raise _BY_NAME[kind](str(error)) from error
        if isinstance(error, LookupError) or kind.endswith(_MISSING):
            missing = NodeNotFoundError if call == "get_data" else CommentNotFoundError
            raise missing(f"the comment store {name} has no such entry") from error
        raise ThirdPartyStoreError(f"the comment store {name} failed in {call}") from error


class Ids:
    """Ids of comments, which may be of any type that has a ``str``.

    Those that were seen in this process are handed back as they came.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[object, str]] = {}

    def see(self, id: str, given: object, node: str) -> None:
        """Remember an id as the store gave it, and under which node its comment stands."""
        self._seen[id] = (given, node)
        while len(self._seen) > MAX_IDS:
            self._seen.pop(next(iter(self._seen)), None)

    def node_of(self, id: str) -> str | None:
        """Return the node of a comment that was seen."""
        seen = self._seen.get(id)
        return None if seen is None else seen[1]

    def attempt(self, id: str, call: Callable[[Any], T]) -> T:
        """Make a call with an id as it was given, or else as the string and as the int.

        :raises CommentNotFoundError: the store knows none of these.
        """
        if id in self._seen:
            return call(self._seen[id][0])
        is_number = id.isascii() and id.isdecimal() and str(int(id)) == id
        if not is_number:
            return call(id)
        try:
            return call(id)
        except (CommentNotFoundError, NodeNotFoundError):
            return call(int(id))
        except ThirdPartyStoreError as failed:
            # A string where the store counts: an index that is none, a key that is not compared.
            if not isinstance(failed.__cause__, (TypeError, ValueError, AttributeError)):
                raise
            return call(int(id))


def every(comments: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Return the id of each comment, as a string, and the comment: all below it included."""
    pending = list(comments)
    while pending:
        comment = pending.pop(0)
        yield str(comment["id"]), comment
        pending.extend(comment.get("children") or ())


def as_thread(given: Mapping[str, Any], node: str) -> Thread:
    """Return what ``get_data`` gave, every comment complete.

    :raises ThirdPartyStoreError: it is no thread.
    """
    top: list[Comment] = []
    pending: list[tuple[Mapping[str, Any], list[Comment], str | None]] = []
    try:
        pending = [(comment, top, None) for comment in given["comments"]]
        while pending:
            raw, siblings, parent = pending.pop(0)
            comment = as_comment({"parent": parent, **raw}, node if parent is None else None)
            siblings.append(comment)
            below = raw.get("children") or ()
            pending.extend((child, comment["children"], comment["id"]) for child in below)
        return {"source": str(given["source"]), "comments": top}
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ThirdPartyStoreError("the comment store gave no thread for a node") from error


def as_comment(given: Mapping[str, Any], node: str | None) -> Comment:
    """Return a comment with everything that ours have, and without its replies.

    :param node: the node's id, for a comment at the top.
    """
    moment = _moment(given.get("time"))
    age = given.get("age")
    if age is None:
        age = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    comment = rules.as_comment(
        rules.CommentRow(
            id=str(given.get("id", "")),
            parent=None if node is not None or not given.get("parent") else str(given["parent"]),
            node=node or "",
            time=rules.microseconds(moment),
            text=str(given.get("text") or ""),
            displayed=bool(given.get("displayed", True)),
            deleted=False,
            username=str(given.get("username") or "") or None,
            rating=int(given.get("rating") or 0),
            proposal_diff=given.get("proposal_diff") or None,
            vote=int(given.get("vote") or 0),
        ),
        rules.now(),
    )
    comment["age"] = int(age)
    comment["edited"] = given.get("edited") or None
    return comment


def _moment(value: object) -> datetime:
    """Return the time of a comment, given as a datetime or as the published dict of its parts."""
    if isinstance(value, Mapping):
        try:
            value = datetime.fromisoformat(str(value["iso"]))
        except (KeyError, ValueError):
            value = None
    if not isinstance(value, datetime):
        return datetime.now(UTC)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
