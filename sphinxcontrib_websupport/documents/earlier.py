"""What the earlier package's front end reads in a page: ``websupport.js`` of its releases."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from sphinxcontrib_websupport.model import Document

_CALLS = {
    "addCommentURL": "_add_comment",
    "getCommentsURL": "_get_comments",
    "processVoteURL": "_process_vote",
    "acceptCommentURL": "_accept_comment",
    "deleteCommentURL": "_delete_comment",
}
_IMAGES = {
    "commentImage": "comment.png",
    "closeCommentImage": "comment-close.png",
    "loadingImage": "ajax-loader.gif",
    "commentBrightImage": "comment-bright.png",
    "upArrow": "up.png",
    "upArrowPressed": "up-pressed.png",
    "downArrow": "down.png",
    "downArrowPressed": "down-pressed.png",
}

_OURS = re.compile(
    r'<(script)[^>]*(?:src="[^"]*/websupport-comments\.js|id="websupport-data")[^>]*>.*?</script>\n?'
    r'|<link[^>]*href="[^"]*/websupport\.css[^>]*>\n?',
    re.DOTALL,
)


def options(username: str, moderator: bool, docroot: str, staticroot: str) -> dict[str, object]:
    """Return ``COMMENT_OPTIONS`` as the release 2.0.0 gave them.

    :param username: the reader's; without one, nobody votes.
    """
    given: dict[str, object] = {}
    if docroot:
        given |= {key: f"/{docroot}/{name}" for key, name in _CALLS.items()}
    if staticroot != "static":
        given |= {key: f"/{staticroot}/_static/{name}" for key, name in _IMAGES.items()}
    if username:
        given |= {"voting": True, "username": username, "moderator": bool(moderator)}
    return given


def with_front_end(
    document: Document, options: Mapping[str, object], counts: Mapping[str, int]
) -> Document:
    """Return a page that sets what the earlier front end reads, and loads nothing of ours."""
    script = (
        f"<script>\nvar COMMENT_OPTIONS = {_json(options)};\n</script>\n"
        f"<script>\nvar COMMENT_METADATA = {_json(counts)};\n</script>\n"
    )
    return {
        **document,
        "body": _OURS.sub("", document["body"]),
        "css": _OURS.sub("", document["css"]),
        "script": script + _OURS.sub("", document["script"]),
    }


def _json(value: Mapping[str, object]) -> str:
    """Return JSON in which nothing can end the script or be read as anything but a value."""
    text = json.dumps(value)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
