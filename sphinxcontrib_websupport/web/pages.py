"""The pages that the service sends itself: they work without scripts and refer to no other site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib.resources import files
from typing import NamedTuple
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sphinxcontrib_websupport.errors import InvalidInputError, WebSupportError
from sphinxcontrib_websupport.model import DELETED, Comment
from sphinxcontrib_websupport.web.calls import Call
from sphinxcontrib_websupport.web.handlers import post
from sphinxcontrib_websupport.web.messages import HTML, Response
from sphinxcontrib_websupport.web.problems import RouteNotFoundError, is_internal, problem_response

DEEPEST = 5
"""From here on replies are not indented any further; they name whom they answer."""

STATIC = {"websupport.css": "text/css; charset=utf-8"}
"""What the pages refer to, by name: nothing else is looked for on the disk."""

_templates = Environment(
    loader=PackageLoader("sphinxcontrib_websupport", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Row(NamedTuple):
    """A comment as the page lists it."""

    comment: Comment
    depth: int
    """How far it is indented, from 0 to :data:`DEEPEST`."""
    answers: str | None
    """The name of the author whom it answers; ``None`` at the top."""
    text: Markup
    """Its text: HTML that was cleaned when the comment was written."""
    diff: Markup | None


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
        page = _thread_page(call, reply=parent, text=call.body["text"], error=str(error))
        return Response(error.status, page.body, HTML)
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


def problem_page(error: WebSupportError) -> Response:
    """Answer with an error as a page for a person."""
    detail = "" if is_internal(error) else str(error)
    page = render_page("problem.html", error.status, title=error.title, detail=detail)
    return replace(page, headers=problem_response(error).headers)


def render_page(template: str, status: int = 200, **values: object) -> Response:
    """Answer with a page; every value is escaped."""
    html = _templates.get_template(template).render(values)
    return Response(status, html.encode("utf-8", "replace"), HTML)


def _thread_page(call: Call, reply: str = "", text: str = "", error: str = "") -> Response:
    viewer = call.viewer
    page = call.support.get_page(
        call.path["node"], viewer.username or None, viewer.moderator, call.query.get("after")
    )
    rows = list(_flatten(page["comments"]))
    target = next((row.comment for row in rows if reply and row.comment["id"] == reply), None)
    return render_page(
        "thread.html",
        source=page["source"],
        rows=rows,
        more=_kept_query(call, after=page["next"]) if page["next"] else None,
        query=partial(_kept_query, call),
        back=_document_address(call),
        deleted=DELETED,
        viewer=viewer,
        may_comment=bool(viewer.username) or call.support.allow_anonymous_comments,
        may_sign_in=call.settings.may_sign_in,
        token=call.settings.form_tokens.create(viewer),
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
    docname, template = call.query.get("document"), call.settings.document_url
    # The name comes from the address, so it is believed only if the paragraph is there.
    if (
        docname is None
        or template is None
        or call.path["node"] not in call.support.get_metadata(docname)
    ):
        return None
    return f"{template.format(docname=quote(docname))}#s{quote(call.path['node'], safe='')}"


def _flatten(comments: Sequence[Comment]) -> Iterator[Row]:
    """Yield a tree's comments in reading order, however deep it is."""
    pending: list[tuple[Comment, int, str | None]] = [(c, 0, None) for c in reversed(comments)]
    while pending:
        comment, depth, answers = pending.pop()
        diff = comment["proposal_diff"]
        text, safe_diff = Markup(comment["text"]), None if diff is None else Markup(diff)  # noqa: S704 - cleaned when written
        yield Row(comment, min(depth, DEEPEST), answers, text, safe_diff)
        author = comment["username"] or "Anonymous"
        pending += [(child, depth + 1, author) for child in reversed(comment["children"])]
