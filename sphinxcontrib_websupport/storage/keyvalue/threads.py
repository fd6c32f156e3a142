"""Threads in the store: finding those of a node, counting them, changing a segment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple, TypeVar

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.drivers import attempts
from sphinxcontrib_websupport.errors import (
    CommentNotFoundError,
    DamagedValueError,
    StorageError,
    WebSupportError,
)
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.keyvalue import layout
from sphinxcontrib_websupport.storage.keyvalue.headers import Header
from sphinxcontrib_websupport.storage.keyvalue.segments import Segment

T = TypeVar("T")

PATIENCE = 30.0
"""For how many seconds a change is tried again while others are faster."""

STALE = 10_000_000
"""From how many microseconds on a ticket is taken for one of a writer that was killed."""

Place = tuple[str, int]
"""A thread and the number of a segment in it."""


class Thread(NamedTuple):
    """A thread and what its header says."""

    name: str
    header: Header


class Outrun(Exception):  # noqa: N818 - no error: it goes no further than this package
    """Another change to a segment came first; take a new ticket.

    :param version: how far the segment is.
    """

    def __init__(self, version: int = 0) -> None:
        self.version = version


class Threads:
    """The threads in a store of values."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    # -- reading -----------------------------------------------------------------------------

    def headers(self, threads: Iterable[str]) -> dict[str, Header]:
        """Return the headers of those threads that have one."""
        found = self._backend.load_many([layout.header_key(thread) for thread in threads])
        return {
            key.removeprefix("thread/"): Header.read(key, value) for key, value in found.items()
        }

    def header(self, thread: str) -> Header | None:
        """Return a thread's header, if it has one."""
        return self.headers([thread]).get(thread)

    def of_nodes(self, nodes: Collection[str]) -> dict[str, list[Thread]]:
        """Return the threads that belong to each node: two round trips for any number."""
        mains = self.headers(map(layout.main_thread, nodes))
        return self.completed(nodes, mains)

    def completed(
        self, nodes: Collection[str], mains: dict[str, Header]
    ) -> dict[str, list[Thread]]:
        """Return the threads that belong to each node, given the headers of their first ones."""
        further = {name for main in mains.values() for name in main.threads}
        headers = mains | (self.headers(further - set(mains)) if further - set(mains) else {})
        found: dict[str, list[Thread]] = {}
        for node in nodes:
            first = layout.main_thread(node)
            if first in mains and mains[first].home != node:
                raise DamagedValueError("a header stands under the name of another thread")
            listed = [first, *mains[first].threads] if first in mains else []
            found[node] = [
                Thread(name, headers[name])
                for name in listed
                if name in headers and headers[name].node == node
            ]
        return found

    def segments(self, places: Iterable[Place]) -> dict[Place, Segment]:
        """Return segments, in one round trip; one that was never written is empty."""
        keys = {layout.segment_key(*place): place for place in places}
        found = self._backend.load_many(keys)
        return {place: Segment.read(key, found.get(key)) for key, place in keys.items()}

    def segment(self, thread: str, number: int) -> Segment:
        """Return one segment."""
        return self.segments([(thread, number)])[thread, number]

    def counts(self, nodes: Collection[str], moderator: bool) -> dict[str, int]:
        """Return how many comments of each node a reader sees."""
        return self.counted(self.of_nodes(nodes), moderator)

    def counted(self, threads: dict[str, list[Thread]], moderator: bool) -> dict[str, int]:
        """Return how many comments a reader sees in the threads of each node."""
        unsettled = [
            (thread.name, number)
            for listed in threads.values()
            for thread in listed
            for number, part in enumerate(thread.header.parts)
            if not part.is_settled
        ]
        actual = self.segments(unsettled) if unsettled else {}
        counts = dict.fromkeys(threads, 0)
        for node, listed in threads.items():
            for thread in listed:
                for number, part in enumerate(thread.header.parts):
                    total, visible = part.total, part.visible
                    segment = actual.get((thread.name, number))
                    if segment is not None:
                        total, visible = segment.counts()
                        if rules.now() - part.since > STALE:
                            self._mend(thread.name, number, part.reserved)
                    counts[node] += total if moderator else visible
        return counts

    # -- changing ----------------------------------------------------------------------------

    def change(
        self,
        thread: str,
        reserve: Callable[[Header | None], tuple[Header, int]],
        work: Callable[[Segment], T],
    ) -> tuple[int, T]:
        """Change a segment in a way that may change counts.

        :param reserve: finds or makes the header and says which segment is meant.
        :param work: changes the segment; what it returns is returned, with the segment's number.
        """
        version = 0
        for _ in attempts(PATIENCE, longest=0.02):
            number, ticket = self._reserve(thread, reserve, version)
            try:
                return number, self._write(thread, number, ticket, work)
            except Outrun as outrun:
                version = outrun.version
            except StorageError:
                # Whether it was written is not known.
                raise
            except WebSupportError:
                self._settled(thread, lambda header: header.release(number, ticket))  # noqa: B023 - called at once
                raise
        raise StorageError(f"others kept writing to a thread for {PATIENCE:.0f} seconds")

    def change_known(self, id: layout.CommentId, work: Callable[[Segment], T]) -> T:
        """Change the segment of a comment in a way that may change counts.

        :raises CommentNotFoundError: there is none.
        """

        def reserve(header: Header | None) -> tuple[Header, int]:
            if header is None or id.segment >= len(header.parts):
                raise CommentNotFoundError("there is no such comment")
            return header, id.segment

        return self.change(id.thread, reserve, work)[1]

    def adjust(self, thread: str, number: int, work: Callable[[Segment], None]) -> None:
        """Change a segment in a way that leaves the counts."""
        key = layout.segment_key(thread, number)

        def change(value: Any) -> Any:
            segment = Segment.read(key, value)
            work(segment)
            return None if value is None else segment.stored()

        self._backend.update(key, change)

    def update_header(self, thread: str, work: Callable[[Header | None], Header]) -> Header:
        """Change or make a header."""
        key = layout.header_key(thread)

        def change(value: Any) -> Any:
            return work(None if value is None else Header.read(key, value)).stored()

        return Header.read(key, self._backend.update(key, change))

    def _reserve(
        self,
        thread: str,
        reserve: Callable[[Header | None], tuple[Header, int]],
        version: int,
    ) -> tuple[int, int]:
        taken = (0, 0)

        def take(header: Header | None) -> Header:
            nonlocal taken
            header, number = reserve(header)
            taken = number, header.reserve(number, version, rules.now())
            return header

        self.update_header(thread, take)
        return taken

    def _write(self, thread: str, number: int, ticket: int, work: Callable[[Segment], T]) -> T:
        key = layout.segment_key(thread, number)
        results: list[T] = []
        counted = (0, 0)

        def change(value: Any) -> Any:
            nonlocal counted
            segment = Segment.read(key, value)
            if segment.version >= ticket:
                raise Outrun(segment.version)
            results[:] = [work(segment)]
            segment.version = ticket
            counted = segment.counts()
            return segment.stored()

        self._backend.update(key, change)
        self._settled(thread, lambda header: header.settle(number, ticket, *counted))
        return results[0]

    def _mend(self, thread: str, number: int, reserved: int) -> None:
        """Count a segment whose writer was killed; one that is only slow takes a new ticket."""

        def nothing(segment: Segment) -> None: ...

        try:
            self._write(thread, number, reserved, nothing)
        except Outrun:
            # Killed between the two: only the counting is missing.
            segment = self.segment(thread, number)
            counted = segment.counts()
            self._settled(thread, lambda header: header.settle(number, segment.version, *counted))
        except StorageError:
            # A reader's answer is right without it.
            return

    def _settled(self, thread: str, work: Callable[[Header], None]) -> None:
        """Change what is derived in a header; without success the next reader counts."""

        def change(header: Header | None) -> Header:
            if header is None:
                raise Outrun
            work(header)
            return header

        try:
            self.update_header(thread, change)
        except (StorageError, Outrun):
            # What this follows is stored already, and must not look as if it were not.
            return
