"""Values in Couchbase: a document per item, compared by its CAS."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

# The SDK ships no types.
from couchbase.durability import (  # type: ignore[import-untyped] # see above
    DurabilityLevel,
    ServerDurability,
)
from couchbase.exceptions import (  # type: ignore[import-untyped] # see above
    CasMismatchException,
    CouchbaseException,
    DocumentExistsException,
    DocumentNotFoundException,
)
from couchbase.options import (  # type: ignore[import-untyped] # see above
    InsertOptions,
    RemoveOptions,
    ReplaceOptions,
)

from sphinxcontrib_websupport.backends.codecs import JSON, Codec, Envelope, Lifetime
from sphinxcontrib_websupport.backends.couchbasebucket import KeyRecord, connect, found
from sphinxcontrib_websupport.backends.drivers import Connection
from sphinxcontrib_websupport.backends.engine import EngineBackend, Record
from sphinxcontrib_websupport.backends.names import Naming, is_digest
from sphinxcontrib_websupport.errors import DamagedValueError, SettingsError
from sphinxcontrib_websupport.settings import REQUIRED, Settings

PREFIX = "websupport:"
"""What the ids of all documents begin with, unless said otherwise."""

_LONGEST = 250
_UNSAFE = r"%|[\x00-\x1f\x7f\ud800-\udfff]"


class CouchbaseBackend(EngineBackend):
    """Values in a bucket of Couchbase Server 6.5 or newer.

    An item is at most 20 MiB. Its document is JSON, as other programs may read it, unless it has
    a lifetime or a key of more than 250 bytes: then a header stands before. Ids of deleted items
    stay in the record of keys until :meth:`prune` or :meth:`clear`.

    :param url: ``couchbase://user:password@host1,host2/bucket``; ``couchbases://`` for TLS.
        ``?prefix=``, ``&timeout=``, ``&durability=`` as below, ``&scope=`` and ``&collection=``;
        the SDK knows the other options.
    :param username: unless the URL has it.
    :param password: unless the URL has it.
    :param prefix: what the ids of all documents begin with.
    :param timeout: for how many seconds to wait for a connection, and for an answer.
    :param durability: ``majority``, ``majorityAndPersistToActive`` or ``persistToMajority``: what
        has happened when a write is acknowledged. By default one node has it in memory.
    """

    driver_errors: ClassVar[tuple[type[Exception], ...]] = (CouchbaseException,)
    required_settings = REQUIRED["couchbase"]

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        prefix: str = PREFIX,
        timeout: float = 5.0,
        durability: str | None = None,
        codec: Codec = JSON,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(codec=codec, clock=clock)
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        user, _, hosts = parts.netloc.rpartition("@")
        name, _, secret = user.partition(":")
        self._user = (unquote(name) or username or "", unquote(secret) or password or "")
        self._bucket = unquote(parts.path.strip("/")) or "default"
        self._scope = options.pop("scope", "_default")
        self._collection = options.pop("collection", "_default")
        self._prefix = options.pop("prefix", prefix)
        try:
            self._timeout = timedelta(seconds=float(options.pop("timeout", timeout)))
        except ValueError as error:
            raise SettingsError("the timeout of a Couchbase URL is a number of seconds") from error
        self._durable = _durability(options.pop("durability", durability))
        query = f"?{urlencode(options)}" if options else ""
        self._address = f"{parts.scheme}://{hosts}{query}"
        self._where = f"{parts.scheme}://{hosts}/{self._bucket}"
        self._naming = Naming(_UNSAFE, longest=_LONGEST - len(self._prefix.encode()))
        self._connection = Connection(self._connect, lambda made: made[0].close())
        self._record = KeyRecord(lambda: self._documents, self._prefix, self._options(None))

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Open the bucket at a URL."""
        return cls(url)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Open the bucket at ``COUCHBASE_URL``.

        ``COUCHBASE_USER`` and ``COUCHBASE_PASSWORD`` count unless the URL has them.
        """
        return cls(
            settings["COUCHBASE_URL"],
            username=settings.get("COUCHBASE_USER"),
            password=settings.get("COUCHBASE_PASSWORD"),
        )

    def describe(self) -> str:
        """Name the bucket."""
        return f"Couchbase at {self._where}"

    def prune(self) -> int:
        """Delete what has expired and strike out of the record what is gone.

        :returns: how many items had expired and were still there.
        """
        with self._failures:
            expired = 0
            for part in self._record.parts():
                ids = self._record.ids(part)
                for id, envelope in self._envelopes(ids):
                    if envelope.is_over(self._clock()):
                        key = self._key(id, envelope)
                        expired += key is not None and self._has_expired(
                            key, Record(envelope.data, lifetime=envelope.lifetime)
                        )
                self._record.sweep(part)
            return expired

    def close(self) -> None:
        """Close the connections."""
        with self._failures:
            self._connection.close()

    # -- the engine --------------------------------------------------------------------------

    def _fetch(self, key: str) -> Record | None:
        try:
            found = self._documents.get(self._id(key))
        except DocumentNotFoundException:
            return None
        return _record(found)

    def _fetch_many(self, keys: list[str]) -> Iterable[tuple[str, Record | None]]:
        documents = found(self._documents, [self._id(key) for key in keys])
        for key in keys:
            result = documents.get(self._id(key))
            yield key, None if result is None else _record(result)

    def _put(self, key: str, data: bytes, expire: float | None) -> None:
        lifetime = self._starting(expire)
        id, sealed = self._id(key), self._sealed(key, data, lifetime)
        options = self._options(lifetime)
        try:
            # Most writes are to what is there, and then in the record.
            self._documents.replace(id, sealed, ReplaceOptions(**options))
        except DocumentNotFoundException:
            with self._record.entering(id):
                self._documents.upsert(id, sealed, **options)

    def _replace(
        self, key: str, old: Record | None, data: bytes | None, expire: float | None
    ) -> bool:
        id = self._id(key)
        try:
            if data is None:
                # Deleted by others since it was read: it is not what it was.
                cas = None if old is None else old.version
                self._documents.remove(id, RemoveOptions(cas=cas, **self._options(None)))
                return True
            lifetime = self._starting(expire, old)
            sealed, options = self._sealed(key, data, lifetime), self._options(lifetime)
            if old is not None:
                self._documents.replace(id, sealed, ReplaceOptions(cas=old.version, **options))
                return True
            with self._record.entering(id):
                self._documents.insert(id, sealed, InsertOptions(**options))
        except (CasMismatchException, DocumentExistsException, DocumentNotFoundException):
            return False
        return True

    def _remove(self, key: str) -> bool:
        there = self._is_there(key)
        try:
            self._documents.remove(self._id(key), RemoveOptions(**self._options(None)))
        except DocumentNotFoundException:
            return False
        return there

    def _list(self) -> set[str]:
        keys: set[str] = set()
        now = self._clock()
        for part in self._record.parts():
            for id, envelope in self._envelopes(self._record.ids(part)):
                key = self._key(id, envelope)
                if key is not None and not envelope.is_over(now):
                    keys.add(key)
        return keys

    def _sample(self) -> str | None:
        for part in self._record.parts():
            for id, envelope in self._envelopes(self._record.ids(part)):
                return self._key(id, envelope)
        return None

    def _erase(self) -> None:
        for part in self._record.parts():
            for id in self._record.ids(part):
                try:
                    self._documents.remove(id, RemoveOptions(**self._options(None)))
                except DocumentNotFoundException:
                    continue
            self._record.sweep(part)

    # -- documents ---------------------------------------------------------------------------

    def _id(self, key: str) -> str:
        return self._prefix + self._naming.name(key)

    def _key(self, id: str, envelope: Envelope) -> str | None:
        name = id.removeprefix(self._prefix)
        return envelope.key if is_digest(name) else self._naming.key(name)

    def _sealed(self, key: str, data: bytes, lifetime: Lifetime | None) -> bytes:
        long = is_digest(self._naming.name(key))
        return Envelope(data, key if long else None, lifetime).sealed()

    def _options(self, lifetime: Lifetime | None) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self._durable is not None:
            options["durability"] = self._durable
        if lifetime is not None:
            # Couchbase counts whole seconds: it clears away what has expired by our count.
            left = math.ceil(lifetime.expires - self._clock()) + 1
            options["expiry"] = timedelta(seconds=max(1, left))
        return options

    def _envelopes(self, ids: list[str]) -> Iterator[tuple[str, Envelope]]:
        for id, result in found(self._documents, ids).items():
            try:
                yield id, Envelope.opened(result.value)
            except DamagedValueError:
                yield id, Envelope(result.value)

    # -- the driver --------------------------------------------------------------------------

    @property
    def _documents(self) -> Any:
        return self._connection.get()[1]

    def _connect(self) -> tuple[Any, Any]:
        return connect(
            self._address, self._user, (self._bucket, self._scope, self._collection), self._timeout
        )


def _record(found: Any) -> Record:
    envelope = Envelope.opened(found.value)
    return Record(envelope.data, found.cas, envelope.lifetime)


def _durability(name: str | None) -> Any:
    levels = {
        "majority": DurabilityLevel.MAJORITY,
        "majorityAndPersistToActive": DurabilityLevel.MAJORITY_AND_PERSIST_TO_ACTIVE,
        "persistToMajority": DurabilityLevel.PERSIST_TO_MAJORITY,
    }
    if name is None:
        return None
    if name not in levels:
        raise SettingsError(f"no durability is named {name!r}; known are {', '.join(levels)}")
    return ServerDurability(levels[name])
