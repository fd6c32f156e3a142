"""What pyproject.toml promises is what CI tries."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_oldest_releases_are_those_that_are_admitted() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    constraints = (ROOT / "tests/oldest.txt").read_text("utf-8").splitlines()

    tried = [line.replace("==", ">=").removesuffix(".*") for line in constraints if "==" in line]

    assert tried == project["dependencies"]
