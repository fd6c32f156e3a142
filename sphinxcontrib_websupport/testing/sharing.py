"""The contract of a store that many threads and processes use at once, as tests.

``WEBSUPPORT_TEST_EFFORT`` multiplies how much is tried.
"""

# ruff: noqa: S101 - assertions are what a suite is made of

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from multiprocessing.connection import Connection
from threading import Barrier

import pytest

from sphinxcontrib_websupport.errors import (
    BuildConflictError,
    CommentNotAllowedError,
    CommentNotFoundError,
)
from sphinxcontrib_websupport.model import Edit, Viewer
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.commentstore import CommentStore
from sphinxcontrib_websupport.testing.storage import NOON, every, publish, rating, say, shown

EFFORT = int(os.environ.get("WEBSUPPORT_TEST_EFFORT", "1"))
THREADS = 8
PROCESSES = 4
CRASHES = 50

Opener = Callable[[], StorageBackend]

# Not a fork of the test's own process, which has threads; and no new interpreter each time.
_start = multiprocessing.get_context("forkserver")
# What a writer needs is imported before it is forked off, as far as it is installed.
_start.set_forkserver_preload(
    [
        "sphinxcontrib_websupport.testing.sharing",
        "sphinxcontrib_websupport.storage.sql.storage",
        "sphinxcontrib_websupport.storage.keyvalue",
        "sphinxcontrib_websupport.backends.filesystem",
        "sphinxcontrib_websupport.backends.redis",
        "sphinxcontrib_websupport.backends.s3",
        "psycopg",
        "pymysql",
    ]
)


class SharedStorageContract:
    """What a store does that several objects, threads and processes have opened."""

    @pytest.fixture
    def open_storage(self) -> Opener:
        """Return what opens the same, at first empty, store again and again.

        It goes to other processes, so that it can be pickled: ``functools.partial`` of the
        store's class, not a ``lambda``.
        """
        raise NotImplementedError

    @pytest.fixture
    def another(self, open_storage: Opener) -> Iterator[Opener]:
        """Return what opens the store within this process until the test ends."""
        with ExitStack() as opened:
            yield lambda: opened.enter_context(closing(open_storage()))

    @pytest.fixture
    def storage(self, another: Opener) -> StorageBackend:
        """Return one of the objects, with two nodes."""
        storage = another()
        publish(storage, "n", "other")
        return storage

    def test_sees_what_others_wrote(self, storage: StorageBackend, another: Opener) -> None:
        """Two objects show the same store."""
        other = another()
        id = say(storage)["id"]
        other.process_vote(id, "bob", 1)
        assert rating(storage, id) == 1

    def test_shows_a_build_to_others_at_its_end(
        self, storage: StorageBackend, another: Opener
    ) -> None:
        """A build is its object's own until it is published; one that ends early is nothing."""
        builder = another()
        builder.pre_build()
        builder.add_node("new", "index", "New.")
        assert not storage.has_node("new")
        assert not another().has_node("new")
        builder.post_build()
        assert storage.get_metadata("index", False)["new"] == 0

    def test_publishes_one_of_two_builds(self, storage: StorageBackend, another: Opener) -> None:
        """The slower of two builds is refused whole, unless all it says is there already."""
        first, second, third = another(), another(), another()
        for builder, source in ((first, "A."), (second, "B."), (third, "A.")):
            builder.pre_build()
            builder.add_node("n", "index", source)
        first.post_build()
        with pytest.raises(BuildConflictError):
            second.post_build()
        third.post_build()
        assert storage.get_data("n", None, False)["source"] == "A."

    def test_counts_votes_of_many_once(self, storage: StorageBackend, open_storage: Opener) -> None:
        """Threads and processes vote on one comment, two of them by the same name at once."""
        id = say(storage)["id"]
        rounds = 10 * EFFORT
        _race(_vote, open_storage, id, rounds)
        votes = Counter[str]()
        for worker in range(THREADS + PROCESSES):
            name = _voter(worker)
            own = storage.get_data("n", name, False)["comments"][0]["vote"]
            assert own in (-1, 0, 1)
            votes[name] = own
            if worker >= 2:
                assert own == _last_vote(worker, rounds)
        assert rating(storage, id) == votes.total()

    def test_keeps_each_comment_once(self, storage: StorageBackend, open_storage: Opener) -> None:
        """Threads and processes write into one thread and reply to each other."""
        top = say(storage)["id"]
        written = [id for ids in _race(_write, open_storage, top, 5 * EFFORT) for id in ids]
        seen = [c["id"] for c in shown(storage)]
        assert len(seen) == len(set(seen))
        assert sorted(seen) == sorted([top, *written])

    def test_removes_while_others_reply(self, storage: StorageBackend) -> None:
        """A reply is refused or is removed with its parent; none is left hanging."""
        for _ in range(5 * EFFORT):
            top = say(storage)["id"]
            barrier = Barrier(THREADS)

            def act(n: int, top: str = top, barrier: Barrier = barrier) -> None:
                barrier.wait()
                with suppress(CommentNotFoundError, CommentNotAllowedError):
                    if n:
                        reply = say(storage, parent_id=top)["id"]
                        storage.process_vote(reply, f"user {n}", 1)
                        say(storage, parent_id=reply)
                    else:
                        storage.delete_comment(top, "", True)

            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(act, range(THREADS)))
            assert shown(storage, moderator=True) == []

    def test_does_everything_at_once(self, storage: StorageBackend, open_storage: Opener) -> None:
        """Mixed verbs on one thread and on two: no error, and counts and ratings are right."""
        tops = [say(storage, node=node)["id"] for node in ("n", "other")]
        _race(_mix, open_storage, " ".join(tops), 6 * EFFORT)
        for node in ("n", "other"):
            for moderator in (False, True):
                shown(storage, moderator, node)
        for node in ("n", "other"):
            sums = Counter[str]()
            for worker in range(THREADS + PROCESSES):
                for name in (_voter(worker), f"renamed {worker}"):
                    thread = storage.get_data(node, name, True)["comments"]
                    for comment in every(thread):
                        sums[comment["id"]] += comment["vote"]
            for comment in shown(storage, True, node):
                assert comment["rating"] == sums[comment["id"]]

    def test_keeps_what_was_acknowledged(
        self, storage: StorageBackend, open_storage: Opener
    ) -> None:
        """A writer that is killed at any moment loses nothing that it told, and blocks nobody."""
        chance = random.Random(7)  # noqa: S311 - moments, no secrets
        told: list[str] = []
        for _ in range(CRASHES * EFFORT):
            top = say(storage)["id"]
            here, there = _start.Pipe(duplex=False)
            writer = _start.Process(target=_write_and_tell, args=(open_storage, top, there))
            writer.start()
            there.close()
            told.append(here.recv())
            with suppress(EOFError):
                while here.poll(chance.random() * 0.02):
                    told.append(here.recv())
            assert writer.pid is not None
            os.kill(writer.pid, signal.SIGKILL)
            writer.join()
            with suppress(EOFError):
                while True:
                    told.append(here.recv())
            here.close()
            storage.process_vote(top, "survivor", chance.choice([-1, 1]))
        seen = {c["id"]: c["rating"] for c in shown(storage)}
        assert set(told) <= set(seen)
        assert {seen[id] for id in told} <= {0, 1}

    def test_survives_a_killed_build(self, storage: StorageBackend, open_storage: Opener) -> None:
        """Readers see a build whole or not at all, whenever its process dies."""
        for n in range(3 * EFFORT):
            here, there = _start.Pipe(duplex=False)
            builder = _start.Process(target=_build_and_tell, args=(open_storage, n, there))
            builder.start()
            here.recv()
            here.poll(0.002 * n)
            assert builder.pid is not None
            os.kill(builder.pid, signal.SIGKILL)
            builder.join()
            count = len(storage.get_metadata(f"build {n}", False))
            assert count in (0, 2000)
            publish(storage, "n", "other")


