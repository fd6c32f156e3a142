"""What only the ASGI shell has to see to: the event loop, bodies in pieces, readers who leave."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.messages import MAX_BODY
from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.shells.asgi import ASGIApp, Message, Scope
from sphinxcontrib_websupport.websupport import WebSupport

T = TypeVar("T")

SECONDS = 20.0


def scope(method: str, path: str, **headers: str) -> Scope:
    lines = {"content-type": "application/json", "sec-fetch-site": "same-origin", **headers}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in lines.items()],
    }


class Connection:
    """A server's side of one request: what it has received, and what was sent."""

    def __init__(self, received: Sequence[Message]) -> None:
        self.received = list(received)
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        return self.received.pop(0)

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status


def body(*parts: bytes, is_whole: bool = True) -> list[Message]:
    return [
        {"type": "http.request", "body": part, "more_body": n < len(parts) or not is_whole}
        for n, part in enumerate(parts, 1)
    ]


def run(conversation: Coroutine[Any, Any, T]) -> T:
    """Run it in a thread: in that of the tests, Playwright keeps a loop of its own running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, conversation).result()


async def talk(app: ASGIApp, about: Scope, messages: Sequence[Message]) -> Connection:
    connection = Connection(messages)
    await asyncio.wait_for(app(about, connection.receive, connection.send), SECONDS)
    return connection


POST = scope("POST", "/nodes/n1/comments")


def test_a_body_comes_in_pieces(support: WebSupport) -> None:
    answer = run(talk(ASGIApp(support), POST, body(b'{"te', b'xt": "Hi', b'."}')))
    assert answer.status == 201
    assert support.get_data("n1")["comments"][0]["text"] == "<p>Hi.</p>\n"


def test_a_body_without_a_length_is_left_as_soon_as_it_is_too_long(support: WebSupport) -> None:
    answer = run(talk(ASGIApp(support), POST, body(*[b" " * 65536] * 100)))
    assert answer.status == 413
    assert 65536 * (100 - len(answer.received)) <= MAX_BODY + 65536


@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "9" * 40, "x", "-1"])
def test_a_body_that_says_that_it_is_too_long_is_not_read(support: WebSupport, length: str) -> None:
    about = scope("POST", "/nodes/n1/comments", content_length=length)
    answer = run(talk(ASGIApp(support), about, []))
    assert answer.status == 413


def test_a_body_that_is_shorter_than_it_says_is_none(support: WebSupport) -> None:
    about = scope("POST", "/nodes/n1/comments", content_length="500")
    answer = run(talk(ASGIApp(support), about, body(b'{"text": "Hi."}')))
    assert answer.status == 400
    assert support.get_data("n1")["comments"] == []


def test_half_a_comment_of_a_reader_who_left_is_none(support: WebSupport) -> None:
    left: Message = {"type": "http.disconnect"}
    answer = run(talk(ASGIApp(support), POST, [*body(b'{"text": "Hi."}', is_whole=False), left]))
    assert answer.sent == []
    assert support.get_data("n1")["comments"] == []


def test_a_reader_who_leaves_before_the_answer_is_no_error(support: WebSupport) -> None:
    async def gone(message: Message) -> None:
        raise ConnectionResetError

    connection = Connection(body(b'{"text": "Hi."}'))
    run(ASGIApp(support)(POST, connection.receive, gone))
    assert len(support.get_data("n1")["comments"]) == 1


def test_the_loop_goes_on_while_requests_wait_for_the_store(support: WebSupport) -> None:
    """As many as there are threads hang in ``identify`` until the loop itself lets them go."""
    free = threading.Event()

    def identify(scope: Scope) -> Viewer:
        assert free.wait(SECONDS), "the event loop stood still"
        return Viewer("ada")

    async def scenario() -> list[Connection]:
        app = ASGIApp(support, identify, threads=2)
        asked = [talk(app, scope("GET", "/nodes/n1"), body(b"")) for _ in range(3)]
        tasks = [asyncio.ensure_future(one) for one in asked]
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(free.set)
        return await asyncio.gather(*tasks)

    assert [answer.status for answer in run(scenario())] == [200] * 3


def test_no_more_requests_than_threads_are_worked_on_at_once(support: WebSupport) -> None:
    lock = threading.Lock()
    now, most = 0, 0
    both = threading.Barrier(2)

    def identify(scope: Scope) -> Viewer:
        nonlocal now, most
        with lock:
            now, most = now + 1, max(most, now + 1)
        both.wait(SECONDS)
        with lock:
            now -= 1
        return Viewer()

    async def scenario() -> None:
        app = ASGIApp(support, identify, threads=2)
        await asyncio.gather(*(talk(app, scope("GET", "/nodes/n1"), body(b"")) for _ in range(6)))

    run(scenario())
    assert most == 2


def test_an_async_identify_runs_on_the_loop(support: WebSupport) -> None:
    async def scenario() -> Connection:
        home = asyncio.get_running_loop()

        async def identify(scope: Scope) -> Viewer:
            await asyncio.sleep(0)
            assert asyncio.get_running_loop() is home
            return Viewer(scope["session"]["user"])

        return await talk(
            ASGIApp(support, identify), {**POST, "session": {"user": "ada"}}, body(b'{"text":"x"}')
        )

    answer = run(scenario())
    assert json.loads(answer.sent[1]["body"])["username"] == "ada"


def test_an_identify_that_fails_is_a_problem_without_internals(support: WebSupport) -> None:
    async def identify(scope: Scope) -> Viewer:
        raise LookupError("the password of the users' database is wrong")

    answer = run(talk(ASGIApp(support, identify), POST, body(b'{"text":"x"}')))
    assert answer.status == 500
    assert b"password" not in answer.sent[1]["body"]


def test_lifespan_and_websocket_are_answered(support: WebSupport) -> None:
    app = ASGIApp(support)
    questions = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    lived = run(talk(app, {"type": "lifespan"}, questions))
    assert [m["type"] for m in lived.sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    refused = run(talk(app, {"type": "websocket"}, [{"type": "websocket.connect"}]))
    assert [m["type"] for m in refused.sent] == ["websocket.close"]


@pytest.mark.parametrize(
    ("given", "prefix"),
    [
        ({"path": "/documents/usage/install"}, ""),
        ({"path": "/a/documents/usage/install", "root_path": "/a"}, ""),
        ({"path": "/documents/usage/install", "root_path": "/a"}, ""),  # servers of old
        ({"path": "/documents/usage/", "raw_path": b"/b/documents/usage%2Finstall"}, "/b"),
        ({"path": "/documents/usage/install/", "raw_path": b"/b/documents/usage/install"}, "/b/"),
        ({"path": "/a/b/documents/usage/install", "root_path": "/a"}, "/b"),
    ],
)
def test_the_path_is_found_however_it_is_mounted(
    support: WebSupport, given: dict[str, Any], prefix: str
) -> None:
    about = {**scope("GET", ""), **given}
    answer = run(talk(ASGIApp(support, prefix=prefix), about, body(b"")))
    assert set(json.loads(answer.sent[1]["body"])["nodes"]) == {"n1", "n2"}


def test_a_cookie_in_two_lines_is_one(support: WebSupport) -> None:
    app = ASGIApp(support, session=Session("key"))
    signed_in = run(talk(app, scope("PUT", "/session"), body(b'{"name": "ada"}')))
    cookie = dict(signed_in.sent[0]["headers"])[b"set-cookie"].partition(b";")[0]
    about = scope("GET", "/session")
    about["headers"] += [(b"cookie", b"other=1"), (b"cookie", cookie)]
    answer = run(talk(app, about, body(b"")))
    assert json.loads(answer.sent[1]["body"])["username"] == "ada"
