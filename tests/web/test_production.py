"""The manual's production set-up: several processes, a store that goes away, logs and metrics."""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sphinxcontrib_websupport.websupport import WebSupport
from tests.servers import Server, accepts_connections, free_port
from tests.web.test_metrics import series

MANUAL = Path(__file__).parents[2] / "example_docs"
COMMAND = "granian --interface wsgi --no-ws --workers 2 --blocking-threads 4 --host 127.0.0.1"


@pytest.fixture
def port(own_redis: tuple[str, Server], tmp_path: Path) -> Iterator[int]:
    url, _ = own_redis
    support = WebSupport(storage=url, builddir=tmp_path)
    support.storage.pre_build()
    support.storage.add_node("n1", "index", "Text.")
    support.storage.post_build()
    support.close()
    (tmp_path / "metrics").mkdir()
    port = free_port()
    server = Server(
        [
            sys.executable,
            "-m",
            *COMMAND.split(),
            *("--workers-kill-timeout", "5"),
            "--port",
            str(port),
            "production_site:application",
        ],
        tmp_path / "server.log",
        lambda: accepts_connections(port),
        folder=tmp_path,
        environment={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(MANUAL / "applications"), str(MANUAL.parent)]),
            "WEBSUPPORT_STORAGE": url,
            "WEBSUPPORT_SIGNING_KEY": "a key for tests, long enough",
            "WEBSUPPORT_SIGN_IN": "yes",
            "WEBSUPPORT_METRICS_TOKEN": "a token for tests",
            "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics"),
        },
    )
    server.start()
    yield port
    server.stop()


def get(port: int, path: str, **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers.get_content_type(), body


def test_health_tells_whether_the_store_answers(port: int, own_redis: tuple[str, Server]) -> None:
    _, redis = own_redis
    assert get(port, "/health") == (200, "application/json", '{"status":"ok"}')
    redis.stop()
    status, kind, body = get(port, "/health")
    assert (status, kind) == (503, "application/problem+json")
    assert set(json.loads(body)) == {"type", "title", "status"}, "nothing of the machine"
    redis.start()
    assert get(port, "/health")[0] == 200


def test_each_request_is_a_line_of_the_log_and_counted_once(port: int, tmp_path: Path) -> None:
    for _ in range(10):
        get(port, "/nodes/n1?token=secret", Cookie="key=secret")
    log = (tmp_path / "server.log").read_text()
    lines = [line for line in log.splitlines() if "route=/nodes/{node} status=200" in line]
    assert len(lines) == 10
    assert "secret" not in log
    status, _, text = get(port, "/metrics", Authorization="Bearer a token for tests")
    assert status == 200
    assert dict(series(text))["GET", "/nodes/{node}", "200"] == 10


def test_metrics_are_not_public(port: int) -> None:
    assert get(port, "/metrics")[0] == 404


def test_the_manual_has_the_command_that_runs_here() -> None:
    page = (MANUAL / "production.rst").read_text(encoding="utf-8")
    assert COMMAND.removesuffix(" --host 127.0.0.1") in page
