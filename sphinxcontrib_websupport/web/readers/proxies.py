"""What a reverse proxy says of a reader, believed only from the proxies that were named.

Anybody can send a header. One that tells who reads, or from where, counts only when the peer of
the connection itself is a named proxy, which must set it in every request or take it out.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from hmac import compare_digest
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from sphinxcontrib_websupport.errors import InvalidInputError, SettingsError
from sphinxcontrib_websupport.model import DELETED, Viewer
from sphinxcontrib_websupport.web.messages import Request
from sphinxcontrib_websupport.web.readers.chain import Identity
from sphinxcontrib_websupport.web.readers.names import clean_name, fold

logger = logging.getLogger(__name__)

UNIX = "unix"
"""Stands for a peer without an address: a server that listens at a Unix socket has no other."""

LONGEST_CHAIN = 20
"""How many addresses of ``X-Forwarded-For`` are looked at, from the right."""


class TrustedProxies:
    """The proxies in front of the service.

    :param networks: addresses or networks such as ``127.0.0.1`` and ``10.0.0.0/8``, or ``unix``.
    :raises SettingsError: one of them is none.
    """

    def __init__(self, networks: Iterable[str] = ()) -> None:
        names = [name.strip() for name in networks]
        self._trusts_unix = UNIX in names
        self._networks = [_network(name) for name in names if name != UNIX]

    def trusts(self, address: str) -> bool:
        """Tell whether a peer is one of the proxies."""
        if not address:
            return self._trusts_unix
        found = _address(address)
        return found is not None and any(found in network for network in self._networks)

    def address_of(self, request: Request) -> str:
        """Return the address that a request comes from.

        It is the peer's, or, behind proxies, the last of ``X-Forwarded-For`` that is not a
        proxy's: what stands before it may be made up.
        """
        last = request.address
        if not self.trusts(last):
            return last
        said = request.headers.get("x-forwarded-for", "").split(",")
        for text in reversed(said[-LONGEST_CHAIN:]):
            found = _address(text.strip())
            if found is None:
                return last
            last = str(found)
            if not self.trusts(last):
                return last
        return last


class ProxyUsers:
    """Readers as a proxy names them that lets nobody else through.

    :param proxies: whom to believe.
    :param header: where the name stands. The name is UTF-8; an absent or empty one is nobody's, and
        so is one with a comma: that is how servers join a reader's own header with the proxy's.
    :param moderators: the names that are moderators'.
    :param secret: what the proxy writes before the name, with a colon between. Under WSGI a
        reader's ``X_Remote_User`` is the same variable as the proxy's ``X-Remote-User``, and some
        servers keep the last of both: then only a value that no reader knows is the proxy's.
    """

    def __init__(
        self,
        proxies: TrustedProxies,
        header: str = "X-Remote-User",
        *,
        moderators: Collection[str] = (),
        secret: str = "",
    ) -> None:
        self._proxies = proxies
        self._header = header.lower()
        self._secret = f"{secret}:".encode() if secret else b""
        self._moderators = frozenset(moderators)

    def identify(self, request: Request) -> Identity | None:
        """Return the reader whom the proxy names."""
        value = request.headers.get(self._header)
        if not value or not self._proxies.trusts(request.address):
            return None
        if "," in value or self._has_double(request):
            logger.warning("%s came twice, or holds a comma: nobody is believed", self._header)
            return None
        try:
            # Servers hand headers over as Latin-1, whatever they are.
            said = value.encode("latin-1")
        except UnicodeError:
            return None
        if not compare_digest(said[: len(self._secret)], self._secret):
            logger.warning("%s came without the proxy's secret: nobody is believed", self._header)
            return None
        try:
            name = clean_name(said[len(self._secret) :].decode())
        except (UnicodeError, InvalidInputError):
            return None
        if fold(name) == fold(DELETED):
            return None
        return Identity(Viewer(name, moderator=name in self._moderators))

    def _has_double(self, request: Request) -> bool:
        """Tell whether a header differs from this one by underscores alone."""
        return any(
            name != self._header and name.replace("_", "-") == self._header.replace("_", "-")
            for name in request.headers
        )


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise SettingsError(
            f"{text!r} is no proxy: write an address or a network such as 10.0.0.0/8 ({error})"
        ) from error


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    # A server that listens on IPv6 shows IPv4 peers so.
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
