"""Each JSON address as a call of ``WebSupport``; there is no rule about comments here."""

from __future__ import annotations

from urllib.parse import quote

from sphinxcontrib_websupport.errors import (
    CommentNotAllowedError,
    CommentNotFoundError,
    UnsupportedError,
    UserNotAuthorizedError,
)
from sphinxcontrib_websupport.model import NewComment
from sphinxcontrib_websupport.web.api.encoding import thread_response
from sphinxcontrib_websupport.web.api.fields import whole_number
from sphinxcontrib_websupport.web.api.schemas import (
    CommentPlace,
    Deletion,
    DocumentAnswer,
    Health,
    PostedComment,
    SearchAnswer,
    ViewerAnswer,
)
from sphinxcontrib_websupport.web.caching import is_known, not_modified, stamped
from sphinxcontrib_websupport.web.messages import Response, encode, json_response
from sphinxcontrib_websupport.web.readers.authors import EDIT_SECONDS
from sphinxcontrib_websupport.web.routing import Call

MAX_DEPTH = 400
"""How deep replies are nested.

A thread is nested JSON, two levels for each reply. The service itself does not recurse, but
Python's parser gives up at about 500 replies, and so may others that ask it.
"""


def get_document(call: Call) -> Response:
    """Answer with the counts of a page's nodes, and with who is reading."""
    docname, viewer = call.path["docname"], call.viewer
    who = _who(call)
    # Asked for first: what is read later may be newer than its tag, and never older.
    stamp = call.support.get_document_version(docname)
    etag = stamped(stamp, docname, *who.values())
    if is_known(call.request, etag):
        return not_modified(etag)
    counts = call.support.get_metadata(docname, moderator=viewer.moderator)
    answer: DocumentAnswer = {
        "nodes": {node: {"count": count} for node, count in counts.items()},
        "viewer": who,
        "detached": call.support.get_detached(docname, moderator=viewer.moderator),
    }
    return Response(200, encode(answer), etag=etag)


def _who(call: Call) -> ViewerAnswer:
    viewer = call.viewer
    return {
        "username": viewer.username,
        "moderator": viewer.moderator,
        "may_comment": bool(viewer.username) or call.support.allow_anonymous_comments,
        "may_vote": bool(viewer.username),
        "may_sign_in": call.settings.may_sign_in,
    }


def get_node(call: Call) -> Response:
    """Answer with a page of a node's thread."""
    viewer, node, after = call.viewer, call.path["node"], call.query.get("after")
    stamp = call.support.get_version(node, viewer.moderator, after)
    etag = stamped(stamp, node, after, viewer.username, viewer.moderator)
    if is_known(call.request, etag):
        return not_modified(etag)
    page = call.support.get_page(node, viewer.username or None, viewer.moderator, after)
    return thread_response(page, etag)


def attach_node(call: Call) -> Response:
    """Move a detached discussion to another node."""
    node, to = call.path["node"], call.body["to"]
    call.support.attach(node, to, moderator=call.viewer.moderator)
    return Response(204)


def find_comment(call: Call) -> Response:
    """Answer with the node under which a comment stands; of one that waits, to its author, too."""
    comment_id = call.path["comment"]
    waiting = False
    try:
        node = call.support.find_comment(comment_id)
    except CommentNotFoundError:
        if not _sees_waiting(call):
            raise
        node = call.support.find_comment(comment_id, moderator=True)
        waiting = True
    place: CommentPlace = {"id": comment_id, "node": node, "waiting": waiting}
    return json_response(place)


def add_comment(call: Call) -> Response:
    """Add a comment to a node."""
    comment = post(call, call.body["text"], call.body.get("proposal"), node_id=call.path["node"])
    return _created(call, comment)


def add_reply(call: Call) -> Response:
    """Add a reply to a comment."""
    comment = post(call, call.body["text"], None, parent_id=call.path["comment"])
    return _created(call, comment)


def vote(call: Call) -> Response:
    """Set the reader's vote."""
    set_vote(call, call.path["comment"], call.body["value"])
    return Response(204)


def accept_comment(call: Call) -> Response:
    """Show a comment to all from now on."""
    call.support.accept_comment(call.path["comment"], moderator=call.viewer.moderator)
    return Response(204)


