"""Metrics for Prometheus, and the log of answers."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import Client

from sphinxcontrib_websupport.web.metrics import Metrics
from sphinxcontrib_websupport.web.observing import ACCESS, Answered
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import HERE, identify, user

TOKEN = {"Authorization": "Bearer a token for tests"}


@pytest.fixture
def watched(support: WebSupport) -> Client:
    metrics = Metrics("a token for tests", CollectorRegistry())
    return Client(WSGIApp(support, identify, metrics=metrics))


def series(text: str) -> Iterator[tuple[tuple[str, ...], float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "websupport_requests_total":
                yield (*(sample.labels[n] for n in ("method", "route", "status")),), sample.value


def test_health_tells_who_has_the_token_which_store_it_is(watched: Client, tmp_path: Path) -> None:
    place = f"sqlite:///{(tmp_path / 'comments.db').as_posix()}"
    assert watched.get("/health", headers=TOKEN).json == {"status": "ok", "store": place}
    for others in ({}, user("mona", moderator=True), {"Authorization": "Bearer another"}):
        assert watched.get("/health", headers=others).json == {"status": "ok"}


class TestMetrics:
    def test_requests_are_counted_by_route_and_status(self, watched: Client) -> None:
        for path in ("/nodes/n1", "/nodes/n2", "/nodes/nothing", "/nowhere", "/nor/here"):
            watched.get(path)
        watched.open("/nodes/n1", method="BREW")
        answer = watched.get("/metrics", headers=TOKEN)
        assert answer.mimetype == "text/plain"
        assert dict(series(answer.text)) == {
            ("GET", "/nodes/{node}", "200"): 2,
            ("GET", "/nodes/{node}", "404"): 1,
            ("GET", "-", "404"): 2,
            ("other", "-", "405"): 1,
        }
        assert 'websupport_request_seconds_count{method="GET",route="/nodes/{node}"} 3.0' in (
            answer.text
        )

    @pytest.mark.parametrize(
        "headers", [{}, {"Authorization": "Bearer another"}, {"Authorization": "Bearer \xff"}]
    )
    def test_they_are_for_prometheus_only(self, watched: Client, headers: dict[str, str]) -> None:
        answer = watched.get("/metrics", headers=headers)
        assert answer.status_code == 404
        assert b"websupport_" not in answer.data

    def test_without_them_there_is_no_such_address(self, client: Client) -> None:
        assert client.get("/metrics", headers=TOKEN).status_code == 404

    def test_any_process_tells_what_all_have_counted(self, tmp_path: Path, database: Path) -> None:
        program = (
            "import sys\n"
            "from werkzeug.test import Client\n"
            "from sphinxcontrib_websupport.web.metrics import Metrics\n"
            "from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp\n"
            "from sphinxcontrib_websupport.websupport import WebSupport\n"
            "support = WebSupport(storage=sys.argv[1])\n"
            "client = Client(WSGIApp(support, metrics=Metrics('key')))\n"
            "client.get('/nodes/n1')\n"
            "headers = {'Authorization': 'Bearer key'}\n"
            "print(client.get('/metrics', headers=headers).text)\n"
        )
        (tmp_path / "metrics").mkdir()
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics")}
        for expected in (1, 2):
            done = subprocess.run(
                [sys.executable, "-c", program, f"sqlite:///{database}"],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
                cwd=tmp_path,
            )
            assert dict(series(done.stdout))["GET", "/nodes/{node}", "200"] == expected


class TestLog:
    def test_each_request_is_a_line(self, client: Client, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, ACCESS)
        client.get("/nodes/n1?after=&token=secret", headers={**HERE, "Cookie": "key=secret"})
        client.get("/documents/a%0Ab%20status=200")
        first, second = (r for r in caplog.records if r.name == ACCESS)
        line = first.getMessage()
        assert line.startswith("method=GET route=/nodes/{node} status=400 bytes=")
        assert line.endswith(" path=/nodes/n1")
        assert "secret" not in line
        assert second.getMessage().endswith(" path=/documents/a%0Ab%20status%3D200")
        assert vars(first)["http_status"] == 400

    def test_it_is_silent_unless_asked_for(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        # As Python has it, whatever a framework in this process made of it.
        caplog.set_level(logging.WARNING)
        caplog.handler.setLevel(logging.NOTSET)
        client.get("/nodes/n1")
        assert not [record for record in caplog.records if record.name == ACCESS]


def test_an_observer_that_fails_costs_the_reader_nothing(
    support: WebSupport, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Answered] = []

    def fail(answered: Answered) -> None:
        raise LookupError("no observer")

    client = Client(WSGIApp(support, observers=[fail, seen.append]))
    assert client.get("/nodes/n1").status_code == 200
    assert "an observer failed" in caplog.text
    assert [answered.template for answered in seen] == ["/nodes/{node}"]
