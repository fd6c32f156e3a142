"""Couchbase: on a cluster where one is named, and on a double in this process.

What passes on the double shows that the backend uses the SDK as it is documented, no more.
"""

from __future__ import annotations

import gc
import json
import time
from functools import partial
from pathlib import Path
from socket import create_server
from typing import Any

import pytest
from couchbase.constants import FMT_JSON  # type: ignore[import-untyped] # the SDK ships no types
from couchbase.exceptions import (  # type: ignore[import-untyped] # see above
    BucketNotFoundException,
    InternalServerFailureException,
)

from sphinxcontrib_websupport.backends import couchbasebucket
from sphinxcontrib_websupport.backends.couchbase import CouchbaseBackend
from sphinxcontrib_websupport.backends.encrypted import Encrypted
from sphinxcontrib_websupport.errors import EncryptedValueError, SettingsError, StorageError
from sphinxcontrib_websupport.testing.backends import BackendSuite, ExpirySuite, Opener
from sphinxcontrib_websupport.testing.sharedbackends import SharedSuite
from sphinxcontrib_websupport.testing.values import wait_for
from tests.backends import couchbase_double
from tests.servers import free_port

URL = "couchbase://user:pass%40word@host1,host2/pages"


class TestCouchbaseBackend(BackendSuite, ExpirySuite, SharedSuite):
    """The contract, on a real cluster."""

    examples = 5

    @pytest.fixture
    def opener(self, couchbase_url: str) -> Opener:
        return partial(CouchbaseBackend, couchbase_url)


@pytest.fixture
def bucket() -> couchbase_double.Bucket:
    return couchbase_double.Bucket()


