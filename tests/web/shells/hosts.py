"""Host applications, one for each shell, on real servers under a URL prefix.

Each has the service at ``/_comments`` and is itself mounted at ``/site``; who the reader is comes
from a header, as the host's own request object gives it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import django
import flask
import litestar
import uvicorn
from django.conf import settings as django_settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest
from django.urls import include, path
from fastapi import FastAPI
from litestar.types import Receive as LitestarReceive
from litestar.types import Scope as LitestarScope
from litestar.types import Send as LitestarSend
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.routing import Mount
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Request as WerkzeugRequest
from werkzeug.wrappers import Response as WerkzeugResponse

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.shells.asgi import ASGIApp, Scope
from sphinxcontrib_websupport.web.shells.django import urlpatterns
from sphinxcontrib_websupport.web.shells.flask import create_blueprint
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.hosting import hosted
from tests.servers import Server, accepts_connections, free_port, wait_until

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

OUTER = "/site"
INNER = "/_comments"
PREFIX = OUTER + INNER

KEY = "a key for tests, long enough"

Host = Callable[..., AbstractContextManager[int]]
"""Runs a host application; takes the store and the service's settings, gives the port."""


def viewer(user: str | None, moderator: str | None) -> Viewer:
    return Viewer(user or "", moderator=moderator is not None)


def of_flask_or_django(request: WerkzeugRequest | HttpRequest) -> Viewer:
    """Both know headers by name; Flask's request is Werkzeug's."""
    return viewer(request.headers.get("X-Test-User"), request.headers.get("X-Test-Moderator"))


def of_scope(scope: Scope) -> Viewer:
    headers = HTTPConnection(scope).headers
    return viewer(headers.get("x-test-user"), headers.get("x-test-moderator"))


async def of_scope_later(scope: Scope) -> Viewer:
    return of_scope(scope)


# -- Servers ---------------------------------------------------------------------------------


@contextmanager
def over_wsgi(app: WSGIApplication) -> Iterator[int]:
    outer = DispatcherMiddleware(WerkzeugResponse("Outside.", 404), {OUTER: app})
    with hosted(outer) as server:
        yield server.server_port


@contextmanager
def over_asgi(app: Any, lifespan: Literal["on", "off"] = "on") -> Iterator[int]:

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{OUTER}/"):
            scope = {**scope, "root_path": OUTER}
        await app(scope, receive, send)

    config = uvicorn.Config(
        outer, port=0, lifespan=lifespan, log_config=None, timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started or not thread.is_alive())
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


# -- Hosts -----------------------------------------------------------------------------------


@contextmanager
def wsgi(support: WebSupport, **settings: Any) -> Iterator[int]:
    service = WSGIApp(support, of_flask_or_django, **settings)
    with over_wsgi(DispatcherMiddleware(WerkzeugResponse("Inside."), {INNER: service})) as port:
        yield port


@contextmanager
def over_granian(support: WebSupport, **settings: Any) -> Iterator[int]:
    """Run the recommended server; its processes open the store anew, with the same settings."""
    assert settings["secret_key"] == KEY
    port = free_port()
    command = ["granian", "--interface", "wsgi", "--no-ws", "--url-path-prefix", PREFIX]
    server = Server(
        [sys.executable, "-m", *command, "--port", str(port), "tests.web.shells.granian_site:app"],
        support.builddir / "server.log",
        lambda: accepts_connections(port),
        folder=support.builddir,
        environment={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    server.start()
    yield port
    server.stop()


@contextmanager
def with_flask(support: WebSupport, **settings: Any) -> Iterator[int]:
    app = flask.Flask("host")
    blueprint = create_blueprint(support, of_flask_or_django, **settings)
    app.register_blueprint(blueprint, url_prefix=INNER)
    with over_wsgi(app) as port:
        yield port


@contextmanager
def asgi(support: WebSupport, **settings: Any) -> Iterator[int]:
    with over_asgi(ASGIApp(support, of_scope, prefix=INNER, **settings)) as port:
        yield port


@contextmanager
def with_starlette(support: WebSupport, **settings: Any) -> Iterator[int]:
    app = Starlette(routes=[Mount(INNER, ASGIApp(support, of_scope, **settings))])
    with over_asgi(app) as port:
        yield port


@contextmanager
def with_fastapi(support: WebSupport, **settings: Any) -> Iterator[int]:
    app = FastAPI()
    app.mount(INNER, ASGIApp(support, of_scope_later, **settings))
    with over_asgi(app) as port:
        yield port


@contextmanager
def with_litestar(support: WebSupport, **settings: Any) -> Iterator[int]:
    service: Any = ASGIApp(support, of_scope, prefix=INNER, **settings)

    @litestar.asgi(INNER, is_mount=True, copy_scope=True)
    async def comments(scope: LitestarScope, receive: LitestarReceive, send: LitestarSend) -> None:
        await service(scope, receive, send)

    with over_asgi(litestar.Litestar([comments], logging_config=None)) as port:
        yield port


@contextmanager
def with_django(support: WebSupport, **settings: Any) -> Iterator[int]:
    _route_django(support, settings)
    with over_wsgi(get_wsgi_application()) as port:
        yield port


@contextmanager
def with_async_django(support: WebSupport, **settings: Any) -> Iterator[int]:
    _route_django(support, settings)
    with over_asgi(get_asgi_application(), lifespan="off") as port:
        yield port


def _route_django(support: WebSupport, settings: dict[str, Any]) -> None:
    if not django_settings.configured:
        # What a new project has, its defence against forgery among it, and no models.
        django_settings.configure(
            SECRET_KEY="a key for tests",
            ALLOWED_HOSTS=["127.0.0.1"],
            MIDDLEWARE=[
                "django.middleware.security.SecurityMiddleware",
                "django.middleware.common.CommonMiddleware",
                "django.middleware.csrf.CsrfViewMiddleware",
                "django.middleware.clickjacking.XFrameOptionsMiddleware",
            ],
            LOGGING_CONFIG=None,
        )
        django.setup()
    urls = ModuleType("urls")
    service = urlpatterns(support, of_flask_or_django, **settings)
    vars(urls)["urlpatterns"] = [path(f"{INNER.removeprefix('/')}/", include(service))]
    django_settings.ROOT_URLCONF = urls


HOSTS: dict[str, Host] = {
    "wsgi": wsgi,
    "granian": over_granian,
    "flask": with_flask,
    "django": with_django,
    "django-asgi": with_async_django,
    "asgi": asgi,
    "starlette": with_starlette,
    "fastapi": with_fastapi,
    "litestar": with_litestar,
}
