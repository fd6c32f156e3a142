"""All that a store holds in one file, and what of such a file is refused."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace as replace_fields
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from sphinxcontrib_websupport.errors import TransferError
from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.registry import open_storage
from sphinxcontrib_websupport.storage.transfer import jsonlines
from sphinxcontrib_websupport.storage.transfer.copying import (
    StoreStream,
    TransferableStorage,
    compare,
    copy,
    transferable,
)
from sphinxcontrib_websupport.storage.transfer.jsonlines import FileStream
from sphinxcontrib_websupport.storage.transfer.records import CommentRecord
from tests.storage.transfers import everything, fill

_start = multiprocessing.get_context("forkserver")


@pytest.fixture
def source() -> Iterator[TransferableStorage]:
    with closing(open_storage("sqlite://")) as storage:
        fill(storage, comments=3)
        yield transferable(storage)


@pytest.fixture
def path(source: TransferableStorage, tmp_path: Path) -> Path:
    path = tmp_path / "comments.jsonl"
    jsonlines.write(StoreStream(source), path, lambda _: None)
    return path


def ignore(_: int) -> None: ...


def test_keeps_everything(source: TransferableStorage, path: Path) -> None:
    file = FileStream(path)
    file.check(ignore)
    for url in ("sqlite://", "memory://"):
        with closing(transferable(open_storage(url))) as target:
            copy(file, target, ignore)
            assert list(compare(file, target, ignore)) == []
            assert everything(target) == everything(source)


def test_is_the_same_file_again(path: Path, tmp_path: Path) -> None:
    """Nothing in it depends on the store or on the hour: two exports can be compared."""
    with closing(transferable(open_storage("memory://"))) as target:
        copy(FileStream(path), target, ignore)
        again = tmp_path / "again.jsonl"
        jsonlines.write(StoreStream(target), again, ignore)
    assert sorted(again.read_text().splitlines()) == sorted(path.read_text().splitlines())


def test_shows_what_a_line_says(path: Path) -> None:
    header, *_, end = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert header == {"format": "sphinxcontrib-websupport comments", "version": 2}
    assert end == {"end": True, "nodes": 4, "comments": 9}


def test_reads_files_of_version_1(source: TransferableStorage, path: Path) -> None:
    """They do not say what a text is written in, or what a proposal was made against."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[0]["version"] = 1
    for line in lines[1:]:
        line.pop("markup", None)
        line.pop("base", None)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    file = FileStream(path)
    file.check(ignore)
    with closing(transferable(open_storage("sqlite://"))) as target:
        copy(file, target, ignore)
        assert list(compare(file, target, ignore)) == []
        assert _without_origin(everything(target)) == _without_origin(everything(source))


def _without_origin(told: Any) -> Any:
    if isinstance(told, CommentRecord):
        return replace_fields(told, markup=None, base=None)
    if isinstance(told, dict):
        return {key: _without_origin(value) for key, value in told.items()}
    return [*map(_without_origin, told)] if isinstance(told, list | tuple) else told


