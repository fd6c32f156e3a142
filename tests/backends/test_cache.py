"""Caches over files and over other stores: what expires is gone, whatever the clock does."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.cache import JsonCache, TextCache
from sphinxcontrib_websupport.backends.codecs import RAW
from sphinxcontrib_websupport.backends.contributed import ContributedBackend
from sphinxcontrib_websupport.backends.encrypted import Encrypted
from sphinxcontrib_websupport.backends.filesystem import (
    FileSystemBaseBackend,
    FileSystemJsonBackend,
    FileSystemTextBackend,
)
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.backends.redis import RedisBackend
from sphinxcontrib_websupport.backends.s3 import S3RawBackend
from sphinxcontrib_websupport.documents.cache import ReadThrough
from sphinxcontrib_websupport.errors import (
    DamagedValueError,
    InvalidInputError,
    StorageError,
    UnsupportedError,
)
from sphinxcontrib_websupport.testing.backends import (
    BackendSuite,
    ExpirySuite,
    NoOwnExpirySuite,
    Opener,
)
from sphinxcontrib_websupport.testing.sharedbackends import SharedSuite
from sphinxcontrib_websupport.testing.values import wait_for
from tests.backends.test_contributed import GreatStore


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


def test_cache_in_a_store_that_cannot_update_lets_items_expire(clock: Clock) -> None:
    store = GreatStore()
    cache = JsonCache(timeout=60, backend=ContributedBackend(store), clock=clock)
    cache.dump("key", 1)
    assert cache.load("key") == 1
    clock.now += 60
    assert cache.load("key") is None
    assert store.texts == {}


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


def test_items_own_timeout_is_given_by_either_name(tmp_path: Path, clock: Clock) -> None:
    cache = JsonCache(tmp_path, 60, clock=clock)
    cache.dump("third", 1, 10)
    cache.dump("expire", 1, expire=10)
    cache.dump("timeout", 1, timeout=10)
    assert cache.dump("nothing", 1, timeout=0) is False
    assert cache.keys() == {"third", "expire", "timeout"}
    clock.now += 10
    assert cache.keys() == set()


def test_timeout_and_expire_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="give one of them"):
        JsonCache(tmp_path).dump("key", 1, expire=10, timeout=10)


def test_path_of_an_item_is_that_of_its_file(tmp_path: Path) -> None:
    for cache in (JsonCache(tmp_path, 60), TextCache(tmp_path, 60)):
        cache.dump("guide/page", "text")
        assert cache.path("guide/page").parent == tmp_path / "guide"
        assert cache.path("guide/page").exists()
    with pytest.raises(UnsupportedError, match="a cache in VolatileBackend has no files"):
        JsonCache(timeout=60, backend=VolatileBackend()).path("key")


# -- what is damaged, or not ours ------------------------------------------------------------

FOREIGN_JSON = [
    b"",
    b"{",
    b"\xff\xfe",
    b"\0{no end",
    b'\0{"lifetime": [1]}\n1',
    b"null",
    b"[1]",
    b'"text"',
    b'{"stored": 1}',
    b'{"stored": "x", "expires": "y", "value": 1}',
    b'{"stored": NaN, "expires": NaN, "value": 1}',
    b'{"stored": 1, "expires": 1' + b"0" * 400 + b', "value": 1}',
]

Put = Callable[[str, bytes], object]


def check_that_it_is_a_miss(cache: JsonCache | TextCache, put: Put, content: bytes) -> None:
    """Put an item past the cache, and ask the cache for it in every way there is."""
    assert cache.dump("good", "value")

    def spoil() -> None:
        put("bad", content)
        assert "bad" in cache.backend.keys()  # noqa: SIM118 - a backend iterates over its items

    for ask, answer in [
        (cache.keys, {"good"}),
        (lambda: len(cache), 1),
        (lambda: list(cache.items()), [("good", "value")]),
        (lambda: list(cache), [("good", "value")]),
        (lambda: "bad" in cache, False),
        (lambda: cache.load("bad"), None),
        (lambda: cache.load_many(["bad", "good"]), {"good": "value"}),
        (lambda: cache.delete("bad"), False),
        (cache.prune, 1),
        (cache.check, None),
        (lambda: cache.update("bad", lambda old: old), None),
    ]:
        spoil()
        assert ask() == answer, ask
        if ask != cache.check:
            assert cache.backend.keys() == {"good"}
    spoil()
    assert cache.update("bad", lambda old: "was not there" if old is None else old)
    assert cache.load("bad") == "was not there"
    spoil()
    assert cache.dump("bad", "new")
    assert cache.load("bad") == "new"


@pytest.mark.parametrize("content", FOREIGN_JSON)
def test_damaged_or_foreign_file_is_a_miss(tmp_path: Path, content: bytes) -> None:
    cache = JsonCache(tmp_path, 60)
    check_that_it_is_a_miss(cache, lambda key, data: cache.path(key).write_bytes(data), content)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\0{no end"])
def test_damaged_file_in_a_text_cache_is_a_miss(tmp_path: Path, content: bytes) -> None:
    cache = TextCache(tmp_path, 60)
    check_that_it_is_a_miss(cache, lambda key, data: cache.path(key).write_bytes(data), content)


@pytest.mark.parametrize("content", FOREIGN_JSON)
def test_damaged_item_in_redis_is_a_miss(redis_url: str, content: bytes) -> None:
    with RedisBackend(redis_url) as store, RedisBackend(redis_url, codec=RAW) as bare:
        check_that_it_is_a_miss(JsonCache(timeout=60, backend=store), bare.dump, content)
        store.clear()


def test_damaged_item_in_s3_is_a_miss(any_s3_url: str) -> None:
    with S3RawBackend.from_url(any_s3_url) as store:
        for metadata in ({"websupport-gzipped": "1"}, {"websupport-lifetime": "x"}):

            def put(key: str, data: bytes, metadata: Any = metadata) -> None:
                store._bucket.put(
                    {**store._bucket.place(store.name(key)), "Body": data, "Metadata": metadata}
                )

            check_that_it_is_a_miss(JsonCache(timeout=60, backend=store), put, b"broken")
            store.clear()


def test_foreign_item_in_a_store_of_other_values_is_a_miss(tmp_path: Path) -> None:
    for cache in (
        JsonCache(timeout=60, backend=FileSystemTextBackend(tmp_path / "text")),
        JsonCache(timeout=60, backend=FileSystemBaseBackend(tmp_path / "bytes")),
        JsonCache(timeout=60, backend=VolatileBackend()),
    ):
        store: Any = cache.backend

        def put(key: str, data: bytes, store: Any = store) -> None:
            store.dump(key, data if store.codec is RAW else data.decode())

        check_that_it_is_a_miss(cache, put, b"[1]")
    texts = TextCache(timeout=60, backend=FileSystemJsonBackend(tmp_path / "json"))
    check_that_it_is_a_miss(texts, lambda key, data: texts.backend.dump(key, [1]), b"")


def test_damaged_item_in_an_encrypted_store_is_a_miss(tmp_path: Path) -> None:
    store = FileSystemJsonBackend(tmp_path)
    cache = JsonCache(timeout=60, backend=Encrypted(store, bytes(32)))
    for content in (b'"websupport1:AAAA"', b'{"not": "encrypted"}', b"{"):
        check_that_it_is_a_miss(cache, lambda key, data: store.path(key).write_bytes(data), content)


def test_folder_with_the_name_of_a_file_is_passed_over(tmp_path: Path) -> None:
    cache = JsonCache(tmp_path, 60)
    cache.dump("good", 1)
    (tmp_path / "folder.json").mkdir()
    assert cache.keys() == {"good"}
    assert cache.load("folder") is None


def test_many_damaged_files_hide_no_others(tmp_path: Path) -> None:
    cache = JsonCache(tmp_path, 60)
    for number in range(250):
        cache.dump(str(number), number)
    for number in range(0, 250, 2):
        cache.path(str(number)).write_bytes(b"{")
    assert cache.load_many(map(str, range(250))) == {str(n): n for n in range(1, 250, 2)}
    assert len(cache) == 125


def test_damage_that_the_change_itself_meets_is_the_callers(tmp_path: Path) -> None:
    cache = JsonCache(tmp_path, 60)
    cache.dump("key", 1)

    def change(old: object) -> object:
        raise DamagedValueError("of another store")

    with pytest.raises(DamagedValueError, match="of another store"):
        cache.update("key", change)
    assert cache.load("key") == 1


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
