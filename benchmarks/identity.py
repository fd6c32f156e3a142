"""Do comments stay with their paragraphs? ``python -m benchmarks identity``.

Four parts: the real histories of two manuals, earlier releases of both, generated revisions with
known truth (beside ``sphinx.versioning``), and speed. The first run fetches sixteen source
distributions.
"""

from __future__ import annotations

import argparse

from benchmarks import identity_generated, identity_history, identity_speed
from benchmarks.identity_corpus import UNSEEN

PARTS = ("history", "unseen", "generated", "speed")


def main(arguments: list[str]) -> int:
    """Run the parts named, or all; 1 when one did not reach what it must."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks identity", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--cases", type=int, default=0, help="show so many failures per step")
    parser.add_argument("--alone", action="store_true", help="without sphinx.versioning")
    options = parser.parse_args(arguments)
    parts = options.parts or PARTS
    if unknown := set(parts) - set(PARTS):
        parser.error(f"unknown part: {', '.join(sorted(unknown))}")
    reached = []
    if "history" in parts:
        reached.append(identity_history.report(options.cases))
    if "unseen" in parts:
        print("Not looked at while the thresholds were chosen:\n")
        reached.append(identity_history.report(options.cases, UNSEEN))
    if "generated" in parts:
        reached.append(identity_generated.report(compare=not options.alone))
    if "speed" in parts:
        reached.append(identity_speed.report())
    print("All that must be reached was reached." if all(reached) else "NOT all was reached.")
    return 0 if all(reached) else 1
