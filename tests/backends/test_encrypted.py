"""Encryption: nothing is readable without the key, and nothing false is taken for true."""

from __future__ import annotations

import base64
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.cache import JsonCache, TextCache
from sphinxcontrib_websupport.backends.encrypted import Encrypted
from sphinxcontrib_websupport.backends.filesystem import (
    FileSystemBaseBackend,
    FileSystemJsonBackend,
    FileSystemTextBackend,
)
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.backends.redis import RedisBackend
from sphinxcontrib_websupport.backends.s3 import S3JsonBackend
from sphinxcontrib_websupport.errors import DamagedValueError, InvalidInputError, SettingsError
from sphinxcontrib_websupport.testing.backends import (
    BackendSuite,
    ExpirySuite,
    NoOwnExpirySuite,
    Opener,
)
from sphinxcontrib_websupport.testing.sharedbackends import SharedSuite

KEY = bytes(range(32))
OTHER = bytes(32)


def encrypted(opener: Opener) -> Backend:
    return Encrypted(opener(), KEY)


class TestEncryptedMemory(BackendSuite, ExpirySuite):
    @pytest.fixture
    def opener(self) -> Opener:
        return partial(encrypted, VolatileBackend)


class TestEncryptedJsonFiles(BackendSuite, ExpirySuite):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(encrypted, partial(FileSystemJsonBackend, str(tmp_path)))


class TestEncryptedTextFiles(BackendSuite, ExpirySuite):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(encrypted, partial(FileSystemTextBackend, str(tmp_path)))


class TestEncryptedFiles(BackendSuite, ExpirySuite):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(encrypted, partial(FileSystemBaseBackend, str(tmp_path)))


class TestEncryptedRedis(BackendSuite, ExpirySuite, SharedSuite):
    @pytest.fixture
    def opener(self, redis_url: str) -> Opener:
        return partial(encrypted, partial(RedisBackend, redis_url))


class TestEncryptedRedisCluster(BackendSuite, ExpirySuite):
    @pytest.fixture
    def opener(self, redis_cluster_url: str) -> Opener:
        return partial(encrypted, partial(RedisBackend, redis_cluster_url))


class TestEncryptedS3(BackendSuite, ExpirySuite):
    examples = 3

    @pytest.fixture
    def opener(self, any_s3_url: str) -> Opener:
        return partial(encrypted, partial(S3JsonBackend.from_url, any_s3_url))


class TestEncryptedJsonCache(BackendSuite, ExpirySuite):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(encrypted, partial(JsonCache, str(tmp_path), 1000))


class TestEncryptedTextCache(BackendSuite, NoOwnExpirySuite):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(encrypted, partial(TextCache, str(tmp_path), 1000))


@pytest.fixture
def plain() -> VolatileBackend:
    return VolatileBackend()


def test_the_store_holds_nothing_readable(tmp_path: Path) -> None:
    store = Encrypted(FileSystemJsonBackend(tmp_path), KEY)
    store.dump("key", {"comment": "between us"})
    held = json.loads((tmp_path / "key.json").read_text())
    assert held.startswith("websupport1:")
    raw = base64.b64decode(held.removeprefix("websupport1:"))
    assert b"between us" not in raw
    assert b"comment" not in raw


def test_the_same_value_never_looks_the_same(plain: VolatileBackend) -> None:
    store = Encrypted(plain, KEY)
    held = set()
    for _ in range(100):
        store.dump("key", 1)
        held.add(plain.load("key"))
    assert len(held) == 100


@pytest.mark.parametrize(
    "key",
    [
        "a passphrase",
        "考",
        b"bytes of another length",
        KEY,
        base64.b64encode(KEY).decode(),
        base64.urlsafe_b64encode(b"\xfb" * 32).decode(),
    ],
)
def test_a_key_is_a_passphrase_or_the_key_itself(plain: VolatileBackend, key: str | bytes) -> None:
    Encrypted(plain, key).dump("key", 1)
    assert Encrypted(plain, key).load("key") == 1


def test_a_raw_key_and_its_base64_form_are_the_same(plain: VolatileBackend) -> None:
    Encrypted(plain, KEY).dump("key", 1)
    assert Encrypted(plain, base64.b64encode(KEY)).load("key") == 1


