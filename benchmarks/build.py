"""What the extension adds to a build: Sphinx's own documentation with it and without, in one run.

Each build is a process of its own; the two kinds take turns, and which is first does, too. A
round is one build of everything and a few of nothing new. Printed are elapsed time, processor time
and peak memory: the ratio of the medians beside its limit, and that of the least, which other work
on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.corpus import corpus

PLAIN, WITH = "plain", "with the extension"
LIMITS = {"build": 1.10, "unchanged rebuild": 1.15}
MEMORY_LIMIT = 1.15

_CONF = """
import os
intersphinx_mapping = {}  # no network
if "BENCHMARK_STORE" in os.environ:
    extensions.append("sphinxcontrib_websupport")
    websupport_storage = os.environ["BENCHMARK_STORE"]
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took."""

    elapsed: float
    """Seconds."""
    processor: float
    """Seconds, of its children too."""
    memory: float
    """MiB at the peak, of the largest process."""


def main(argv: list[str]) -> None:
    """Build, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks build", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rebuilds", type=int, default=5, help="unchanged rebuilds per round")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--version", default="9.0.4", help="the release of Sphinx that is built")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="websupport-benchmark-") as folder:
        source = copy_of_release(corpus("sphinx", options.version), Path(folder))
        costs = _measure(source, Path(folder), options.rounds, options.rebuilds, options.jobs)
    print(f"Sphinx {options.version} doc/, html, -j{options.jobs}, {options.rounds} rounds")
    _report(costs)


def copy_of_release(documentation: Path, folder: Path) -> Path:
    """Copy the release without its tests, with a conf.py that can load the extension."""
    copy = folder / "release"
    shutil.copytree(documentation.parent, copy, ignore=shutil.ignore_patterns("tests", "locale"))
    source = copy / documentation.name
    conf = source / "conf.py"
    conf.write_text(conf.read_text(encoding="utf-8") + _CONF, encoding="utf-8")
    return source


def _measure(
    source: Path, folder: Path, rounds: int, rebuilds: int, jobs: int
) -> dict[tuple[str, str], list[Cost]]:
    costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    kinds = [PLAIN, WITH]
    for number in range(rounds):
        for kind in kinds:
            shutil.rmtree(folder / kind, ignore_errors=True)
            (folder / kind).mkdir()
            costs["build", kind].append(_build(source, folder / kind, kind, jobs))
        for _ in range(rebuilds):
            for kind in kinds:
                cost = _build(source, folder / kind, kind, jobs)
                costs["unchanged rebuild", kind].append(cost)
            kinds.reverse()
        kinds.reverse()
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return costs


def _build(source: Path, folder: Path, kind: str, jobs: int) -> Cost:
    environment = dict(os.environ)
    if kind == WITH:
        environment["BENCHMARK_STORE"] = f"sqlite:///{(folder / 'comments.db').as_posix()}"
    command = [sys.executable, "-m", "sphinx", "-q", "-j", str(jobs), "-b", "html"]
    command += ["-d", str(folder / "doctrees"), str(source), str(folder / "html")]
    cost = timed(command, environment)
    if (folder / "html" / ".websupport.json").exists() is not (kind == WITH):
        raise RuntimeError(f"this was not a build {kind}")
    return cost


def timed(command: list[str], environment: dict[str, str] | None = None) -> Cost:
    """Run a command in the checkout and return what it took.

    :raises subprocess.CalledProcessError: it failed.
    """
    start = time.perf_counter()
    checkout = Path(__file__).parent.parent
    process = subprocess.Popen(command, env=environment, cwd=checkout, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _report(costs: dict[tuple[str, str], list[Cost]]) -> None:
    for step, limit in LIMITS.items():
        plain, own = costs[step, PLAIN], costs[step, WITH]
        for what, unit, bound in (
            ("elapsed", "s", limit),
            ("processor", "s", limit),
            ("memory", "MiB", MEMORY_LIMIT),
        ):
            before = [getattr(cost, what) for cost in plain]
            after = [getattr(cost, what) for cost in own]
            print(
                f"{step:18} {what:10} {median(before):7.2f} {unit} -> {median(after):7.2f} {unit}"
                f"   {median(after) / median(before):5.3f} (limit {bound:.2f})"
                f"   of the least: {min(after) / min(before):5.3f}"
            )
