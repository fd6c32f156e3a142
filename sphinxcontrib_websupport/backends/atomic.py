"""Files that are replaced whole or not at all; one writer at a time holds the lock for each."""

from __future__ import annotations

import os
from contextlib import suppress
from io import FileIO
from pathlib import Path

NEW = ".new"
"""What the name of an unfinished file ends with; it begins with a dot."""

_TRIES = 10


def write(path: str, data: bytes, *, durable: bool) -> None:
    """Write a file under another name, then give it its own; make its folder if need be.

    :param durable: whether to wait until all of it has reached the disk.
    :raises OSError: it could not be written; what was there is still there.
    """
    new = unfinished(path)
    with _created(new, durable) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        if durable:
            os.fsync(file.fileno())
    os.replace(new, path)  # noqa: PTH105 - a path object costs more than the call
    if durable:
        _sync(Path(path).parent)


def remove(path: str, *, durable: bool) -> None:
    """Remove a file, if it is there.

    :raises OSError: it could not be removed.
    """
    file = Path(path)
    try:
        file.unlink()
    except FileNotFoundError:
        return
    if durable:
        _sync(file.parent)


def unfinished(path: str) -> str:
    """Return the name under which a file is written before it has its own."""
    folder, _, file = path.rpartition("/")
    return f"{folder}/.{file}{NEW}"


def _created(path: str, durable: bool) -> FileIO:
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            return FileIO(path, "w")
        # The folder is not there yet, or was just removed because it was empty.
        _make_folder(Path(path).parent, durable)
    return FileIO(path, "w")


def _make_folder(folder: Path, durable: bool) -> None:
    missing = []
    for parent in (folder, *folder.parents):
        if parent.is_dir():
            break
        missing.append(parent)
    folder.mkdir(parents=True, exist_ok=True)
    if durable:
        for made in missing:
            _sync(made.parent)


def _sync(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; Windows has no way to ask."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
