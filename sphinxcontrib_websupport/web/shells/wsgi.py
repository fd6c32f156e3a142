"""The shell for WSGI servers and for every framework that can mount a WSGI application."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request as WerkzeugRequest

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.messages import MAX_BODY, Request
from sphinxcontrib_websupport.web.service import Service, nobody
from sphinxcontrib_websupport.websupport import WebSupport

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class WSGIApp:
    """The service as a WSGI application, under whatever ``SCRIPT_NAME`` it is mounted.

    :param support: what all calls go to.
    :param identify: who the reader is, told from Werkzeug's request, whose ``environ`` is
        the server's.
    :param settings: as :class:`~sphinxcontrib_websupport.web.service.Service` takes them.
    """

    def __init__(
        self,
        support: WebSupport,
        identify: Callable[[WerkzeugRequest], Viewer] = nobody,
        **settings: Any,
    ) -> None:
        self.service = Service(support, identify, **settings)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        native = WerkzeugRequest(environ)
        try:
            request = read_request(native, native.path, native.root_path)
        except ClientDisconnected as error:
            # Half a body is none, and nobody is left to read why.
            return error(environ, start_response)
        answer = self.service(request)
        status = HTTPStatus(answer.status)
        start_response(f"{status.value} {status.phrase}", answer.fields())
        return [answer.content(native.method)]


def read_request(native: WerkzeugRequest, path: str, prefix: str) -> Request:
    """Return Werkzeug's request as the service takes it.

    :param path: what follows the prefix.
    :param prefix: where the service is mounted.
    :raises ClientDisconnected: the body ended before it was complete.
    """
    native.max_content_length = MAX_BODY
    try:
        body = native.get_data()
    except RequestEntityTooLarge:
        body = None
    return Request(
        method=native.method,
        path=path.removeprefix("/"),
        query=native.query_string.decode("latin-1"),
        headers={name.lower(): value for name, value in native.headers},
        body=body,
        address=native.remote_addr or "",
        prefix=prefix.rstrip("/"),
        native=native,
    )
