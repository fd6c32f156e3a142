"""A folder of built pages and the service, as one WSGI application: what ``serve`` runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Request, Response
from whitenoise import WhiteNoise  # type: ignore[import-untyped]  # WhiteNoise has no types

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/_comments"


class Site:
    """Serves pages as Sphinx's ``html`` and ``dirhtml`` builders write them.

    Files are looked up anew for each request: the pages may be built again while they are
    served. What themes put into pages (inline scripts and styles among it) is theirs, so
    that a Content-Security-Policy for pages is the caller's to give.

    :param folder: the built pages.
    :param service: the application to mount.
    :param prefix: where to mount it.
    :param hosts: the values of ``Host`` to answer to, such as ``127.0.0.1:8000``; empty for
        any. On a loopback address this keeps out pages of other sites whose name was made to
        resolve to it (DNS rebinding).
    :param policy: the Content-Security-Policy of all files.
    """

    def __init__(
        self,
        folder: Path,
        service: WSGIApplication,
        prefix: str = PREFIX,
        *,
        hosts: Collection[str] = (),
        policy: str | None = None,
    ) -> None:
        self._folder = folder
        self._hosts = frozenset(hosts)
        self._policy = policy
        files = WhiteNoise(
            self._not_found,
            root=folder,
            index_file=True,
            autorefresh=True,
            max_age=0,
            allow_all_origins=False,
            add_headers_function=self._add_headers,
        )
        self._app = DispatcherMiddleware(_without_hidden(files, self._not_found), {prefix: service})

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if self._hosts and environ.get("HTTP_HOST") not in self._hosts:
            refusal = Response("This server does not answer to that name.\n", 421)
            return refusal(environ, start_response)
        return self._app(environ, start_response)

    def _add_headers(self, headers: dict[str, str], path: str, url: str) -> None:
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        if self._policy is not None:
            headers["Content-Security-Policy"] = self._policy

    def _not_found(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        # A theme or sphinx-notfound-page may have written a page of its own.
        page = self._folder / "404.html"
        body = page.read_bytes() if page.is_file() else b"<!doctype html><title>Not found</title>"
        if not page.is_file():
            body += b'<h1>Not found</h1><p>There is no such page. <a href="/">Contents</a></p>'
        response = Response(body, 404, content_type="text/html; charset=utf-8")
        response.headers["X-Content-Type-Options"] = "nosniff"
        if self._policy is not None:
            response.headers["Content-Security-Policy"] = self._policy
        return response(environ, start_response)


def _without_hidden(app: WSGIApplication, not_found: WSGIApplication) -> WSGIApplication:
    """Keep back files that Sphinx and editors hide, such as ``.doctrees`` and ``.buildinfo``."""

    def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        parts = Request(environ).path.split("/")
        is_hidden = any(part.startswith(".") for part in parts)
        return (not_found if is_hidden else app)(environ, start_response)

    return guarded
