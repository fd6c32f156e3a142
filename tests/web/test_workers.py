"""Many readers at once, over HTTP, on a real server with several processes: nothing is lost."""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from sphinxcontrib_websupport.websupport import WebSupport
from tests.servers import Server, accepts_connections, free_port
from tests.web.conftest import HERE

WORKERS = 4
VOTERS = 60

SITE = """\
import os
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport

def identify(request):
    return Viewer(request.headers.get("X-Reader", ""))

application = WSGIApp(WebSupport(storage=os.environ["WEBSUPPORT_STORAGE"]), identify)
"""


@pytest.fixture
def voted(support: WebSupport) -> str:
    """Give the comment that everybody votes on."""
    return support.add_comment("Vote!", node_id="n1", username="ada")["id"]


@pytest.fixture
def port(support: WebSupport, tmp_path: Path) -> Iterator[int]:
    """Run a server with :data:`WORKERS` processes on the same store."""
    (tmp_path / "site_of_voters.py").write_text(SITE, encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
    command += ["--workers", str(WORKERS), "--blocking-threads", "4", "--log-level", "warning"]
    # A worker that has just started may miss the signal that ends it.
    command += [
        "--workers-kill-timeout",
        "2",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "site_of_voters:application",
    ]
    storage = f"sqlite:///{(tmp_path / 'comments.db').as_posix()}"
    paths = [str(tmp_path), str(Path(__file__).parents[2])]
    server = Server(
        command,
        tmp_path / "server.log",
        lambda: accepts_connections(port),
        folder=tmp_path,
        environment={
            **os.environ,
            "WEBSUPPORT_STORAGE": storage,
            "PYTHONPATH": os.pathsep.join(paths),
        },
    )
    server.start()
    yield port
    server.stop()


def test_sixty_voters_who_vote_twice_at_once_are_sixty_votes(
    support: WebSupport, voted: str, port: int
) -> None:
    together = Barrier(VOTERS)

    def vote(number: int) -> list[int]:
        together.wait(60)
        return [_put(port, f"/comments/{voted}/vote", f"reader {number}") for _ in range(2)]

    with ThreadPoolExecutor(VOTERS) as pool:
        statuses = [status for both in pool.map(vote, range(VOTERS)) for status in both]
    assert set(statuses) == {204}
    for number in (0, VOTERS - 1):
        [comment] = support.get_data("n1", f"reader {number}")["comments"]
        assert (comment["rating"], comment["vote"]) == (VOTERS, 1)


def _put(port: int, path: str, reader: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        headers = {**HERE, "Content-Type": "application/json", "X-Reader": reader}
        connection.request("PUT", path, json.dumps({"value": 1}), headers)
        return connection.getresponse().status
    finally:
        connection.close()
