"""Real files for tests and benchmarks, out of source distributions: mostly their ``doc/``.

``corpus("sphinx", "9.0.4")`` gives the folder of Sphinx's own documentation, fetched once with
pip into ``.corpora/`` beside the checkout (or ``$WEBSUPPORT_CORPORA``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

from filelock import FileLock

FOLDERS = {
    "sphinx": "doc",
    "django": "docs",
    # The front end of the earlier package, and the jQuery that Sphinx brought then.
    "sphinxcontrib-websupport": "sphinxcontrib/websupport/files",
    "sphinxcontrib-jquery": "sphinxcontrib/jquery",
}
"""What of a release is given."""


def corpora() -> Path:
    """Return the folder that holds what was fetched."""
    default = Path(__file__).parent.parent / ".corpora"
    return Path(os.environ.get("WEBSUPPORT_CORPORA", default))


def corpus(name: str, version: str) -> Path:
    """Return the folder of a release that matters here, fetching it when it is not there.

    :raises subprocess.CalledProcessError: pip could not fetch it.
    """
    home = corpora()
    target = home / f"{name}-{version}"
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / f"{name}-{version}.lock"):
        if not target.exists():
            _fetch(name, version, home, target)
    return target / FOLDERS[name]


def _fetch(name: str, version: str, home: Path, target: Path) -> None:
    download = home / f"{name}-{version}.download"
    # `pip download` would run the release's build backend to learn its metadata; asked for
    # without dependencies and build isolation it only needs the archive.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary", ":all:", "--dest", str(download), f"{name}=={version}"]
    subprocess.run(command, check=True)
    (archive,) = download.glob("*.tar.gz")
    unpacked = download / "unpacked"
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    (root,) = unpacked.iterdir()
    root.rename(target)
    archive.unlink()
    unpacked.rmdir()
    download.rmdir()
