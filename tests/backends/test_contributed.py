"""A store of others, in five methods, is used like any other."""

from __future__ import annotations

from contextlib import closing
from importlib.metadata import EntryPoint
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from sphinxcontrib_websupport import registry
from sphinxcontrib_websupport.backends.contributed import BaseStorageBackend, ContributedBackend
from sphinxcontrib_websupport.backends.encrypted import Encrypted
from sphinxcontrib_websupport.errors import SettingsError, StorageError
from sphinxcontrib_websupport.registry import open_backend, open_storage
from sphinxcontrib_websupport.testing.backends import (
    BackendSuite,
    NoUpdateSuite,
    Opener,
    UnlistableSuite,
)
from sphinxcontrib_websupport.testing.storage import publish, say, shown
from tests.sphinxext.project import Project


class GreatStore(BaseStorageBackend):
    """A store in five methods."""

    required_settings = (
        {"name": "GREAT_API_KEY", "obtain_at": "1. Go to great.example.\n2. Generate a key."},
        {"name": "GREAT_HOST", "obtain_at": "It is in the confirmation mail."},
    )

    def __init__(self, settings: Any = None) -> None:
        self.settings = settings
        self.texts: dict[str, str] = {}

    def do_save(self, key: str, value: str, expire: float | None = None) -> None:
        self.texts[key] = value

    def do_load(self, key: str) -> str | None:
        return self.texts.get(key)

    def clear(self, key: str) -> None:
        self.texts.pop(key, None)

    def clear_all_keys(self) -> None:
        self.texts.clear()


class AbleStore(GreatStore):
    """The same with the two methods more."""

    lock = Lock()

    def do_keys(self) -> list[str]:
        return list(self.texts)

    def do_update(self, key: str, change: Any) -> None:
        with self.lock:
            new = change(self.texts.get(key))
            if new is None:
                self.clear(key)
            else:
                self.texts[key] = new


class TestAbleStore(BackendSuite):
    @pytest.fixture
    def opener(self) -> Opener:
        return lambda: ContributedBackend(AbleStore())


class TestEncryptedAbleStore(BackendSuite):
    @pytest.fixture
    def opener(self) -> Opener:
        return lambda: Encrypted(AbleStore(), bytes(32))


class TestGreatStore(NoUpdateSuite, UnlistableSuite):
    @pytest.fixture
    def opener(self) -> Opener:
        return lambda: ContributedBackend(GreatStore())


@pytest.fixture(autouse=True)
def great_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("great", f"{__name__}:GreatStore", "sphinxcontrib_websupport.backends")
    monkeypatch.setattr(registry, "entry_points", lambda group: [point][: group == point.group])


SETTINGS = {"STORAGE_BACKEND": "great", "GREAT_API_KEY": "k", "GREAT_HOST": "h"}


def test_it_has_save_and_load() -> None:
    store = GreatStore()
    assert store.save("key", {"a": [1, None]}) is True
    assert store.load("key") == {"a": [1, None]}
    assert store.texts == {"key": '{"a":[1,null]}'}
    assert store.load("other") is None
    assert store.load("other", default=5) == 5


def test_it_is_chosen_by_name_and_given_the_settings() -> None:
    backend = open_backend(SETTINGS)
    assert isinstance(backend, ContributedBackend)
    assert isinstance(backend.store, GreatStore)
    assert backend.store.settings["GREAT_API_KEY"] == "k"
    backend.dump("key", 1)
    assert backend.load("key") == 1
    assert "key" in backend
    assert backend.delete("key") is True
    assert backend.delete("key") is False
    backend.dump("key", 1)
    backend.clear()
    assert backend.load("key") is None


def test_every_setting_that_is_missing_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        open_backend({"STORAGE_BACKEND": "great"})
    assert "- GREAT_API_KEY: 1. Go to great.example.\n  2. Generate a key." in str(caught.value)
    assert "- GREAT_HOST: It is in the confirmation mail." in str(caught.value)


