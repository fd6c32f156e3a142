"""The shell for ASGI servers, and for FastAPI, Starlette, Litestar and all else that mounts one.

The service waits for its store, so it runs in threads: the event loop only moves bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any
from urllib.parse import unquote

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.messages import MAX_BODY, Request, Response
from sphinxcontrib_websupport.web.service import Service, nobody
from sphinxcontrib_websupport.websupport import WebSupport

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Identify = Callable[[Scope], Viewer] | Callable[[Scope], Coroutine[Any, Any, Viewer]]

THREADS = 16
"""How many requests are worked on at once; SQLAlchemy lends 15 connections by default."""

IDENTIFY_SECONDS = 30.0
"""How long an ``async`` identify may take; the reader's request then fails."""


class ASGIApp:
    """The service as an ASGI application, under whatever ``root_path`` it is mounted.

    It needs no ``lifespan`` event, which most frameworks keep from what they mount.

    :param support: what all calls go to.
    :param identify: who the reader is, told from the connection's scope, of which Starlette,
        FastAPI and Litestar make a request. It runs in a thread; an ``async`` one runs on the
        event loop.
    :param prefix: where a framework mounts this application that does not say so in
        ``root_path``: Litestar does not.
    :param threads: how many requests are worked on at once; others wait for their turn.
    :param settings: as :class:`~sphinxcontrib_websupport.web.service.Service` takes them.
    """

    def __init__(
        self,
        support: WebSupport,
        identify: Identify = nobody,
        *,
        prefix: str = "",
        threads: int = THREADS,
        **settings: Any,
    ) -> None:
        self.service = Service(support, self._identify, **settings)
        self._ask_host = identify
        self._prefix = prefix.rstrip("/")
        self._pool = ThreadPoolExecutor(threads, "websupport")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or the server's own questions."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["type"] == "http":
            try:
                await self._answer(scope, receive, send)
            except ConnectionError:
                return  # the reader has gone; what was asked for in full is done

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        body = await _receive_body(scope, receive)
        native = (scope, loop)
        request = _read(scope, body, self._prefix, native)
        work = partial(copy_context().run, self.service, request)
        response = await loop.run_in_executor(self._pool, work)
        await _send(response, request.method, send)

    def _identify(self, native: tuple[Scope, asyncio.AbstractEventLoop]) -> Viewer:
        """Ask the host application, from a thread, who the reader is."""
        scope, loop = native
        answer = self._ask_host(scope)
        if isinstance(answer, Viewer):
            return answer
        waiting = asyncio.run_coroutine_threadsafe(answer, loop)
        try:
            return waiting.result(IDENTIFY_SECONDS)
        finally:
            waiting.cancel()


async def _live(receive: Receive, send: Send) -> None:
    """Tell a server that there is nothing to prepare and nothing to put away."""
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


async def _receive_body(scope: Scope, receive: Receive) -> bytes | None:
    """Return the body; ``None`` as soon as it is too long.

    :raises ConnectionError: the reader went away before it was complete.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and not (value.isdigit() and int(value) <= MAX_BODY):
            return None
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        part = message.get("body", b"")
        length += len(part)
        if length > MAX_BODY:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _read(scope: Scope, body: bytes | None, prefix: str, native: object) -> Request:
    root = scope.get("root_path", "").rstrip("/")
    if prefix:
        # What the framework left in "path" may be rewritten; what came in is in "raw_path".
        path = _without(_without(_full_path(scope), root), prefix)
    else:
        path = _without(scope["path"], root)
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=path.removeprefix("/"),
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=_merge(scope["headers"]),
        body=body,
        address=client[0] if client else "",
        prefix=root + prefix,
        native=native,
    )


def _full_path(scope: Scope) -> str:
    raw = scope.get("raw_path")
    return unquote(raw.decode("latin-1")) if raw else scope["path"]


def _without(path: str, root: str) -> str:
    """Return what follows the root; some servers leave it out of the path by themselves."""
    return path[len(root) :] if path == root or path.startswith(f"{root}/") else path


def _merge(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        between = "; " if key == "cookie" else ","  # HTTP/2 sends a cookie a line
        merged[key] = f"{merged[key]}{between}{text}" if key in merged else text
    return merged


async def _send(response: Response, method: str, send: Send) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.fields()
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.content(method)})
