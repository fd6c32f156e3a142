"""What every driver needs: one connection that all threads share, retries, and errors of ours."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Lock
from types import TracebackType
from typing import Generic, TypeVar

from sphinxcontrib_websupport.errors import StorageError

T = TypeVar("T")


class Connection(Generic[T]):
    """A driver's connection: made when it is first needed, and shared by all threads of a process.

    While one thread connects, the others wait for what comes of it. A server that does not answer
    keeps all of them for one time-out, and not one after the other; the next call tries again.

    :param connect: makes the connection.
    :param disconnect: ends one.
    """

    def __init__(self, connect: Callable[[], T], disconnect: Callable[[T], object]) -> None:
        self._connect = connect
        self._disconnect = disconnect
        self._lock = Lock()
        self._made: T | None = None
        self._attempt: Future[T] | None = None
        self._process = os.getpid()

    def get(self) -> T:
        """Return the connection; raises what the driver raises."""
        made = self._made
        if made is not None and self._process == os.getpid():
            return made
        with self._lock:
            if self._process != os.getpid():
                # Neither sockets nor threads of a driver are shared with a process forked off.
                self._made = self._attempt = None
                self._process = os.getpid()
            if self._made is not None:
                return self._made
            attempt, is_mine = self._attempt, self._attempt is None
            if attempt is None:
                attempt = self._attempt = Future()
        try:
            if is_mine:
                self._try(attempt)
            return attempt.result()
        finally:
            # Named in a frame of the error's own traceback, it would keep the error, and with it
            # the threads of a driver, until the garbage is collected.
            del attempt

    def _try(self, attempt: Future[T]) -> None:
        try:
            made = self._connect()
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits, us included
            with self._lock:
                self._attempt = None
            attempt.set_exception(error)
        else:
            with self._lock:
                self._attempt, self._made = None, made
            attempt.set_result(made)
        finally:
            del attempt

    def close(self) -> None:
        """End the connection, if there is one; the next call makes a new one."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None and self._process == os.getpid():
            self._disconnect(made)


def attempts(
    seconds: float, *, pause: float = 0.001, longest: float = 0.1, limit: int | None = None
) -> Iterator[int]:
    """Yield 0, 1, 2, … as often as something may be tried, with growing pauses between.

    The pauses are of random length: writers that met once would meet again.

    :param seconds: after which there is no further attempt; there is one in any case.
    :param pause: the longest that the first pause may be, in seconds.
    :param longest: the longest that any may be.
    :param limit: how many attempts there are at most.
    """
    end = time.monotonic() + seconds
    count = 0
    while count == 0 or time.monotonic() < end:
        yield count
        count += 1
        if count == limit:
            return
        time.sleep(random.uniform(0, pause))  # noqa: S311 - writers apart, no secret
        pause = min(pause * 2, longest)


class Failures:
    """Turns a driver's exceptions into :exc:`StorageError`; entered around every driver call.

    :param describe: names the store.
    :param errors: the driver's exceptions.
    """

    def __init__(
        self, describe: Callable[[], str], errors: tuple[type[BaseException], ...]
    ) -> None:
        self._describe = describe
        self._errors = errors

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, self._errors):
            what = str(error) or type(error).__name__
            raise StorageError(f"{self._describe()}: {what}") from error
