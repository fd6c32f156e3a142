"""What a store looks at before it takes in what another held: the same rules everywhere."""

from __future__ import annotations

from dataclasses import replace

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.errors import InvalidInputError, TransferError
from sphinxcontrib_websupport.model import MAX_NAME_LENGTH, Node
from sphinxcontrib_websupport.storage.staging import MAX_DOCUMENT_LENGTH, MAX_ID_LENGTH
from sphinxcontrib_websupport.storage.transfer.records import (
    MAX_COMMENT_ID_LENGTH,
    CommentRecord,
    Discussions,
)

MAX_NUMBER = 2**31 - 1
"""The greatest position and line."""

MAX_TIME = 253_402_300_799_999_999
"""The last microsecond of the year 9999."""

MIN_TIME = -62_135_596_800_000_000
"""The first microsecond of the year 1."""


def checked_node(node: Node) -> Node:
    """Return a node as every engine can keep it.

    :raises InvalidInputError: it cannot be kept.
    """
    for what, text, length in (
        ("the node's id", node.id, MAX_ID_LENGTH),
        ("the document's name", node.document, MAX_DOCUMENT_LENGTH),
        ("the successor's id", node.successor or "", MAX_ID_LENGTH),
    ):
        inputs.storable(what, text, length)
    if not node.id:
        raise InvalidInputError("the node's id is empty")
    for number in (node.position, node.line or 0):
        if not 0 <= number <= MAX_NUMBER:
            raise InvalidInputError(f"the node {node.id!r:.80} has the place {number}")
    file = None if node.file is None else inputs.repaired(node.file)
    return replace(node, source=inputs.repaired(node.source), file=file)


def check_comments(discussions: Discussions) -> None:
    """Check that every engine can keep these comments, and that replies follow their parents.

    :raises InvalidInputError: one cannot be kept.
    :raises TransferError: a parent is missing; an id comes twice.
    """
    ids: set[str] = set()
    for node, records in discussions.items():
        inputs.storable("the node's id", node, MAX_ID_LENGTH)
        seen: set[str] = set()
        for record in records:
            check_comment(record)
            if record.id in ids:
                raise TransferError(f"the comment {record.id!r:.80} comes twice")
            if record.parent is not None and record.parent not in seen:
                raise TransferError(f"the parent of the comment {record.id!r:.80} is missing")
            seen.add(record.id)
            ids.add(record.id)


def check_comment(record: CommentRecord) -> None:
    """Check that every engine can keep a comment.

    :raises InvalidInputError: it cannot be kept.
    """
    inputs.storable("a comment's id", record.id, MAX_COMMENT_ID_LENGTH)
    if not record.id:
        raise InvalidInputError("a comment's id is empty")
    for text in (record.text, record.original):
        inputs.storable("the text", text or "")
    for text in (record.proposal, record.proposal_diff, record.base):
        inputs.storable("the proposal", text or "")
    inputs.storable("the markup's name", record.markup or "", MAX_NAME_LENGTH)
    for name in (record.username, *record.votes):
        inputs.storable("the user name", name or "", MAX_NAME_LENGTH)
    if record.username == "" or "" in record.votes:
        raise InvalidInputError("a user name is empty")
    if not all(MIN_TIME <= time <= MAX_TIME for time in (record.time, record.edited or 0)):
        raise InvalidInputError(f"the comment {record.id!r:.80} is of no time")
    if not {-1, 1} >= set(record.votes.values()):
        raise InvalidInputError(f"a vote on the comment {record.id!r:.80} is none")