def edit_comment(call: Call) -> Response:
    """Change what a comment says; it waits once more where comments wait."""
    viewer = call.viewer
    comment = call.support.edit_comment(
        call.path["comment"],
        call.body["text"],
        viewer.username,
        viewer.moderator,
        displayed=_is_displayed(call),
        proposal=call.body.get("proposal"),
        author=_is_author(call, EDIT_SECONDS),
    )
    return json_response(comment)


def get_original(call: Call) -> Response:
    """Answer with what a comment's author typed."""
    viewer = call.viewer
    original = call.support.get_original(
        call.path["comment"],
        viewer.username,
        viewer.moderator,
        author=_is_author(call, EDIT_SECONDS),
    )
    return json_response(original)


def delete_comment(call: Call) -> Response:
    """Delete a comment."""
    viewer = call.viewer
    removed = call.support.delete_comment(
        call.path["comment"], viewer.username, viewer.moderator, author=_is_author(call)
    )
    answer: Deletion = {"removed": removed}
    return json_response(answer)


def search(call: Call) -> Response:
    """Answer with a page of search results, as values and as the parts of a page."""
    q = call.query["q"]
    found = call.support.find(q, whole_number(call.query.get("start", "0")))
    answer: SearchAnswer = {
        **call.support.get_search_page(q, found),
        "results": [
            {
                "path": result.path,
                "title": result.title,
                "heading": result.heading,
                "context": result.context,
                "rank": result.rank,
                "kind": result.kind,
                "node": result.node,
                "comment": result.comment,
            }
            for result in found.results
        ],
        "total": found.total,
        "next": found.next,
    }
    return json_response(answer)


def get_health(call: Call) -> Response:
    """Ask the store for a sign of life; tell an operator, and nobody else, which one it is."""
    store = call.support.health()
    answer: Health = {"status": "ok"}
    if call.settings.is_operator(call.request):
        answer["store"] = store
    return json_response(answer)


def post(
    call: Call, text: str, proposal: str | None, node_id: str = "", parent_id: str = ""
) -> NewComment:
    """Add a comment in the reader's name, waiting for a moderator where the site says so."""
    viewer = call.viewer
    if parent_id and call.support.get_depth(parent_id) >= MAX_DEPTH:
        raise CommentNotAllowedError(
            f"Replies are nested {MAX_DEPTH} deep at most: answer an earlier comment."
        )
    return call.support.add_comment(
        text,
        node_id=node_id,
        parent_id=parent_id,
        displayed=_is_displayed(call),
        username=viewer.username or None,
        proposal=proposal,
        moderator=viewer.moderator,
    )


def set_vote(call: Call, comment_id: str, value: int | str) -> None:
    """Set the reader's vote.

    :raises UserNotAuthorizedError: the reader has no name.
    """
    if not call.viewer.username:
        # To WebSupport an empty name is a wrong argument; over HTTP it is a reader who has
        # not signed in.
        raise UserNotAuthorizedError("Voting needs a name.")
    call.support.process_vote(comment_id, call.viewer.username, value)


def _is_author(call: Call, seconds: int | None = None) -> bool:
    tokens = call.settings.author_tokens
    return tokens.proves(call.request, call.path["comment"], seconds=seconds)


def _sees_waiting(call: Call) -> bool:
    """Tell whether the reader is a moderator, or wrote the comment."""
    viewer = call.viewer
    if viewer.moderator:
        return True
    try:
        call.support.get_original(call.path["comment"], viewer.username, author=_is_author(call))
    except (CommentNotFoundError, UserNotAuthorizedError, UnsupportedError):
        return False
    return True


def _is_displayed(call: Call) -> bool:
    return call.viewer.moderator or not call.settings.must_wait(call.viewer)


def _created(call: Call, comment: NewComment) -> Response:
    # Relative to "nodes/…/comments" and to "comments/…/replies" alike.
    location = f"../../comments/{quote(comment['id'], safe='')}"
    if call.viewer.username:
        return json_response(comment, 201, {"Location": location})
    token = call.settings.author_tokens.create(comment["id"])
    answer: PostedComment = {**comment, "token": token}
    return json_response(answer, 201, {"Location": location})
