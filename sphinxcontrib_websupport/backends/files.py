"""Files that are replaced whole or not at all, and locks that die with their holder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from sphinxcontrib_websupport.backends.drivers import attempts
from sphinxcontrib_websupport.errors import StorageError

NEW = ".new"
"""What the name of an unfinished file ends with; it begins with a dot."""

_TRIES = 10
_PAUSE = 0.001
_LONGEST_PAUSE = 0.02


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


# The filelock package does the same and far more, at twenty times the cost; every write to a
# file store pays for it.
if sys.platform == "win32":
    import msvcrt

    def _acquire(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _release(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _acquire(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def locked(path: Path, timeout: float) -> Iterator[None]:
    """Hold the lock that the file ``path`` stands for; the file is made, and stays.

    The operating system gives the lock up when its holder ends, however it ends. Threads exclude
    each other too: each acquisition opens the file for itself, so it cannot be nested either.

    :param timeout: seconds to wait for it.
    :raises OSError: the file cannot be opened.
    :raises StorageError: another held the lock for all that time.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        _wait(descriptor, path, timeout)
        try:
            yield
        finally:
            # Not left to close(): a child that was forked meanwhile has the file open as well.
            _release(descriptor)
    finally:
        os.close(descriptor)


def _wait(descriptor: int, path: Path, timeout: float) -> None:
    for _ in attempts(timeout, pause=_PAUSE, longest=_LONGEST_PAUSE):
        if _acquire(descriptor):
            return
    raise StorageError(f"another writer held {path} for {timeout:g} seconds")