@pytest.fixture
def connect(bucket: couchbase_double.Bucket, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let every connection lead to the double; note what was connected to, and how."""
    seen: list[Any] = []

    class Connecting:
        @staticmethod
        def connect(address: str, options: Any) -> couchbase_double.Cluster:
            seen.append((address, options))
            return couchbase_double.Cluster(bucket, options["transcoder"])

    monkeypatch.setattr(couchbasebucket, "Cluster", Connecting)
    return seen


@pytest.fixture
def backend(connect: list[Any]) -> CouchbaseBackend:
    return CouchbaseBackend(URL)


class TestOnTheDouble(BackendSuite, ExpirySuite):
    """The contract, on the double."""

    @pytest.fixture
    def opener(self, connect: list[Any]) -> Opener:
        return partial(CouchbaseBackend, URL)


class TestEncryptedOnTheDouble(BackendSuite):
    """Encryption, on the double."""

    examples = 5

    @pytest.fixture
    def opener(self, connect: list[Any]) -> Opener:
        return lambda: Encrypted(CouchbaseBackend(URL), bytes(32))


def credentials(options: Any) -> tuple[str, str]:
    given = options["authenticator"].as_dict()
    return given["username"], given["password"]


def test_the_url_says_all(connect: list[Any]) -> None:
    CouchbaseBackend(f"{URL}?prefix=x:&timeout=3&network=external").load("key")
    ((address, options),) = connect
    assert address == "couchbase://host1,host2?network=external"
    assert credentials(options) == ("user", "pass@word")


def test_user_and_password_can_be_settings(connect: list[Any]) -> None:
    CouchbaseBackend.from_settings(
        {"COUCHBASE_URL": "couchbases://host/b", "COUCHBASE_USER": "u", "COUCHBASE_PASSWORD": "p"}
    ).load("key")
    ((address, options),) = connect
    assert address == "couchbases://host"
    assert credentials(options) == ("u", "p")


def test_ordinary_documents_are_json(
    backend: CouchbaseBackend, bucket: couchbase_double.Bucket
) -> None:
    backend.dump("guide/install", {"count": 1})
    document = bucket.documents["websupport:guide/install"]
    assert json.loads(document.data) == {"count": 1}
    assert document.flags == FMT_JSON


def test_writing_what_is_there_takes_one_call(
    backend: CouchbaseBackend, bucket: couchbase_double.Bucket
) -> None:
    backend.dump("key", 1)
    bucket.calls.clear()
    backend.dump("key", 2)
    assert bucket.calls == ["replace"]
    bucket.calls.clear()
    backend.update("key", lambda old: old + 1)
    assert bucket.calls == ["get", "replace"]


def test_deleted_items_leave_the_record_when_it_is_pruned(
    backend: CouchbaseBackend, bucket: couchbase_double.Bucket
) -> None:
    backend.dump("gone", 1)
    backend.dump("kept", 1)
    backend.delete("gone")
    assert backend.keys() == {"kept"}
    backend.prune()
    recorded = [json.loads(d.data) for id, d in bucket.documents.items() if "%!keys" in id]
    assert recorded == [["kept"]]


def test_prune_deletes_what_has_expired(
    connect: list[Any], bucket: couchbase_double.Bucket
) -> None:
    now = time.time()
    backend = CouchbaseBackend(URL, clock=lambda: now)
    backend.dump("short", 1, expire=10)
    backend.dump("long", 1, expire=1000)
    now += 11
    assert backend.prune() == 1
    assert "websupport:short" not in bucket.documents
    assert backend.keys() == {"long"}


def test_clear_leaves_nothing_of_its_own(
    connect: list[Any], bucket: couchbase_double.Bucket
) -> None:
    others = CouchbaseBackend(URL, prefix="other:")
    others.dump("key", 1)
    mine = CouchbaseBackend(URL)
    mine.dump("key", 1)
    mine.dump("考" * 1000, 1)
    mine.clear()
    assert all(id.startswith("other:") for id in bucket.documents)
    assert others.keys() == {"key"}


def sweep(part_of: CouchbaseBackend) -> None:
    part_of._record.sweep(part_of._record.part_of(part_of._id("key")))


@pytest.mark.parametrize("step", ["before the write", "after the write"])
def test_a_sweep_during_a_write_leaves_the_item_listed(
    connect: list[Any], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    writer, sweeper = CouchbaseBackend(URL), CouchbaseBackend(URL)
    # The record names an item that is gone: a writer finds its name, a sweeper strikes it out.
    writer.dump("key", 1)
    writer.delete("key")
    documents = writer._documents
    upsert = documents.upsert

    def racing(*arguments: Any, **options: Any) -> None:
        if step == "before the write":
            sweep(sweeper)
            upsert(*arguments, **options)
        else:
            # It looked before the item was there, and strikes the name out when it is.
            found = couchbasebucket.found
            first = True

            def late(documents: Any, ids: list[str]) -> dict[str, Any]:
                nonlocal first
                missed, first = first, False
                return {} if missed else found(documents, ids)

            upsert(*arguments, **options)
            with monkeypatch.context() as patched:
                patched.setattr(couchbasebucket, "found", late)
                sweep(sweeper)

    monkeypatch.setattr(documents, "upsert", racing)
    writer.dump("key", 2)
    assert sweeper.keys() == {"key"}


def test_a_cluster_that_is_not_there_is_an_error_in_time() -> None:
    backend = CouchbaseBackend(f"couchbase://u:secret@127.0.0.1:{free_port()}/b?timeout=0.5")
    begin = time.monotonic()
    with pytest.raises(StorageError, match="Couchbase at couchbase://127") as caught:
        backend.load("key")
    assert time.monotonic() - begin < 3
    assert "secret" not in str(caught.value)


def threads() -> int:
    """Count the threads of this process, those of the SDK's core included."""
    return len(list(Path("/proc/self/task").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="only Linux tells")
def test_server_that_does_not_answer_leaves_no_thread() -> None:
    """With the real SDK: what it starts for a connection ends with the failure."""
    with create_server(("127.0.0.1", 0), backlog=100) as server:
        port = server.getsockname()[1]
        backend = CouchbaseBackend(f"couchbase://u:p@127.0.0.1:{port}/b?timeout=0.3")
        before = threads()
        for _ in range(5):
            with pytest.raises(StorageError):
                backend.load("key")
        gc.collect()
        wait_for(lambda: threads() <= before)


def test_bucket_that_does_not_open_leaves_no_cluster_open(
    connect: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    closed: list[object] = []

    def refuse(cluster: couchbase_double.Cluster, name: str) -> None:
        opened.append(cluster)
        raise BucketNotFoundException(message=name)

    monkeypatch.setattr(couchbase_double.Cluster, "bucket", refuse)
    monkeypatch.setattr(couchbase_double.Cluster, "close", lambda self: closed.append(self))
    backend = CouchbaseBackend(URL)
    for _ in range(3):
        with pytest.raises(StorageError, match="Couchbase at couchbase://host1,host2/pages: "):
            backend.load("key")
    assert len(opened) == 3
    assert closed == opened


def test_error_of_the_driver_in_close_is_a_storage_error(
    backend: CouchbaseBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(cluster: couchbase_double.Cluster) -> None:
        raise InternalServerFailureException(message="broken pipe")

    backend.dump("key", 1)
    monkeypatch.setattr(couchbase_double.Cluster, "close", fail)
    with pytest.raises(StorageError, match=r"Couchbase at .*broken pipe") as caught:
        backend.close()
    assert isinstance(caught.value.__cause__, InternalServerFailureException)
    backend.close()


def test_without_the_key_an_encrypted_bucket_says_so(connect: list[Any]) -> None:
    Encrypted(CouchbaseBackend(URL), bytes(32)).dump("key", [1])
    bare = CouchbaseBackend(URL)
    for call in (bare.check, lambda: bare.load("key"), lambda: list(bare.items())):
        with pytest.raises(EncryptedValueError, match=r"encrypted, set SECRET_KEY$"):
            call()


def test_an_unknown_durability_is_refused() -> None:
    with pytest.raises(SettingsError, match="no durability is named 'most'; known are majority"):
        CouchbaseBackend(f"{URL}?durability=most")
