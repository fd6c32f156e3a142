"""One connection for all threads, and no queue before a server that does not answer."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from socket import create_server
from threading import Barrier, Event

import pytest

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.couchbase import CouchbaseBackend
from sphinxcontrib_websupport.backends.drivers import Connection, attempts
from sphinxcontrib_websupport.backends.redis import RedisBackend
from sphinxcontrib_websupport.errors import StorageError

THREADS = 6


def in_threads(call: Callable[[], object]) -> list[object]:
    """Make a call in several threads at once; return results and exceptions."""
    barrier = Barrier(THREADS)

    def work(_: int) -> object:
        barrier.wait()
        try:
            return call()
        except (OSError, StorageError) as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(THREADS)))


@pytest.fixture
def silent_port() -> Iterator[int]:
    """The port of a server that accepts connections and never says anything."""
    with create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


def test_threads_share_one_connection() -> None:
    numbers = count()
    connection = Connection(lambda: next(numbers), lambda made: None)
    assert in_threads(connection.get) == [0] * THREADS
    assert connection.get() == 0


def test_threads_that_wait_share_the_failure_and_the_next_call_tries_again() -> None:
    tries: list[int] = []
    may_fail = Event()

    def connect() -> str:
        tries.append(1)
        if len(tries) > 1:
            return "connected"
        may_fail.wait(10)
        raise OSError("no answer")

    connection = Connection(connect, lambda made: None)
    with ThreadPoolExecutor(THREADS) as pool:
        calls = [pool.submit(connection.get) for _ in range(THREADS)]
        while not tries:
            time.sleep(0.001)
        # All of them ask while the first one tries.
        time.sleep(0.1)
        may_fail.set()
        errors = [call.exception(10) for call in calls]
    assert [str(error) for error in errors] == ["no answer"] * THREADS
    assert len(tries) == 1
    assert connection.get() == "connected"


def test_close_ends_what_was_made_once_and_the_next_call_makes_another() -> None:
    numbers = count()
    ended: list[int] = []
    connection = Connection(lambda: next(numbers), ended.append)
    connection.close()
    assert ended == []
    connection.get()
    connection.close()
    connection.close()
    assert ended == [0]
    assert connection.get() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes are forked")
def test_forked_process_makes_its_own_connection_and_leaves_the_other_open() -> None:
    ended: list[int] = []
    connection = Connection(os.getpid, ended.append)
    mine = connection.get()
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()

    def child() -> None:
        connection.close()
        answers.put((connection.get(), os.getpid(), list(ended)))

    process = context.Process(target=child)
    process.start()
    theirs, pid, ended_there = answers.get()
    process.join()
    assert theirs == pid != mine
    assert ended_there == []
    assert connection.get() == mine


@pytest.mark.parametrize(
    "open_at",
    [
        lambda port: CouchbaseBackend(f"couchbase://u:p@127.0.0.1:{port}/b?timeout=2"),
        lambda port: RedisBackend(f"redis://127.0.0.1:{port}?timeout=2"),
        lambda port: RedisBackend(f"redis+cluster://127.0.0.1:{port}?timeout=2"),
    ],
    ids=["couchbase", "redis", "redis+cluster"],
)
def test_threads_do_not_queue_before_a_server_that_does_not_answer(
    open_at: Callable[[int], Backend], silent_port: int
) -> None:
    with open_at(silent_port) as backend:
        begin = time.monotonic()
        answers = in_threads(lambda: backend.load("key"))
        assert time.monotonic() - begin < 3
    assert [type(answer) for answer in answers] == [StorageError] * THREADS


def test_attempts_end_when_their_time_is_over() -> None:
    begin = time.monotonic()
    assert len(list(attempts(0.1, pause=0.01, longest=0.01))) > 3
    assert time.monotonic() - begin < 2
    assert list(attempts(0)) == [0]
    assert list(attempts(60, limit=3)) == [0, 1, 2]
