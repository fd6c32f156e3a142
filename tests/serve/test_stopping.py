"""A polite kill while a request is worked on: it is answered, and the process ends with code 0."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sphinxcontrib_websupport.serve.draining import Draining
from sphinxcontrib_websupport.websupport import WebSupport
from tests.serve.conftest import Served
from tests.serve.test_serve import get, nodes
from tests.servers import accepts_connections, free_port, wait_until

SITE = """\
import time
from pathlib import Path
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport

def identify(request):
    Path("begun").touch()
    while not Path("go").exists():
        time.sleep(0.01)
    return Viewer("ada")

application = WSGIApp(WebSupport(storage="sqlite:///comments.db"), identify)
"""
GRANIAN = "granian --interface wsgi --no-ws --workers 1 --blocking-threads 2 --host 127.0.0.1"


def test_serve_finishes_what_it_has_begun(project: Path, serve: Callable[..., Served]) -> None:
    served = serve(project)
    node = nodes(get(served.address))[0]
    port = urlsplit(served.address).port or 0
    body = json.dumps({"text": "In time."}).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        head = (
            f"POST /_comments/nodes/{node}/comments HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "Expect: 100-continue\r\n\r\n"
        )
        connection.sendall(head.encode())
        said = b""
        while said.count(b" 100 ") < 2:  # the one of Python's server, and then Werkzeug's
            said += connection.recv(100)
        served.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not accepts_connections(port))
        connection.sendall(body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b" 201 " in answer.splitlines()[0]
    assert b"In time." in answer
    out, err = served.process.communicate(timeout=30)
    assert (served.process.returncode, out) == (0, "Stopped.\n"), err


def test_an_answer_is_waited_for_until_it_is_sent() -> None:
    draining = Draining()
    with draining:
        assert not draining.wait(0)
    assert draining.wait(0)


def test_granian_does_so_too(tmp_path: Path) -> None:
    (tmp_path / "site_to_stop.py").write_text(SITE)
    support = WebSupport(builddir=tmp_path, storage=f"sqlite:///{tmp_path / 'comments.db'}")
    support.storage.pre_build()
    support.storage.add_node("n1", "index", "Text.")
    support.storage.post_build()
    with granian(tmp_path) as (process, port):
        answers: list[tuple[int, bytes]] = []
        asking = threading.Thread(target=lambda: answers.append(comment(port)))
        asking.start()
        wait_until((tmp_path / "begun").exists)
        process.terminate()
        wait_until(lambda: "Shutting down" in (tmp_path / "log").read_text())
        (tmp_path / "go").touch()
        asking.join()
        assert process.wait(30) == 0
    (status, body), *_ = answers
    assert (status, json.loads(body)["username"]) == (201, "ada")
    assert len(support.get_data("n1")["comments"]) == 1
    support.close()


@contextmanager
def granian(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    command = [sys.executable, "-m", *GRANIAN.split(), "--port", str(port)]
    paths = os.pathsep.join([str(folder), str(Path(__file__).parents[2])])
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "site_to_stop:application"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": paths},
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: accepts_connections(port) or process.poll() is not None)
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def comment(port: int) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/nodes/n1/comments", b'{"text": "In time."}', headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body
