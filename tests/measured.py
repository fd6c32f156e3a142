"""What a run of the tests covered, in few lines: the total, and the files far below it."""

from __future__ import annotations

import json
from pathlib import Path

LITTLE = 80.0
"""Below this share of its lines and branches, in percent, a file is named."""

_SHOWN = 15


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
    few = sorted((share, name) for name, share in shares.items() if share < LITTLE)
    lines += [f"{share:5.1f} % {name}" for share, name in few[:_SHOWN]]
    if len(few) > _SHOWN:
        lines.append(f"        and {len(few) - _SHOWN} more files below {LITTLE:.0f} %")
    return lines