def test_a_passphrase_depends_on_the_salt(plain: VolatileBackend) -> None:
    Encrypted(plain, "passphrase", salt=b"mine").dump("key", 1)
    assert Encrypted(plain, "passphrase", salt=b"mine").load("key") == 1
    with pytest.raises(DamagedValueError, match="another key"):
        Encrypted(plain, "passphrase").load("key")


@pytest.mark.parametrize("key", ["", b"", [], [KEY, ""]])
def test_an_empty_key_is_refused(plain: VolatileBackend, key: Any) -> None:
    with pytest.raises(SettingsError, match="secret key is empty"):
        Encrypted(plain, key)


def test_another_key_is_an_error(plain: VolatileBackend) -> None:
    Encrypted(plain, OTHER).dump("key", 1)
    with pytest.raises(DamagedValueError, match="'key' was encrypted with another key"):
        Encrypted(plain, KEY).load("key")


def test_values_cannot_be_swapped(plain: VolatileBackend) -> None:
    store = Encrypted(plain, KEY)
    store.dump("alice", "moderator")
    store.dump("bob", "reader")
    plain.dump("bob", plain.load("alice"))
    with pytest.raises(DamagedValueError, match="belongs to another item"):
        store.load("bob")


@given(st.data())
def test_a_changed_value_is_an_error(data: st.DataObject) -> None:
    plain = VolatileBackend()
    store = Encrypted(plain, KEY)
    store.dump("key", "value")
    held = plain.load("key")
    place = data.draw(st.integers(0, len(held) - 1))
    letter = data.draw(st.characters().filter(lambda letter: letter != held[place]))
    plain.dump("key", held[:place] + letter + held[place + 1 :])
    with pytest.raises(DamagedValueError):
        store.load("key")


@given(st.data())
def test_a_truncated_value_is_an_error(data: st.DataObject) -> None:
    plain = VolatileBackend()
    store = Encrypted(plain, KEY)
    store.dump("key", "value")
    held = plain.load("key")
    plain.dump("key", held[: data.draw(st.integers(0, len(held) - 1))])
    with pytest.raises(DamagedValueError):
        store.load("key")


def test_a_value_from_before_is_read_only_by_option(plain: VolatileBackend) -> None:
    plain.dump("key", {"old": True})
    with pytest.raises(DamagedValueError, match="'key' is not encrypted"):
        Encrypted(plain, KEY).load("key")
    store = Encrypted(plain, KEY, read_unencrypted=True)
    assert store.load("key") == {"old": True}
    store.update("key", lambda old: {**old, "new": True})
    assert Encrypted(plain, KEY).load("key") == {"old": True, "new": True}


def test_the_first_key_writes_and_all_read(plain: VolatileBackend) -> None:
    Encrypted(plain, OTHER).dump("old", 1)
    store = Encrypted(plain, [KEY, OTHER])
    store.dump("new", 2)
    assert store.load_many(["old", "new"]) == {"old": 1, "new": 2}
    assert Encrypted(plain, KEY).load("new") == 2


def test_rotate_encrypts_all_with_the_first_key(plain: VolatileBackend) -> None:
    plain.dump("plain", 0)
    Encrypted(plain, OTHER).dump("old", 1)
    Encrypted(plain, KEY).dump("new", 2)
    store = Encrypted(plain, [KEY, OTHER], read_unencrypted=True)
    assert store.rotate() == 2
    assert store.rotate() == 0
    assert dict(Encrypted(plain, KEY).items()) == {"plain": 0, "old": 1, "new": 2}


def test_an_unchanged_value_is_not_written_again(plain: VolatileBackend) -> None:
    store = Encrypted(plain, KEY)
    store.dump("key", {"a": 1})
    held = plain.load("key")
    assert store.update("key", lambda old: dict(old)) == {"a": 1}
    assert plain.load("key") == held


def test_a_value_that_cannot_be_encoded_is_refused(plain: VolatileBackend) -> None:
    with pytest.raises(InvalidInputError, match="not a JSON value"):
        Encrypted(plain, KEY).dump("key", object())