def test_tells_what_only_the_store_has(source: TransferableStorage, path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    there = [line for line in lines if '"on":"other"' not in line]
    there[-1] = there[-1].replace('"comments":9', '"comments":6')
    path.write_text("".join(there), encoding="utf-8")
    FileStream(path).check(ignore)
    told = list(compare(FileStream(path), source, ignore, ("the file", "the store")))
    assert len(told) == 3
    assert all(line.endswith("on node other: only in the store") for line in told)


# -- what is refused -------------------------------------------------------------------------


def change(number: int, **values: Any) -> Callable[[list[bytes]], None]:
    def work(lines: list[bytes]) -> None:
        line = json.loads(lines[number - 1]) | values
        lines[number - 1] = json.dumps(line).encode() + b"\n"

    return work


def replace(number: int, line: bytes) -> Callable[[list[bytes]], None]:
    def work(lines: list[bytes]) -> None:
        lines[number - 1 : number] = [line] if line else []

    return work


def repeat(number: int) -> Callable[[list[bytes]], None]:
    def work(lines: list[bytes]) -> None:
        lines.insert(number, lines[number - 1])

    return work


def swap(number: int, other: int) -> Callable[[list[bytes]], None]:
    def work(lines: list[bytes]) -> None:
        a, b = number - 1, other - 1
        lines[a], lines[b] = lines[b], lines[a]

    return work


DAMAGES = {
    "no header": (replace(1, b""), 1, "no file of"),
    "another format": (change(1, format="x"), 1, "no file of"),
    "another version": (
        change(1, version=3),
        1,
        "version 3 of the format is not known, only 1 and 2",
    ),
    "no JSON": (replace(3, b"{\n"), 3, "not JSON"),
    "no UTF-8": (replace(3, b'"\xff"\n'), 3, "not UTF-8"),
    "too deep": (replace(3, b"[" * 100_000 + b"\n"), 3, "nested too deeply"),
    "a number too long": (replace(3, b"9" * 5000 + b"\n"), 3, "digits"),
    "a line too long": (replace(3, b" " * (2**24 + 1)), 3, "longer than"),
    "a blank line": (replace(3, b"\n"), 3, "not JSON"),
    "no object": (replace(3, b"[]\n"), 3, "no object"),
    "an unknown field": (change(3, colour="red"), 3, "colour"),
    "another type": (change(3, position="0"), 3, "position is of another type"),
    "a flag as a number": (change(7, displayed=1), 7, "displayed is of another type"),
    "a node twice": (repeat(3), 4, "comes twice"),
    "a node behind": (swap(3, 8), 3, "no node"),
    "an unknown node": (change(7, on="nowhere"), 7, "there is no node 'nowhere'"),
    "a reply before its parent": (swap(6, 7), 6, "its parent is missing"),
    "a comment twice": (repeat(6), 7, "this comment comes twice"),
    "a comment on two nodes": (change(10, comment="1"), 10, "this comment comes twice"),
    "a script": (change(6, text="<script>alert(1)</script>"), 6, "HTML that is not allowed"),
    "a handler": (change(6, text="<p onclick='x'>x</p>"), 6, "HTML that is not allowed"),
    "a difference": (change(6, proposal_diff="<ins><img src=x></ins>"), 6, "other than ins"),
    "NUL": (change(6, text="\0"), 6, "cannot be stored"),
    "half a character": (change(6, username="\ud800"), 6, "cannot be stored"),
    "NUL in a source": (change(3, source="\0"), 3, "cannot be stored"),
    "a name too long": (change(6, username="x" * 65), 6, "longer than 64"),
    "a vote of 2": (change(6, votes={"ann": 2}), 6, "a vote"),
    "a vote of true": (change(6, votes={"ann": True}), 6, "a vote"),
    "no time": (change(6, time="noon"), 6, "noon"),
    "no zone": (change(6, time="2024-01-01T00:00:00"), 6, "no zone"),
    "a negative line": (change(3, line=-1), 3, "-1"),
    "an end too early": (replace(14 + 1, b""), 15, "ends too early"),
    "a comment lost": (replace(14, b""), 14, "lines are missing"),
    "something behind": (repeat(15), 16, "behind the end"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_refuses_a_damaged_line(path: Path, damage: str) -> None:
    """The number of the line is told, and nothing is taken from the file."""
    spoil, number, reason = DAMAGES[damage]
    lines = path.read_bytes().splitlines(keepends=True)
    spoil(lines)
    path.write_bytes(b"".join(lines))
    with pytest.raises(TransferError) as refused:
        FileStream(path).check(ignore)
    assert f"{path}, line {number}: " in str(refused.value)
    assert reason in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="No such file"):
        FileStream(tmp_path / "nothing.jsonl")


def test_an_export_is_whole_or_not_there(source: TransferableStorage, tmp_path: Path) -> None:
    path = tmp_path / "comments.jsonl"

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jsonlines.write(StoreStream(source), path, stop)
    assert not path.exists()
    with pytest.raises(TransferError, match="cannot be written"):
        jsonlines.write(StoreStream(source), tmp_path / "nowhere" / "x", ignore)


# -- broken off ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 600 nodes with a comment, a reply and two votes each."""
    path = tmp_path_factory.mktemp("large") / "comments.jsonl"
    with closing(transferable(open_storage("sqlite://"))) as storage:
        nodes = [Node(f"n{n:03}", f"page {n % 7}", "S.", n) for n in range(600)]
        storage.write_nodes(nodes)
        discussions = {}
        for n, node in enumerate(nodes):
            top = CommentRecord(str(2 * n + 1), None, n, "<p>x</p>", "ann", True, False, None, None)
            below = CommentRecord(
                str(2 * n + 2), top.id, n, "", None, True, True, None, None, votes={"a": 1, "b": -1}
            )
            discussions[node.id] = [top, below]
        storage.write_discussions(discussions)
        jsonlines.write(StoreStream(storage), path, ignore)
    return path


def _copy_and_tell(path: Path, url: str, told: Connection) -> None:
    with closing(transferable(open_storage(url))) as target:
        told.send(0)
        copy(FileStream(path), target, told.send)
        told.send(-1)


@pytest.mark.parametrize("engine", ["sqlite", "file", "postgresql", "redis"])
def test_goes_on_after_being_killed(
    engine: str, large: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Killed while nodes, or the first, the second … part of the comments are written."""
    files = {"sqlite": f"sqlite:///{tmp_path / 'c.db'}", "file": (tmp_path / "c").as_uri()}
    url = files.get(engine) or request.getfixturevalue(f"{engine}_url")
    for parts in range(4):
        here, there = _start.Pipe(duplex=False)
        writer = _start.Process(target=_copy_and_tell, args=(large, url, there))
        writer.start()
        there.close()
        for _ in range(parts + 1):
            assert here.recv() >= 0
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        here.close()
        with closing(transferable(open_storage(url))) as target:
            # What is there is as it was given: with all its votes.
            assert [
                line for line in compare(FileStream(large), target, ignore) if "diff" in line
            ] == []
    with closing(transferable(open_storage(url))) as target:
        copy(FileStream(large), target, ignore)
        assert list(compare(FileStream(large), target, ignore)) == []
        assert sum(target.get_metadata("page 3", False).values()) == 2 * len(range(3, 600, 7))
