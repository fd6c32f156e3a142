"""What is the file system's own: names, links, foreign files, killed writers, the disk."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinxcontrib_websupport.backends.filesystem import (
    FileSystemBaseBackend,
    FileSystemJsonBackend,
    FileSystemTextBackend,
)
from sphinxcontrib_websupport.backends.tree import NAMING
from sphinxcontrib_websupport.errors import (
    DamagedValueError,
    InvalidInputError,
    SettingsError,
    StorageError,
)
from sphinxcontrib_websupport.testing.values import AWKWARD_KEYS

any_text = st.text(st.characters(), max_size=300) | st.sampled_from(AWKWARD_KEYS)


@pytest.fixture
def store(tmp_path: Path) -> FileSystemJsonBackend:
    return FileSystemJsonBackend(tmp_path / "store")


def own_files(store: FileSystemBaseBackend) -> set[str]:
    """Return the paths of the items' files, relative to the store."""
    found = (path.relative_to(store.folder) for path in store.folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if not path.parts[0].startswith(".")}


def test_a_harmless_key_is_the_files_name(store: FileSystemJsonBackend) -> None:
    assert store.path("guide/install-3.11") == store.folder / "guide" / "install-3.11.json"
    store.dump("guide/install-3.11", {"a": "考"})
    assert store.path("guide/install-3.11").read_text(encoding="utf-8") == '{"a":"考"}'


@given(any_text)
def test_a_name_means_the_same_everywhere(key: str) -> None:
    name = NAMING.name(key)
    segments = f"{name}.json".split("/")
    assert len(name) <= 1000
    for segment in segments:
        assert 0 < len(segment) <= 205
        assert segment.isascii()
        assert segment == segment.lower()
        assert not segment.startswith(".")
        assert not segment.endswith(".")
        assert not set(segment) & set('<>:"\\|?*\0 ')
        stem = segment.partition(".")[0]
        assert stem not in {"con", "prn", "aux", "nul", "com1", "lpt9"}
    assert all(not segment.endswith((".json", ".txt", ".bin")) for segment in segments[:-1])


@given(any_text)
def test_a_name_tells_its_key(key: str) -> None:
    name = NAMING.name(key)
    assert NAMING.key(name) == (None if name.startswith("%!/") else key)


@given(any_text, any_text)
def test_two_keys_never_share_a_name(one: str, other: str) -> None:
    assert (one == other) == (NAMING.name(one) == NAMING.name(other))


@given(st.text("ab.%/41!", max_size=12))
def test_a_name_that_no_key_has_is_foreign(name: str) -> None:
    key = NAMING.key(name)
    assert key is None or NAMING.name(key) == name


def test_foreign_files_are_neither_listed_nor_cleared(store: FileSystemJsonBackend) -> None:
    store.dump("mine", 1)
    foreign = [
        "README.json",
        "notes.txt",
        "con.json",
        "a b.json",
        "Sub/x.json",
        "x..json",
        ".x.json",
    ]
    for name in foreign:
        path = store.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("foreign")
    assert store.keys() == {"mine"}
    store.clear()
    assert store.keys() == set()
    for name in foreign:
        assert (store.folder / name).read_text() == "foreign"


def test_a_link_does_not_lead_out(store: FileSystemJsonBackend, tmp_path: Path) -> None:
    outside = FileSystemJsonBackend(tmp_path / "outside")
    outside.dump("key", 1)
    store.dump("mine", 1)
    (store.folder / "link").symlink_to(outside.folder)
    (store.folder / "circle").symlink_to(store.folder)
    assert store.keys() == {"mine"}
    store.clear()
    assert outside.load("key") == 1


def test_kinds_of_values_share_a_folder(tmp_path: Path) -> None:
    texts, values = FileSystemTextBackend(tmp_path), FileSystemJsonBackend(tmp_path)
    texts.dump("a/b", "text")
    values.dump("a/b", {"json": True}, expire=100)
    texts.clear()
    assert values.load("a/b") == {"json": True}
    assert values.keys() == {"a/b"}


@pytest.mark.parametrize(
    "content", [b"", b'{"a": 1', b"\xff\xfe", b"\0", b"\0{}", b"\0[]\n1", b'\0{"lifetime": 1}\n1']
)
def test_a_damaged_file_is_said_and_can_be_replaced(
    store: FileSystemJsonBackend, content: bytes
) -> None:
    store.dump("key", 1)
    store.path("key").write_bytes(content)
    with pytest.raises(DamagedValueError):
        store.load("key")
    assert store.keys() == {"key"}
    store.dump("key", 2)
    assert store.load("key") == 2
    store.path("key").write_bytes(content)
    assert store.delete("key") is True


def test_nesting_without_end_is_damaged(store: FileSystemJsonBackend) -> None:
    store.dump("key", 1)
    store.path("key").write_text("[" * 100_000)
    with pytest.raises(DamagedValueError):
        store.load("key")


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", float("nan"), {("a",): 1}])
def test_a_value_that_is_not_json_is_refused(store: FileSystemJsonBackend, value: object) -> None:
    store.dump("key", 1)
    with pytest.raises(InvalidInputError, match="not a JSON value"):
        store.dump("key", value)
    assert store.load("key") == 1


def test_null_is_a_value(store: FileSystemJsonBackend) -> None:
    store.dump("key", None)
    assert "key" in store
    assert store.keys() == {"key"}
    assert store.load_many(["key", "other"]) == {"key": None}


