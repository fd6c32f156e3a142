"""A Couchbase bucket: how it is reached, and which documents it holds for a store.

Couchbase lists a bucket only with an index for queries or, from 7.6 on, with a scan that may miss
what was just written. So the ids are kept in a record, in some parts. It may name documents that
are gone, and names every one that is there: a writer of a new document enters its id before, and
looks again after, in case the part was swept meanwhile; who sweeps a part looks again as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

# The SDK ships no types.
from couchbase.auth import PasswordAuthenticator  # type: ignore[import-untyped] # see above
from couchbase.cluster import Cluster  # type: ignore[import-untyped] # see above
from couchbase.constants import FMT_BYTES, FMT_JSON  # type: ignore[import-untyped] # see above
from couchbase.exceptions import (  # type: ignore[import-untyped] # see above
    CasMismatchException,
    CouchbaseException,
    DocumentExistsException,
    DocumentNotFoundException,
)
from couchbase.options import (  # type: ignore[import-untyped] # see above
    ClusterOptions,
    ClusterTimeoutOptions,
    InsertOptions,
    RemoveOptions,
    ReplaceOptions,
)

from sphinxcontrib_websupport.backends.drivers import attempts
from sphinxcontrib_websupport.backends.engine import PATIENCE
from sphinxcontrib_websupport.backends.names import OWN, digest
from sphinxcontrib_websupport.errors import DamagedValueError

_PARTS = 64
_BATCH = 200


class KeyRecord:
    """The ids of a store's documents.

    :param documents: gives the collection.
    :param prefix: what all ids begin with.
    :param options: of every write.
    """

    def __init__(self, documents: Callable[[], Any], prefix: str, options: dict[str, Any]) -> None:
        self._documents = documents
        self._prefix = prefix
        self._options = options

    def parts(self) -> list[str]:
        """Return the ids of those parts of the record that are there."""
        ids = [f"{self._prefix}{OWN}keys/{part:02x}" for part in range(_PARTS)]
        return list(found(self._documents(), ids))

    def ids(self, part: str) -> list[str]:
        """Return the ids in a part of the record, also of documents that are gone.

        :raises DamagedValueError: the part cannot be read.
        """
        return self._read(part)[0]

    @contextmanager
    def entering(self, id: str) -> Iterator[None]:
        """Enter an id before its document is written, and see that it is there after."""
        self._enter(id)
        yield
        self._enter(id)

    def part_of(self, id: str) -> str:
        """Return the part of the record that an id belongs to."""
        return f"{self._prefix}{OWN}keys/{int(digest(id)[:8], 16) % _PARTS:02x}"

    def sweep(self, part: str) -> None:
        """Strike out of a part of the record what is gone."""
        for _ in attempts(PATIENCE):
            ids, cas = self._read(part)
            alive = found(self._documents(), ids)
            if cas is None or len(alive) == len(ids):
                return
            if self._write(part, [id for id in ids if id in alive], cas):
                for id in found(self._documents(), [id for id in ids if id not in alive]):
                    # Written meanwhile by one that had found it in the record.
                    self._enter(id)
                return

    def _enter(self, id: str) -> None:
        part = self.part_of(id)
        for _ in attempts(PATIENCE):
            ids, cas = self._read(part)
            if id in ids or self._write(part, [*ids, id], cas):
                return

    def _read(self, part: str) -> tuple[list[str], Any]:
        try:
            stored = self._documents().get(part)
        except DocumentNotFoundException:
            return [], None
        try:
            return [self._prefix + name for name in json.loads(stored.value)], stored.cas
        except (ValueError, TypeError) as error:
            raise DamagedValueError(f"the record of keys in {part!r} is damaged") from error

    def _write(self, part: str, ids: list[str], cas: Any) -> bool:
        names = [id.removeprefix(self._prefix) for id in ids]
        data = json.dumps(names, separators=(",", ":")).encode()
        documents = self._documents()
        try:
            if cas is None:
                documents.insert(part, data, InsertOptions(**self._options))
            elif ids:
                documents.replace(part, data, ReplaceOptions(cas=cas, **self._options))
            else:
                documents.remove(part, RemoveOptions(cas=cas, **self._options))
        except (CasMismatchException, DocumentExistsException, DocumentNotFoundException):
            return False
        return True


def found(documents: Any, ids: list[str]) -> dict[str, Any]:
    """Return the documents that are there, by their ids."""
    results: dict[str, Any] = {}
    for start in range(0, len(ids), _BATCH):
        answer = documents.get_multi(ids[start : start + _BATCH])
        for error in answer.exceptions.values():
            if not isinstance(error, DocumentNotFoundException):
                raise error
        results.update(answer.results)
    return results


def connect(
    address: str, user: tuple[str, str], place: tuple[str, str, str], timeout: timedelta
) -> tuple[Any, Any]:
    """Return a cluster, and a collection in it.

    :param user: name and password.
    :param place: the names of bucket, scope and collection.
    """
    timeouts = ClusterTimeoutOptions(
        bootstrap_timeout=timeout,
        connect_timeout=timeout,
        kv_timeout=timeout,
        kv_durable_timeout=timeout,
    )
    options = ClusterOptions(
        PasswordAuthenticator(*user),
        timeout_options=timeouts,
        transcoder=_Transcoder(),
        # Each has a thread of its own, which outlives a connection that failed.
        enable_tracing=False,
        enable_metrics=False,
    )
    cluster = Cluster.connect(address, options)
    bucket, scope, collection = place
    try:
        return cluster, cluster.bucket(bucket).scope(scope).collection(collection)
    except BaseException:
        with suppress(CouchbaseException):
            cluster.close()
        raise


class _Transcoder:
    """Hands bytes through, and tells the server which of them are JSON."""

    def encode_value(self, value: bytes) -> tuple[bytes, int]:
        """Return the bytes and their format."""
        return value, FMT_BYTES if value[:1] == b"\0" else FMT_JSON

    def decode_value(self, value: bytes, flags: int) -> bytes:
        """Return the bytes, whatever wrote them."""
        return bytes(value)
