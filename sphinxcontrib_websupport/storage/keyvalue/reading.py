"""Segments to what readers see: a node's whole discussion, or a part of it in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from sphinxcontrib_websupport.model import Comment
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.keyvalue.layout import Mark
from sphinxcontrib_websupport.storage.keyvalue.segments import Segment
from sphinxcontrib_websupport.storage.keyvalue.threads import Place, Thread, Threads

Row = tuple[Mark, rules.CommentRow]
"""A comment and its place among its siblings."""


class Reader(NamedTuple):
    """Who reads which node."""

    node: str
    username: str | None
    moderator: bool


class Page(NamedTuple):
    """A part of a discussion."""

    comments: list[Comment]
    next: Mark | None


def everything(threads: Threads, listed: Iterable[Thread], reader: Reader) -> list[Comment]:
    """Return all comments of a node's threads: one round trip for any number."""
    places = [
        (thread.name, number) for thread in listed for number in range(len(thread.header.parts))
    ]
    found = threads.segments(places) if places else {}
    rows = [row for place, segment in found.items() for row in _rows(place, segment, reader)]
    return _tree(rows, reader)


def page(
    threads: Threads, listed: Iterable[Thread], reader: Reader, after: Mark | None, limit: int
) -> Page:
    """Return the first ``limit`` top-level comments behind a mark, with all replies.

    Only segments that can hold one of them are loaded: a segment is needed when its oldest
    top-level comment may be older than the last of the page.
    """
    discussions: list[tuple[Mark, list[Row]]] = []

    def look(place: Place, segment: Segment) -> list[Mark]:
        found = [*_discussions(place, segment, reader, after)]
        discussions.extend(found)
        return [mark for mark, _ in found]

    _walk(threads, listed, after, limit, look)
    discussions.sort(key=lambda discussion: discussion[0])
    shown = discussions[:limit]
    rows = [row for _, rows in shown for row in rows]
    more = len(discussions) > limit
    return Page(_tree(rows, reader), shown[-1][0] if more else None)


def stamps(
    threads: Threads, listed: Iterable[Thread], moderator: bool, after: Mark | None, limit: int
) -> dict[Place, int]:
    """Return the stamps of the segments that :func:`page` would load."""
    found: dict[Place, int] = {}

    def look(place: Place, segment: Segment) -> list[Mark]:
        found[place] = segment.stamp
        return [
            mark
            for said in segment.said()
            if said.parent is None and (said.displayed or moderator)
            for mark in [Mark(said.time, said.seq, *place)]
            if after is None or mark > after
        ]

    _walk(threads, listed, after, limit, look)
    return found


def _walk(
    threads: Threads,
    listed: Iterable[Thread],
    after: Mark | None,
    limit: int,
    look: Callable[[Place, Segment], list[Mark]],
) -> None:
    """Load segments until they hold the first ``limit`` top-level comments behind a mark.

    :param look: returns the places of those that are to be counted.
    """
    pending = sorted(
        (
            (part.first, (thread.name, number), part.total)
            for thread in listed
            for number, part in enumerate(thread.header.parts)
            if after is None or part.last >= after.time
        ),
        reverse=True,
    )
    seen: list[Mark] = []
    wanted = limit // 2 + 1
    while pending:
        oldest = pending[-1][0]
        if sum(mark.time < oldest for mark in seen) > limit:
            break
        batch: list[Place] = []
        expected = 0
        while pending and expected < wanted:
            _, place, total = pending.pop()
            batch.append(place)
            expected += max(1, total)
        # More with each round: most comments may be hidden, or replies.
        wanted *= 2
        for place, segment in threads.segments(batch).items():
            seen += look(place, segment)


def _discussions(
    place: Place, segment: Segment, reader: Reader, after: Mark | None
) -> Iterator[tuple[Mark, list[Row]]]:
    """Yield the top-level comments of a segment that a reader sees, with all replies."""
    found: dict[str | int, list[Row]] = {}
    for row in _rows(place, segment, reader):
        comment = row[1]
        # Its parent arrived before it, and so did the list that its parent is in.
        found[comment.id] = [] if comment.parent is None else found[comment.parent]
        found[comment.id].append(row)
    for id, rows in found.items():
        mark, root = rows[0]
        if root.id != id or (after is not None and mark <= after):
            continue
        if root.displayed or reader.moderator:
            yield mark, rows


def _rows(place: Place, segment: Segment, reader: Reader) -> Iterator[Row]:
    thread, number = place
    id = segment.ids(thread, number)
    for said in segment.said():
        seq, above = said.seq, said.parent
        yield (
            Mark(said.time, seq, thread, number),
            rules.CommentRow(
                id(seq),
                None if above is None else id(above),
                reader.node,
                said.time,
                said.text,
                said.displayed,
                said.deleted,
                said.username,
                said.rating if said.votes else 0,
                said.diff,
                said.votes.get(reader.username) if reader.username else None,
                said.edited,
            ),
        )


def _tree(rows: list[Row], reader: Reader) -> list[Comment]:
    rows.sort(key=lambda row: row[0])
    return rules.tree([row for _, row in rows], reader.moderator)
