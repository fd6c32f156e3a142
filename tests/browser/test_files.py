"""The front end's files: small, typed, and without anybody else's code."""

from __future__ import annotations

import gzip
import re
import subprocess
from pathlib import Path

import sphinxcontrib_websupport
from tests.engines import promised, require

STATIC = Path(sphinxcontrib_websupport.__file__).parent / "static"
CORE = ("websupport-comments.js", "websupport-thread.js")
"""What marks a page, and what shows a thread. What is needed to write, to act on a comment,
to compare texts and to list retired discussions is in files of their own."""


def packed(*names: str) -> int:
    return sum(len(gzip.compress((STATIC / name).read_bytes(), 9, mtime=0)) for name in names)


def test_ux11_the_core_is_at_most_8_kib_and_the_styles_3() -> None:
    assert packed(*CORE) <= 8 * 1024
    assert packed("websupport.css") <= 3 * 1024


def test_ux11_a_page_without_open_threads_loads_half_of_that() -> None:
    assert packed("websupport-comments.js") <= 4.25 * 1024


def test_ux11_nothing_is_fetched_from_elsewhere() -> None:
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?://|@import|url\(", text), path.name


def test_the_types_hold() -> None:
    """Checked with the compiler of TypeScript at the path that WEBSUPPORT_TEST_TSC promises."""
    require("tsc")
    compiler = str(promised("tsc"))
    project = Path(__file__).parent / "tsconfig.json"
    result = subprocess.run([compiler, "-p", project], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
