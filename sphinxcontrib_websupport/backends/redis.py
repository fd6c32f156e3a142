"""Values in Redis: a single server or a cluster."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha1
from itertools import islice
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.retry import Retry

from sphinxcontrib_websupport.backends.codecs import JSON, Codec
from sphinxcontrib_websupport.backends.drivers import Connection, attempts
from sphinxcontrib_websupport.backends.engine import EngineBackend, Record
from sphinxcontrib_websupport.errors import SettingsError
from sphinxcontrib_websupport.settings import REQUIRED, Settings

PREFIX = "websupport:"
"""What the names of all items begin with, unless said otherwise."""

_BATCH = 1000
_TRIES = 3

# One round trip, and atomic: a script runs alone. The whole old value is compared, not a digest
# of it: what a reader wrote must not decide whether two values pass for one.
_SWAP = """\
local old = redis.call('GET', KEYS[1])
if ARGV[1] == 'new' then
  if old then return 0 end
elseif old ~= ARGV[2] then
  return 0
end
if ARGV[3] == 'delete' then
  redis.call('DEL', KEYS[1])
elseif ARGV[3] == 'keep' then
  redis.call('SET', KEYS[1], ARGV[4], 'KEEPTTL')
else
  redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[3])
end
return 1
"""

# What Redis names a script by; nothing is kept secret by it.
_SWAP_DIGEST = sha1(_SWAP.encode(), usedforsecurity=False).hexdigest()

_Result = TypeVar("_Result")


class RedisBackend(EngineBackend):
    """Values in Redis 6 or newer, or what speaks like it.

    A connection is made when the first is needed, and again after it broke. Redis itself deletes
    what has expired. What it acknowledged outlives a crash of the server as its settings say:
    ``appendonly yes`` for comments.

    :param url: ``redis://user:password@host:6379/0``; ``rediss://`` for TLS;
        ``redis+cluster://host1:6379,host2`` for a cluster. ``?prefix=`` and ``&timeout=`` are
        as the parameters below; redis-py knows the other options of a URL.
    :param prefix: what the names of all items begin with.
    :param timeout: for how many seconds to wait for a connection, and for an answer.
    """

    # redis-py derives this one from Exception alone.
    driver_errors = (redis.RedisError, redis.exceptions.RedisClusterException, OSError)
    required_settings = REQUIRED["redis"]

    def __init__(
        self,
        url: str = "redis://localhost:6379/0",
        *,
        prefix: str = PREFIX,
        timeout: float = 5.0,
        codec: Codec = JSON,
    ) -> None:
        super().__init__(codec=codec)
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        self._prefix = _encode(options.pop("prefix", prefix))
        try:
            timeout = float(options.pop("timeout", timeout))
        except ValueError as error:
            raise SettingsError("the timeout of a Redis URL is a number of seconds") from error
        self._is_cluster = parts.scheme.endswith("+cluster")
        scheme = parts.scheme.removesuffix("+cluster")
        user, at, hosts = parts.netloc.rpartition("@")
        first, *self._other_hosts = hosts.split(",")
        netloc = f"{user}{at}{first}"
        self._url = urlunsplit((scheme, netloc, parts.path, urlencode(options), ""))
        self._where = f"{parts.scheme}://{hosts}{parts.path}"
        self._options: dict[str, Any] = {
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            "health_check_interval": 30,
            # The driver would send a swap again whose answer was lost; it could apply twice.
            "retry": Retry(NoBackoff(), 0),
        }
        self._connection = Connection(self._connect, self._disconnect)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Open the server or the cluster at a URL."""
        return cls(url)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Open the server or the cluster at ``REDIS_URL``."""
        return cls(settings["REDIS_URL"])

    def describe(self) -> str:
        """Name the server."""
        return f"Redis at {self._where}"

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    # -- the engine --------------------------------------------------------------------------

    def _fetch(self, key: str) -> Record | None:
        data = self._repeated(lambda: self._client.get(self._name(key)))
        return None if data is None else Record(data)

    def _fetch_many(self, keys: list[str]) -> Iterable[tuple[str, Record | None]]:
        client = self._client
        read = client.mget_nonatomic if self._is_cluster else client.mget
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            names = [self._name(key) for key in batch]
            for key, data in zip(batch, self._repeated(lambda: read(names)), strict=True):  # noqa: B023 - called at once
                yield key, None if data is None else Record(data)

    def _put(self, key: str, data: bytes, expire: float | None) -> None:
        milliseconds = None if expire is None else _milliseconds(expire)
        self._repeated(lambda: self._client.set(self._name(key), data, px=milliseconds))

    def _replace(
        self, key: str, old: Record | None, data: bytes | None, expire: float | None
    ) -> bool:
        if data is None:
            how: str | int = "delete"
        else:
            how = "keep" if expire is None else _milliseconds(expire)
        known = ("new", b"") if old is None else ("old", old.data)
        return bool(self._run(self._name(key), *known, how, data or b""))

    def _remove(self, key: str) -> bool:
        # Not repeated: the second answer would be that it is not there.
        return bool(self._client.delete(self._name(key)))

    def _list(self) -> set[str]:
        return set(map(self._key, self._names()))

    def _sample(self) -> str | None:
        # One step of a scan: in a server that others fill as well it may find nothing.
        names = self._client.scan(match=self._pattern, count=_BATCH)[1]
        return self._key(names[0]) if names else None

    def _erase(self) -> None:
        names = self._names()
        while batch := list(islice(names, _BATCH)):
            self._client.unlink(*batch)

    # -- the driver --------------------------------------------------------------------------

    @property
    def _client(self) -> Any:
        return self._connection.get()

    def _connect(self) -> Any:
        if not self._is_cluster:
            return redis.Redis.from_url(self._url, **self._options)
        # The port of the others, where it is not said, is the usual one.
        pairs = [host.partition(":") for host in self._other_hosts]
        node: Any = ClusterNode
        others = [node(host, int(port or 6379)) for host, _, port in pairs]
        return redis.RedisCluster.from_url(self._url, startup_nodes=others, **self._options)

    def _disconnect(self, client: Any) -> None:
        with self._failures:
            if self._is_cluster:
                # Its close() leaves the connections of its nodes open.
                client.disconnect_connection_pools()
            client.close()

    def _name(self, key: str) -> bytes:
        return self._prefix + _encode(key)

    def _key(self, name: bytes) -> str:
        return name[len(self._prefix) :].decode("utf-8", "surrogatepass")

    @property
    def _pattern(self) -> bytes:
        return re.sub(rb"([*?\[\]\\])", rb"\\\1", self._prefix) + b"*"

    def _names(self) -> Iterator[bytes]:
        names: Iterator[bytes] = self._client.scan_iter(match=self._pattern, count=_BATCH)
        return names

    def _run(self, name: bytes, *arguments: Any) -> Any:
        client = self._client
        try:
            return client.evalsha(_SWAP_DIGEST, 1, name, *arguments)
        except redis.exceptions.NoScriptError:
            # It has not run: the server was started anew, or this is the first time.
            return client.eval(_SWAP, 1, name, *arguments)

    def _repeated(self, call: Callable[[], _Result]) -> _Result:
        """Make a call that may be made twice, and once more if the connection broke."""
        for count in attempts(math.inf, pause=0.04, limit=_TRIES):
            try:
                return call()
            except redis.TimeoutError:
                raise
            except (redis.ConnectionError, redis.exceptions.ClusterDownError):
                if count + 1 == _TRIES:
                    raise
        raise AssertionError("the last attempt returns or raises")


def _encode(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _milliseconds(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1000))
