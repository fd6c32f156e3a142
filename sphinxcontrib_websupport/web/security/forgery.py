"""Requests that another site makes in a reader's name (CSRF), told from the reader's own.

A current browser says with every unsafe request where it came from: ``Sec-Fetch-Site`` (only
to HTTPS and loopback addresses) and ``Origin``. Their word decides, whatever else the request
carries. A request with neither is not a current browser's. It is let through where a browser
would have asked first, by a preflight that only named origins are granted: methods that no form
has, a JSON body (the type is checked when it is read), and ``X-Requested-With``, which earlier
front ends send. What is left are plain forms: these need the token that came with them.

All of that is about proofs that a browser sends by itself: cookies, or whom a proxy has let
through. A token in ``Authorization`` is put there by a script, and no script of another site has
it: such a request is its reader's own. A page of another origin that was named may send anything
that is in nobody's name; it uses cookies only where the settings say so.
"""

from __future__ import annotations

from collections.abc import Collection

from itsdangerous import BadData, URLSafeTimedSerializer

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.messages import Request
from sphinxcontrib_websupport.web.problems import ForgeryError
from sphinxcontrib_websupport.web.readers.chain import Identity
from sphinxcontrib_websupport.web.security.crossorigin import CrossOrigin

TOKEN_SECONDS = 24 * 60 * 60
"""How long a form may stay open before it is sent."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": ":80", "https": ":443"}
PREFLIGHTED_METHODS = frozenset({"PUT", "DELETE"})


class FormTokens:
    """Tokens in forms, each good for one reader, so that nobody can use his own elsewhere."""

    def __init__(self, secret_key: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret_key, salt="websupport-form")

    def create(self, viewer: Viewer) -> str:
        """Return a token for a form that this reader is shown."""
        return self._serializer.dumps(viewer.username)

    def is_valid(self, token: str, viewer: Viewer) -> bool:
        """Tell whether a form came back from the reader to whom it was shown."""
        try:
            return bool(self._serializer.loads(token, TOKEN_SECONDS) == viewer.username)
        except BadData:
            return False


def is_same_origin(request: Request, origins: Collection[str]) -> bool | None:
    """Tell where a browser says that a request came from; ``None`` if it does not say.

    :param origins: the site's own origins, such as ``https://docs.example.org``. Where there
        are none, an ``Origin`` is compared with the ``Host`` of the same request: no page can
        make a browser send a ``Host`` that is not the address's own.
    """
    origin = request.headers.get("origin")
    if origin is not None and origin in origins:
        return True
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    if origin is None:
        return None
    return not origins and is_at_host(origin, request.headers.get("host", ""))


def is_at_host(origin: str, host: str) -> bool:
    """Tell whether an origin is at the address that a ``Host`` header names.

    Names of hosts have no case, and the port that a scheme implies may be written or not.
    """
    scheme, _, netloc = origin.lower().partition("://")
    port = _PORTS.get(scheme)
    if port is None:
        return False
    name = netloc.removesuffix(port)
    return bool(name) and name == host.lower().removesuffix(port)


def check_origin(
    request: Request,
    identity: Identity,
    origins: Collection[str],
    cross_origin: CrossOrigin,
    *,
    is_form: bool,
    has_token: bool = False,
) -> None:
    """Refuse a request that may have been forged.

    :param identity: in whose name it comes.
    :param origins: the site's own, as :func:`is_same_origin` takes them.
    :param is_form: whether the address takes a form's body, which any site could send.
    :param has_token: whether the form brought a valid token.
    :raises ForgeryError: another site may have sent it.
    """
    if request.method in SAFE_METHODS or not identity.is_ambient:
        return
    said = is_same_origin(request, origins)
    if said:
        return
    if cross_origin.allows(request):
        if cross_origin.credentials or identity.viewer == Viewer():
            return
        raise ForgeryError("Requests from this origin are not sent with cookies.")
    if said is None and (
        has_token
        or not is_form
        or request.method in PREFLIGHTED_METHODS
        or "x-requested-with" in request.headers
    ):
        return
    message = "The request came from another site; send it from the page itself."
    if _lacks_port(request):
        message = (
            "The page's address has a port that the Host of the request lacks. Let the proxy hand "
            "it on (nginx: proxy_set_header Host $http_host), or name the page's origin in ORIGINS."
        )
    raise ForgeryError(message)


def _lacks_port(request: Request) -> bool:
    """Tell whether a proxy seems to have left the port out, as nginx does with ``$host``."""
    origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
    without, _, port = origin.rpartition(":")
    return port.isdigit() and ":" not in host and is_at_host(without, host)
