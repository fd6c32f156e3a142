"""The service: a request value in, a response value out; nothing here knows a framework."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from werkzeug.http import parse_etags

from sphinxcontrib_websupport.errors import WebSupportError
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.calls import Call, Route, Settings, Takes
from sphinxcontrib_websupport.web.fields import read_form, read_json, read_query
from sphinxcontrib_websupport.web.forgery import FormTokens, check_origin
from sphinxcontrib_websupport.web.messages import HTML, Request, Response
from sphinxcontrib_websupport.web.pages import problem_page
from sphinxcontrib_websupport.web.problems import (
    MethodNotAllowedError,
    RouteNotFoundError,
    is_internal,
    problem_response,
)
from sphinxcontrib_websupport.web.routes import ROUTES
from sphinxcontrib_websupport.web.session import Session
from sphinxcontrib_websupport.websupport import WebSupport

logger = logging.getLogger(__name__)

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": with it, browsers send forms with "Origin: null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"

# One reader's votes, name and waiting comments are not for another: shared caches keep
# nothing, the reader's own asks again every time (and is told 304).
CACHING = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}


def nobody(native: Any) -> Viewer:
    """Take every reader for an anonymous one."""
    return Viewer()


class Service:
    """Answers every address of the API.

    It may be called from any thread.

    :param support: what all calls go to.
    :param identify: who the reader is, told from the host application's own request object.
    :param session: a sign-in of the service's own, in place of ``identify``.
    :param must_wait: whether a reader's comments wait for a moderator.
    :param origins: the site's own origins, such as ``https://docs.example.org``; without
        them a browser that says nothing better is believed when Origin and Host agree.
    :param secret_key: what forms are signed with. Without one it is made up, and forms of
        browsers that send neither ``Origin`` nor ``Sec-Fetch-Site`` do not outlive the process.
    :param document_url: where a document is to be read, such as ``"/{docname}.html"``.
    """

    def __init__(
        self,
        support: WebSupport,
        identify: Callable[[Any], Viewer] = nobody,
        *,
        session: Session | None = None,
        must_wait: Callable[[Viewer], bool] | None = None,
        origins: Collection[str] = (),
        secret_key: str | None = None,
        document_url: str | None = None,
    ) -> None:
        self._support = support
        self._identify = identify
        self._session = session
        self._origins = frozenset(origins)
        routes = ROUTES + (session.routes if session else ())
        self.settings = Settings(
            form_tokens=FormTokens(secret_key or secrets.token_hex()),
            document_url=document_url,
            may_sign_in=session is not None,
            routes=routes,
        )
        if must_wait is not None:
            self.settings = replace(self.settings, must_wait=must_wait)
        self._patterns = [(route.pattern(), route) for route in routes]

    def __call__(self, request: Request) -> Response:
        """Answer a request; whatever goes wrong is an answer, too."""
        wants_page = False
        try:
            route, path = self._match(request)
            wants_page = route.is_page
            response = self._answer(request, route, path)
        except WebSupportError as error:
            if is_internal(error):
                logger.exception("%s %r failed", request.method, request.path)
            response = _refuse(error, wants_page)
        except Exception:
            # The reader learns nothing of what broke; the log has all of it.
            logger.exception("%s %r failed", request.method, request.path)
            response = _refuse(WebSupportError(), wants_page)
        return _finish(request, response)

    def _match(self, request: Request) -> tuple[Route, Mapping[str, str]]:
        method = "GET" if request.method == "HEAD" else request.method
        allowed = []
        for pattern, route in self._patterns:
            if match := pattern.fullmatch(request.path):
                if route.method == method:
                    return route, match.groupdict()
                allowed.append(route.method)
        if allowed:
            raise MethodNotAllowedError(", ".join(allowed))
        raise RouteNotFoundError("There is nothing at this address.")

    def _answer(self, request: Request, route: Route, path: Mapping[str, str]) -> Response:
        if route.takes is not Takes.FORM:
            check_origin(request, self._origins, is_form=False)
        query = read_query(request, route.query)
        body: Mapping[str, Any] = {}
        if route.takes is Takes.JSON:
            body = read_json(request, route.body)
        viewer = self._viewer(request)
        if route.takes is Takes.FORM:
            body = read_form(request, route.body)
            has_token = self.settings.form_tokens.is_valid(body.get("token", ""), viewer)
            check_origin(request, self._origins, is_form=True, has_token=has_token)
        call = Call(self._support, self.settings, request, viewer, path, query, body)
        return route.handler(call)

    def _viewer(self, request: Request) -> Viewer:
        if self._session is not None:
            return self._session.identify(request)
        return self._identify(request.native)


def _refuse(error: WebSupportError, wants_page: bool) -> Response:
    return problem_page(error) if wants_page else problem_response(error)


def _finish(request: Request, response: Response) -> Response:
    policy = PAGE_POLICY if response.media_type == HTML else DATA_POLICY
    headers = {**SECURITY_HEADERS, "Content-Security-Policy": policy, **CACHING}
    headers.update(response.headers)
    if response.status == 200 and request.method in {"GET", "HEAD"}:
        digest = response.etag or blake2b(response.body, digest_size=16).hexdigest()
        headers["ETag"] = f'W/"{digest}"'
        if parse_etags(request.headers.get("if-none-match")).contains_weak(digest):
            return Response(304, b"", response.media_type, headers)
    return replace(response, headers=headers)
