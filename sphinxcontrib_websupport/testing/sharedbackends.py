"""The contract of a backend that other processes and hosts write to as well."""

# ruff: noqa: D102, S101 - a test's name says what it proves, and assertions make a suite

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.testing.backends import Opener, Suite
from sphinxcontrib_websupport.testing.values import increment, make_value, read_number


class SharedSuite(Suite):
    """Stores that other processes and hosts write to as well."""

    def test_another_connection_sees_what_was_written(
        self, backend: Backend, opener: Opener
    ) -> None:
        with opener() as other:
            backend.dump("key", make_value(backend, 1))
            assert other.load("key") == make_value(backend, 1)
            assert other.keys() == {"key"}
            other.delete("key")
            assert backend.load("key") is None

    def test_a_writer_in_between_is_not_overwritten(self, backend: Backend, opener: Opener) -> None:
        with opener() as other:
            backend.dump("key", make_value(backend, 0))
            rivals: list[Thread] = []

            def change(old: object) -> object:
                if not rivals:
                    rivals.append(Thread(target=increment, args=(other, "key")))
                    rivals[0].start()
                    # Where the item is locked the rival waits; elsewhere it is through now.
                    rivals[0].join(0.3)
                return make_value(backend, read_number(old) + 1)

            backend.update("key", change)
            rivals[0].join()
            assert read_number(backend.load("key")) == 2

    def test_processes_lose_no_update(self, backend: Backend, opener: Opener) -> None:
        context = _processes()
        workers = [
            context.Process(target=_increment_often, args=(opener, "count", 5)) for _ in range(8)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert [worker.exitcode for worker in workers] == [0] * 8
        assert read_number(backend.load("count")) == 40

    def test_a_killed_writer_leaves_all_that_it_acknowledged(
        self, backend: Backend, opener: Opener
    ) -> None:
        context = _processes()
        before = 0
        for acknowledged in (1, 4, 9):
            receiver, sender = context.Pipe(duplex=False)
            writer = context.Process(target=_increment_and_tell, args=(opener, "count", sender))
            writer.start()
            sender.close()
            last = before
            while last < before + acknowledged:
                last = receiver.recv()
            writer.kill()
            writer.join()
            last = max([last, *_rest(receiver)])
            # One more may be stored than was told: the writer was killed between the two.
            assert read_number(backend.load("count")) in {last, last + 1}
            before = increment(backend, "count")
            assert before in {last + 1, last + 2}


def _processes() -> Any:
    # A server process that has imported this once and forks: quick, and safe beside threads.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _increment_often(opener: Opener, key: str, times: int) -> None:
    with opener() as backend:
        for _ in range(times):
            increment(backend, key)


def _increment_and_tell(opener: Opener, key: str, sender: Connection) -> None:
    backend = opener()
    while True:
        sender.send(increment(backend, key))


def _rest(receiver: Connection) -> Iterator[int]:
    try:
        while True:
            yield receiver.recv()
    except EOFError:
        return
