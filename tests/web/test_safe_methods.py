"""GET, HEAD and OPTIONS change nothing, whatever they carry: programs follow links, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from prometheus_client import CollectorRegistry
from werkzeug.test import Client
from werkzeug.wrappers import Request

from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage
from sphinxcontrib_websupport.web.metrics import Metrics
from sphinxcontrib_websupport.web.readers.authors import AuthorTokens
from sphinxcontrib_websupport.web.readers.bearer import BearerTokens
from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.security.forgery import FormTokens
from sphinxcontrib_websupport.web.service import Service
from sphinxcontrib_websupport.web.shells.asgi import ASGIApp, Scope
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import HERE, identify, user
from tests.web.shells.test_asgi import body, run, talk
from tests.web.test_every_route import address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEY = "a key for tests"
MONA = Viewer("Mona", moderator=True)


def of_scope(scope: Scope) -> Viewer:
    headers = dict(scope["headers"])
    name = headers.get(b"x-test-user", b"").decode()
    return Viewer(name, moderator=b"x-test-moderator" in headers)


def over_asgi(support: WebSupport, **settings: Any) -> WSGIApplication:
    """Return the ASGI shell behind a WSGI face: one client then asks both shells."""
    app = ASGIApp(support, of_scope, **settings)

    def face(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        about: Scope = {
            "type": "http",
            "method": request.method,
            "path": request.path,
            "query_string": request.query_string,
            "headers": [(k.lower().encode(), v.encode()) for k, v in request.headers],
        }
        start, *parts = run(talk(app, about, body(request.get_data()))).sent
        status = HTTPStatus(start["status"])
        headers = [(name.decode(), value.decode()) for name, value in start["headers"]]
        start_response(f"{status} {status.phrase}", headers)
        return [part["body"] for part in parts]

    return face


def over_wsgi(support: WebSupport, **settings: Any) -> WSGIApplication:
    return WSGIApp(support, identify, **settings)


def everything(support: WebSupport, used: VolatileBackend) -> list[object]:
    """Return all that is stored: nodes, discussions with votes, and the links that were used."""
    storage = support.storage
    assert isinstance(storage, SQLAlchemyStorage)
    nodes = list(storage.get_nodes())
    return [nodes, storage.read_discussions([n.id for n in nodes]), sorted(used.keys())]


@pytest.mark.parametrize("shell", [over_wsgi, over_asgi])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_safe_method_with_any_token_at_any_address_changes_nothing(
    support: WebSupport, method: str, shell: Callable[..., WSGIApplication]
) -> None:
    used = VolatileBackend()
    session = Session(KEY, moderator="Mona", used=used)
    metrics = Metrics("secret", CollectorRegistry())
    service = Service(support, identify, session=session, secret_key=KEY, metrics=metrics)
    app = shell(support, session=session, secret_key=KEY, metrics=metrics)
    waiting = support.add_comment("Waits", node_id="n1", displayed=False)
    support.add_comment("One.", node_id="n1", username="ada")
    link = session.link("", "").partition("token=")[2]
    tokens = {
        "link": link,
        "form": FormTokens(KEY).create(MONA),
        "author": AuthorTokens(KEY).create(waiting["id"]),
        "bearer": BearerTokens(KEY).create(MONA),
    }
    signed_in = Client(app)
    assert signed_in.put("/session", json={"name": "Ada"}, headers=HERE).status_code == 200
    before = everything(support, used)
    seen = 0
    for route in service.settings.routes:
        for kind, token in tokens.items():
            names = ("token", "link", "verdict", "value", "comment", "text", "to")
            query = urlencode(dict.fromkeys(names, token)) if kind != "link" else f"token={link}"
            at = address(route)
            at = f"{at}{'&' if '?' in at else '?'}{query}"
            headers = {"Authorization": f"Bearer {token}", "X-Websupport-Token": token}
            for client, who in (
                (Client(app), HERE),
                (Client(app), {**HERE, **headers}),
                (signed_in, {}),
                (Client(app), user("Mona", moderator=True)),
            ):
                answer = client.open(at, method=method, headers=who)
                assert answer.status_code in {*range(200, 500), 501}, (at, answer.text)
                assert "Set-Cookie" not in answer.headers, at
                seen += 1
    assert everything(support, used) == before
    assert seen == len(service.settings.routes) * len(tokens) * 4
    followed = Client(app).get(f"/link?token={quote(link)}")
    assert "<button" in followed.text, "the link was still good"
