"""The service behind several servers, asked by wrk: ``python -m benchmarks servers``.

Each server has one process with four threads and serves a thread of ten comments from SQLite.
They are asked in turns within one run, and the median of the rounds counts. What decides is the
processor time that the server spends on a request, for wrk uses the same processors; the rest of
the figures is context. A server that is not installed is left out.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from sphinxcontrib_websupport.websupport import WebSupport
from tests.servers import accepts_connections, free_port, wait_until

SITE = """\
from sphinxcontrib_websupport.web.shells.asgi import ASGIApp
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport

support = WebSupport(storage="sqlite:///comments.db")
wsgi = WSGIApp(support)
asgi = ASGIApp(support, threads=4)
"""

SERVERS = {
    "Granian": "granian --interface wsgi --no-ws --workers 1 --blocking-threads 4 --port {port}"
    " measured:wsgi",
    "Granian, ASGI": "granian --interface asgi --no-ws --workers 1 --port {port} measured:asgi",
    "Gunicorn": "gunicorn --workers 1 --threads 4 --bind 127.0.0.1:{port} measured:wsgi",
    "Waitress": "waitress --listen 127.0.0.1:{port} --threads 4 measured:wsgi",
    "Uvicorn": "uvicorn --no-access-log --port {port} measured:asgi",
}
CONNECTIONS = 16
_LATENCY = re.compile(r"99%\s+([\d.]+)(us|ms|s)")
_TO_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Round:
    """What one round of one server gave."""

    rate: float
    """Requests per second."""
    cpu: float
    """Milliseconds of processor time per request."""
    slowest: float
    """Milliseconds in which 99 of 100 were answered."""


def main(argv: list[str]) -> None:
    """Print each server's figures beside the first one's."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks servers", description=__doc__)
    parser.add_argument("--seconds", type=int, default=4, help="of each round")
    parser.add_argument("--rounds", type=int, default=3, help="for each server")
    options = parser.parse_args(argv)
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk")
    known = {n: c for n, c in SERVERS.items() if find_spec(c.split()[0]) is not None}
    rounds: dict[str, list[Round]] = {name: [] for name in known}
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        for _ in range(options.rounds):
            for name, command in known.items():
                rounds[name].append(measure(command, Path(folder), options.seconds))
    first = median(next(iter(rounds.values())))
    print(f"{'server':<14} {'requests/s':>11} {'CPU ms':>8} {'ratio':>6} {'99% in ms':>10}")
    for name, found in rounds.items():
        m = median(found)
        ratio = m.cpu / first.cpu
        print(f"{name:<14} {m.rate:>11.0f} {m.cpu:>8.2f} {ratio:>6.2f} {m.slowest:>10.1f}")


def prepare(folder: Path) -> None:
    """Make a thread of ten comments, and the applications that serve it."""
    (folder / "measured.py").write_text(SITE)
    support = WebSupport(storage=f"sqlite:///{folder / 'comments.db'}", builddir=folder)
    support.storage.pre_build()
    support.storage.add_node("n1", "index", "A paragraph.")
    support.storage.post_build()
    for number in range(10):
        support.add_comment(
            "A comment of middling length. " * 6, node_id="n1", username=f"u{number}"
        )
    support.close()


def measure(command: str, folder: Path, seconds: int) -> Round:
    """Start a server, warm it up, and ask it."""
    port = free_port()
    with running(command.format(port=port), folder, port) as server:
        wrk(port, 1)
        before = cpu_seconds(server)
        said = wrk(port, seconds)
        spent = cpu_seconds(server) - before
    if "Non-2xx" in said:
        raise RuntimeError(f"{command}: {said}")
    rate, requests = (
        float(re.search(pattern, said)[1])  # type: ignore[index]
        for pattern in (r"Requests/sec:\s+([\d.]+)", r"(\d+) requests in")
    )
    latency = _LATENCY.search(said)
    assert latency
    return Round(rate, spent * 1000 / requests, float(latency[1]) * _TO_MS[latency[2]])


@contextmanager
def running(command: str, folder: Path, port: int) -> Iterator[psutil.Process]:
    """Run a server until the figures are taken."""
    paths = os.pathsep.join([str(folder), str(Path(__file__).parent.parent)])
    process = subprocess.Popen(
        [sys.executable, "-m", *command.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: accepts_connections(port))
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def wrk(port: int, seconds: int) -> str:
    """Ask for the thread from some connections at once; return what wrk says."""
    options = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    address = f"http://127.0.0.1:{port}/nodes/n1"
    done = subprocess.run(["wrk", *options, address], capture_output=True, text=True, check=True)
    return done.stdout


def cpu_seconds(server: psutil.Process) -> float:
    """Return the processor time of a server and its workers so far."""
    times = [process.cpu_times() for process in [server, *server.children(recursive=True)]]
    return sum(t.user + t.system for t in times)


def median(rounds: list[Round]) -> Round:
    """Return the medians of each figure."""
    return Round(
        *(
            statistics.median(getattr(r, name) for r in rounds)
            for name in ("rate", "cpu", "slowest")
        )
    )
