"""All that a store holds in one file of JSON Lines; ``example_docs/copying.rst`` describes it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from sphinxcontrib_websupport.errors import InvalidInputError, TransferError
from sphinxcontrib_websupport.markup import clean
from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.transfer.checks import check_comment, checked_node
from sphinxcontrib_websupport.storage.transfer.copying import BATCH, Part, Progress, Stream
from sphinxcontrib_websupport.storage.transfer.records import CommentRecord

FORMAT = "sphinxcontrib-websupport comments"
VERSION = 2
"""Files of version 1 are read as well: their comments lack ``markup`` and ``base``."""

LONGEST = 2**24
"""The longest line, in bytes."""

_LARGE = 5000
"""With how many comments a part ends at the next node."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIFFERENCE = re.compile(r"(?:[^<>]|</?(?:ins|del)>)*")

_TEXT, _MAYBE, _FLAG, _NUMBER = (str,), (str, type(None)), (bool,), (int,)
_NODE: Mapping[str, tuple[type, ...]] = {
    "node": _TEXT,
    "document": _TEXT,
    "position": _NUMBER,
    "source": _TEXT,
    "retired": _FLAG,
    "successor": _MAYBE,
    "file": _MAYBE,
    "line": (int, type(None)),
}
_COMMENT: Mapping[str, tuple[type, ...]] = {
    "comment": _TEXT,
    "on": _TEXT,
    "parent": _MAYBE,
    "time": _TEXT,
    "text": _TEXT,
    "username": _MAYBE,
    "displayed": _FLAG,
    "deleted": _FLAG,
    "proposal": _MAYBE,
    "proposal_diff": _MAYBE,
    "original": _MAYBE,
    "edited": _MAYBE,
    "votes": (dict,),
    "markup": _MAYBE,
    "base": _MAYBE,
}
_NEW = {1: {"markup": None, "base": None}, 2: {}}
"""What the comments of each version lack, with the values that mean as much."""

_END: Mapping[str, tuple[type, ...]] = {"end": _FLAG, "nodes": _NUMBER, "comments": _NUMBER}


class _Comment(NamedTuple):
    node: str
    record: CommentRecord


class _End(NamedTuple):
    nodes: int
    comments: int


class FileStream:
    """All that a file holds; it is read anew, line by line, by each call.

    :raises TransferError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self.size = path.stat().st_size
        except OSError as error:
            raise TransferError(f"{path} cannot be read: {error.strerror}") from error

    def nodes(self) -> Iterator[Node]:
        """Yield all nodes.

        :raises TransferError: a line is damaged; the message names its number.
        """
        for _, _, line in self._lines():
            if not isinstance(line, Node):
                return
            yield line

    def parts(self) -> Iterator[Part]:
        """Yield the comments of some nodes at a time.

        :raises TransferError: a line is damaged; the message names its number.
        """
        discussions: dict[str, list[CommentRecord]] = {}
        size = count = 0
        for _, length, line in self._lines():
            if isinstance(line, _Comment):
                is_next = line.node not in discussions
                if is_next and (len(discussions) == BATCH or count >= _LARGE):
                    yield Part(size, [*discussions], discussions)
                    discussions, size, count = {}, 0, 0
                discussions.setdefault(line.node, []).append(line.record)
                count += 1
            size += length
        yield Part(size, [*discussions], discussions)

    def check(self, progress: Progress) -> None:
        """Read all of it, so that nothing is taken from a file that is damaged further on.

        :raises TransferError: a line is damaged; the message names its number.
        """
        nodes: set[str] = set()
        ended: set[str] = set()
        seen: set[str] = set()
        node: str | None = None
        ids: set[str] = set()
        for number, length, line in self._lines():
            if isinstance(line, Node):
                if node is not None:
                    raise self._damaged(number, "a node stands behind the comments")
                if line.id in nodes:
                    raise self._damaged(number, f"the node {line.id!r:.80} comes twice")
                nodes.add(line.id)
            elif isinstance(line, _Comment):
                if line.node != node:
                    if line.node not in nodes:
                        raise self._damaged(number, f"there is no node {line.node!r:.80}")
                    if line.node in ended:
                        raise self._damaged(number, "its node's comments ended further up")
                    if node is not None:
                        ended.add(node)
                    node, seen = line.node, set()
                if line.record.id in ids:
                    raise self._damaged(number, "this comment comes twice")
                if line.record.parent is not None and line.record.parent not in seen:
                    raise self._damaged(number, "its parent is missing, or comes behind it")
                seen.add(line.record.id)
                ids.add(line.record.id)
            elif line != (len(nodes), len(ids)):
                raise self._damaged(number, "lines are missing: the file says how many it has")
            progress(length)

    def _lines(self) -> Iterator[tuple[int, int, Node | _Comment | _End]]:
        """Yield each line's number, from 1, its length in bytes and what it says."""
        try:
            with self._path.open("rb") as file:
                yield from self._read(file)
        except OSError as error:
            raise TransferError(f"{self._path} cannot be read: {error.strerror}") from error

    def _read(self, file: BinaryIO) -> Iterator[tuple[int, int, Node | _Comment | _End]]:
        number, end = 0, False
        version = VERSION
        while line := file.readline(LONGEST + 1):
            number += 1
            if len(line) > LONGEST:
                raise self._damaged(number, f"it is longer than {LONGEST:,} bytes")
            if end:
                raise self._damaged(number, "it stands behind the end")
            try:
                value = json.loads(line.decode("utf-8"))
                if number == 1:
                    version = _version(value)
                    continue
                said = _parsed(value, version)
            except (ValueError, RecursionError, InvalidInputError) as error:
                raise self._damaged(number, _reason(error)) from error
            end = isinstance(said, _End)
            yield number, len(line), said
        if not end:
            raise self._damaged(number + 1, "the file ends too early")

    def _damaged(self, number: int, reason: str) -> TransferError:
        return TransferError(f"{self._path}, line {number}: {reason}")


