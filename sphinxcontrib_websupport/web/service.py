"""The service: a request value in, a response value out; nothing here knows a framework."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from http import HTTPStatus
from re import Pattern
from time import perf_counter
from typing import TYPE_CHECKING, Any

from sphinxcontrib_websupport.errors import NodeNotFoundError, WebSupportError
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.api.fields import read_form, read_json, read_query
from sphinxcontrib_websupport.web.api.routes import ROUTES
from sphinxcontrib_websupport.web.caching import is_known, not_modified, quoted
from sphinxcontrib_websupport.web.compression import compressed
from sphinxcontrib_websupport.web.messages import HTML, MAX_HEADERS, Request, Response
from sphinxcontrib_websupport.web.observing import Answered, Observer, log_answer
from sphinxcontrib_websupport.web.pages.rendering import page_policy, problem_page
from sphinxcontrib_websupport.web.problems import (
    HeadersTooLargeError,
    MethodNotAllowedError,
    RouteNotFoundError,
    is_internal,
    problem_response,
)
from sphinxcontrib_websupport.web.readers.authors import AuthorTokens
from sphinxcontrib_websupport.web.readers.chain import Chain, HostApplication, Way
from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.routing import Call, Route, Settings, Takes
from sphinxcontrib_websupport.web.security.crossorigin import CrossOrigin, clean_origin
from sphinxcontrib_websupport.web.security.forgery import FormTokens, check_origin
from sphinxcontrib_websupport.web.security.limits import Limits
from sphinxcontrib_websupport.websupport import WebSupport

if TYPE_CHECKING:
    from sphinxcontrib_websupport.web.metrics import Metrics

logger = logging.getLogger(__name__)

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": with it, browsers send forms with "Origin: null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"

# One reader's votes, name and waiting comments are not for another: shared caches keep
# nothing, the reader's own asks again every time (and is told 304).
CACHING = {
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie, Authorization, Accept-Encoding",
}

NO_OTHERS = CrossOrigin()
"""Pages of no other origin than the site's own."""


def nobody(native: Any) -> Viewer:
    """Take every reader for an anonymous one."""
    return Viewer()


