"""The SQL store on SQLite against the driver alone: ``python -m benchmarks storage``.

Each figure is a ratio of two medians (of the quickest of three, for builds), taken in turns in
one run on the same file. A floor is
what no store can do without: the same rows through ``sqlite3``, and ``json.dumps`` of the same
answer where an answer is given.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy.dialects.sqlite import dialect

from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.storage.sql import queries
from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage

TEXT = "<p>" + "A comment of middling length, as readers write them. " * 4 + "</p>\n"
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
START = int(NOON.timestamp()) * 1_000_000

NODE = """
    INSERT INTO websupport_nodes
        (id, document, position, source, file, line, retired, comments, visible)
    VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)
"""
COMMENT = """
    INSERT INTO websupport_comments
        (id, node_id, parent_id, root_id, time, text, username, rating, displayed, visible, deleted)
    VALUES (?, ?, ?, ?, ?, ?, ?, 0, 1, 1, 0)
"""


def main(argv: list[str]) -> None:
    """Print each ratio beside its limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks storage", description=__doc__)
    parser.add_argument("--comments", type=int, default=1_000_000, help="in the large database")
    parser.add_argument("--nodes", type=int, default=74_000, help="in one build")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure")
    parser.add_argument("--folder", type=Path, help="where the databases are put")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        bench = Bench(Path(folder), options.seconds)
        bench.threads()
        bench.large(options.comments)
        for workers in (1, 8):
            bench.votes(workers)
            bench.comments(workers)
        bench.build(options.nodes)


class Bench:
    """The measurements, each on databases of its own."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder = folder
        self._seconds = seconds
        self._files = 0

    # -- reading -----------------------------------------------------------------------------

    def threads(self) -> None:
        """Compare a whole thread with its rows."""
        for count in (10, 1_000, 10_000):
            with self._database() as (storage, raw):
                fill(raw, "n", count)
                thread = storage.get_data("n", "user 1", False)
                fetch = raw_thread(raw)

                def floor(thread: Any = thread, fetch: Any = fetch) -> None:
                    fetch()
                    json.dumps(thread)

                def ours(storage: SQLAlchemyStorage = storage) -> None:
                    json.dumps(storage.get_data("n", "user 1", False))

                self._report(f"get_data of {count:,} comments", ours, floor, 2.0)

    def large(self, comments: int) -> None:
        """Compare one node, and one page's counts, in a small and in a large database."""
        with self._database() as (small, few), self._database() as (large, many):
            for raw, total in ((few, 1_000), (many, comments)):
                fill(raw, "n", 100)
                for node in range(total // 100 - 1):
                    fill(raw, f"node {node}", 100, document=f"page {node // 200}")
                raw.execute("ANALYZE")

            def ours() -> None:
                large.get_data("n", "user 1", False)

            def floor() -> None:
                small.get_data("n", "user 1", False)

            self._report(f"a node among {comments:,} comments", ours, floor, 1.3)

            def counts() -> None:
                json.dumps(large.get_metadata("page 1", False))

            sql = str(queries.counts(False).compile(dialect=dialect()))

            def raw_counts() -> None:
                json.dumps(dict(many.execute(sql, ("page 1",)).fetchall()))

            assert len(large.get_metadata("page 1", False)) == 200
            self._report("get_metadata of 200 nodes", counts, raw_counts, 2.0)

    # -- writing -----------------------------------------------------------------------------

    def votes(self, workers: int) -> None:
        """Compare votes on one comment with the statements that a vote takes."""
        with self._database() as (storage, raw):
            fill(raw, "n", 1)

            def ours(worker: int, n: int) -> None:
                storage.process_vote("1", f"user {worker}", n % 3 - 1)

            def floor(connection: sqlite3.Connection, worker: int, n: int) -> None:
                name, value = f"user {worker}", n % 3 - 1
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(
                    "UPDATE websupport_comments SET rating = rating + ? - coalesce((SELECT value"
                    " FROM websupport_votes WHERE comment_id = 1 AND username = ?), 0)"
                    " WHERE id = 1",
                    (value, name),
                )
                connection.execute(
                    "INSERT OR REPLACE INTO websupport_votes VALUES (1, ?, ?)", (name, value)
                )
                connection.execute("COMMIT")

            self._race("process_vote", workers, ours, floor)

    def comments(self, workers: int) -> None:
        """Compare new comments with the statements that a comment takes."""
        with self._database() as (storage, raw):
            fill(raw, "n", 1)

            def ours(worker: int, n: int) -> None:
                storage.add_comment(TEXT, True, "ann", NOON, None, "n", None, False)

            def floor(connection: sqlite3.Connection, worker: int, n: int) -> None:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(
                    "SELECT document, source FROM websupport_nodes WHERE id = 'n'"
                ).fetchone()
                connection.execute(COMMENT, (None, "n", None, None, START, TEXT, "ann"))
                connection.execute(
                    "UPDATE websupport_nodes SET comments = comments + 1, visible = visible + 1"
                    " WHERE id = 'n'"
                )
                connection.execute("COMMIT")

            self._race("add_comment", workers, ours, floor)

    def build(self, count: int) -> None:
        """Compare the first build of many nodes with one ``executemany`` of the same rows."""
        nodes = [(f"{n:032x}", f"page {n // 100}", f"Paragraph {n}. {TEXT}") for n in range(count)]

        def register(storage: SQLAlchemyStorage) -> None:
            storage.pre_build()
            for n, (id, document, source) in enumerate(nodes):
                storage.register_node(Node(id, document, source, file=f"{document}.rst", line=n))
            storage.post_build()

        ours, floor, again = [], [], []
        for _ in range(3):
            with self._database() as (_, raw):
                rows = [
                    (id, document, n % 100, source, f"{document}.rst", n, 0, 0)
                    for n, (id, document, source) in enumerate(nodes)
                ]
                floor.append(seconds(partial(executemany, raw, rows)))
            with self._database() as (storage, raw):
                ours.append(seconds(partial(register, storage)))
                before = raw.execute("PRAGMA data_version").fetchone()
                again.append(seconds(partial(register, storage)))
                unchanged = raw.execute("PRAGMA data_version").fetchone() == before
        mine, lowest = min(ours), min(floor)
        label = f"first build of {count:,} nodes"
        print(f"{label:44}{mine / lowest:6.2f}   limit 3.0   ({mine:.2f} s : {lowest:.2f} s)")
        said = "nothing written" if unchanged else "WRITES"
        print(f"{'unchanged build of the same':44}{min(again):6.2f} s, {said}")

    # -- measuring ---------------------------------------------------------------------------

    @contextmanager
    def _database(self) -> Iterator[tuple[SQLAlchemyStorage, sqlite3.Connection]]:
        self._files += 1
        path = self._folder / f"{self._files}.db"
        with (
            closing(SQLAlchemyStorage(f"sqlite:///{path}")) as storage,
            closing(connect(path)) as raw,
        ):
            yield storage, raw

    def _report(
        self, name: str, ours: Callable[[], None], floor: Callable[[], None], limit: float
    ) -> None:
        times: tuple[list[float], list[float]] = ([], [])
        ours()
        floor()
        end = perf_counter() + self._seconds
        while perf_counter() < end or len(times[0]) < 5:
            times[0].append(seconds(ours))
            times[1].append(seconds(floor))
        mine, lowest = map(statistics.median, times)
        print(
            f"{name:44}{mine / lowest:6.2f}   limit {limit:.1f}"
            f"   ({mine * 1e3:.3f} ms : {lowest * 1e3:.3f} ms)"
        )

    def _race(
        self,
        name: str,
        workers: int,
        ours: Callable[[int, int], None],
        floor: Callable[[sqlite3.Connection, int, int], None],
    ) -> None:
        path = self._folder / f"{self._files}.db"
        count = 200 // workers
        rates: tuple[list[float], list[float]] = ([], [])

        def work(worker: int) -> None:
            for n in range(count):
                ours(worker, n)

        def work_raw(worker: int) -> None:
            with closing(connect(path)) as connection:
                for n in range(count):
                    floor(connection, worker, n)

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, range(workers)))
            end = perf_counter() + self._seconds
            while perf_counter() < end or len(rates[0]) < 3:
                for rate, job in zip(rates, (work, work_raw), strict=True):
                    spent = seconds(partial(_each, pool, job, workers))
                    rate.append(count * workers / spent)
        mine, highest = map(statistics.median, rates)
        label = f"{name}, {workers} thread(s), of raw SQLite"
        print(f"{label:44}{mine / highest:6.2f}   at least 0.5   ({mine:.0f}/s : {highest:.0f}/s)")


