"""Fixtures of all tests: real servers; and a report of what ran and what did not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.engines import (
    PREFIX,
    any_s3_bucket,
    any_s3_url,
    couchbase_url,
    mariadb_url,
    moto_bucket,
    moto_endpoint,
    moto_shared_bucket,
    moto_url,
    own_redis,
    postgresql_url,
    promised,
    redis_cluster_place,
    redis_cluster_url,
    redis_place,
    redis_url,
    s3_bucket,
    s3_endpoint,
    s3_place,
    s3_shared_bucket,
    s3_url,
)
from tests.measured import summary

__all__ = [
    "any_s3_bucket",
    "any_s3_url",
    "couchbase_url",
    "mariadb_url",
    "moto_bucket",
    "moto_endpoint",
    "moto_shared_bucket",
    "moto_url",
    "own_redis",
    "postgresql_url",
    "redis_cluster_place",
    "redis_cluster_url",
    "redis_place",
    "redis_url",
    "s3_bucket",
    "s3_endpoint",
    "s3_place",
    "s3_shared_bucket",
    "s3_url",
]

COLLECTED = pytest.StashKey[set[Path]]()
"""The files in which pytest found a test, whatever of it is deselected then."""

_DESELECTED = pytest.StashKey[Counter[str]]()
"""How many tests of each file are deselected."""

_SHOWN = 10


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Remember what was found, and skip the slow tests unless they are promised time."""
    config.stash[COLLECTED] = {item.path for item in items}
    if promised("slow"):
        return
    skipped = pytest.mark.skip(reason=f"slow: {PREFIX}SLOW=1 promises it time")
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(skipped)


def _deselected(config: pytest.Config) -> Counter[str]:
    counts: Counter[str] = Counter()
    return config.stash.setdefault(_DESELECTED, counts)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count what -k, -m or --deselect takes out of the run."""
    for item in items:
        _deselected(item.config)[item.path.relative_to(item.config.rootpath).as_posix()] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the count of a process of pytest-xdist to the one that reports."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["deselected"] = dict(_deselected(session.config))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the count of one process: each deselects the same."""
    output = getattr(node, "workeroutput", {})
    node.config.stash[_DESELECTED] = Counter(output.get("deselected", {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what did not run, by reason, and what was covered."""
    _tell_skipped(terminalreporter)
    if counts := dict(_deselected(config)):
        terminalreporter.section("deselected")
        _tell_deselected(terminalreporter, Counter(counts))
    reports: dict[str, str] | None = config.getoption("cov_report", None)
    if reports and reports.get("json") and Path(reports["json"]).exists():
        terminalreporter.section("covered")
        for line in summary(Path(reports["json"])):
            terminalreporter.line(line)


def _tell_skipped(reporter: pytest.TerminalReporter) -> None:
    # Pytest's own summary (-rs) has a line for each place, which are hundreds.
    reasons: Counter[str] = Counter()
    for report in reporter.stats.get("skipped", []):
        where = report.longrepr
        said = where[2] if isinstance(where, tuple) else str(where)
        reasons[said.removeprefix("Skipped: ")] += 1
    if reasons:
        reporter.section("skipped")
    for reason, count in reasons.most_common():
        reporter.line(f"{count:6} {reason}")


def _tell_deselected(reporter: pytest.TerminalReporter, counts: Counter[str]) -> None:
    option = reporter.config.option
    options = {"-k": option.keyword, "-m": option.markexpr}
    options["--deselect"] = " ".join(option.deselect or ())
    reason = ", ".join(f"{name} {value!r}" for name, value in options.items() if value)
    reporter.line(f"{counts.total()} tests by {reason or 'a plugin'}")
    for name, count in counts.most_common(_SHOWN):
        reporter.line(f"{count:6} {name}")
    if len(counts) > _SHOWN:
        reporter.line(f"       and some of {len(counts) - _SHOWN} more files")
