"""Pages that reload themselves in the browser when they were built anew."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

EVENTS = "/_reload/events"
SCRIPT = "/_reload/reload.js"

_CODE = f"""\
new EventSource("{EVENTS}").addEventListener("built", () => location.reload());
"""

_KEEP_ALIVE_SECONDS = 15.0
"""How often an idle connection is written to, to learn that its reader has gone."""


class Reloader:
    """A WSGI application around another: tells the open pages when :meth:`built` is called."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._condition = threading.Condition()
        self._builds = 0
        self._closed = False

    def built(self) -> None:
        """Have every open page reload."""
        with self._condition:
            self._builds += 1
            self._condition.notify_all()

    def close(self) -> None:
        """End all connections."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the two addresses of its own, and add the script to every other page."""
        path = environ.get("PATH_INFO", "")
        if path == EVENTS:
            events = Response(self._events(), mimetype="text/event-stream")
            events.headers["Cache-Control"] = "no-store"
            return events(environ, start_response)
        if path == SCRIPT:
            return Response(_CODE, mimetype="text/javascript")(environ, start_response)
        if Request(environ).method != "GET":
            return self._app(environ, start_response)
        # A page that came from the browser's cache would lack the script, or be an old one.
        for header in ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_ACCEPT_ENCODING"):
            environ.pop(header, None)
        response = Response.from_app(self._app, environ)
        if response.mimetype == "text/html" and response.status_code == 200:
            tag = f'<script type="module" src="{SCRIPT}"></script>'.encode()
            head, found, tail = response.get_data().rpartition(b"</body>")
            response.set_data(head + tag + found + tail if found else tail + tag)
        return response(environ, start_response)

    def _events(self) -> Iterator[bytes]:
        seen = self._builds
        yield b"retry: 1000\n\n"
        while not self._closed:
            with self._condition:
                if self._builds == seen:
                    self._condition.wait(_KEEP_ALIVE_SECONDS)
                news, seen = self._builds != seen, self._builds
            yield b"event: built\ndata:\n\n" if news else b":\n\n"
