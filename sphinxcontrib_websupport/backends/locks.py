"""Locks between processes and threads that die with their holder."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sphinxcontrib_websupport.errors import StorageError

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


_PAUSE = 0.0005
_LONGEST_PAUSE = 0.01


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
    end = time.monotonic() + timeout
    pause = _PAUSE
    while not _acquire(descriptor):
        if time.monotonic() >= end:
            raise StorageError(f"another writer held {path} for {timeout:g} seconds")
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
