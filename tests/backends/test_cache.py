"""Caches over files and over other stores: what expires is gone, whatever the clock does."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.cache import JsonCache, TextCache
from sphinxcontrib_websupport.backends.filesystem import (
    FileSystemBaseBackend,
    FileSystemJsonBackend,
    FileSystemTextBackend,
)
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.backends.redis import RedisBackend
from sphinxcontrib_websupport.backends.s3 import S3RawBackend
from sphinxcontrib_websupport.documents.cache import ReadThrough
from sphinxcontrib_websupport.errors import DamagedValueError, InvalidInputError, StorageError
from sphinxcontrib_websupport.testing.backends import (
    BackendSuite,
    ExpirySuite,
    NoOwnExpirySuite,
    Opener,
)
from sphinxcontrib_websupport.testing.sharedbackends import SharedSuite
from sphinxcontrib_websupport.testing.values import wait_for


def json_cache_over(opener: Opener) -> Backend:
    return JsonCache(timeout=1000, backend=opener())


def text_cache_over(opener: Opener) -> Backend:
    return TextCache(timeout=1000, backend=opener())


class TestJsonCache(BackendSuite, ExpirySuite, SharedSuite):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(JsonCache, str(tmp_path), 1000)


class TestTextCache(BackendSuite, NoOwnExpirySuite):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(TextCache, str(tmp_path), 1000)


class TestJsonCacheInRedis(BackendSuite, ExpirySuite, SharedSuite):
    @pytest.fixture
    def opener(self, redis_url: str) -> Opener:
        return partial(json_cache_over, partial(RedisBackend, redis_url))


class TestTextCacheInRedis(BackendSuite, NoOwnExpirySuite):
    @pytest.fixture
    def opener(self, redis_url: str) -> Opener:
        return partial(text_cache_over, partial(RedisBackend, redis_url))


class TestJsonCacheInMemory(BackendSuite, ExpirySuite):
    @pytest.fixture
    def opener(self) -> Opener:
        return partial(json_cache_over, VolatileBackend)


class TestJsonCacheInText(BackendSuite, ExpirySuite):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(json_cache_over, partial(FileSystemTextBackend, tmp_path))


class TestTextCacheInBytes(BackendSuite, NoOwnExpirySuite):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(text_cache_over, partial(FileSystemBaseBackend, tmp_path))


class TestReadThrough(BackendSuite, ExpirySuite):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return lambda: ReadThrough(
            FileSystemJsonBackend(tmp_path / "far"), JsonCache(tmp_path / "near", 0.05)
        )


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_default_and_an_items_own_timeout(tmp_path: Path, clock: Clock) -> None:
    cache = JsonCache(tmp_path, 60, clock=clock)
    cache.dump("default", 1)
    cache.dump("short", 2, expire=10)
    cache.dump("long", 3, expire=600)
    clock.now += 10
    assert cache.keys() == {"default", "long"}
    clock.now += 50
    assert cache.keys() == {"long"}
    clock.now += 541
    assert len(cache) == 0


def test_without_a_timeout_items_stay(tmp_path: Path, clock: Clock) -> None:
    cache = JsonCache(tmp_path, clock=clock)
    cache.dump("key", 1)
    clock.now += 1e9
    assert cache.load("key") == 1


def test_what_has_expired_is_deleted_when_met(tmp_path: Path, clock: Clock) -> None:
    cache = JsonCache(tmp_path, 60, clock=clock)
    cache.dump("key", 1)
    clock.now += 60
    assert cache.backend.keys() == {"key"}
    assert cache.load("key") is None
    assert cache.backend.keys() == set()


def test_an_item_stands_in_a_dict_with_its_times(tmp_path: Path, clock: Clock) -> None:
    JsonCache(tmp_path, 60, clock=clock).dump("key", [1])
    assert json.loads((tmp_path / "key.json").read_text()) == {
        "stored": 1_000_000,
        "expires": 1_000_060,
        "value": [1],
    }


def test_prune_deletes_what_nobody_meets(tmp_path: Path, clock: Clock) -> None:
    cache = JsonCache(tmp_path, 60, clock=clock)
    for number in range(250):
        cache.dump(str(number), number, expire=None if number % 2 else 600)
    assert cache.prune() == 0
    clock.now += 60
    assert cache.prune() == 125
    assert len(cache.backend) == 125


@pytest.mark.parametrize("kind", [JsonCache, TextCache])
def test_a_clock_that_jumps_back_keeps_nothing_for_ever(
    tmp_path: Path, kind: Callable[..., JsonCache | TextCache]
) -> None:
    clock = Clock()
    clock.now = (tmp_path.stat().st_mtime) + 1
    cache = kind(tmp_path, 60, clock=clock)
    cache.dump("key", "value")
    assert cache.load("key") == "value"
    clock.now -= 3600
    assert cache.load("key") is None


def test_the_age_of_the_file_tells_in_a_text_cache(tmp_path: Path) -> None:
    cache = TextCache(tmp_path, 60)
    cache.dump("old", "考\r\n")
    cache.dump("new", "x")
    assert (tmp_path / "old.txt").read_bytes() == "考\r\n".encode()
    then = (tmp_path / "old.txt").stat().st_mtime - 61
    os.utime(tmp_path / "old.txt", (then, then))
    assert cache.keys() == {"new"}
    assert not (tmp_path / "old.txt").exists()


def test_a_text_that_is_written_again_lives_anew(tmp_path: Path) -> None:
    cache = TextCache(tmp_path, 60)
    cache.dump("key", "same")
    then = (tmp_path / "key.txt").stat().st_mtime - 61
    os.utime(tmp_path / "key.txt", (then, then))
    cache.update("key", lambda old: "same" if old is None else "not expired")
    assert cache.load("key") == "same"


def test_a_text_cache_in_a_store_without_ages_tells_it_the_lifetime() -> None:
    clock = Clock()
    cache = TextCache(timeout=60, backend=VolatileBackend(clock=clock))
    cache.dump("key", "text")
    cache.update("key", lambda old: old + "!")
    clock.now += 59
    assert cache.load("key") == "text!"
    clock.now += 1
    assert cache.load("key") is None


def test_the_age_of_the_object_tells_in_s3(any_s3_url: str) -> None:
    with S3RawBackend.from_url(any_s3_url) as store:
        now = time.time()
        cache = TextCache(timeout=60, backend=store)
        cache.dump("key", "考")
        assert store.load("key") == "考".encode()
        assert cache.load("key") == "考"
        store._clock = lambda: now + 120
        assert cache.load("key") is None
        assert store.keys() == set()


def test_an_item_that_was_stored_anew_is_not_expelled(tmp_path: Path, clock: Clock) -> None:
    cache = JsonCache(tmp_path, 60, clock=clock)
    cache.dump("key", "old")
    clock.now += 60
    values, expired = cache._peek(["key"])
    assert (values, expired) == ({}, ["key"])
    cache.dump("key", "new")
    cache._expel("key")
    assert cache.load("key") == "new"


def test_a_foreign_item_is_damaged(tmp_path: Path) -> None:
    FileSystemJsonBackend(tmp_path).dump("key", [1])
    with pytest.raises(DamagedValueError, match="not an item of a cache"):
        JsonCache(tmp_path, 60).load("key")


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_timeout_of_nothing_stores_nothing(tmp_path: Path, timeout: float) -> None:
    for cache in (JsonCache(tmp_path, timeout), TextCache(tmp_path, timeout)):
        assert cache.dump("key", "value") is False
        assert cache.update("key", lambda old: "value") == "value"
        assert cache.load("key") is None


def test_a_cache_needs_one_place(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a path or a backend"):
        JsonCache(timeout=60)
    with pytest.raises(TypeError, match="not both"):
        TextCache(tmp_path, 60, backend=VolatileBackend())


def test_text_is_expected_in_a_text_cache(tmp_path: Path) -> None:
    cache = TextCache(tmp_path, 60)
    with pytest.raises(InvalidInputError, match="text is expected"):
        cache.dump("key", {"a": 1})
    with pytest.raises(InvalidInputError, match="text is expected"):
        cache.update("key", lambda old: 1)


class _Counting(VolatileBackend):
    asked = 0

    def load_many(self, keys: object) -> dict[str, object]:
        self.asked += 1
        return super().load_many(list(keys))  # type: ignore[call-overload] # keys as they came


class _Broken(VolatileBackend):
    def load(self, key: str) -> object:
        raise StorageError("the disk is full")

    def dump(self, key: str, value: object, expire: float | None = None) -> bool:
        raise StorageError("the disk is full")

    def delete(self, key: str) -> bool:
        raise StorageError("the disk is full")


def test_reading_through_asks_the_store_once(tmp_path: Path, clock: Clock) -> None:
    far = _Counting()
    far.dump("page", {"body": "x"})
    pages = ReadThrough(far, JsonCache(tmp_path, 60, clock=clock))
    for _ in range(3):
        assert pages.load("page") == {"body": "x"}
    assert far.asked == 1
    far.dump("page", {"body": "y"})
    assert pages.load("page") == {"body": "x"}
    clock.now += 60
    assert pages.load("page") == {"body": "y"}


def test_writing_through_is_seen_at_once(tmp_path: Path) -> None:
    pages = ReadThrough(VolatileBackend(), JsonCache(tmp_path, 60))
    pages.dump("page", 1)
    assert pages.load("page") == 1
    pages.dump("page", 2)
    assert pages.load("page") == 2
    pages.update("page", lambda old: old + 1)
    assert pages.load("page") == 3
    pages.delete("page")
    assert pages.load("page") is None


def test_a_broken_cache_is_passed_by(caplog: pytest.LogCaptureFixture) -> None:
    pages = ReadThrough(VolatileBackend(), _Broken())
    pages.dump("page", 1)
    assert pages.load("page") == 1
    assert "the disk is full" in caplog.text


def test_a_damaged_item_in_the_cache_is_read_from_the_store(tmp_path: Path) -> None:
    far = VolatileBackend()
    far.dump("page", 1)
    cache = JsonCache(tmp_path, 60)
    pages = ReadThrough(far, cache)
    (tmp_path / "page.json").write_text('{"stored": 1')
    assert pages.load("page") == 1
    wait_for(lambda: cache.load("page") == 1)
