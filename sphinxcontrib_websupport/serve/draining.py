"""Answers that are on their way when the server is told to stop."""

from __future__ import annotations

import threading

from werkzeug.serving import WSGIRequestHandler

PATIENCE = 30.0
"""How many seconds a stop waits for answers; what hangs longer than that is given up."""


class Draining:
    """Knows when nothing is being answered any more.

    Requests are counted from their last header line on, not connections: browsers keep some
    open on which they ask nothing.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0

    def handler(self) -> type[WSGIRequestHandler]:
        """Return a handler for Werkzeug's server, whose requests are counted here."""
        draining = self

        class Handler(WSGIRequestHandler):
            def run_wsgi(self) -> None:
                with draining:
                    super().run_wsgi()

        return Handler

    def __enter__(self) -> None:
        """Begin an answer."""
        with self._condition:
            self._count += 1

    def __exit__(self, *error: object) -> None:
        """End it: all of it has been sent, or it failed."""
        with self._condition:
            self._count -= 1
            self._condition.notify_all()

    def wait(self, seconds: float = PATIENCE) -> bool:
        """Wait until every answer has been sent; return whether that came in time."""
        with self._condition:
            return self._condition.wait_for(lambda: self._count == 0, seconds)
