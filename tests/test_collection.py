"""Every file of tests is in the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import COLLECTED

HERE = Path(__file__).parent


def test_every_file_of_tests_is_collected(pytestconfig: pytest.Config) -> None:
    """Pytest passes over folders of some names, such as ``build``, without a word.

    The files are those below the paths that were given, all by default: ``-k`` and ``-m`` choose
    among what was collected.
    """
    if pytestconfig.getoption("lf", False):
        pytest.skip("--last-failed passes over files")
    given = [Path(argument.partition("::")[0]).resolve() for argument in pytestconfig.args]
    on_disk = {
        path
        for path in HERE.rglob("test_*.py")
        if any(path.is_relative_to(place) for place in given)
    }

    collected = pytestconfig.stash[COLLECTED]
    assert sorted(on_disk - collected) == []
    assert Path(__file__) in on_disk
