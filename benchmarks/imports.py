"""What a web process pays to import the package, beside ``import sqlalchemy``."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 25


def main(argv: list[str]) -> None:
    """Time imports in fresh processes, interleaved; the bare interpreter is subtracted."""
    programs = {
        "interpreter": "pass",
        "sqlalchemy": "import sqlalchemy",
        "package": "from sphinxcontrib_websupport import WebSupport",
        "package and SQLite store": (
            "from sphinxcontrib_websupport import WebSupport\n"
            "import sphinxcontrib_websupport.storage.sql.storage"
        ),
        "package, store and service": (
            "from sphinxcontrib_websupport import WebSupport\n"
            "import sphinxcontrib_websupport.storage.sql.storage\n"
            "import sphinxcontrib_websupport.web.shells.wsgi"
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            times[name].append(time.perf_counter() - start)
    floor = statistics.median(times["interpreter"])
    peer = statistics.median(times["sqlalchemy"]) - floor
    print(f"import sqlalchemy: {peer * 1000:.0f} ms (median of {ROUNDS}, interpreter subtracted)")
    for name in list(programs)[2:]:
        own = statistics.median(times[name]) - floor
        print(f"{name}: {own * 1000:.0f} ms, {own / peer:.2f} times import sqlalchemy")
