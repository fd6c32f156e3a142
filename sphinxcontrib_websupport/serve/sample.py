"""Comments to look at, so that a demonstration does not start with an empty page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NotRequired, TypedDict

from sphinxcontrib_websupport.errors import SettingsError
from sphinxcontrib_websupport.websupport import WebSupport


class SampleComment(TypedDict):
    """A comment of the file, with its replies."""

    text: str
    username: str
    hours_ago: NotRequired[float]
    displayed: NotRequired[bool]
    proposal: NotRequired[list[str]]
    """Two texts: what the proposal replaces in the paragraph's source, and by what."""
    votes: NotRequired[dict[str, int]]
    replies: NotRequired[list[SampleComment]]


class SampleThread(TypedDict):
    """The comments on one paragraph, named by how its source text begins."""

    document: str
    paragraph: str
    comments: list[SampleComment]


def add_samples(support: WebSupport, path: Path) -> int:
    """Post the comments of a JSON file, unless the store has comments already.

    :returns: how many were posted.
    :raises SettingsError: the file is not such a file, or names a paragraph that is not there.
    """
    try:
        threads: list[SampleThread] = json.loads(path.read_text(encoding="utf-8"))
        documents = {thread["document"] for thread in threads}
        if any(_has_comments(support, name) for name in documents):
            return 0
        return sum(_add_thread(support, thread) for thread in threads)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SettingsError(f"{path} is no file of sample comments: {error!r}") from error


def _has_comments(support: WebSupport, document: str) -> bool:
    return any(support.get_metadata(document, moderator=True).values())


def _add_thread(support: WebSupport, thread: SampleThread) -> int:
    beginning = thread["paragraph"]
    for node in support.storage.get_nodes([thread["document"]]):
        if not node.retired and node.source.startswith(beginning):
            return sum(
                _add_comment(support, comment, node.source, node_id=node.id)
                for comment in thread["comments"]
            )
    raise SettingsError(f"no paragraph of {thread['document']} begins with {beginning!r}")


def _add_comment(
    support: WebSupport,
    comment: SampleComment,
    source: str,
    *,
    node_id: str = "",
    parent_id: str = "",
) -> int:
    proposal = None
    if "proposal" in comment:
        before, after = comment["proposal"]
        proposal = source.replace(before, after)
    posted = support.add_comment(
        comment["text"],
        node_id=node_id,
        parent_id=parent_id,
        username=comment["username"],
        displayed=comment.get("displayed", True),
        time=datetime.now(UTC) - timedelta(hours=comment.get("hours_ago", 0.1)),
        proposal=proposal,
    )
    for username, value in comment.get("votes", {}).items():
        support.process_vote(posted["id"], username, value)
    replies = comment.get("replies", [])
    return 1 + sum(_add_comment(support, r, source, parent_id=posted["id"]) for r in replies)
