"""What a promise of the environment means to the tests of an engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import engines
from tests.engines import PREFIX, promised, require

ROOT = Path(__file__).parent.parent


def test_without_a_promise_a_test_is_skipped_and_says_what_would_run_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(f"{PREFIX}REDIS", raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"{PREFIX}REDIS is not set"):
        require("redis", "python3")


def test_a_promise_that_is_not_kept_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}REDIS", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed"):
        require("redis", "sh", "no-such-program")
    require("redis", "sh")


@pytest.mark.parametrize(
    "fixture",
    [
        "redis_url",
        "own_redis",
        "redis_cluster_url",
        "s3_url",
        "s3_bucket",
        "couchbase_url",
        "postgresql_url",
        "mariadb_url",
    ],
)
def test_each_engine_of_its_own_accord_does_nothing(
    fixture: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = {"own_redis": "redis", "s3_bucket": "s3"}.get(fixture, fixture.removesuffix("_url"))
    if promised(engine):
        pytest.skip("it is promised here, and may have been started for other tests")
    with pytest.raises(pytest.skip.Exception, match=f"{PREFIX}{engine.upper()} is not set"):
        request.getfixturevalue(fixture)


def test_ci_promises_all_that_the_tests_ask_for_but_couchbase() -> None:
    """A promise that CI does not make is a test that is run by nobody."""
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    asked = {
        engine.upper()
        for path in (ROOT / "tests").rglob("*.py")
        for engine in re.findall(r"\b(?:require|promised)\(\s*\"(\w+)\"", path.read_text("utf-8"))
    }
    assert asked >= {"BROWSER", "CORPUS", "REDIS", "S3", "SLOW"}
    assert {engine for engine in asked if f"export {PREFIX}{engine}" not in ci} == {"COUCHBASE"}
    assert {
        engine for engine in asked if f"{PREFIX}{engine}``" not in str(engines.__doc__)
    } == set()
