"""The moderators' pages: what waits, and discussions without their paragraph.

A moderator decides where a comment is read, by forms that need no script; each carries a token,
so that no other site can decide for them.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, unquote

from markupsafe import Markup

from sphinxcontrib_websupport.errors import (
    CommentNotFoundError,
    InvalidInputError,
    NodeNotFoundError,
    UserNotAuthorizedError,
)
from sphinxcontrib_websupport.model import PAGE_SIZE, Detached, Waiting
from sphinxcontrib_websupport.web.api.fields import whole_number
from sphinxcontrib_websupport.web.messages import HTML, Response
from sphinxcontrib_websupport.web.pages.rendering import (
    Row,
    document_address,
    language_of,
    page,
    row,
)
from sphinxcontrib_websupport.web.routing import Call


class WaitingEntry(NamedTuple):
    """A comment that waits, as the page lists it."""

    row: Row
    node: str
    source: str
    document: str
    address: str


class DetachedEntry(NamedTuple):
    """A discussion without its paragraph, as the page lists it."""

    node: str
    source: str
    document: str
    address: str
    comments: int
    nearest: str | None
    nearest_address: str | None
    diff: Markup | None


class Choice(NamedTuple):
    """A paragraph that a discussion can be attached to."""

    node: str
    source: str


def get_waiting(call: Call) -> Response:
    """Show what waits."""
    _check(call)
    start = whole_number(call.query.get("start", "0"))
    found = call.support.get_waiting(moderator=True, start=start, limit=PAGE_SIZE + 1)
    return page(
        call,
        "waiting.html",
        page="waiting",
        said=_said(call),
        entries=[_waiting_entry(call, entry) for entry in found[:PAGE_SIZE]],
        more=f"?start={start + PAGE_SIZE}" if len(found) > PAGE_SIZE else None,
    )


def decide(call: Call) -> Response:
    """Accept or delete a comment, and show what still waits."""
    _check(call)
    comment, verdict = call.body["comment"], call.body["verdict"]
    try:
        if verdict == "accept":
            call.support.accept_comment(comment, moderator=True)
        elif verdict == "delete":
            call.support.delete_comment(comment, call.viewer.username, moderator=True)
        else:
            raise InvalidInputError("The verdict is accept or delete.")
    except CommentNotFoundError:
        verdict = "gone"  # another moderator was faster
    return Response(303, b"", HTML, {"Location": f"./moderation?done={verdict}"})


def get_detached(call: Call) -> Response:
    """Show discussions without their paragraph."""
    return _detached_page(call)


def attach(call: Call) -> Response:
    """Attach a discussion to a paragraph, and show what is left."""
    _check(call)
    node, to = call.body["node"], call.body["to"]
    try:
        call.support.attach(node, _named_node(call, to), moderator=True)
    except (NodeNotFoundError, CommentNotFoundError, InvalidInputError):
        return _detached_page(call, 400, wrong=node, given=to)
    return Response(303, b"", HTML, {"Location": "./detached?done=attached"})


def _detached_page(call: Call, status: int = 200, wrong: str = "", given: str = "") -> Response:
    _check(call)
    start = whole_number(call.query.get("start", "0"))
    found = call.support.get_detached(None, moderator=True, start=start, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    pages = sorted({entry["document"] for entry in shown})
    return page(
        call,
        "detached.html",
        status,
        page="detached",
        said=_said(call),
        entries=[_detached_entry(call, entry) for entry in shown],
        choices=[
            Choice(node.id, " ".join(node.source.split()))
            for node in call.support.storage.get_nodes(pages)
            if not node.retired
        ],
        more=f"?start={start + PAGE_SIZE}" if len(found) > PAGE_SIZE else None,
        wrong=wrong,
        given=given,
    )


def _check(call: Call) -> None:
    if not call.viewer.moderator:
        raise UserNotAuthorizedError("This page is for moderators.")


def _said(call: Call) -> str:
    """Say what has just been done."""
    say = language_of(call.request, call.settings).say
    sentences = {
        "accept": say("Accepted."),
        "delete": say("Deleted."),
        "gone": say("This comment was gone already."),
        "attached": say("Attached."),
    }
    return sentences.get(call.query.get("done", ""), "")


def _named_node(call: Call, text: str) -> str:
    """Return the id that somebody means: as such, or in a link to a paragraph or a comment."""
    _, has_fragment, fragment = text.strip().rpartition("#")
    name = unquote(fragment)
    if not has_fragment:
        return name
    if name.startswith("comment-"):
        return call.support.find_comment(name.removeprefix("comment-"), moderator=True)
    return name.removeprefix("s")


def _waiting_entry(call: Call, entry: Waiting) -> WaitingEntry:
    node, document = entry["node"], entry["document"]
    address = _address(call, document, node)
    return WaitingEntry(row(entry["comment"]), node, entry["source"], document, address)


def _detached_entry(call: Call, entry: Detached) -> DetachedEntry:
    node, document, like = entry["node"], entry["document"], entry["nearest"]
    return DetachedEntry(
        node=node,
        source=entry["source"],
        document=document,
        address=_address(call, document, node),
        comments=entry["count"],
        nearest=like and like["node"],
        nearest_address=like and _address(call, document, like["node"]),
        diff=like and Markup(like["source_diff"]),  # noqa: S704 - made of escaped text
    )


def _address(call: Call, document: str, node: str) -> str:
    """Return where a paragraph is read: on its page, or else on that of its thread."""
    root = "../" * call.request.path.count("/")
    known = document_address(call.settings, document, node)
    return known or f"{root}threads/{quote(node, safe='')}"
