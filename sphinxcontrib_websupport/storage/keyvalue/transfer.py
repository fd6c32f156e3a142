"""All that the store holds, read out and written in: its side of a transfer.

A comment with an id of this store's form goes where that says, if that is a place of its node's
first thread. Any other is placed as a new one would be, and keeps its id as a name by which it is
known. Either way a comment stands in one segment with all above and below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.errors import CommentNotFoundError, NodeNotFoundError, StorageError
from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.keyvalue import layout, lists
from sphinxcontrib_websupport.storage.keyvalue.comments import Writer
from sphinxcontrib_websupport.storage.keyvalue.drafts import take_over
from sphinxcontrib_websupport.storage.keyvalue.headers import SEGMENT, Header, Part
from sphinxcontrib_websupport.storage.keyvalue.knownids import KnownIds
from sphinxcontrib_websupport.storage.keyvalue.layout import CommentId
from sphinxcontrib_websupport.storage.keyvalue.publishing import Publisher, for_each
from sphinxcontrib_websupport.storage.keyvalue.segments import Said, Segment
from sphinxcontrib_websupport.storage.keyvalue.site import Published
from sphinxcontrib_websupport.storage.keyvalue.threads import Place, Thread, Threads
from sphinxcontrib_websupport.storage.transfer.records import CommentRecord, Discussions, taken


class _There(NamedTuple):
    """A comment that the store has."""

    place: Place
    seq: int
    record: CommentRecord


@dataclass
class _Placed:
    """What is to be written into one segment."""

    node: str
    thread: str
    number: int
    comments: dict[str, Said] = field(default_factory=dict)
    known_as: dict[str, int] = field(default_factory=dict)
    new: set[int] = field(default_factory=set)
    """The ``seq`` of those that are not there yet."""

    def reserve(self, header: Header | None) -> tuple[Header, int]:
        """Let a header name the segment, and the times at which its comments were written."""
        header = header or Header(self.node, self.node)
        if header.node != self.node:
            raise StorageError("a discussion was moved while it was written")
        times = [said.time for said in self.comments.values() if said.parent is None]
        first, last = (min(times), max(times)) if times else (rules.now(), 0)
        while len(header.parts) <= self.number:
            header.parts.append(Part(first, last, 0, 0, 0, 0, 0))
        part = header.parts[self.number]
        if times:
            header.parts[self.number] = part._replace(
                first=min(part.first, first), last=max(part.last, last)
            )
        return header, self.number

    def write(self, segment: Segment) -> None:
        """Put the comments into the segment."""
        if not self.new.isdisjoint(segment.rows):
            raise StorageError("somebody wrote to a discussion while it was written")
        segment.put(self.comments, self.known_as)


class Importer:
    """Reads and writes all that a store of values holds."""

    def __init__(
        self,
        backend: Backend,
        threads: Threads,
        published: Published,
        publisher: Publisher,
        writer: Writer,
        known: KnownIds,
    ) -> None:
        self._backend = backend
        self._threads = threads
        self._published = published
        self._publisher = publisher
        self._writer = writer
        self._known = known

    def read_discussions(self, nodes: Sequence[str]) -> Discussions:
        """Return all comments of some nodes."""
        there = self._there(self._threads.of_nodes(nodes))
        return {
            node: [comment.record for comment in comments]
            for node, comments in there.items()
            if comments
        }

    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Register nodes as they are given.

        :raises BuildConflictError: a build was published meanwhile.
        """
        generation = self._published.site().generation
        self._publisher.publish(take_over([*nodes]), generation, forgets=False)

    def write_discussions(self, discussions: Discussions) -> None:
        """Make the comments of nodes as they are given.

        :raises TransferError: another comment has one of the ids.
        :raises NodeNotFoundError: there is no such node.
        """
        threads = self._threads.of_nodes(discussions)
        there = self._there(threads)
        places: list[_Placed] = []
        talks: dict[str, set[str]] = {}
        for node, records in discussions.items():
            found = self._published.read(lambda snapshot, _: snapshot.find(node))  # noqa: B023 - called at once
            if found is None:
                raise NodeNotFoundError("no build has registered such a node")
            document, entry = found
            if records:
                name = threads[node][0].name if threads[node] else self._writer.begin(node, entry)
                plan = _Plan(node, name, threads[node], there[node])
                plan.add(records)
                talks.setdefault(layout.talk_key(document), set()).add(node)
                places += plan.placed.values()
        self._note(places, talks)
        for_each(places, self._write)

    def _write(self, placed: _Placed) -> None:
        self._threads.change(placed.thread, placed.reserve, placed.write)

    def _note(self, places: Sequence[_Placed], talks: dict[str, set[str]]) -> None:
        """Write down, before there is anything to see, how it will be found."""
        known = {id: (placed.thread, placed.number) for placed in places for id in placed.known_as}
        noted = self._known.places(known)
        for id, place in noted.items():
            if place != known[id] and id in self._threads.segment(*place).known_as:
                raise taken(id)
        wanted = dict(talks)
        for placed in places:
            for said in placed.comments.values():
                for name in {said.username, *said.votes} - {None}:
                    wanted.setdefault(layout.user_key(str(name)), set()).add(placed.thread)
        loaded = self._backend.load_many(wanted) if wanted else {}
        missing = {
            key: sorted(items - {*lists.read(key, loaded.get(key))})
            for key, items in wanted.items()
        }
        for_each(
            [key for key, items in missing.items() if items],
            lambda key: lists.note(self._backend, key, *missing[key]),
        )
        unknown = self._known.lists({id: p for id, p in known.items() if noted.get(id) != p})
        for_each([*unknown], lambda key: self._known.note(key, unknown[key]))

    def _there(self, threads: Mapping[str, Sequence[Thread]]) -> dict[str, list[_There]]:
        """Return the comments of nodes in the order of their arrival."""
        owners = {
            (thread.name, number): node
            for node, listed in threads.items()
            for thread in listed
            for number in range(len(thread.header.parts))
        }
        there: dict[str, list[_There]] = {node: [] for node in threads}
        for place, segment in (self._threads.segments(owners) if owners else {}).items():
            id = segment.ids(*place)
            there[owners[place]] += (
                _There(place, said.seq, _record(said, id)) for said in segment.said()
            )
        for comments in there.values():
            comments.sort(key=lambda comment: (comment.seq, comment.place))
        return there


