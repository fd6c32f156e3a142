"""A double of a Couchbase bucket, in this process: it is not Couchbase.

It answers the calls of the SDK that the backend makes, as the SDK's documentation says they are
answered, with the SDK's own exceptions and options. What it cannot show (timing, failover,
durability, other processes) a real cluster shows, when WEBSUPPORT_TEST_COUCHBASE names one.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from datetime import timedelta
from threading import RLock
from typing import Any

from couchbase.exceptions import (  # type: ignore[import-untyped] # the SDK ships no types
    CasMismatchException,
    DocumentExistsException,
    DocumentNotFoundException,
    InvalidArgumentException,
)

LONGEST_ID = 250
LARGEST_VALUE = 20 << 20


@dataclass
class _Document:
    data: bytes
    flags: int
    cas: int
    deadline: float | None


@dataclass
class Bucket:
    """What the server holds; shared by all connections."""

    documents: dict[str, _Document] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)
    counter: Any = field(default_factory=lambda: itertools.count(1))
    calls: list[str] = field(default_factory=list)


@dataclass
class _Result:
    value: Any
    cas: int


@dataclass
class _ManyResults:
    results: dict[str, _Result]
    exceptions: dict[str, Exception]


class Collection:
    """One connection's view of the bucket."""

    def __init__(self, bucket: Bucket, transcoder: Any) -> None:
        self._bucket = bucket
        self._transcoder = transcoder

    def get(self, key: str) -> _Result:
        with self._bucket.lock:
            found = self._live("get", key)
            if found is None:
                raise DocumentNotFoundException(message=key)
            return _Result(self._transcoder.decode_value(found.data, found.flags), found.cas)

    def get_multi(self, keys: list[str]) -> _ManyResults:
        answer = _ManyResults({}, {})
        for key in keys:
            try:
                answer.results[key] = self.get(key)
            except DocumentNotFoundException as error:
                answer.exceptions[key] = error
        return answer

    def upsert(self, key: str, value: bytes, **options: Any) -> None:
        with self._bucket.lock:
            self._live("upsert", key)
            self._store(key, value, options)

    def insert(self, key: str, value: bytes, options: dict[str, Any]) -> None:
        with self._bucket.lock:
            if self._live("insert", key) is not None:
                raise DocumentExistsException(message=key)
            self._store(key, value, options)

    def replace(self, key: str, value: bytes, options: dict[str, Any]) -> None:
        with self._bucket.lock:
            self._compare(self._live("replace", key), options)
            self._store(key, value, options)

    def remove(self, key: str, options: dict[str, Any]) -> None:
        with self._bucket.lock:
            self._compare(self._live("remove", key), options)
            del self._bucket.documents[key]

    def _compare(self, found: _Document | None, options: dict[str, Any]) -> None:
        if found is None:
            raise DocumentNotFoundException
        if options.get("cas") and options["cas"] != found.cas:
            raise CasMismatchException

    def _live(self, call: str, key: str) -> _Document | None:
        self._bucket.calls.append(call)
        if not 0 < len(key.encode()) <= LONGEST_ID:
            raise InvalidArgumentException(f"an id has 1 to {LONGEST_ID} bytes")
        found = self._bucket.documents.get(key)
        if found is not None and found.deadline is not None and time.time() >= found.deadline:
            del self._bucket.documents[key]
            return None
        return found

    def _store(self, key: str, value: bytes, options: dict[str, Any]) -> None:
        data, flags = self._transcoder.encode_value(value)
        assert len(data) <= LARGEST_VALUE
        expiry = options.get("expiry")
        deadline = None
        if expiry is not None:
            assert isinstance(expiry, timedelta)
            # The server counts whole seconds; 0 is for ever.
            assert expiry.total_seconds() >= 1
            deadline = int(time.time()) + int(expiry.total_seconds())
        self._bucket.documents[key] = _Document(data, flags, next(self._bucket.counter), deadline)


class Cluster:
    """What ``Cluster.connect`` gives."""

    def __init__(self, bucket: Bucket, transcoder: Any) -> None:
        self._collection = Collection(bucket, transcoder)

    def bucket(self, name: str) -> Cluster:
        return self

    def scope(self, name: str) -> Cluster:
        return self

    def collection(self, name: str) -> Collection:
        return self._collection

    def close(self) -> None:
        pass
