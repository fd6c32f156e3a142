"""Errors of HTTP itself, and every error as a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from sphinxcontrib_websupport.errors import ThirdPartyStoreError, WebSupportError
from sphinxcontrib_websupport.web.messages import PROBLEM, Response, encode


class HTTPError(WebSupportError):
    """An error of which HTTP says more in headers."""

    headers: Mapping[str, str] = MappingProxyType({})


class RouteNotFoundError(WebSupportError):
    """There is nothing at this address."""

    status = 404
    title = "Nothing here"


class MethodNotAllowedError(HTTPError):
    """The address takes other methods."""

    status = 405
    title = "Method not allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"This address takes {allowed}.")
        self.headers = {"Allow": allowed}


class SignInExpiredError(HTTPError):
    """The token that the request shows is worth nothing any more."""

    status = 401
    title = "The sign-in has expired"
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer error="invalid_token"'})


class TooManyRequestsError(HTTPError):
    """The reader, or the address, has asked too often.

    :param seconds: after how many seconds to come again.
    """

    status = 429
    title = "Too much in a short time"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Try again in {seconds} seconds." if seconds > 1 else "Try again.")
        self.headers = {"Retry-After": str(seconds)}


class BodyTooLargeError(WebSupportError):
    """The request's body is longer than the service reads."""

    status = 413
    title = "Too much at once"


class HeadersTooLargeError(WebSupportError):
    """The request's headers are longer than the service reads."""

    status = 431
    title = "Too much at once"


class UnsupportedMediaTypeError(WebSupportError):
    """The request's body is of another type than the address takes."""

    status = 415
    title = "Wrong content type"


class ForgeryError(WebSupportError):
    """The request may come from another site, in a reader's name."""

    status = 403
    title = "The request came from elsewhere"


def is_internal(error: WebSupportError) -> bool:
    """Tell whether an error's message is for the log, not for the reader."""
    if isinstance(error, ThirdPartyStoreError):
        return False
    return error.status >= HTTPStatus.INTERNAL_SERVER_ERROR and (
        error.status != HTTPStatus.NOT_IMPLEMENTED
    )


def problem_response(error: WebSupportError) -> Response:
    """Answer with an error, without what only the log is to know."""
    document = {"type": "about:blank", "title": error.title, "status": error.status}
    if str(error) and not is_internal(error):
        document["detail"] = str(error)
    headers = error.headers if isinstance(error, HTTPError) else {}
    return Response(error.status, encode(document), PROBLEM, headers)