@pytest.mark.parametrize("text", ["", "\r\n", "\0", "\0{}\ntext", "\ufeffmark", "\ud800"])
def test_text_comes_back_as_it_was(tmp_path: Path, text: str) -> None:
    store = FileSystemTextBackend(tmp_path)
    store.dump("key", text)
    assert store.load("key") == text
    store.dump("key", text, expire=100)
    assert store.load("key") == text


def test_an_unchanged_value_is_not_written_again(store: FileSystemJsonBackend) -> None:
    store.dump("key", {"a": 1})
    os.utime(store.path("key"), (1, 1))
    store.update("key", lambda old: dict(old))
    assert store.path("key").stat().st_mtime == 1


def test_a_full_disk_leaves_the_old_value(
    store: FileSystemJsonBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(FileIO):
        def write(self, data: Any) -> int:
            raise OSError(28, "No space left on device")

    store.dump("key", "old")
    with monkeypatch.context() as patched:
        patched.setattr("sphinxcontrib_websupport.backends.files.FileIO", Full)
        with pytest.raises(StorageError, match="No space left"):
            store.dump("key", "new")
    assert store.load("key") == "old"
    assert store.keys() == {"key"}


def test_a_file_in_the_way_of_a_folder_is_an_error(store: FileSystemJsonBackend) -> None:
    store.folder.mkdir()
    (store.folder / "guide").write_text("a foreign file")
    with pytest.raises(StorageError, match="the folder"):
        store.dump("guide/install", 1)


def test_expired_items_are_pruned(tmp_path: Path) -> None:
    now = time.time()
    store = FileSystemJsonBackend(tmp_path, clock=lambda: now)
    for number in range(5):
        store.dump(f"short/{number}", number, expire=10)
    store.dump("long", 1, expire=100)
    store.dump("replaced", 1, expire=10)
    store.dump("replaced", 2)
    now += 10
    assert store.prune() == 5
    assert own_files(store) == {"long.json", "replaced.json"}
    assert len(list((tmp_path / ".expires").iterdir())) == 1


def test_a_clock_that_jumps_back_keeps_nothing_for_ever(tmp_path: Path) -> None:
    now = time.time()
    store = FileSystemJsonBackend(tmp_path, clock=lambda: now)
    store.dump("key", 1, expire=60)
    now -= 3600
    assert store.load("key") is None


def test_clear_leaves_no_empty_folders(store: FileSystemJsonBackend) -> None:
    store.dump("a/b/c", 1)
    store.dump("考" * 1000, 1)
    store.clear()
    assert sorted(path.name for path in store.folder.iterdir()) == [".locks"]


def test_a_durable_write_has_reached_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    FileSystemJsonBackend(tmp_path).dump("quick", 1)
    assert synced == []
    FileSystemJsonBackend(tmp_path, durable=True).dump("a/b/key", 1)
    # The folders that were made, the content under its first name, then its last name.
    assert synced == [
        str(path)
        for path in (
            tmp_path / "a",
            tmp_path,
            tmp_path / "a" / "b" / ".key.json.new",
            tmp_path / "a" / "b",
        )
    ]


def test_a_url_is_durable_unless_it_says_otherwise(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    for url, durable in ((folder.as_uri(), True), (f"{folder.as_uri()}?durable=no", False)):
        store = FileSystemJsonBackend.from_url(url)
        assert (store.folder, store._durable) == (folder, durable)
    with pytest.raises(SettingsError, match="file:///folder"):
        FileSystemJsonBackend.from_url("file://host/folder")


def test_another_writer_is_not_waited_for_without_end(tmp_path: Path) -> None:
    store = FileSystemJsonBackend(tmp_path, timeout=0.1)

    def change(old: object) -> int:
        with pytest.raises(StorageError, match=r"held .* for 0\.1 seconds"):
            store.dump("key", 2)
        return 1

    store.update("key", change)
    assert store.load("key") == 1


_WRITER = """
import sys
from sphinxcontrib_websupport.backends.filesystem import FileSystemJsonBackend
store = FileSystemJsonBackend(sys.argv[1])
print("ready", flush=True)
number = 0
while True:
    number += 1
    store.dump("value", {"number": number, "filler": "x" * 3_000_000})
    store.update("count", lambda old: (old or 0) + 1)
"""


def test_a_killed_writer_leaves_no_half_value_and_no_lock(tmp_path: Path) -> None:
    store = FileSystemJsonBackend(tmp_path, timeout=2)
    chance = random.Random(0)
    for _ in range(8):
        command = [sys.executable, "-c", _WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            # Any moment will do: this is what is tested, not a wait for something.
            time.sleep(chance.uniform(0.005, 0.05))
            writer.kill()
        value = store.load("value")
        assert value is None or len(value["filler"]) == 3_000_000
        # A lock that was left would be an error here, after those two seconds.
        store.update("count", lambda old: (old or 0) + 1)
        store.dump("value", {"number": 0, "filler": "x" * 3_000_000})
        assert store.keys() == {"value", "count"}
    # What killed writers left unfinished is used again, and goes with the rest.
    store.clear()
    assert [path.name for path in tmp_path.iterdir()] == [".locks"]


def test_many_keys_are_listed_whole(tmp_path: Path) -> None:
    store = FileSystemJsonBackend(tmp_path)
    keys = (
        {f"page-{number}" for number in range(300)} | {f"A/{n}" for n in range(10)} | {"%", "a.b"}
    )
    for key in keys:
        store.dump(key, 1)
    assert store.keys() == keys
    assert json.loads((tmp_path / "page-7.json").read_text()) == 1
