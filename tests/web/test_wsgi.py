"""The WSGI shell on a real server, mounted under a prefix in a host application."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import BaseWSGIServer
from werkzeug.wrappers import Response

from sphinxcontrib_websupport.web.messages import MAX_BODY
from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.hosting import hosted

PREFIX = "/docs/_comments"


@pytest.fixture
def server(support: WebSupport) -> Iterator[BaseWSGIServer]:
    app = DispatcherMiddleware(
        Response("The host application."),
        {PREFIX: WSGIApp(support, session=Session("key", moderator="Mona"))},
    )
    with hosted(app) as server:
        yield server


@pytest.fixture
def connection(server: BaseWSGIServer) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    yield connection
    connection.close()


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: object = None,
    **headers: str,
) -> tuple[http.client.HTTPResponse, bytes]:
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, PREFIX + path, body, headers)
    answer = connection.getresponse()
    return answer, answer.read()


def test_it_answers_below_its_prefix_only(connection: http.client.HTTPConnection) -> None:
    answer, body = ask(connection, "GET", "/documents/usage/install")
    assert answer.status == 200
    assert set(json.loads(body)["nodes"]) == {"n1", "n2"}
    connection.request("GET", "/docs/")
    assert connection.getresponse().read() == b"The host application."


def test_a_comment_goes_the_whole_way(connection: http.client.HTTPConnection) -> None:
    answer, body = ask(connection, "POST", "/nodes/n1/comments", {"text": "“Grüße” 🚢"})
    assert answer.status == 201
    assert "“Grüße” 🚢" in json.loads(body)["text"]
    answer, body = ask(connection, "GET", "/nodes/n1")
    etag = answer.headers["ETag"]
    assert "“Grüße” 🚢".encode() in body
    answer, body = ask(connection, "GET", "/nodes/n1", If_None_Match=etag)
    assert (answer.status, body) == (304, b"")


def test_the_cookie_holds_for_the_service_only(connection: http.client.HTTPConnection) -> None:
    answer, _ = ask(connection, "PUT", "/session", {"name": "Ada"})
    assert f"Path={PREFIX}/" in answer.headers["Set-Cookie"]


def test_names_with_other_letters_are_found(
    connection: http.client.HTTPConnection, support: WebSupport
) -> None:
    storage = support.storage
    storage.pre_build()
    storage.add_node("ü n/1", "größe/seite", "Text.")
    storage.post_build()
    _, body = ask(connection, "GET", f"/documents/{quote('größe/seite')}")
    assert list(json.loads(body)["nodes"]) == ["ü n/1"]


def test_a_body_that_is_too_long_is_refused_unread(
    server: BaseWSGIServer,
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.putrequest("POST", f"{PREFIX}/nodes/n1/comments")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(MAX_BODY * 100))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize("path", ["/nodes/%ff%fe", "/documents/%ed%a0%80", "/comments/%00"])
def test_a_path_that_is_no_text_finds_nothing(
    connection: http.client.HTTPConnection, path: str
) -> None:
    answer, body = ask(connection, "GET", path)
    assert answer.status in {200, 404}
    assert b"Traceback" not in body


def test_votes_of_many_readers_at_once_are_all_counted(
    server: BaseWSGIServer, support: WebSupport
) -> None:
    comment = support.add_comment("Vote!", node_id="n1")["id"]
    statuses: list[int] = []

    def vote(name: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
        answer, _ = ask(connection, "PUT", "/session", {"name": name})
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        for _ in range(2):
            answer, _ = ask(
                connection, "PUT", f"/comments/{comment}/vote", {"value": 1}, Cookie=cookie
            )
            statuses.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=vote, args=(f"reader {n}",)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [204] * 24
    assert support.get_data("n1")["comments"][0]["rating"] == 12
