"""The key-value store against its backend alone: ``python -m benchmarks keyvalue [URL …]``.

Each figure is a ratio of two medians, taken in turns in one run. A floor is what no store over this
backend can do without: to load the same records and ``json.dumps`` the same answer, or to change
records of the same size. Two of the ratios compare the store with itself: what a reader asks for
must not depend on how much else there is.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.registry import open_backend
from sphinxcontrib_websupport.storage.keyvalue import KeyValueStorage

TEXT = "<p>" + "A comment of middling length, as readers write them. " * 4 + "</p>\n"
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
LENGTHS = (10, 1_000, 10_000)
NODES = 200


def main(argv: list[str]) -> None:
    """Print each ratio, for each store."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks keyvalue", description=__doc__)
    parser.add_argument("urls", nargs="*", metavar="URL", help="default: memory, and files")
    parser.add_argument("--nodes", type=int, default=74_000, help="in one build")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        for url in options.urls or ["memory://", f"{Path(folder).as_uri()}?durable=0"]:
            print(url.partition("?")[0])
            with closing(open_backend(url)) as backend:
                bench = Bench(backend, options.seconds)
                for work in (bench.threads, bench.counts, bench.votes, bench.comments):
                    work()
                bench.build(options.nodes)
                backend.clear()


class Bench:
    """The measurements on one store."""

    def __init__(self, backend: Backend, seconds: float) -> None:
        self._backend = backend
        self._seconds = seconds
        self._storage = KeyValueStorage(backend)

    def threads(self) -> None:
        """Read whole threads, and first pages of short and long ones."""
        self._begin(*(f"n{count}" for count in LENGTHS))
        for count in LENGTHS:
            node = f"n{count}"
            for n in range(0, count, 2):
                time = NOON + timedelta(seconds=n)
                id = self._say(node_id=node, time=time)
                self._say(parent_id=id, time=time)
            answer = self._storage.get_data(node, "user 1", False)
            keys = ["site", f"thread/{node}"]
            segments = [key for key in self._backend.keys() if key.startswith(f"thread/{node}/")]  # noqa: SIM118 - a backend iterates over its items

            def floor(answer: Any = answer, keys: Any = keys, segments: Any = segments) -> None:
                self._backend.load_many(keys)
                self._backend.load_many(segments)
                json.dumps(answer)

            def ours(node: str = node) -> None:
                json.dumps(self._storage.get_data(node, "user 1", False))

            self._report(f"get_data of {count:,} comments : records", ours, floor)
        pages = [partial(self._storage.get_page, f"n{n}", Viewer("user 1")) for n in LENGTHS[1:]]
        self._report("first page of 10,000 : of 1,000 comments", pages[1], pages[0])

    def counts(self) -> None:
        """Count a page's comments in a store with few and with many."""
        self._begin(*(f"n{n}" for n in range(NODES)))
        for n in range(0, NODES, 4):
            self._say(node_id=f"n{n}")
        keys = [f"thread/n{n}" for n in range(0, NODES, 4)]
        answer = self._storage.get_metadata("index", False)

        def floor() -> None:
            self._backend.load_many(["site", "talk/index"])
            self._backend.load_many(keys)
            json.dumps(answer)

        def ours() -> None:
            json.dumps(self._storage.get_metadata("index", False))

        self._report(f"get_metadata of {NODES} nodes : records", ours, floor)

    def votes(self) -> None:
        """Vote in a full segment."""
        for workers in (1, 8):
            self._begin("n")
            ids = [self._say(node_id="n") for _ in range(100)]
            segment = self._backend.load("thread/n/0")

            def floor(worker: int, n: int, segment: Any = segment) -> None:
                self._backend.update("floor", lambda _: {**segment, "last": worker * 1000 + n})

            def ours(worker: int, n: int, ids: list[str] = ids) -> None:
                self._storage.process_vote(ids[n % 100], f"user {worker}", n // 100 % 2 * 2 - 1)

            self._race(f"process_vote, {workers} thread(s) : update", workers, ours, floor)

    def comments(self) -> None:
        """Write comments: the segment changes, and before and after it the header."""
        for workers in (1, 8):
            self._begin("n")

            def floor(worker: int, n: int) -> None:
                record = {"comments": [[worker, n, TEXT]] * 50}
                for key in ("header", "floor", "header"):
                    self._backend.update(key, lambda _: record if key == "floor" else [worker, n])  # noqa: B023 - called at once

            def ours(worker: int, n: int) -> None:
                self._say(node_id="n", username=f"user {worker}")

            self._race(f"add_comment, {workers} thread(s) : 3 updates", workers, ours, floor)

    def build(self, count: int) -> None:
        """Register many nodes, a hundred to a page."""
        self._backend.clear()
        rows = [(f"{n:032x}", f"page {n // 100}", f"Paragraph {n}. {TEXT}") for n in range(count)]
        pages = [rows[start : start + 100] for start in range(0, count, 100)]

        def register(*changed: str) -> None:
            self._storage.pre_build()
            for id, document, source in rows:
                self._storage.add_node(id, document, f"{source}!" if id in changed else source)
            self._storage.post_build()

        def floor() -> None:
            for n, page in enumerate(pages):
                self._backend.dump(f"floor/{n}", page)

        mine, lowest = seconds(register), seconds(floor)
        label = f"first build of {count:,} nodes : a dump per page"
        print(f"  {label:50}{mine / lowest:7.2f}   ({mine:.2f} s : {lowest:.2f} s)")
        print(f"  {'unchanged build of the same':50}{seconds(register):7.2f} s")
        change = partial(register, rows[0][0])
        print(f"  {'build with one changed node':50}{seconds(change):7.2f} s")

    # -- measuring ---------------------------------------------------------------------------

    def _begin(self, *nodes: str) -> None:
        self._backend.clear()
        self._storage.pre_build()
        for node in nodes:
            self._storage.add_node(node, "index", f"The source of {node}.")
        self._storage.post_build()

    def _say(self, **given: Any) -> str:
        values: dict[str, Any] = {
            "text": TEXT,
            "displayed": True,
            "username": "ann",
            "time": NOON,
            "proposal": None,
            "node_id": None,
            "parent_id": None,
            "moderator": False,
        }
        return self._storage.add_comment(**values | given)["id"]

    def _report(self, name: str, ours: Callable[[], Any], floor: Callable[[], Any]) -> None:
        times: tuple[list[float], list[float]] = ([], [])
        end = perf_counter() + self._seconds
        while perf_counter() < end or len(times[0]) < 5:
            times[0].append(seconds(ours))
            times[1].append(seconds(floor))
        mine, lowest = map(statistics.median, times)
        print(f"  {name:50}{mine / lowest:7.2f}   ({mine * 1e3:.3f} ms : {lowest * 1e3:.3f} ms)")

    def _race(
        self,
        name: str,
        workers: int,
        ours: Callable[[int, int], None],
        floor: Callable[[int, int], None],
    ) -> None:
        count = 200 // workers
        times: tuple[list[float], list[float]] = ([], [])

        def work(call: Callable[[int, int], None], worker: int) -> None:
            for n in range(count):
                call(worker, n)

        with ThreadPoolExecutor(workers) as pool:
            for _ in range(3):
                for spent, call in zip(times, (ours, floor), strict=True):
                    job = partial(work, call)
                    spent.append(seconds(lambda: list(pool.map(job, range(workers)))))  # noqa: B023 - called at once
        mine, lowest = (workers * count / statistics.median(spent) for spent in times)
        print(f"  {name:50}{mine / lowest:7.2f}   ({mine:.0f}/s : {lowest:.0f}/s)")


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = perf_counter()
    work()
    return perf_counter() - start
