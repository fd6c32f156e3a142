"""How often somebody may ask: budgets for reading, writing and signing in, by reader and address.

Counts are kept in this process or, where several processes serve a site, in Redis. When that does
not answer, each process counts for itself until it does again: readers are not locked out by a
broken counter, and nobody gets more than the limit times the number of processes, which holds for
guessing passwords, too.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from enum import Enum
from ipaddress import IPv6Address, ip_address
from urllib.parse import quote

from limits import RateLimitItem, parse_many
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string
from limits.strategies import RateLimiter, SlidingWindowCounterRateLimiter

from sphinxcontrib_websupport.errors import SettingsError
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.messages import Request
from sphinxcontrib_websupport.web.problems import TooManyRequestsError
from sphinxcontrib_websupport.web.readers.proxies import TrustedProxies

logger = logging.getLogger(__name__)

READERS_BEHIND_AN_ADDRESS = 4
"""An address may do as much as so many readers: an office has one."""

PAUSE_SECONDS = 5.0
"""For how long a store that did not answer is not asked again."""

TIMEOUT_SECONDS = 0.5
"""How long a store may take to answer."""

_IPV6_SITE = 64
"""The bits of an IPv6 address that tell one customer from another: the rest are his to choose."""


class Budget(Enum):
    """What is counted together."""

    READING = "read"
    WRITING = "write"
    SIGN_IN = "sign-in"


class Limits:
    """Counts requests, and refuses those that are too many.

    A reader without a name is one with all others of the same address. Limits are written
    ``20/minute; 200/hour``.

    :param store: ``memory://``, or ``redis://…`` (``rediss``, ``redis+cluster``, …) where
        several processes are to count together.
    :param proxies: whose word on where a request comes from is believed.
    :raises SettingsError: a limit or the store cannot be understood.
    """

    def __init__(
        self,
        store: str = "memory://",
        *,
        reading: str = "300/minute",
        writing: str = "20/minute; 200/hour",
        sign_in: str = "10/minute; 50/hour",
        proxies: TrustedProxies | None = None,
    ) -> None:
        self._items = {
            Budget.READING: _parse(reading),
            Budget.WRITING: _parse(writing),
            Budget.SIGN_IN: _parse(sign_in),
        }
        self._proxies = proxies or TrustedProxies()
        self._own = _open("memory://")
        self._shared = None if store.startswith("memory:") else _open(store)
        self._silent_until = 0.0
        self._has_warned = False

    def spend(self, budget: Budget, request: Request, viewer: Viewer) -> None:
        """Count a request.

        :raises TooManyRequestsError: it is one too many; it says when to come again.
        """
        address = _site(self._proxies.address_of(request))
        name = quote(viewer.username, safe="")
        reader = f"name:{name}" if name else f"nobody:{address}"
        for item, of_all in self._items[budget]:
            for limit, whose in ((item, reader), (of_all, f"address:{address}")):
                seconds = self._hit(limit, budget.value, whose)
                if seconds is not None:
                    self._look_for_proxy(request)
                    raise TooManyRequestsError(seconds)

    def _hit(self, item: RateLimitItem, *key: str) -> int | None:
        if self._shared is not None and time.monotonic() >= self._silent_until:
            try:
                return _hit(self._shared, item, key)
            except StorageError as error:
                self._silent_until = time.monotonic() + PAUSE_SECONDS
                # Not the error's own words: they may hold the store's password.
                kind = type(error.storage_error).__name__
                logger.warning("the store of rate limits does not answer: %s", kind)
        return _hit(self._own, item, key)

    def _look_for_proxy(self, request: Request) -> None:
        said, peer = request.headers.get("x-forwarded-for"), request.address
        if said and not self._has_warned and not self._proxies.trusts(peer):
            self._has_warned = True
            logger.warning(
                "requests from %s count as one reader's, though it says for whom they are: "
                "if it is a proxy of yours, name it",
                peer or "a Unix socket",
            )


def _hit(limiter: RateLimiter, item: RateLimitItem, key: Sequence[str]) -> int | None:
    """Count; return after how many seconds to come again where it was too much."""
    if limiter.hit(item, *key):
        return None
    return max(1, math.ceil(limiter.get_window_stats(item, *key).reset_time - time.time()))


def _parse(text: str) -> list[tuple[RateLimitItem, RateLimitItem]]:
    """Return each limit of a reader with that of an address."""
    try:
        items = parse_many(text)
    except ValueError as error:
        raise SettingsError(f"{text!r} is no limit: write 20/minute; 200/hour") from error
    return [
        (item, type(item)(item.amount * READERS_BEHIND_AN_ADDRESS, item.multiples))
        for item in items
    ]


def _open(store: str) -> RateLimiter:
    options: dict[str, float] = {}
    if not store.startswith("memory:"):
        options = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    try:
        storage = storage_from_string(store, wrap_exceptions=True, **options)
    except (ConfigurationError, ValueError) as error:
        raise SettingsError(
            "the store of rate limits cannot be opened: memory:// and redis://host:port can, "
            "the latter after `pip install sphinx-websupport[redis]`"
        ) from error
    return SlidingWindowCounterRateLimiter(storage)


def _site(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Address(int(found) >> (128 - _IPV6_SITE) << (128 - _IPV6_SITE)))
    return str(found)
