"""What pyproject.toml promises is what CI tries."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from sphinxcontrib_websupport.registry import EXTRAS

ROOT = Path(__file__).parent.parent


def test_the_oldest_releases_are_those_that_are_admitted() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    constraints = (ROOT / "tests/oldest.txt").read_text("utf-8").splitlines()

    tried = [line.replace("==", ">=").removesuffix(".*") for line in constraints if "==" in line]

    assert tried == project["dependencies"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    done = subprocess.run(
        [*command, "--wheel-dir", str(folder), str(ROOT)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    [path] = folder.glob("*.whl")
    return path


def test_wheel_is_not_called_as_the_earlier_package(wheel: Path) -> None:
    assert wheel.name.startswith("sphinx_websupport-")


def test_hints_name_extras_that_the_wheel_has(wheel: Path) -> None:
    """Every ``pip install "sphinx-websupport[…]"`` of the package and its manual."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode())
    extras = set(metadata.get_all("Provides-Extra", ()))
    texts = [
        path.read_text(encoding="utf-8")
        for folder, kind in (("sphinxcontrib_websupport", "*.py"), ("example_docs", "*.rst"))
        for path in (ROOT / folder).rglob(kind)
    ]
    named = {extra for text in texts for extra in re.findall(r"sphinx-websupport\[(\w+)\]", text)}
    assert {"flask", "metrics", "redis", "whoosh"} <= named
    assert named | set(EXTRAS.values()) <= extras
    assert not [text for text in texts if "sphinxcontrib-websupport[" in text]