def _race(
    work: Callable[[StorageBackend, int, str, int], list[str]],
    open_storage: Opener,
    id: str,
    rounds: int,
) -> list[list[str]]:
    """Let threads on one object and processes with their own do the same at once."""
    with (
        closing(open_storage()) as shared,
        ProcessPoolExecutor(PROCESSES, mp_context=_start) as processes,
        ThreadPoolExecutor(THREADS) as threads,
    ):
        jobs = [
            processes.submit(_in_process, work, open_storage, THREADS + n, id, rounds)
            for n in range(PROCESSES)
        ]
        jobs += [threads.submit(work, shared, n, id, rounds) for n in range(THREADS)]
        return [job.result() for job in jobs]


def _in_process(
    work: Callable[[StorageBackend, int, str, int], list[str]],
    open_storage: Opener,
    worker: int,
    id: str,
    rounds: int,
) -> list[str]:
    with closing(open_storage()) as storage:
        return work(storage, worker, id, rounds)


def _voter(worker: int) -> str:
    # The first two share a name.
    return f"user {max(1, worker)}"


def _last_vote(worker: int, rounds: int) -> int:
    return (worker + rounds - 1) % 3 - 1


def _vote(storage: StorageBackend, worker: int, id: str, rounds: int) -> list[str]:
    for n in range(rounds):
        storage.process_vote(id, _voter(worker), (worker + n) % 3 - 1)
    return []


def _write(storage: StorageBackend, worker: int, id: str, rounds: int) -> list[str]:
    ids = [id]
    for n in range(rounds):
        ids.append(say(storage, parent_id=ids[n // 2], username=f"user {worker}")["id"])
    return ids[1:]


def _mix(storage: StorageBackend, worker: int, ids: str, rounds: int) -> list[str]:
    chance = random.Random(worker)  # noqa: S311 - no secrets
    tops = ids.split()
    for _ in range(rounds):
        top = chance.choice(tops)
        reply = say(storage, parent_id=top, displayed=False, username=_voter(worker))["id"]
        storage.process_vote(top, _voter(worker), chance.choice([-1, 0, 1]))
        storage.process_vote(reply, _voter(worker), 1)
        if isinstance(storage, CommentStore):
            edit = Edit(text=f"<p>{worker}</p>", original=f"{worker}", time=NOON)
            storage.edit_comment(reply, edit, Viewer(moderator=True))
        if chance.random() < 0.5:
            storage.accept_comment(reply)
        else:
            storage.delete_comment(reply, "", True)
        storage.get_data("n", _voter(worker), False)
        storage.update_username(_voter(worker), f"renamed {worker}")
    return []


def _write_and_tell(open_storage: Opener, top: str, told: Connection) -> None:
    storage = open_storage()
    while True:
        id = say(storage, parent_id=top)["id"]
        told.send(id)
        storage.process_vote(id, "ann", 1)


def _build_and_tell(open_storage: Opener, n: int, told: Connection) -> None:
    storage = open_storage()
    storage.pre_build()
    for place in range(2000):
        storage.add_node(f"{n}-{place}", f"build {n}", f"{place}")
    told.send(n)
    storage.post_build()
