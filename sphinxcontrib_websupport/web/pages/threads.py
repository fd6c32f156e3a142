"""The pages that the service sends itself: they work without scripts and refer to no other site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from importlib.resources import files
from urllib.parse import quote, urlencode

from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.model import ANONYMOUS, Comment
from sphinxcontrib_websupport.web.api.handlers import post
from sphinxcontrib_websupport.web.messages import HTML, Response
from sphinxcontrib_websupport.web.pages.rendering import (
    Row,
    document_address,
    language_of,
    page,
    row,
)
from sphinxcontrib_websupport.web.problems import RouteNotFoundError
from sphinxcontrib_websupport.web.routing import Call

DEEPEST = 5
"""From here on replies are not indented any further; they name whom they answer."""

STATIC = dict.fromkeys(("websupport.css", "websupport-pages.css"), "text/css; charset=utf-8")
"""What the pages refer to, by name: nothing else is looked for on the disk."""


def get_thread(call: Call) -> Response:
    """Show a page of a thread, with a form to comment or to reply."""
    return _thread_page(call, reply=call.query.get("reply", ""))


def post_to_thread(call: Call) -> Response:
    """Add what the form holds; lead back to the thread, or show what was wrong with it."""
    parent = call.body.get("parent", "")
    where = {"parent_id": parent} if parent else {"node_id": call.path["node"]}
    try:
        comment = post(call, call.body["text"], None, **where)
    except InvalidInputError as error:
        text = call.body["text"]
        return _thread_page(call, error.status, reply=parent, text=text, error=str(error))
    is_waiting = not comment["displayed"] and not call.viewer.moderator
    query = _kept_query(call, waiting="1") if is_waiting else _kept_query(call)
    fragment = "write" if is_waiting else f"comment-{quote(comment['id'], safe='')}"
    # Relative to this very address, so that no Host header and no prefix is needed.
    location = f"./{quote(call.path['node'], safe='')}{query.rstrip('?')}#{fragment}"
    return Response(303, b"", HTML, {"Location": location})


def get_static(call: Call) -> Response:
    """Give a file that the pages refer to."""
    name = call.path["name"]
    if name not in STATIC:
        raise RouteNotFoundError("There is no such file.")
    body = (files("sphinxcontrib_websupport") / "static" / name).read_bytes()
    return Response(200, body, STATIC[name])


def _thread_page(
    call: Call, status: int = 200, reply: str = "", text: str = "", error: str = ""
) -> Response:
    viewer = call.viewer
    thread = call.support.get_page(
        call.path["node"], viewer.username or None, viewer.moderator, call.query.get("after")
    )
    anonymous = language_of(call.request, call.settings).say("Anonymous")
    rows = list(_flatten(thread["comments"], anonymous))
    target = next((row.comment for row in rows if reply and row.comment["id"] == reply), None)
    return page(
        call,
        "thread.html",
        status,
        source=thread["source"],
        rows=rows,
        more=_kept_query(call, after=thread["next"]) if thread["next"] else None,
        query=partial(_kept_query, call),
        back=_document_address(call),
        may_comment=bool(viewer.username) or call.support.allow_anonymous_comments,
        target=target,
        text=text,
        error=error,
        is_waiting="waiting" in call.query,
    )


def _kept_query(call: Call, **values: str) -> str:
    """Return a query that also keeps where the reader comes from."""
    kept = {"document": call.query["document"]} if "document" in call.query else {}
    return "?" + urlencode(kept | values)


def _document_address(call: Call) -> str | None:
    """Return where the paragraph is to be read, if that can be told."""
    docname = call.query.get("document")
    # The name comes from the address, so it is believed only if the paragraph is there.
    if docname is None or call.path["node"] not in call.support.get_metadata(docname):
        return None
    return document_address(call.settings, docname, call.path["node"])


def _flatten(comments: Sequence[Comment], anonymous: str) -> Iterator[Row]:
    """Yield a tree's comments in reading order, however deep it is."""
    pending: list[tuple[Comment, int, str | None]] = [(c, 0, None) for c in reversed(comments)]
    while pending:
        comment, depth, answers = pending.pop()
        yield row(comment, min(depth, DEEPEST), answers)
        author = comment["username"]
        author = anonymous if author == ANONYMOUS else author
        pending += [(child, depth + 1, author) for child in reversed(comment["children"])]
