"""What the record of builds costs a store that has the nine published calls alone.

Sphinx's own documentation is built into such a store, which keeps its comments in plain SQLite, and
into ours over SQLite. Each build is a process of its own; the two take turns, and which is first
does, too. Printed is the median of the ratios of all pairs, elapsed and in processor time. A
rebuild of nothing new is shown without a bound.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

from benchmarks.build import Cost, copy_of_release, timed
from benchmarks.corpus import corpus

OURS, THEIRS = "SQLite", "nine calls"
BOUND = 1.05

_BUILD = """
import sys
from pathlib import Path
from sphinxcontrib_websupport.sphinxext.runner import run
kind, source, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
if kind == "nine calls":
    from tests.storage.published import NineCalls
    store = NineCalls(folder / "comments.db")
else:
    store = f"sqlite:///{(folder / 'comments.db').as_posix()}"
run(source, folder / "html", folder / "doctrees", storage=store)
"""


def main(argv: list[str]) -> int:
    """Build, print the ratios, and return 1 where the bound is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks thirdparty", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--version", default="9.0.4", help="the release of Sphinx that is built")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="websupport-benchmark-") as folder:
        source = copy_of_release(corpus("sphinx", options.version), Path(folder))
        costs = _measure(source, Path(folder), options.pairs)
    print(f"Sphinx {options.version} doc/, html, {options.pairs} pairs")
    return _report(costs)


def _measure(source: Path, folder: Path, pairs: int) -> dict[tuple[str, str], list[Cost]]:
    costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    kinds = [OURS, THEIRS]
    for number in range(pairs):
        for kind in kinds:
            shutil.rmtree(folder / kind, ignore_errors=True)
            (folder / kind).mkdir()
            costs["build", kind].append(_build(source, folder / kind, kind))
        for kind in kinds:
            costs["unchanged rebuild", kind].append(_build(source, folder / kind, kind))
        kinds.reverse()
        pair = [costs["build", kind][-1].processor for kind in (OURS, THEIRS)]
        ratio = pair[1] / pair[0]
        print(f"pair {number + 1} of {pairs}: {ratio:.3f} of the processor time", file=sys.stderr)
    return costs


def _build(source: Path, folder: Path, kind: str) -> Cost:
    cost = timed([sys.executable, "-c", _BUILD, kind, str(source), str(folder)])
    if any(folder.rglob("*nodes.jsonl")) is not (kind == THEIRS):
        raise RuntimeError(f"this was not a build into {kind}")
    return cost


def _report(costs: dict[tuple[str, str], list[Cost]]) -> int:
    missed = 0
    for step, bound in (("build", BOUND), ("unchanged rebuild", None)):
        for what in ("elapsed", "processor"):
            ours = [getattr(cost, what) for cost in costs[step, OURS]]
            theirs = [getattr(cost, what) for cost in costs[step, THEIRS]]
            ratios = sorted(after / before for before, after in zip(ours, theirs, strict=True))
            ratio = median(ratios)
            missed |= bound is not None and ratio > bound
            print(
                f"{step:18} {what:10} {median(ours):7.2f} s -> {median(theirs):7.2f} s"
                f"   {ratio:5.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"
                + ("" if bound is None else f" (bound {bound:.2f})")
            )
    return int(missed)
