"""A WSGI application behind a real server, on a port of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_RESPONSE = "tests.response"


class _Handler(WSGIRequestHandler):
    """Keeps connections, writes no line per request, closes what was not sent to its end."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        pass

    def connection_dropped(
        self, error: BaseException, environ: WSGIEnvironment | None = None
    ) -> None:
        # Werkzeug forgets this when the browser resets a connection.
        close = getattr((environ or {}).get(_RESPONSE), "close", None)
        if close:
            close()


@contextmanager
def hosted(app: WSGIApplication, port: int = 0) -> Iterator[BaseWSGIServer]:
    """Serve an application; ``server.server_port`` of what is given tells where.

    :param port: 0 for one that is free.
    """

    def remembered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response: Any = app(environ, start_response)
        environ[_RESPONSE] = response
        return response  # type: ignore[no-any-return]

    server = make_server("127.0.0.1", port, remembered, threaded=True, request_handler=_Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
