"""The Sphinx project that is served: where it is, and how it is built.

Every build runs in a process of its own: autodoc then sees the modules as they are now, and a
conf.py that exits or never ends does not take the server with it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sphinxcontrib_websupport.errors import BuildError, SettingsError

SERVICE = "/_comments"
"""Where the service answers, whatever conf.py says of the published site."""

_LIKELY = ("docs", "doc", "source", "docs/source", "doc/source")
_step = re.compile(r"(?P<phase>[a-z][^.\[]*)\.\.\. *\[ *(?P<percent>[0-9]+)%\]")


@dataclass(frozen=True)
class Project:
    """A folder with conf.py, the folder its build goes to, and its comment store."""

    source: Path
    output: Path
    storage: str
    """The store's URL. conf.py's own is left alone: a preview must not write to the store of
    the published site unless it is told to."""

    @property
    def pages(self) -> Path:
        """The folder of the built pages."""
        return self.output / "html"

    @property
    def search(self) -> str:
        """The URL of the search index, which a build makes and keeps up to date."""
        return f"sqlite:///{(self.output / 'search.db').as_posix()}"

    def build(self, tell: Callable[[str, int], object]) -> None:
        """Build the pages.

        Sphinx's warnings go to standard error as they come.

        :param tell: called with a phase, such as "reading sources", and its percentage.
        :raises BuildError: Sphinx failed; the message says why.
        """
        with tempfile.TemporaryDirectory(prefix="websupport-") as folder:
            report = Path(folder) / "error.txt"
            # Its own module, in its own interpreter, with paths as separate arguments.
            with subprocess.Popen(  # noqa: S603
                self._command(report),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
            ) as process:
                for phase, percent in steps(process.stdout or ()):
                    tell(phase, percent)
            if process.returncode:
                sentence = report.read_text(encoding="utf-8") if report.exists() else ""
                raise BuildError(sentence or "the build ended before it was done")

    def _environment(self) -> dict[str, str]:
        # Everybody on the machine can read a command line, and the URL may hold a password.
        others = {n: value for n, value in os.environ.items() if n != "WEBSUPPORT_STORAGE_BACKEND"}
        return {**others, "WEBSUPPORT_STORAGE": self.storage}

    def _command(self, report: Path) -> list[str]:
        command = [sys.executable, "-m", "sphinxcontrib_websupport", "build"]
        command += [str(self.source), str(self.pages), "--doctrees", str(self.output / "doctrees")]
        command += ["--url", SERVICE, "--jobs", "auto"]
        command += ["--search", self.search]
        return [*command, "--error-file", str(report)]


def find_source(folder: Path) -> Path:
    """Return the folder itself when it holds a Sphinx project.

    :raises SettingsError: it does not; the message names a folder inside that does.
    """
    if not folder.exists():
        raise SettingsError(f"there is no folder {folder}")
    if not folder.is_dir():
        raise SettingsError(f"{folder} is not a folder")
    if (folder / "conf.py").is_file():
        return folder.resolve()
    sentence = f"{folder} is not a Sphinx project: it has no conf.py"
    for inner in _LIKELY:
        if (folder / inner / "conf.py").is_file():
            sentence += f" (did you mean {folder / inner}?)"
            break
    raise SettingsError(sentence)


def steps(output: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Read phases and their percentages from what Sphinx prints."""
    for line in output:
        for part in line.split("\r"):
            found = _step.search(part)
            if found:
                yield found["phase"], int(found["percent"])


class ProgressLine:
    """One line that is written over and over on a terminal, and once per phase elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._phase = ""

    def __call__(self, phase: str, percent: int) -> None:
        """Show how far a phase is, in percent."""
        if self._terminal:
            self._stream.write(f"\r\x1b[K{phase}: {percent} %")
        elif phase != self._phase:
            self._stream.write(f"{phase}\n")
        self._phase = phase
        self._stream.flush()

    def end(self) -> None:
        """Leave the line empty for what comes next."""
        if self._terminal and self._phase:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
        self._phase = ""
