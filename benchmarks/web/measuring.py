"""What is measured, and beside which bound it is printed."""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from benchmarks.web import data, servers
from benchmarks.web.load import Load, cost

JSON = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
TEXT = {"text": data.words(0)}
ISSO_POST = TEXT | {"author": "ann", "email": None, "website": None, "parent": None}


@dataclass(frozen=True)
class Pair:
    """The same wish to both."""

    name: str
    ours: Load
    theirs: Load
    bound: float
    """How many of ours may cost as much as one of theirs, at least."""


def pairs(ours: Path, isso: Path) -> list[Pair]:
    """Return what both are asked for."""
    counted = [data.address(node) for node in data.PAGE]
    counts = Load("/count", "POST", counted, {"Content-Type": "application/json"})
    return [
        Pair("a thread of 10", Load("/nodes/of10"), _thread("of10"), 30),
        Pair("a thread of 1,000, first page", Load("/nodes/of1000"), _thread("of1000"), 80),
        Pair("the same, to Isso's first 50", Load("/nodes/of1000"), _thread("of1000", 50), 80),
        Pair("counts of 300 paragraphs", Load("/documents/page"), counts, 20),
        Pair(
            "a post",
            Load("/nodes/posts/comments", "POST", TEXT, {**JSON, "X-Reader": "ann"}),
            Load(f"/new?uri={data.address('posts')}", "POST", ISSO_POST, JSON),
            2,
        ),
        Pair(
            "a vote",
            Load(
                "/comments/{id}/vote",
                "PUT",
                {"value": 1},
                JSON,
                data.comment_ids(ours, ours=True),
                "X-Reader",
            ),
            Load(
                "/id/{id}/like",
                "POST",
                {},
                JSON,
                data.comment_ids(isso, ours=False),
                "X-Forwarded-For",
                "198.51.{}.7",
            ),
            2,
        ),
    ]


def _thread(node: str, limit: int | None = None) -> Load:
    """Return what Isso's page asks for: all of a thread, unless the site sets a limit."""
    asked = "" if limit is None else f"&limit={limit}"
    return Load(f"/?uri={data.address(node)}{asked}")


def main(argv: list[str]) -> None:
    """Print each ratio beside its bound."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks web")
    parser.add_argument("--comments", type=int, default=100_000, help="on the page of counts")
    parser.add_argument("--seconds", type=int, default=3, help="for each figure")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server", choices=("gunicorn", "granian"), default="granian")
    parser.add_argument("--corpora", type=Path, default=Path(".corpora"))
    options = parser.parse_args(argv)
    python = servers.isso_python(options.corpora.resolve())
    with tempfile.TemporaryDirectory() as folder:
        ours, isso = Path(folder) / "ours.db", Path(folder) / "isso.db"
        listed = data.talks(options.comments)
        data.fill_ours(ours, listed)
        settings = Path(folder) / "isso.cfg"
        settings.write_text(
            f"[general]\ndbpath = {isso}\nhost = http://127.0.0.1:8080/\nnotify =\n"
            "[guard]\nenabled = false\n[server]\ntrusted-proxies = 127.0.0.1\n",
            encoding="utf-8",
        )
        with servers.isso(python, settings):
            pass  # it makes its tables
        data.fill_isso(isso, listed)
        with servers.isso(python, settings) as peer, servers.ours(options.server, ours) as own:
            print(f"Isso {servers.ISSO} on Gunicorn; the service on {options.server.title()}")
            _compare(own, peer, pairs(ours, isso), options.seconds, options.rounds)
            _alone(own, options.seconds, options.rounds)


def _compare(
    own: servers.Server, peer: servers.Server, listed: list[Pair], seconds: int, rounds: int
) -> None:
    for pair in listed:
        ours: list[float] = []
        theirs: list[float] = []
        for turn in range(rounds):
            theirs.append(cost(peer, pair.theirs, seconds, turn))
            ours.append(cost(own, pair.ours, seconds, turn))
        mine, other = statistics.median(ours), statistics.median(theirs)
        print(
            f"  {pair.name:32}1/{other / mine:<7.1f} bound 1/{pair.bound:<4g}"
            f"({mine * 1e3:.3f} ms : {other * 1e3:.3f} ms)",
            flush=True,
        )


def _alone(own: servers.Server, seconds: int, rounds: int) -> None:
    """Compare the service with itself."""
    for name, path in (("thread of 1,000", "/nodes/of1000"), ("document", "/documents/page")):
        with urllib.request.urlopen(own.url + path) as answer:
            known = {"If-None-Match": answer.headers["ETag"]}
        _ratio(own, f"304 of a {name}", Load(path, headers=known), Load(path), 0.5, seconds, rounds)
    many, few = Load("/nodes/of101"), Load("/nodes/of99")
    _ratio(own, "101 comments to 99", many, few, 1.3, seconds, rounds)
    sizes = []
    path = "/nodes/of1000"
    while path:
        request = urllib.request.Request(own.url + path, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
        sizes.append(len(body))
        mark = json.loads(gzip.decompress(body))["next"]
        path = f"/nodes/of1000?after={mark}" if mark else ""
    print(f"  {'gzipped page of a thread of 1,000':32}{max(sizes)} bytes at most, bound 40960")


def _ratio(
    own: servers.Server,
    name: str,
    above: Load,
    below: Load,
    bound: float,
    seconds: int,
    rounds: int,
) -> None:
    first: list[float] = []
    second: list[float] = []
    for _ in range(rounds):
        first.append(cost(own, above, seconds))
        second.append(cost(own, below, seconds))
    one, other = statistics.median(first), statistics.median(second)
    print(
        f"  {name:32}{one / other:<9.2f} bound {bound:<6g}"
        f"({one * 1e3:.3f} ms : {other * 1e3:.3f} ms)"
    )
