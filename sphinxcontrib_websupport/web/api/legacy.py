"""The five addresses of earlier web support front ends, form-encoded as these send them."""

from __future__ import annotations

from sphinxcontrib_websupport.web.api.encoding import thread_response
from sphinxcontrib_websupport.web.api.handlers import post, set_vote
from sphinxcontrib_websupport.web.api.schemas import LegacyComment
from sphinxcontrib_websupport.web.messages import Response, json_response
from sphinxcontrib_websupport.web.routing import Call

PLAIN = "text/plain; charset=utf-8"


def get_comments(call: Call) -> Response:
    """Answer with a node's whole thread: earlier front ends know no pages."""
    viewer = call.viewer
    thread = call.support.get_data(call.query["node"], viewer.username or None, viewer.moderator)
    return thread_response(thread)


def add_comment(call: Call) -> Response:
    """Add a comment or a reply: the other id is sent empty, as is an absent proposal."""
    comment = post(
        call,
        call.body["text"],
        call.body.get("proposal") or None,
        node_id=call.body.get("node", ""),
        parent_id=call.body.get("parent", ""),
    )
    answer: LegacyComment = {"comment": comment}
    return json_response(answer)


def process_vote(call: Call) -> Response:
    """Set the reader's vote."""
    set_vote(call, call.body["comment_id"], call.body["value"])
    return _say("OK")


def accept_comment(call: Call) -> Response:
    """Show a comment to all from now on."""
    call.support.accept_comment(call.body["id"], moderator=call.viewer.moderator)
    return _say("OK")


def delete_comment(call: Call) -> Response:
    """Delete a comment; ``delete`` tells the front end to take its replies away, too."""
    viewer = call.viewer
    removed = call.support.delete_comment(call.body["id"], viewer.username, viewer.moderator)
    return _say("delete" if removed else "OK")


def _say(word: str) -> Response:
    return Response(200, word.encode(), PLAIN)
