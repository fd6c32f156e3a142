"""Encryption: nothing is readable without the key, and nothing false is taken for true."""

from __future__ import annotations

import base64
import json
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.cache import JsonCache, TextCache
from sphinxcontrib_websupport.backends.contributed import ContributedBackend
from sphinxcontrib_websupport.backends.encrypted import Encrypted
from sphinxcontrib_websupport.backends.filesystem import (
    FileSystemBaseBackend,
    FileSystemJsonBackend,
    FileSystemTextBackend,
)
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.backends.redis import RedisBackend
from sphinxcontrib_websupport.backends.s3 import S3JsonBackend
from sphinxcontrib_websupport.documents.publishing import publish_documents
from sphinxcontrib_websupport.documents.store import Documents
from sphinxcontrib_websupport.errors import (
    DamagedValueError,
    EncryptedValueError,
    InvalidInputError,
    SettingsError,
)
from sphinxcontrib_websupport.model import Document
from sphinxcontrib_websupport.registry import open_storage
from sphinxcontrib_websupport.testing.backends import (
    BackendSuite,
    ExpirySuite,
    NoOwnExpirySuite,
    Opener,
)
from sphinxcontrib_websupport.testing.sharedbackends import SharedSuite
from sphinxcontrib_websupport.testing.storage import publish, say
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.backends.test_contributed import AbleStore

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


# -- without the key -------------------------------------------------------------------------

NO_KEY = "these values are encrypted, set SECRET_KEY$"


class Opened(NamedTuple):
    """A store of some kind, and what opens it again."""

    open: Opener
    value: Any


@pytest.fixture(
    params=["json", "text", "bytes", "redis", "s3", "JsonCache", "TextCache", "contributed"]
)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    match request.param:
        case "text":
            return Opened(partial(FileSystemTextBackend, tmp_path), "between us")
        case "bytes":
            return Opened(partial(FileSystemBaseBackend, tmp_path), b"between us")
        case "redis":
            return Opened(partial(RedisBackend, request.getfixturevalue("redis_url")), [1])
        case "s3":
            url = request.getfixturevalue("any_s3_url")
            return Opened(partial(S3JsonBackend.from_url, url), [1])
        case "JsonCache":
            return Opened(partial(JsonCache, tmp_path, 1000), [1])
        case "TextCache":
            return Opened(partial(TextCache, tmp_path, 1000), "between us")
        case "contributed":
            texts: dict[str, str] = {}

            def contributed() -> ContributedBackend:
                store = AbleStore()
                store.texts = texts
                return ContributedBackend(store)

            return Opened(contributed, [1])
        case _:
            return Opened(partial(FileSystemJsonBackend, tmp_path), [1])


def test_without_the_key_every_way_to_a_value_says_so(opened: Opened) -> None:
    with opened.open() as store, opened.open() as bare:
        Encrypted(store, KEY).dump("key", opened.value)
        for call in (
            bare.check,
            lambda: bare.load("key"),
            lambda: bare.load_many(["key"]),
            lambda: list(bare.items()),
            lambda: bare.update("key", lambda old: old),
        ):
            with pytest.raises(EncryptedValueError, match=NO_KEY):
                call()
        # Nothing was lost by it, not even from a cache.
        assert Encrypted(store, KEY).load("key") == opened.value
        assert bare.delete("key") is True
        store.clear()


def test_with_another_key_the_check_says_so(opened: Opened) -> None:
    with opened.open() as store, opened.open() as bare:
        Encrypted(store, KEY).dump("key", opened.value)
        Encrypted(store, KEY).check()
        with pytest.raises(EncryptedValueError, match="'key' was encrypted with another key"):
            Encrypted(bare, OTHER).check()
        store.clear()


def test_cache_over_an_encrypted_store_does_not_delete_what_lacks_its_key(tmp_path: Path) -> None:
    def cache(key: bytes) -> JsonCache:
        return JsonCache(timeout=60, backend=Encrypted(FileSystemJsonBackend(tmp_path), key))

    cache(KEY).dump("key", 1)
    with pytest.raises(EncryptedValueError, match="another key"):
        cache(OTHER).load("key")
    assert cache(KEY).load("key") == 1


def test_encrypted_lifetimes_and_long_keys_are_looked_at_as_well(tmp_path: Path) -> None:
    Encrypted(FileSystemJsonBackend(tmp_path), KEY).dump("考" * 1000, 1, expire=1000)
    with pytest.raises(EncryptedValueError, match=NO_KEY):
        FileSystemJsonBackend(tmp_path).load("考" * 1000)


@pytest.mark.parametrize(
    "value", ["websupport1:", "websupport1: see below", "websupport1:" + "A" * 39, [1], None]
)
def test_what_only_begins_like_an_encrypted_value_is_a_value(tmp_path: Path, value: Any) -> None:
    FileSystemJsonBackend(tmp_path).dump("key", value)
    assert FileSystemJsonBackend(tmp_path).load("key") == value


def test_one_damaged_item_does_not_fail_the_check(tmp_path: Path) -> None:
    store = FileSystemJsonBackend(tmp_path)
    store.path("key").write_bytes(b"{")
    store.check()


def test_pages_without_their_key_are_neither_missing_nor_overwritten(tmp_path: Path) -> None:
    parts = dict.fromkeys(("body", "sidebar", "relbar", "title", "css", "script"), "between us")
    pages = FileSystemJsonBackend(tmp_path / "pages")
    Documents(pages).write("index", cast("Document", parts))
    published = FileSystemJsonBackend(tmp_path / "published")
    publish_documents(pages, Encrypted(published, KEY))
    bare = FileSystemJsonBackend(tmp_path / "published")
    with pytest.raises(EncryptedValueError, match=NO_KEY):
        Documents(bare).read("index")
    with pytest.raises(EncryptedValueError, match=NO_KEY):
        Documents(bare).write("index", cast("Document", parts))
    with pytest.raises(EncryptedValueError, match=NO_KEY):
        publish_documents(pages, bare)
    assert Documents(Encrypted(published, KEY)).read("index") == parts


def test_comments_without_their_key_say_so_everywhere(tmp_path: Path) -> None:
    url = (tmp_path / "comments").as_uri()
    with closing(open_storage({"STORAGE": url, "SECRET_KEY": "A" * 43 + "="})) as storage:
        publish(storage, "n")
        comment = say(storage)["id"]
    with closing(open_storage({"STORAGE": url})) as storage:
        for call in (
            storage.check,
            lambda: storage.get_data("n", None, False),
            lambda: storage.get_metadata("index", False),
            lambda: say(storage),
            lambda: storage.process_vote(comment, "bob", 1),
            lambda: storage.accept_comment(comment),
            lambda: storage.delete_comment(comment, "ann", False),
            lambda: publish(storage, "n"),
            lambda: list(storage.get_nodes()),
        ):
            with pytest.raises(EncryptedValueError, match=NO_KEY):
                call()


def test_health_without_the_key_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    url = (tmp_path / "comments").as_uri()
    with closing(open_storage({"STORAGE": url, "SECRET_KEY": "A" * 43 + "="})) as storage:
        publish(storage, "n")
    with closing(WebSupport(builddir=tmp_path, storage=url)) as support:
        answer = Client(WSGIApp(support)).get("/health")
    assert answer.status_code == 503
    assert "SECRET_KEY" in answer.text
    assert "these values are encrypted, set SECRET_KEY" in caplog.text
