"""The contract of a comment store over the engines that are servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from sphinxcontrib_websupport.errors import BuildConflictError
from sphinxcontrib_websupport.registry import open_backend, open_storage
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.keyvalue import KeyValueStorage
from sphinxcontrib_websupport.testing.editing import EditingContract
from sphinxcontrib_websupport.testing.machine import EFFORT, SETTINGS, StorageMachine
from sphinxcontrib_websupport.testing.retirement import RetirementContract, retire
from sphinxcontrib_websupport.testing.sharing import Opener, SharedStorageContract
from sphinxcontrib_websupport.testing.storage import StorageContract, publish, say, shown
from sphinxcontrib_websupport.testing.versions import VersionContract

FEW = settings(SETTINGS, max_examples=max(2, SETTINGS.max_examples // 10))
"""The same rules as in memory: here they prove the engine, not the rules."""


whole = pytest.mark.skipif(
    EFFORT < 2, reason="the whole contract takes minutes on S3: WEBSUPPORT_TEST_EFFORT=2 tries it"
)


class Contract(StorageContract, RetirementContract, EditingContract, VersionContract):
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
        def open_empty() -> StorageBackend:
            backend = open_backend(url)
            backend.clear()
            return KeyValueStorage(backend)

        machine = type("Machine", (StorageMachine,), {"open_storage": open_empty})
        run_state_machine_as_test(machine, settings=FEW)


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


@whole
class TestS3(OnS3, Contract): ...


@whole
class TestSharedS3(OnS3, SharedContract): ...


class TestS3Briefly(OnS3):
    """A request takes some hundredths of a second, and a change about ten of them."""

    @pytest.fixture
    def another(self, url: str) -> Iterator[Callable[[], StorageBackend]]:
        with ExitStack() as opened:
            yield lambda: opened.enter_context(closing(open_storage(url)))

    def test_discusses(self, another: Callable[[], StorageBackend]) -> None:
        one, two = another(), another()
        publish(one, "n", "other")
        top = say(one, text="<p>Zoë 🦊</p>", proposal="Sauce of n.")["id"]
        reply = say(two, parent_id=top, username="bob", displayed=False)["id"]
        one.process_vote(reply, "ann", 1)
        two.accept_comment(reply)
        two.update_username("ann", "eve")
        assert [c["id"] for c in shown(one)] == [top, reply]
        assert one.get_data("n", "eve", False)["comments"][0]["children"][0]["vote"] == 1
        retire(two, "n")
        assert [count for _, count in one.get_retired()] == [2]
        one.attach_node("n", "other")
        assert one.delete_comment(top, "eve", False) is False
        assert shown(two, node="other")[0]["text"] == "[deleted]"
        assert two.delete_comment(top, "", True) is True
        assert one.get_metadata("index", True) == {"other": 0}

    def test_writes_at_once(self, another: Callable[[], StorageBackend]) -> None:
        publish(another(), "n")
        top = say(another())["id"]

        def act(number: int) -> str:
            storage = another()
            storage.process_vote(top, f"user {number}", 1)
            return say(storage, parent_id=top)["id"]

        with ThreadPoolExecutor(4) as pool:
            ids = set(pool.map(act, range(4)))
        seen = {c["id"]: c["rating"] for c in shown(another())}
        assert seen == {top: 4} | dict.fromkeys(ids, 0)

    def test_publishes_one_of_two_builds(self, another: Callable[[], StorageBackend]) -> None:
        first, second = another(), another()
        for builder, source in ((first, "A."), (second, "B.")):
            builder.pre_build()
            builder.add_node("n", "index", source)
        first.post_build()
        with pytest.raises(BuildConflictError):
            second.post_build()
        assert second.get_data("n", None, False)["source"] == "A."
