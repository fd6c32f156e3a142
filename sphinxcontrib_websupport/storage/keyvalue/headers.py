"""A thread's header: to which node it belongs, its segments, and how many comments they hold.

The counts are derived, and can be trusted although they stand in another record than what they
count. Before a writer changes which comments a segment holds or shows, it takes a ticket here, by
raising :attr:`Part.reserved`; the change gives the segment that ticket as its version, and is
refused when the segment has got as far already; then the writer notes here what it counted. While
``seen`` is below ``reserved``, a change is on its way, or its writer was killed on the way: then
the segment itself is counted. So a count is never wrong, whenever a writer dies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from sphinxcontrib_websupport.errors import DamagedValueError

SEGMENT = 100
"""With how many comments a segment takes no further top-level ones; replies it always takes."""


class Part(NamedTuple):
    """What the header knows of a segment."""

    first: int
    """No top-level comment in it is older."""
    last: int
    """No top-level comment in it is newer."""
    reserved: int
    """The last ticket that was given out."""
    seen: int
    """The version at which it was counted."""
    total: int
    visible: int
    since: int
    """When the last ticket was given out, in microseconds since 1970."""

    @property
    def is_settled(self) -> bool:
        """Whether the counts are those of the segment."""
        return self.seen >= self.reserved


@dataclass
class Header:
    """The header of a thread; that of a node's first thread also lists the node's other threads."""

    home: str
    """The node that it was made for."""
    node: str
    """The node to which its comments belong now."""
    threads: list[str] = field(default_factory=list)
    """Other threads that may belong to :attr:`home`; those that do have it as their node."""
    closed: int | None = None
    """The generation in which the discussion of :attr:`home` was attached to another node: one
    that a later build registers anew may begin a thread again."""
    parts: list[Part] = field(default_factory=list)
    """The segments, by number."""

    @classmethod
    def read(cls, key: str, value: Any) -> Self:
        """Return a stored header.

        :raises DamagedValueError: it is none.
        """
        match value:
            case {
                "home": str(home),
                "node": str(node),
                "threads": list(threads),
                "closed": int() | None as closed,
                "parts": list(rows),
            } if all(isinstance(thread, str) for thread in threads):
                parts = [_read(key, row) for row in rows]
                return cls(home, node, [*threads], closed, parts)
        raise DamagedValueError(f"the value under {key!r} is no header of a thread")

    def stored(self) -> dict[str, Any]:
        """Return the header as a JSON value."""
        return {
            "home": self.home,
            "node": self.node,
            "threads": self.threads,
            "closed": self.closed,
            "parts": [[*part] for part in self.parts],
        }

    def open_segment(self, time: int) -> int:
        """Return the number of the segment for a new top-level comment.

        :param time: when it was written: readers of that time will look into the segment.
        """
        if not self.parts or self.parts[-1].total >= SEGMENT:
            self.parts.append(Part(time, time, 0, 0, 0, 0, 0))
        number = len(self.parts) - 1
        part = self.parts[number]
        self.parts[number] = part._replace(first=min(part.first, time), last=max(part.last, time))
        return number

    def reserve(self, number: int, version: int, at: int) -> int:
        """Give out a ticket for a change to a segment.

        :param version: how far the segment is known to be.
        :param at: the present moment.
        """
        part = self.parts[number]
        ticket = max(part.reserved, version) + 1
        self.parts[number] = part._replace(reserved=ticket, since=at)
        return ticket

    def settle(self, number: int, version: int, total: int, visible: int) -> None:
        """Note what was counted in a segment at a version."""
        part = self.parts[number]
        if version > part.seen:
            self.parts[number] = part._replace(seen=version, total=total, visible=visible)

    def release(self, number: int, ticket: int) -> None:
        """Take a ticket back that was not used."""
        part = self.parts[number]
        if part.reserved == ticket > part.seen:
            self.parts[number] = part._replace(reserved=ticket - 1)


def _read(key: str, row: Any) -> Part:
    match row:
        case [int(), int(), int(), int(), int(), int(), int()]:
            return Part._make(row)
    raise DamagedValueError(f"the value under {key!r} holds a damaged part")
