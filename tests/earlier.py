"""The earlier package's release 2.0.0: fetched when a test asks for it, and not kept."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.engines import require

RELEASE = "sphinxcontrib-websupport==2.0.0"


def fetch(folder: Path) -> Path:
    """Return the unpacked source distribution; skip the test where it was not promised."""
    require("corpus")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary", ":all:", "--dest", str(folder), RELEASE]
    done = subprocess.run(command, capture_output=True, text=True)
    archives = list(folder.glob("*.tar.gz"))
    if not archives:
        pytest.fail(f"{RELEASE} was promised, but cannot be fetched: {done.stderr[-500:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def with_our_imports(text: str) -> str:
    """Return a source text of the release with its imports changed, as its users change theirs."""
    return text.replace("sphinxcontrib.websupport", "sphinxcontrib_websupport")