@pytest.mark.parametrize("key", [None, "A" * 43 + "="])
def test_store_without_atomic_update_is_refused_as_comment_store(key: str | None) -> None:
    with pytest.raises(SettingsError) as refused:
        open_storage({**SETTINGS, "STORAGE": "great", "SECRET_KEY": key})
    assert "GreatStore" in str(refused.value)
    assert "cannot hold comments: without do_update()" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_store_that_is_refused_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[object] = []
    monkeypatch.setattr(GreatStore, "close", lambda store: closed.append(store), raising=False)
    with pytest.raises(SettingsError):
        open_storage({**SETTINGS, "STORAGE": "great"})
    assert len(closed) == 1


def test_build_into_a_store_without_atomic_update_is_refused_at_its_start(tmp_path: Path) -> None:
    project = Project(tmp_path)
    settings = "GREAT_API_KEY = GREAT_HOST = 'x'\n"
    project.write("conf.py", f"websupport_storage = 'great'\n{settings}")
    project.write("index.rst", "T\n=\n\nText.")
    with pytest.raises(Exception, match="GreatStore cannot hold comments"):
        project.build(storage=None)
    assert not (project.out() / "index.html").exists()


def test_store_with_atomic_update_holds_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("able", f"{__name__}:AbleStore", "sphinxcontrib_websupport.backends")
    monkeypatch.setattr(registry, "entry_points", lambda group: [point][: group == point.group])
    with closing(open_storage({**SETTINGS, "STORAGE": "able"})) as storage:
        publish(storage, "n")
        say(storage)
        assert len(shown(storage)) == 1


def test_it_is_encrypted_with_a_secret_key() -> None:
    backend = open_backend({**SETTINGS, "SECRET_KEY": "A" * 43 + "="})
    assert isinstance(backend, Encrypted)
    backend.dump("key", "between us")
    store = backend.backend
    assert isinstance(store, ContributedBackend)
    assert isinstance(store.store, GreatStore)
    assert "between us" not in store.store.texts["key"]
    assert backend.load("key") == "between us"


def test_clear_that_raises_for_what_is_not_there_is_not_called() -> None:
    class Strict(GreatStore):
        def clear(self, key: str) -> None:
            del self.texts[key]

    backend = ContributedBackend(Strict())
    assert backend.delete("key") is False
    assert backend.dump("key", 1, expire=0) is False
    backend.dump("key", 1)
    assert backend.delete("key") is True


def test_its_errors_are_storage_errors() -> None:
    class Broken(GreatStore):
        def do_load(self, key: str) -> str | None:
            raise ZeroDivisionError("great failure")

    with pytest.raises(StorageError, match="Broken: great failure") as caught:
        Broken().load("key")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_what_was_not_stored_is_said() -> None:
    class Full(GreatStore):
        def do_save(self, key: str, value: str, expire: float | None = None) -> Any:
            return False

    assert Full().save("key", 1) is False


def test_a_lifetime_is_handed_on() -> None:
    class Expiring(GreatStore):
        lifetimes: list[float | None] = []  # noqa: RUF012 - one list for the test

        def do_save(self, key: str, value: str, expire: float | None = None) -> None:
            self.lifetimes.append(expire)

    store = Expiring()
    store.save("key", 1, expire=60)
    assert store.save("key", 1, expire=0) is False
    assert Expiring.lifetimes == [60]


def test_a_store_without_all_five_is_no_store() -> None:
    class Half(BaseStorageBackend):
        def __init__(self, settings: Any = None) -> None: ...

    half: Any = Half
    with pytest.raises(TypeError, match="abstract"):
        half()


def test_it_is_not_chosen_by_url() -> None:
    with pytest.raises(SettingsError, match="GreatStore is chosen by STORAGE_BACKEND"):
        open_backend("great://host")