class _Plan:
    """Where the comments of a node go."""

    def __init__(
        self, node: str, thread: str, threads: Sequence[Thread], there: Sequence[_There]
    ) -> None:
        self.placed: dict[Place, _Placed] = {}
        self._node = node
        self._name = thread
        self._parts = len(threads[0].header.parts) if threads else 0
        self._there = {comment.record.id: comment for comment in there}
        self._seqs = {(comment.place, comment.seq) for comment in there}
        self._where = {comment.record.id: (comment.place, comment.seq) for comment in there}
        self._arrivals = count(max([rules.now(), *(comment.seq + 1 for comment in there)]))
        self._sizes: dict[Place, int] = {}
        for comment in there:
            self._sizes[comment.place] = self._sizes.get(comment.place, 0) + 1

    def add(self, records: Sequence[CommentRecord]) -> None:
        """Find a place for each comment that is not there as it is given."""
        own = [self._own(record) for record in records]
        latest = max((id.seq for id in own if id is not None), default=0)
        self._arrivals = count(max(next(self._arrivals), latest + 1))
        for record, id in zip(records, own, strict=True):
            there = self._there.get(record.id)
            if there is None:
                self._add(record, id)
            elif not record.is_same_comment(there.record):
                raise taken(record.id)
            elif there.record != record:
                self._put(record, there.place, there.seq)

    def _own(self, record: CommentRecord) -> CommentId | None:
        """Return a comment's id if it says a place in the node's first thread."""
        try:
            id = CommentId.parsed(record.id)
        except CommentNotFoundError:
            return None
        return id if id.thread == self._name == layout.main_thread(self._node) else None

    def _add(self, record: CommentRecord, own: CommentId | None) -> None:
        if record.parent is None:
            place = self._open() if own is None else (own.thread, own.segment)
            above = 0
        else:
            place, above = self._where[record.parent]
        if (
            own is not None
            and (own.thread, own.segment) == place
            and own.seq > above
            and (place, own.seq) not in self._seqs
        ):
            self._put(record, place, own.seq, is_new=True)
            return
        seq = next(self._arrivals)
        self._put(record, place, seq, is_new=True)
        self.placed[place].known_as[record.id] = seq

    def _put(self, record: CommentRecord, place: Place, seq: int, is_new: bool = False) -> None:
        placed = self.placed.setdefault(place, _Placed(self._node, *place))
        parent = None if record.parent is None else self._where[record.parent][1]
        placed.comments[record.id] = _said(record, seq, parent)
        if is_new:
            placed.new.add(seq)
            self._where[record.id] = place, seq
            self._seqs.add((place, seq))
            self._sizes[place] = self._sizes.get(place, 0) + 1

    def _open(self) -> Place:
        """Return the segment for a further top-level comment."""
        used = [number for thread, number in self._sizes if thread == self._name]
        number = max([self._parts - 1, 0, *used])
        if self._sizes.get((self._name, number), 0) >= SEGMENT:
            number += 1
        return self._name, number


def _record(said: Said, id: Callable[[int], str]) -> CommentRecord:
    return CommentRecord(
        id=id(said.seq),
        parent=None if said.parent is None else id(said.parent),
        time=said.time,
        text=said.text,
        username=said.username,
        displayed=said.displayed,
        deleted=said.deleted,
        proposal=said.proposal,
        proposal_diff=said.diff,
        original=said.original,
        markup=said.markup,
        base=said.base,
        edited=said.edited,
        votes=said.votes,
    )


def _said(record: CommentRecord, seq: int, parent: int | None) -> Said:
    return Said(
        seq=seq,
        parent=parent,
        time=record.time,
        text=record.text,
        displayed=record.displayed,
        visible=record.displayed,
        deleted=record.deleted,
        username=record.username,
        proposal=record.proposal,
        diff=record.proposal_diff,
        votes=dict(record.votes),
        edited=record.edited,
        original=record.original,
        markup=record.markup,
        base=record.base,
    )
