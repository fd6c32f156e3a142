"""The server crashes and comes back while readers write: what was acknowledged is there, once.

The object that they use stays the same: nobody restarts the web process. Redis keeps its log with
``appendfsync always``; with ``everysec`` a crash of the machine, not of the server, may take the
last second with it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from sphinxcontrib_websupport.errors import StorageError
from sphinxcontrib_websupport.registry import open_storage
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.testing.storage import publish, say, shown
from tests.databases import mariadb_server, postgresql_server, program
from tests.engines import absent, require
from tests.servers import Server, free_port, redis_server

WRITERS = 4
CRASHES = 3


class Failure(NamedTuple):
    """A call that raised, from when to when."""

    began: float
    ended: float
    error: Exception


class Writer:
    """Comments and votes until it is told to stop, and remembers what was acknowledged."""

    def __init__(self, storage: StorageBackend, top: str, number: int) -> None:
        self.told: dict[str, str] = {}
        self.vote: int | None = None
        self.failures: list[Failure] = []
        self.written = threading.Semaphore(0)
        self._storage = storage
        self._top = top
        self._number = number

    def run(self, stopped: threading.Event, is_up: threading.Event) -> None:
        n = 0
        while not stopped.is_set() or n % 2:
            n += 1
            text, vote = f"{self._number}-{n}", n // 2 % 3 - 1
            began = time.monotonic()
            try:
                if n % 2:
                    reply = n % 4 == 1
                    place = {"parent_id": self._top} if reply else {"node_id": "n"}
                    self.told[text] = say(self._storage, text=text, **place)["id"]
                else:
                    self.vote = None
                    self._storage.process_vote(self._top, f"user {self._number}", vote)
                    self.vote = vote
            except Exception as error:  # noqa: BLE001 - which ones may come is what is tested
                self.failures.append(Failure(began, time.monotonic(), error))
                is_up.wait()
            else:
                self.written.release()


@contextmanager
def writing(storage: StorageBackend, top: str) -> Iterator[tuple[list[Writer], threading.Event]]:
    """Let writers write; give them, and what says whether the server is up."""
    writers = [Writer(storage, top, number) for number in range(WRITERS)]
    stopped, is_up = threading.Event(), threading.Event()
    is_up.set()
    with ThreadPoolExecutor(WRITERS) as pool:
        jobs = [pool.submit(writer.run, stopped, is_up) for writer in writers]
        try:
            yield writers, is_up
        finally:
            is_up.set()
            stopped.set()
        for job in jobs:
            job.result()


def crash_while_writing(url: str, server: Server, crash: Callable[[], None]) -> None:
    with closing(open_storage(url)) as storage:
        publish(storage, "n")
        top = say(storage, text="top")["id"]
        outages: list[tuple[float, float]] = []
        with writing(storage, top) as (writers, is_up):
            for _ in range(CRASHES):
                # Each goes on by itself, with the connections that it had.
                for writer in writers:
                    for _ in range(6):
                        assert writer.written.acquire(timeout=60)
                is_up.clear()
                began = time.monotonic()
                crash()
                server.start()
                outages.append((began, time.monotonic()))
                is_up.set()
            for writer in writers:
                for _ in range(6):
                    assert writer.written.acquire(timeout=60)
        failures = [failure for writer in writers for failure in writer.failures]
        assert [f.error for f in failures if not isinstance(f.error, StorageError)] == []
        for failure in failures:
            assert any(
                began <= failure.ended and failure.began <= ended for began, ended in outages
            ), f"{failure.error!r} came while the server was up"
        comments = shown(storage)
        texts = Counter(comment["text"] for comment in comments)
        assert set(texts.values()) == {1}
        there = {comment["text"]: comment["id"] for comment in comments}
        for writer in writers:
            assert writer.told.items() <= there.items()
        unknown = [writer for writer in writers if writer.vote is None]
        assert unknown == []
        votes = [writer.vote for writer in writers]
        for number, vote in enumerate(votes):
            seen = storage.get_data("n", f"user {number}", False)["comments"]
            assert next(c["vote"] for c in seen if c["id"] == top) == vote
        assert next(c["rating"] for c in comments if c["id"] == top) == sum(
            map(int, filter(None, votes))
        )


def test_postgresql() -> None:
    require("postgresql")
    if program("postgres") is None or program("initdb") is None:
        absent("postgresql", "postgres and initdb are not installed")
    with postgresql_server() as (url, server):
        # As a power cut: no checkpoint, clients are dropped, the log is replayed.
        crash_while_writing(url, server, lambda: server.crash(signal.SIGQUIT))


def test_mariadb() -> None:
    require("mariadb", "mariadbd", "mariadb-install-db")
    with mariadb_server() as (url, server):
        crash_while_writing(url, server, server.crash)


def test_redis(tmp_path: Path) -> None:
    require("redis", "redis-server")
    port = free_port()
    server = redis_server(tmp_path, port, "--appendfsync", "always")
    server.start()
    try:
        crash_while_writing(f"redis://127.0.0.1:{port}", server, server.crash)
    finally:
        server.stop()
