"""Answers that are on their way when the server is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATIENCE = 30.0
"""How many seconds a stop waits for answers; what hangs longer than that is given up."""


class Draining:
    """A WSGI application around another: knows when nothing is being answered any more."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._condition = threading.Condition()
        self._count = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; it is over when the server has sent all of it."""
        with self._condition:
            self._count += 1
        try:
            return ClosingIterator(self._app(environ, start_response), self._leave)
        except BaseException:
            self._leave()
            raise

    def wait(self, seconds: float = PATIENCE) -> bool:
        """Wait until every answer has been sent; return whether that came in time."""
        with self._condition:
            return self._condition.wait_for(lambda: self._count == 0, seconds)

    def _leave(self) -> None:
        with self._condition:
            self._count -= 1
            self._condition.notify_all()
