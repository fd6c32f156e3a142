"""A small project, and the ``serve`` command as a user starts it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Served:
    """A running ``serve`` command."""

    process: subprocess.Popen[str]
    address: str
    sign_in: str | None

    def stop(self) -> tuple[int, str, str]:
        """Press Ctrl-C; return the exit code and what was printed since it was ready."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose conf.py does not know the extension."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "conf.py").write_text('project = "Small"\nextensions = ["sphinx.ext.todo"]\n')
    (folder / "index.rst").write_text("Small\n=====\n\nThe first paragraph.\n\nThe second.\n")
    return folder


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "sphinxcontrib_websupport", *map(str, arguments)]


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Start the command on a free port and wait until it says that it serves."""
    running: list[subprocess.Popen[str]] = []

    def start(folder: Path, *options: str | Path) -> Served:
        process = subprocess.Popen(
            command("serve", folder, "--port", "0", *options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        said = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", said)
        if address is None:
            _, err = process.communicate(timeout=30)
            raise AssertionError(f"it did not serve: {said}{err}")
        sign_in = None
        if "--moderator" in options:
            sign_in = process.stdout.readline().partition(": ")[2].strip()
        return Served(process, address.group(), sign_in)

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
            process.communicate()
