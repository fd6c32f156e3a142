"""The shell for WSGI servers and for every framework that can mount a WSGI application."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request as WerkzeugRequest
from werkzeug.wrappers import Response as WerkzeugResponse

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
        answer = self.service(_read(WerkzeugRequest(environ)))
        response = WerkzeugResponse(answer.body, answer.status, content_type=answer.media_type)
        response.headers.update(answer.headers)
        return response(environ, start_response)


def _read(native: WerkzeugRequest) -> Request:
    native.max_content_length = MAX_BODY
    try:
        body = native.get_data()
    except RequestEntityTooLarge:
        body = None
    return Request(
        method=native.method,
        path=native.path.removeprefix("/"),
        query=native.query_string.decode("latin-1"),
        headers={name.lower(): value for name, value in native.headers},
        body=body,
        address=native.remote_addr or "",
        prefix=native.root_path.rstrip("/"),
        native=native,
    )
