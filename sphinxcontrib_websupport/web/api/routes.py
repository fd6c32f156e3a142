"""The one list of what the service answers: shells and the OpenAPI description follow it."""

from __future__ import annotations

from sphinxcontrib_websupport.model import (
    MAX_PROPOSAL_LENGTH,
    MAX_TEXT_LENGTH,
    NewComment,
    Original,
    Thread,
    ThreadPage,
)
from sphinxcontrib_websupport.web.api import handlers, legacy, openapi
from sphinxcontrib_websupport.web.api.fields import Field
from sphinxcontrib_websupport.web.api.schemas import (
    CommentPlace,
    Deletion,
    DocumentAnswer,
    Health,
    LegacyComment,
    PostedComment,
    SearchAnswer,
)
from sphinxcontrib_websupport.web.messages import HTML
from sphinxcontrib_websupport.web.pages import moderation, threads
from sphinxcontrib_websupport.web.routing import Route, Takes

TEXT = Field(str, "The comment, in the site's markup.", required=True, max_length=MAX_TEXT_LENGTH)
PROPOSAL = Field(
    str, "The node's source text as it should be.", nullable=True, max_length=MAX_PROPOSAL_LENGTH
)
EDITED_PROPOSAL = Field(
    str,
    "The node's source text as it should be; null or absent to leave it, empty to take it back.",
    nullable=True,
    max_length=MAX_PROPOSAL_LENGTH,
)
AFTER = Field(str, "The ``next`` of the page before.")
DOCUMENT = Field(str, "The page that the reader comes from, to lead back to it.")
START = Field(str, "How many entries to leave out.")
DONE = Field(str, "What has just been done, to be said on the page.")
TOKEN = Field(str, "The form's token.")
COMMENT_ID = Field(str, "The comment's id.", required=True)

DOCUMENTS = (
    Route(
        "GET",
        "documents/{docname:path}",
        handlers.get_document,
        "Give the counts of a page's nodes, and who is reading.",
        answers=DocumentAnswer,
        is_open=True,
    ),
    Route(
        "GET",
        "search",
        handlers.search,
        "Search pages and comments, ten results at a time.",
        query={
            "q": Field(str, "What to look for.", required=True),
            "start": Field(str, "How many results to leave out: the ``next`` of the page before."),
        },
        answers=SearchAnswer,
        errors=(501,),
        is_open=True,
    ),
)

THREADS = (
    Route(
        "GET",
        "nodes/{node}",
        handlers.get_node,
        "Give a page of a node's thread: 50 top-level comments with all their replies.",
        query={"after": AFTER},
        answers=ThreadPage,
        errors=(404,),
        is_open=True,
    ),
    Route(
        "POST",
        "nodes/{node}/comments",
        handlers.add_comment,
        "Comment on a node.",
        takes=Takes.JSON,
        body={"text": TEXT, "proposal": PROPOSAL},
        answers=PostedComment,
        status=201,
        errors=(403, 404),
    ),
    Route(
        "POST",
        "nodes/{node}/attach",
        handlers.attach_node,
        "Move a discussion whose paragraph is gone to another node; moderators may.",
        takes=Takes.JSON,
        body={"to": Field(str, "The id of the node to attach it to.", required=True)},
        status=204,
        errors=(403, 404),
    ),
    Route(
        "GET",
        "comments/{comment}",
        handlers.find_comment,
        "Tell under which node a comment stands.",
        answers=CommentPlace,
        errors=(404,),
    ),
    Route(
        "POST",
        "comments/{comment}/replies",
        handlers.add_reply,
        "Reply to a comment.",
        takes=Takes.JSON,
        body={"text": TEXT},
        answers=PostedComment,
        status=201,
        errors=(403, 404),
    ),
    Route(
        "PUT",
        "comments/{comment}/vote",
        handlers.vote,
        "Set the reader's vote on a comment.",
        takes=Takes.JSON,
        body={"value": Field(int, "Up, none or down.", required=True, choices=(-1, 0, 1))},
        status=204,
        errors=(403, 404),
    ),
    Route(
        "POST",
        "comments/{comment}/accept",
        handlers.accept_comment,
        "Show a waiting comment to all; moderators may.",
        takes=Takes.JSON,
        status=204,
        errors=(403, 404),
    ),
    Route(
        "PUT",
        "comments/{comment}",
        handlers.edit_comment,
        "Change what a comment says; its author and moderators may.",
        takes=Takes.JSON,
        body={"text": TEXT, "proposal": EDITED_PROPOSAL},
        answers=NewComment,
        errors=(403, 404, 501),
    ),
    Route(
        "GET",
        "comments/{comment}/original",
        handlers.get_original,
        "Give what a comment's author typed, to those who may change it.",
        answers=Original,
        errors=(403, 404, 501),
    ),
    Route(
        "DELETE",
        "comments/{comment}",
        handlers.delete_comment,
        "Delete a comment; its author and moderators may.",
        answers=Deletion,
        errors=(403, 404),
    ),
)

