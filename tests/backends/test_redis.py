"""What is Redis's own: prefixes, round trips, lost connections, a server that goes away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis

from sphinxcontrib_websupport.backends.redis import RedisBackend
from sphinxcontrib_websupport.errors import DamagedValueError, StorageError
from sphinxcontrib_websupport.testing.values import wait_for
from tests.servers import Server, free_port

Open = Callable[..., RedisBackend]


@pytest.fixture
def open_redis() -> Iterator[Open]:
    """Open stores that are closed after the test."""
    with ExitStack() as stack:

        def open_redis(url: str, **options: Any) -> RedisBackend:
            return stack.enter_context(RedisBackend(url, **options))

        yield open_redis


def test_clear_leaves_what_others_put_beside_it(
    open_redis: Open, redis_place: str, redis_url: str
) -> None:
    base = redis_url.partition("prefix=")[2]
    mine = open_redis(redis_place, prefix=f"{base}a[*]?\\")
    others = open_redis(redis_place, prefix=f"{base}a")
    mine.dump("key", 1)
    others.dump("x", 2)
    assert mine.keys() == {"key"}
    mine.clear()
    assert others.load("x") == 2


def test_a_stopped_server_is_an_error_and_works_again_when_it_is_back(
    open_redis: Open,
    own_redis: tuple[str, Server],
) -> None:
    url, server = own_redis
    backend = open_redis(url, timeout=2)
    backend.dump("key", 1)
    backend.update("key", lambda old: old + 1)
    server.stop()
    begin = time.monotonic()
    for call in (
        lambda: backend.load("key"),
        lambda: backend.load_many(["key"]),
        lambda: backend.dump("key", 3),
        lambda: backend.update("key", lambda old: 3),
        lambda: backend.delete("key"),
        lambda: backend.keys(),
        lambda: backend.clear(),
        lambda: backend.check(),
    ):
        with pytest.raises(StorageError, match=r"Redis at redis://127\.0\.0\.1") as caught:
            call()
        assert isinstance(caught.value.__cause__, redis.RedisError)
    assert time.monotonic() - begin < 8 * 2
    server.start()
    assert backend.load("key") == 2
    assert backend.update("key", lambda old: old + 1) == 3


def test_an_update_whose_answer_was_lost_is_not_applied_twice(
    open_redis: Open, own_redis: tuple[str, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = open_redis(own_redis[0])
    backend.dump("count", 1)
    run = backend._run

    def lose_the_answer(*arguments: Any) -> Any:
        run(*arguments)
        raise redis.ConnectionError("connection reset")

    monkeypatch.setattr(backend, "_run", lose_the_answer)
    with pytest.raises(StorageError, match="connection reset"):
        backend.update("count", lambda old: old + 1)
    assert backend.load("count") == 2


def test_a_broken_connection_is_made_again_for_what_may_be_sent_twice(
    open_redis: Open, redis_url: str
) -> None:
    backend = open_redis(redis_url)
    backend.dump("key", 1)
    for _ in range(3):
        backend._client.connection_pool.disconnect()
        assert backend.load("key") == 1
        assert backend.update("key", lambda old: old) == 1


def test_a_server_that_does_not_answer_is_given_up(
    open_redis: Open, own_redis: tuple[str, Server]
) -> None:
    url, _ = own_redis
    backend = open_redis(url, timeout=0.2)
    backend.check()
    with redis.Redis.from_url(url) as other:
        other.client_pause(60_000, all=False)  # only writes wait
        begin = time.monotonic()
        with pytest.raises(StorageError):
            backend.dump("key", 1)
        assert time.monotonic() - begin < 30
        other.client_unpause()
    wait_for(lambda: backend.dump("key", 2))
    assert backend.load("key") == 2


def test_many_values_are_one_round_trip(open_redis: Open, own_redis: tuple[str, Server]) -> None:
    backend = open_redis(own_redis[0])
    keys = [f"page/{number}" for number in range(200)]
    for key in keys:
        backend.dump(key, {"count": 1})
    with redis.Redis.from_url(own_redis[0]) as other:
        before = _calls(other)
        assert len(backend.load_many(keys)) == 200
        # The info commands that count are counted too.
        assert _calls(other) - before == 2


def _calls(client: Any) -> int:
    return int(client.info("stats")["total_commands_processed"])


def test_a_lifetime_is_redis_own(open_redis: Open, own_redis: tuple[str, Server]) -> None:
    backend = open_redis(own_redis[0])
    backend.dump("key", 1, expire=100)
    backend.update("key", lambda old: old + 1)
    with redis.Redis.from_url(own_redis[0]) as other:
        left = other.pttl("websupport:key")
        assert isinstance(left, int)
        assert 90_000 < left <= 100_000
        assert other.get("websupport:key") == b"2"


def test_a_foreign_value_is_damaged_and_a_foreign_type_an_error(
    open_redis: Open,
    own_redis: tuple[str, Server],
) -> None:
    backend = open_redis(own_redis[0])
    with redis.Redis.from_url(own_redis[0]) as other:
        other.set("websupport:text", b"\xff")
        other.rpush("websupport:list", "x")
    with pytest.raises(DamagedValueError, match="'text' is damaged"):
        backend.load("text")
    with pytest.raises(StorageError, match="WRONGTYPE"):
        backend.load("list")


def test_nothing_is_connected_before_it_is_needed(open_redis: Open) -> None:
    port = free_port()
    for scheme in ("redis", "redis+cluster"):
        backend = open_redis(f"{scheme}://user:secret@127.0.0.1:{port}", timeout=1)
        with pytest.raises(StorageError) as caught:
            backend.load("key")
        assert "secret" not in str(caught.value)


def test_a_cluster_is_found_by_any_of_its_nodes(open_redis: Open, redis_cluster_url: str) -> None:
    scheme, _, rest = redis_cluster_url.partition("://")
    url = f"{scheme}://127.0.0.1:{free_port()},{rest}"
    backend = open_redis(url)
    backend.dump("key", 1)
    assert backend.load("key") == 1