def _each(pool: ThreadPoolExecutor, job: Callable[[int], None], workers: int) -> None:
    list(pool.map(job, range(workers)))


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def connect(path: Path) -> sqlite3.Connection:
    """Open a database with the store's own settings, and nothing of SQLAlchemy's."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def fill(raw: sqlite3.Connection, node: str, count: int, document: str = "index") -> None:
    """Add a node with comments, every other one a reply to the one before, some with votes."""
    (first,) = raw.execute("SELECT coalesce(max(id), 0) + 1 FROM websupport_comments").fetchone()
    (place,) = raw.execute(
        "SELECT count(*) FROM websupport_nodes WHERE document = ?", (document,)
    ).fetchone()
    raw.execute("BEGIN")
    source = "The source of a paragraph."
    raw.execute(NODE, (node, document, place, source, None, None, count, count))
    rows = []
    for id in range(first, first + count):
        parent = id - 1 if (id - first) % 2 else None
        rows.append((id, node, parent, parent, START + id * 1_000_000, TEXT, f"user {id % 50}"))
    raw.executemany(COMMENT, rows)
    votes = [(id, "user 1", 1) for id in range(first, first + count, 5)]
    raw.executemany("INSERT INTO websupport_votes VALUES (?, ?, ?)", votes)
    raw.execute("COMMIT")


def raw_thread(raw: sqlite3.Connection) -> Callable[[], object]:
    """Return what fetches the rows of a thread with the store's own statements."""
    compiled = queries.thread(moderator=False, named=True).compile(dialect=dialect())
    values = {"node": "n", "reader": "user 1"}
    sql, arguments = str(compiled), [values[name] for name in compiled.positiontup or ()]

    def fetch() -> object:
        raw.execute("SELECT document, source FROM websupport_nodes WHERE id = 'n'").fetchone()
        return raw.execute(sql, arguments).fetchall()

    return fetch


def executemany(raw: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert nodes as the driver does it."""
    raw.execute("BEGIN")
    raw.executemany(NODE, rows)
    raw.execute("COMMIT")
