"""The contract of a comment store over the engines that are servers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count
from urllib.parse import quote, urlsplit

import pytest

from sphinxcontrib_websupport.registry import open_backend, open_storage
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.testing import machine
from sphinxcontrib_websupport.testing.editing import OriginContract
from sphinxcontrib_websupport.testing.retirement import RetirementContract
from sphinxcontrib_websupport.testing.sharing import Opener, SharedStorageContract
from sphinxcontrib_websupport.testing.storage import StorageContract, publish, say, shown
from sphinxcontrib_websupport.testing.versions import VersionContract


class Contract(StorageContract, RetirementContract, OriginContract, VersionContract):
    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def storage(self, url: str) -> Iterator[StorageBackend]:
        storage = open_storage(url)
        yield storage
        storage.close()

    def test_nests_deeply(self, storage: StorageBackend) -> None:
        # Depth is no matter of the engine; a thousand are tried in memory and on files.
        publish(storage, "n")
        ids = [say(storage)["id"]]
        for _ in range(50):
            ids.append(say(storage, parent_id=ids[-1])["id"])
        assert [c["id"] for c in shown(storage)] == ids

    def test_is_as_the_model(self, url: str) -> None:
        numbers = count()

        def open_empty() -> StorageBackend:
            # Of its own, so that nothing is to be deleted each time.
            name = f"machine {next(numbers)}"
            place = urlsplit(url)
            if place.scheme == "s3":
                return open_storage(place._replace(path=f"{place.path}/{quote(name)}").geturl())
            return open_storage(f"{url}{quote(name)}:")

        assert machine.run(open_empty, sequence=100) >= machine.STEPS


class SharedContract(SharedStorageContract):
    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def open_storage(self, url: str) -> Opener:
        return partial(open_storage, url)


class OnRedis:
    @pytest.fixture
    def url(self, redis_url: str) -> str:
        return redis_url


class OnRedisCluster:
    @pytest.fixture
    def url(self, redis_cluster_url: str) -> str:
        return redis_cluster_url


class OnS3:
    @pytest.fixture
    def url(self, s3_url: str) -> str:
        return s3_url


class OnCouchbase:
    @pytest.fixture
    def url(self, couchbase_url: str) -> Iterator[str]:
        yield couchbase_url
        with open_backend(couchbase_url) as backend:
            backend.clear()


class TestRedis(OnRedis, Contract): ...


class TestRedisCluster(OnRedisCluster, Contract): ...


class TestCouchbase(OnCouchbase, Contract): ...


class TestSharedRedis(OnRedis, SharedContract): ...


class TestSharedRedisCluster(OnRedisCluster, SharedContract): ...


class TestSharedCouchbase(OnCouchbase, SharedContract): ...


class TestS3(OnS3, Contract): ...


class TestSharedS3(OnS3, SharedContract): ...