PAGES = (
    Route(
        "GET",
        "threads/{node}",
        threads.get_thread,
        "Show a thread with a form, for readers without scripts.",
        query={
            "after": AFTER,
            "document": DOCUMENT,
            "reply": Field(str, "The comment to reply to."),
            "waiting": Field(str, "Set when a comment was posted that waits for a moderator."),
        },
        media_type=HTML,
        errors=(404,),
    ),
    Route(
        "POST",
        "threads/{node}",
        threads.post_to_thread,
        "Take the form of the page and lead back to it.",
        query={"document": DOCUMENT},
        takes=Takes.FORM,
        body={
            "text": TEXT,
            "parent": Field(str, "The comment to reply to; empty for none."),
            "token": TOKEN,
        },
        media_type=HTML,
        status=303,
        errors=(403, 404),
    ),
    Route(
        "GET",
        "moderation",
        moderation.get_waiting,
        "Show what waits, with forms to accept and to delete it; to moderators.",
        query={"start": START, "done": DONE},
        media_type=HTML,
        errors=(403,),
    ),
    Route(
        "POST",
        "moderation",
        moderation.decide,
        "Take a verdict of the moderators' pages and lead back to what waits.",
        takes=Takes.FORM,
        body={
            "comment": COMMENT_ID,
            "verdict": Field(str, "``accept`` or ``delete``.", required=True),
            "token": TOKEN,
        },
        media_type=HTML,
        status=303,
        errors=(403,),
    ),
    Route(
        "GET",
        "moderation/detached",
        moderation.get_detached,
        "Show discussions without their paragraph, with forms to attach them; to moderators.",
        query={"start": START, "done": DONE},
        media_type=HTML,
        errors=(403,),
    ),
    Route(
        "POST",
        "moderation/detached",
        moderation.attach,
        "Attach a discussion to the paragraph that a form names, and lead back.",
        takes=Takes.FORM,
        body={
            "node": Field(str, "The discussion's node.", required=True),
            "to": Field(str, "A node's id, or a link to it or a comment on it.", required=True),
            "token": TOKEN,
        },
        media_type=HTML,
        status=303,
        errors=(403,),
    ),
    Route(
        "GET",
        "static/{name}",
        threads.get_static,
        "Give a file that the service's own pages need.",
        media_type="text/css; charset=utf-8",
        errors=(404,),
        is_open=True,
    ),
)

SERVICE = (
    Route(
        "GET",
        "health",
        handlers.get_health,
        "Ask the store for a sign of life.",
        answers=Health,
        errors=(503,),
    ),
    Route(
        "GET",
        "openapi.json",
        openapi.get_description,
        "Describe this service.",
        answers=dict,
        is_open=True,
    ),
)

LEGACY = (
    Route(
        "GET",
        "_get_comments",
        legacy.get_comments,
        "Give a node's whole thread, as earlier front ends ask for it.",
        query={"node": Field(str, "The node's id.", required=True)},
        answers=Thread,
        errors=(404,),
        is_open=True,
    ),
    Route(
        "POST",
        "_add_comment",
        legacy.add_comment,
        "Comment or reply, as earlier front ends do.",
        takes=Takes.FORM,
        body={
            "text": TEXT,
            "node": Field(str, "The node's id; empty for a reply."),
            "parent": Field(str, "The comment's id; empty for a comment on a node."),
            "proposal": PROPOSAL,
        },
        answers=LegacyComment,
        errors=(403, 404),
    ),
    Route(
        "POST",
        "_process_vote",
        legacy.process_vote,
        "Set the reader's vote, as earlier front ends do.",
        takes=Takes.FORM,
        body={"comment_id": COMMENT_ID, "value": Field(str, "−1, 0 or 1.", required=True)},
        media_type=legacy.PLAIN,
        errors=(403, 404),
    ),
    Route(
        "POST",
        "_accept_comment",
        legacy.accept_comment,
        "Show a waiting comment to all, as earlier front ends do.",
        takes=Takes.FORM,
        body={"id": COMMENT_ID},
        media_type=legacy.PLAIN,
        errors=(403, 404),
    ),
    Route(
        "POST",
        "_delete_comment",
        legacy.delete_comment,
        "Delete a comment, as earlier front ends do.",
        takes=Takes.FORM,
        body={"id": COMMENT_ID},
        media_type=legacy.PLAIN,
        errors=(403, 404),
    ),
)

ROUTES = DOCUMENTS + THREADS + PAGES + SERVICE + LEGACY
