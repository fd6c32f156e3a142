"""Stores of values against their floors: the bare driver, ``open`` with ``json``, ``os.scandir``.

``python -m benchmarks backends [--redis URL] [--files N]``. Each ratio is the floor's time over
the store's, each the best of rounds in which both take turns: 1.0 is as fast as the floor. The
best, because what else the machine does can only add.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import redis

from sphinxcontrib_websupport.backends.filesystem import FileSystemJsonBackend
from sphinxcontrib_websupport.backends.redis import RedisBackend

PAGE = {
    "title": "Installing",
    "body": "<p>" + "Words of a page of some length. " * 120 + "</p>",
    "counts": {f"s{number:08x}": number % 7 for number in range(20)},
}
"""A value as a built page is: about 4 KB."""

Call = Callable[[], object]


def main(argv: list[str]) -> int:
    """Run all and print a line for each; the result is 1 if one misses its mark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks backends")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/0", help="the server's URL")
    parser.add_argument("--files", type=int, default=100_000, help="how many files to list")
    arguments = parser.parse_args(argv)
    met = [
        *of_redis(arguments.redis),
        *of_files(),
        of_listing(arguments.files),
    ]
    return 0 if all(met) else 1


def of_redis(url: str) -> list[bool]:
    """Compare with redis-py and the same JSON, and count round trips."""
    prefix = f"bench-{uuid4().hex}:"
    keys = [f"page/{number}" for number in range(200)]
    with RedisBackend(url, prefix=prefix) as store, redis.Redis.from_url(url) as bare:
        try:
            store.dump(keys[0], PAGE)
            name = prefix + keys[0]
            encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode

            def bare_load() -> object:
                data: Any = bare.get(name)
                return json.loads(data)

            met = [
                against(
                    "RedisBackend.load, of redis-py + json",
                    0.7,
                    lambda: store.load(keys[0]),
                    bare_load,
                    300,
                ),
                against(
                    "RedisBackend.dump, of redis-py + json",
                    0.7,
                    lambda: store.dump(keys[0], PAGE),
                    lambda: bare.set(name, encode(PAGE)),
                    300,
                ),
            ]
            for key in keys:
                store.dump(key, PAGE)
            before = _commands(bare)
            store.load_many(keys)
            trips = _commands(bare) - before
            print(f"RedisBackend.load_many of {len(keys)} keys: commands sent: {trips}")
            return [*met, trips == 1]
        finally:
            store.clear()


def of_files() -> list[bool]:
    """Compare with ``open`` and ``json``."""
    with tempfile.TemporaryDirectory() as folder:
        store = FileSystemJsonBackend(folder)
        store.dump("guide/page", PAGE)
        path = str(store.path("guide/page"))

        def bare_load() -> object:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123 - the floor, as it is written
                return json.load(file)

        return [
            against(
                "FileSystemJsonBackend.load, of open + json.load",
                0.7,
                lambda: store.load("guide/page"),
                bare_load,
                500,
            )
        ]


def of_listing(count: int) -> bool:
    """Compare ``keys()`` with a walk of the same tree by ``os.scandir``."""
    with tempfile.TemporaryDirectory() as folder:
        store = FileSystemJsonBackend(folder)
        for number in range(count):
            store.dump(f"section-{number % 100}/page-{number}", number)
        assert len(store.keys()) == count
        return against(
            f"keys() of {count} files, of a scandir walk",
            1 / 1.5,
            store.keys,
            lambda: walk(folder),
            1,
            rounds=21,
        )


def walk(folder: str) -> list[str]:
    """Return the paths of all files under a folder."""
    found: list[str] = []
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    pending.append(entry.path)
                else:
                    found.append(entry.path)
    return found


def against(name: str, mark: float, call: Call, floor: Call, times: int, rounds: int = 15) -> bool:
    """Print how fast a call is for its floor; return whether the mark is met."""
    call()
    floor()
    pairs = [(_time(call, times), _time(floor, times)) for _ in range(rounds)]
    mine, bare = (min(column) for column in zip(*pairs, strict=True))
    ratio: float = bare / mine
    verdict = "" if ratio >= mark else "  MISSED"
    print(
        f"{name}: {ratio:.2f} (at least {mark:.2f}); "
        f"{mine / times * 1e6:,.0f} µs against {bare / times * 1e6:,.0f} µs{verdict}"
    )
    return bool(ratio >= mark)


def _time(call: Call, times: int) -> float:
    begin = time.perf_counter()
    for _ in range(times):
        call()
    return time.perf_counter() - begin


def _commands(client: Any) -> int:
    """Count the commands that read, by whichever client."""
    calls = client.info("commandstats")
    return sum(calls.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("get", "mget"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
