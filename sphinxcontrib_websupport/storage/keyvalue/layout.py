"""Under which keys records stand, and the ids and marks that lead to them without an index.

===========================  ===============================================================
``site``                     which builds' nodes are published: changed by one update
``builds``                   what builds have staged, or replaced and not yet deleted
``manifest/…``, ``page/…``,  nodes; a record of these is never changed, only replaced by one
``index/…``                  under another name
``talk/<document>``          which nodes of a document anybody ever commented on
``id/<part>``                where comments are whose ids are those of another store
``user/<name>``              in which threads somebody ever wrote or voted
``thread/<thread>``          a header: the segments of a thread, their counts, its node
``thread/<thread>/<n>``      a segment: comments with all replies to them, and votes
===========================  ===============================================================
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import NamedTuple, Self

from sphinxcontrib_websupport.errors import CommentNotFoundError, InvalidInputError
from sphinxcontrib_websupport.storage import rules

SITE = "site"
BUILDS = "builds"

# Such an id goes into addresses and HTML as it is. A leading underscore is this module's own.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", re.ASCII)
_COMMENT = re.compile(r"([0-9a-f]{1,8})-([0-9a-f]{1,15})-([A-Za-z0-9_-]{1,150})", re.ASCII)
_MARK = re.compile(
    r"(-?[0-9a-f]{1,15})\.([0-9a-f]{1,15})\.([0-9a-f]{1,8})\.([A-Za-z0-9_-]{1,150})", re.ASCII
)


def main_thread(node: str) -> str:
    """Return the name of a node's first thread, in characters that every address takes."""
    if _PLAIN.fullmatch(node):
        return node
    return f"_h{blake2b(node.encode(), digest_size=20).hexdigest()}"


def spare_thread(node: str, count: int) -> str:
    """Return the name of a further thread, for a node whose first was attached elsewhere."""
    return f"_{count}_{main_thread(node)}"


def header_key(thread: str) -> str:
    """Return the key of a thread's header."""
    return f"thread/{thread}"


def segment_key(thread: str, number: int) -> str:
    """Return the key of a segment."""
    return f"thread/{thread}/{number}"


def talk_key(document: str) -> str:
    """Return the key of the list of a document's nodes that have been commented on."""
    return f"talk/{document}"


def user_key(name: str) -> str:
    """Return the key of the list of threads in which a user wrote or voted."""
    return f"user/{name}"


def known_id_key(id: str) -> str:
    """Return the key of the list on which a comment stands that came from another store."""
    number = rules.number(id)
    if number is not None:
        return f"id/{number // 1000}"
    return f"id/_{int.from_bytes(blake2b(id.encode(), digest_size=2).digest()) >> 6}"


def bucket(node: str, bits: int) -> int:
    """Return in which of ``2 ** bits`` parts of the index a node is listed."""
    return int.from_bytes(blake2b(node.encode(), digest_size=4).digest()) >> (32 - bits)


class CommentId(NamedTuple):
    """Where a comment is: it never moves, so its id says it for good."""

    thread: str
    segment: int
    seq: int

    @classmethod
    def parsed(cls, text: object) -> Self:
        """Return the parts of an id.

        :raises CommentNotFoundError: this store has not given it out.
        """
        match = _COMMENT.fullmatch(text) if isinstance(text, str) else None
        if match is not None:
            id = cls(match[3], int(match[1], 16), int(match[2], 16))
            # Each comment has one id: `00-5-n` is not another form of `0-5-n`.
            if str(id) == text:
                return id
        raise CommentNotFoundError("there is no such comment")

    def beside(self, seq: int) -> str:
        """Return the id of another comment in the same segment."""
        return str(self._replace(seq=seq))

    def __str__(self) -> str:
        return f"{self.segment:x}-{self.seq:x}-{self.thread}"


class Mark(NamedTuple):
    """Where a part of a node's discussion ends: the place of its last top-level comment.

    Such places compare as readers see comments: by time, then by arrival.
    """

    time: int
    seq: int
    thread: str
    segment: int

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Return the parts of a mark.

        :raises InvalidInputError: it is none.
        """
        match = _MARK.fullmatch(text)
        if match is None:
            raise InvalidInputError("this is no mark of a part of a thread")
        return cls(int(match[1], 16), int(match[2], 16), match[4], int(match[3], 16))

    def __str__(self) -> str:
        return f"{self.time:x}.{self.seq:x}.{self.segment:x}.{self.thread}"
