"""Couchbase: on a cluster where one is named, and on a double in this process.

What passes on the double shows that the backend uses the SDK as it is documented, no more.
"""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any

import pytest
from couchbase.constants import FMT_JSON  # type: ignore[import-untyped] # the SDK ships no types

from sphinxcontrib_websupport.backends import couchbase, couchbasekeys
from sphinxcontrib_websupport.backends.couchbase import CouchbaseBackend
from sphinxcontrib_websupport.backends.encrypted import Encrypted
from sphinxcontrib_websupport.errors import SettingsError, StorageError
from sphinxcontrib_websupport.testing.backends import BackendSuite, ExpirySuite, Opener
from sphinxcontrib_websupport.testing.sharedbackends import SharedSuite
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

    monkeypatch.setattr(couchbase, "Cluster", Connecting)
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
            found = couchbasekeys.found
            first = True

            def late(documents: Any, ids: list[str]) -> dict[str, Any]:
                nonlocal first
                missed, first = first, False
                return {} if missed else found(documents, ids)

            upsert(*arguments, **options)
            with monkeypatch.context() as patched:
                patched.setattr(couchbasekeys, "found", late)
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


def test_an_unknown_durability_is_refused() -> None:
    with pytest.raises(SettingsError, match="no durability is named 'most'; known are majority"):
        CouchbaseBackend(f"{URL}?durability=most")
