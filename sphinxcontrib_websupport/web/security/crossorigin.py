"""Pages on another origin than the service's (CORS): which are answered, and with what.

A browser gives a page of another origin nothing of an answer unless the answer names that
origin, and asks first (by a preflight, ``OPTIONS``) before it sends anything that a plain form
could not send. Origins that were not named get no such header at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from sphinxcontrib_websupport.errors import SettingsError
from sphinxcontrib_websupport.web.messages import Request, Response
from sphinxcontrib_websupport.web.readers import authors

MAX_AGE = 2 * 60 * 60
"""How long a browser need not ask again, in seconds: the longest that Chromium takes."""

REQUEST_HEADERS = (
    "Authorization",
    authors.HEADER,
    "Content-Type",
    "If-Match",
    "If-None-Match",
)
"""What a page may send besides what browsers let through anyway."""

EXPOSED_HEADERS = ("ETag", "Location", "Retry-After", "WWW-Authenticate")
"""What a page may read besides what browsers show anyway."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


class CrossOrigin:
    """The origins whose pages may use the service.

    :param origins: such as ``https://docs.example.org``; each by its name, ``*`` is refused.
    :param credentials: whether the browser's cookies count in requests from there. Without
        it, who reads is told from tokens alone, and a signed-in reader's cookie is refused
        where something is to be changed.
    :raises SettingsError: an origin is none.
    """

    def __init__(self, origins: Iterable[str] = (), *, credentials: bool = False) -> None:
        self.origins = frozenset(map(clean_origin, origins))
        self.credentials = credentials

    def allows(self, request: Request) -> bool:
        """Tell whether the request comes from a page of one of the origins."""
        return request.headers.get("origin") in self.origins

    def is_elsewhere(self, request: Request) -> bool:
        """Tell whether it does, and the browser does not take that for the service's own.

        The site's own origin may be among those that were named.
        """
        return self.allows(request) and request.headers.get("sec-fetch-site") != "same-origin"

    def headers(self, request: Request) -> dict[str, str]:
        """Return what an answer to this request carries for the browser."""
        if not self.origins:
            return {}
        # Also in what others get: a cache must not give them an answer that names an origin,
        # nor a named origin an answer that does not.
        headers = {"Vary": "Origin"}
        if self.allows(request):
            headers["Access-Control-Allow-Origin"] = request.headers["origin"]
            headers["Access-Control-Expose-Headers"] = ", ".join(EXPOSED_HEADERS)
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            if self.credentials:
                headers["Access-Control-Allow-Credentials"] = "true"
        return headers

    def preflight(self, request: Request, methods: Collection[str]) -> Response | None:
        """Answer a browser that asks whether a page may send a request.

        :param methods: what the address takes.
        :returns: ``None`` for a request that is no preflight, or comes from elsewhere.
        """
        if (
            request.method != "OPTIONS"
            or "access-control-request-method" not in request.headers
            or not self.allows(request)
        ):
            return None
        headers = {
            "Access-Control-Allow-Methods": ", ".join(methods),
            "Access-Control-Allow-Headers": ", ".join(REQUEST_HEADERS),
            "Access-Control-Max-Age": str(MAX_AGE),
        }
        return Response(204, headers=headers)


def clean_origin(text: str) -> str:
    """Return an origin as browsers write it: lower case, punycode, no default port.

    :raises SettingsError: it is none.
    """
    wrong = SettingsError(
        f"{text!r} is no origin: write scheme and host, such as https://docs.example.org"
    )
    try:
        parts = urlsplit(text.strip())
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError as error:
        raise wrong from error
    rest = parts.path.rstrip("/") + parts.query + parts.fragment
    if parts.scheme not in _DEFAULT_PORTS or not host or rest or "@" in parts.netloc or "*" in host:
        raise wrong
    if ":" in host:
        host = f"[{host}]"
    default = port is None or port == _DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" if default else f"{parts.scheme}://{host}:{port}"