def is_file_of_ours(path: Path) -> bool:
    """Tell whether a file begins as one that :func:`write` wrote, of whatever version."""
    try:
        with path.open("rb") as file:
            header = json.loads(file.readline(LONGEST))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(header, dict) and header.get("format") == FORMAT


def write(source: Stream, path: Path, progress: Progress) -> None:
    """Write all that a store holds into a file, which is whole or not there.

    :raises TransferError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            nodes = comments = 0
            _write(file, {"format": FORMAT, "version": VERSION})
            for node in source.nodes():
                _write(file, _node_line(node))
                nodes += 1
            for found in source.parts():
                for node_id, records in found.discussions.items():
                    for record in records:
                        _write(file, _comment_line(node_id, record))
                        comments += 1
                progress(found.size)
            _write(file, {"end": True, "nodes": nodes, "comments": comments})
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise TransferError(f"{path} cannot be written: {error.strerror}") from error


def _write(file: BinaryIO, line: dict[str, Any]) -> None:
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    file.write(f"{text}\n".encode())


def _node_line(node: Node) -> dict[str, Any]:
    return {
        "node": node.id,
        "document": node.document,
        "position": node.position,
        "source": node.source,
        "retired": node.retired,
        "successor": node.successor,
        "file": node.file,
        "line": node.line,
    }


def _comment_line(node: str, record: CommentRecord) -> dict[str, Any]:
    return {
        "comment": record.id,
        "on": node,
        "parent": record.parent,
        "time": _iso(record.time),
        "text": record.text,
        "username": record.username,
        "displayed": record.displayed,
        "deleted": record.deleted,
        "proposal": record.proposal,
        "proposal_diff": record.proposal_diff,
        "original": record.original,
        "edited": None if record.edited is None else _iso(record.edited),
        "votes": record.votes,
        "markup": record.markup,
        "base": record.base,
    }


def _version(header: object) -> int:
    match header:
        case {"format": str(name), "version": int(version)} if name == FORMAT:
            if version not in _NEW:
                known = " and ".join(map(str, _NEW))
                raise ValueError(f"version {version} of the format is not known, only {known}")
            return version
        case _:
            raise ValueError(f"this is no file of {FORMAT}")


def _parsed(value: object, version: int) -> Node | _Comment | _End:
    if not isinstance(value, dict):
        raise ValueError("it is no object")
    if "node" in value:
        _check_fields(value, _NODE)
        return _node(value)
    if "comment" in value:
        new = _NEW[version]
        _check_fields(value, {name: kind for name, kind in _COMMENT.items() if name not in new})
        value |= new
        return _comment(value)
    _check_fields(value, _END)
    return _End(value["nodes"], value["comments"])


def _check_fields(value: dict[str, Any], kinds: Mapping[str, tuple[type, ...]]) -> None:
    if value.keys() != kinds.keys():
        odd = sorted(value.keys() ^ kinds.keys())
        raise ValueError(f"fields are missing or not known: {', '.join(odd)!r:.200}")
    for name, kind in kinds.items():
        if type(value[name]) not in kind:
            raise ValueError(f"the field {name} is of another type")


def _node(value: dict[str, Any]) -> Node:
    node = Node(
        value["node"],
        value["document"],
        value["source"],
        value["position"],
        value["retired"],
        value["successor"],
        value["file"],
        value["line"],
    )
    if checked_node(node) != node:
        raise ValueError("it holds a character that cannot be stored")
    return node


def _comment(value: dict[str, Any]) -> _Comment:
    if {*map(type, value["votes"].values())} - {int}:
        raise ValueError("a vote is no number")
    record = CommentRecord(
        id=value["comment"],
        parent=value["parent"],
        time=_microseconds(value["time"]),
        text=value["text"],
        username=value["username"],
        displayed=value["displayed"],
        deleted=value["deleted"],
        proposal=value["proposal"],
        proposal_diff=value["proposal_diff"],
        original=value["original"],
        edited=None if value["edited"] is None else _microseconds(value["edited"]),
        votes=value["votes"],
        markup=value["markup"],
        base=value["base"],
    )
    check_comment(record)
    # A file may come from anybody: what readers will see is looked at like a reader's own words.
    if clean(record.text) != record.text:
        raise ValueError("the text holds HTML that is not allowed in comments")
    if not _DIFFERENCE.fullmatch(record.proposal_diff or ""):
        raise ValueError("the difference holds HTML other than ins and del")
    return _Comment(value["on"], record)


def _iso(time: int) -> str:
    return (_EPOCH + timedelta(microseconds=time)).isoformat()


def _microseconds(text: str) -> int:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time has no zone")
    return rules.microseconds(time)


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON: {error.msg}"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error)
