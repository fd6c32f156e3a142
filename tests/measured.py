"""What a run of the tests covered, in few lines: the total, and the files far below it."""

from __future__ import annotations

import json
from pathlib import Path

LITTLE = 80.0
"""Below this share of its lines and branches, in percent, a file is named."""


def summary(report: Path) -> list[str]:
    """Return lines for a reader.

    :param report: what ``coverage json`` wrote.
    """
    measured = json.loads(report.read_text(encoding="utf-8"))
    total = measured["totals"]
    lines = [
        f"{total['percent_covered']:.1f} % in all: {total['covered_lines']} of "
        f"{total['num_statements']} lines, {total['covered_branches']} of "
        f"{total['num_branches']} branches"
    ]
    shares = {name: file["summary"]["percent_covered"] for name, file in measured["files"].items()}
    for name, share in sorted(shares.items(), key=lambda item: item[1]):
        if share < LITTLE:
            lines.append(f"{share:5.1f} % {name}")
    return lines