class Service:
    """Answers every address of the API.

    It may be called from any thread.

    :param support: what all calls go to.
    :param identify: who the reader is, told from the host application's own request object.
    :param session: a sign-in of the service's own.
    :param ways: further ways to tell who reads. They are asked in this order, then
        ``session``, then ``identify``: the first that can tell decides.
    :param must_wait: whether a reader's comments wait for a moderator.
    :param origins: the site's own origins, such as ``https://docs.example.org``; without
        them a browser that says nothing better is believed when Origin and Host agree.
    :param cross_origin: the other origins whose pages may use the service.
    :param limits: how often somebody may ask; without it there is no limit but one: passwords
        are never guessed at will.
    :param secret_key: what forms, and the tokens of authors without a name, are signed with.
        Without one it is made up, and these do not outlive the process.
    :param document_url: where a document is to be read, such as ``"/{docname}.html"``.
    :param language: the language of the service's own pages, such as ``"de"``; by default the
        one that the browser asks for.
    :param metrics: counts requests for Prometheus, and answers it.
    :param observers: are told of each answer. Every answer is also a line of the log
        :data:`~sphinxcontrib_websupport.web.observing.ACCESS`.
    """

    def __init__(
        self,
        support: WebSupport,
        identify: Callable[[Any], Viewer] = nobody,
        *,
        session: Session | None = None,
        ways: Sequence[Way] = (),
        must_wait: Callable[[Viewer], bool] | None = None,
        origins: Collection[str] = (),
        cross_origin: CrossOrigin = NO_OTHERS,
        limits: Limits | None = None,
        secret_key: str | None = None,
        document_url: str | None = None,
        language: str | None = None,
        metrics: Metrics | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        self._support = support
        signed_in = () if session is None else (session,)
        self._readers = Chain((*ways, *signed_in, HostApplication(identify)))
        self._origins = frozenset(map(clean_origin, origins))
        self._cross_origin = cross_origin
        self._limits = limits
        takes_password = session is not None and session.takes_password
        self._attempts = Limits() if limits is None and takes_password else limits
        self._observers = (log_answer, *((metrics,) if metrics else ()), *observers)
        routes = ROUTES + (session.routes if session else ()) + (metrics.routes if metrics else ())
        key = secret_key or secrets.token_hex()
        self.settings = Settings(
            form_tokens=FormTokens(key),
            author_tokens=AuthorTokens(key),
            cross_origin=cross_origin,
            document_url=document_url,
            language=language,
            may_sign_in=session is not None and session.names,
            takes_password=takes_password,
            routes=routes,
        )
        if metrics is not None:
            self.settings = replace(self.settings, is_operator=metrics.is_asked_by_operator)
        if must_wait is not None:
            self.settings = replace(self.settings, must_wait=must_wait)
        self._patterns = _by_address(routes)
        self._has_warned = False

    def __call__(self, request: Request) -> Response:
        """Answer a request; whatever goes wrong is an answer, too."""
        begun = perf_counter()
        route, response = self._respond(request)
        answered = Answered(request, response, route, perf_counter() - begun)
        for tell in self._observers:
            try:
                tell(answered)
            except Exception:
                # The answer is ready: the reader shall have it.
                logger.exception("an observer failed")
        return response

    def _respond(self, request: Request) -> tuple[Route | None, Response]:
        route = None
        try:
            _check_headers(request)
            by_method, path = self._find(request.path)
            response = self._cross_origin.preflight(request, by_method)
            if response is None:
                route = _choose(by_method, request.method)
                response = self._answer(request, route, path)
        except WebSupportError as error:
            if is_internal(error):
                logger.exception("%s %r failed", request.method, request.path)
            elif isinstance(error, NodeNotFoundError):
                self._tell_operator(request, error)
            response = self._refuse(request, error, route)
        except Exception:
            # The reader learns nothing of what broke; the log has all of it.
            logger.exception("%s %r failed", request.method, request.path)
            response = self._refuse(request, WebSupportError(), route)
        answer = _finish(request, response, self._cross_origin.headers(request))
        if route is not None and route.is_open and self._may_compress(request, answer):
            answer = compressed(request, answer)
        return route, answer

    def _tell_operator(self, request: Request, error: NodeNotFoundError) -> None:
        """Log in which store a node is missing: the builds may write to another one.

        The first time this is a warning. Later it is not: old pages, and programs that guess, ask
        for such nodes all day.
        """
        level = logging.INFO if self._has_warned else logging.WARNING
        self._has_warned = True
        said = "; ".join([str(error), *getattr(error, "__notes__", ())])
        logger.log(level, "%s %r: %s", request.method, request.path, said)

    def _may_compress(self, request: Request, answer: Response) -> bool:
        is_foreign = request.headers.get("sec-fetch-site") == "cross-site"
        return answer.status == HTTPStatus.OK and (
            not is_foreign or self._cross_origin.allows(request)
        )

    def _find(self, path: str) -> tuple[Mapping[str, Route], Mapping[str, str]]:
        """Return what is answered at an address, by method, and the variable parts of it.

        :raises RouteNotFoundError: nothing is.
        """
        for pattern, by_method in self._patterns:
            if match := pattern.fullmatch(path):
                return by_method, match.groupdict()
        raise RouteNotFoundError("There is nothing at this address.")

    def _answer(self, request: Request, route: Route, path: Mapping[str, str]) -> Response:
        identity = self._readers.identify(request)
        viewer = identity.viewer
        check = partial(check_origin, request, identity, self._origins, self._cross_origin)
        if route.takes is not Takes.FORM:
            check(is_form=False)
        limits = self._attempts if route.attempts else self._limits
        if limits is not None:
            limits.spend(route.budget, request, viewer)
        query = read_query(request, route.query)
        body: Mapping[str, Any] = {}
        if route.takes is Takes.JSON:
            body = read_json(request, route.body)
        if route.takes is Takes.FORM:
            body = read_form(request, route.body)
            has_token = self.settings.form_tokens.is_valid(body.get("token", ""), viewer)
            check(is_form=True, has_token=has_token)
        call = Call(self._support, self.settings, request, viewer, path, query, body)
        return route.handler(call)

    def _refuse(self, request: Request, error: WebSupportError, route: Route | None) -> Response:
        if route is not None and route.is_page:
            return problem_page(error, request, self.settings)
        return problem_response(error)


def _by_address(routes: Iterable[Route]) -> list[tuple[Pattern[str], dict[str, Route]]]:
    addresses: dict[str, dict[str, Route]] = {}
    for route in routes:
        addresses.setdefault(route.path, {})[route.method] = route
    return [(next(iter(found.values())).pattern(), found) for found in addresses.values()]


def _check_headers(request: Request) -> None:
    """Refuse headers that are too long, before anything of them is parsed.

    :raises HeadersTooLargeError: they are.
    """
    length = sum(len(name) + len(value) for name, value in request.headers.items())
    if length > MAX_HEADERS:
        raise HeadersTooLargeError("The headers are too long.")


def _choose(by_method: Mapping[str, Route], method: str) -> Route:
    route = by_method.get("GET" if method == "HEAD" else method)
    if route is None:
        raise MethodNotAllowedError(", ".join(by_method))
    return route


def _finish(request: Request, response: Response, others: Mapping[str, str]) -> Response:
    policy = page_policy() if response.media_type == HTML else DATA_POLICY
    headers = {**SECURITY_HEADERS, "Content-Security-Policy": policy, **CACHING, **others}
    headers.update(response.headers)
    headers["Vary"] = ", ".join(
        given["Vary"] for given in (CACHING, others, response.headers) if "Vary" in given
    )
    etag = response.etag
    if response.status == HTTPStatus.OK and request.method in {"GET", "HEAD"}:
        etag = etag or blake2b(response.body, digest_size=16).hexdigest()
        if is_known(request, etag):
            response = not_modified(etag)
    if etag is not None:
        headers["ETag"] = quoted(etag)
    return replace(response, headers=headers)
