"""Which store keeps the comments: by URL, by settings, by instance, and who wins."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from sphinxcontrib_websupport import registry
from sphinxcontrib_websupport.backends.encrypted import Encrypted
from sphinxcontrib_websupport.backends.filesystem import FileSystemJsonBackend
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.errors import (
    DamagedValueError,
    EncryptedValueError,
    MissingDriverError,
    SettingsError,
)
from sphinxcontrib_websupport.registry import open_storage
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.keyvalue import KeyValueStorage
from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage
from sphinxcontrib_websupport.testing.storage import publish, say, shown
from sphinxcontrib_websupport.websupport import WebSupport
from tests.sphinxext.project import Project
from tests.storage.shelf import ShelfStorage

KEY = "k" * 43 + "="

Open = Callable[..., StorageBackend]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open the store of a WebSupport object; it is closed after the test."""
    with ExitStack() as stack:

        def opened(storage: Any = None, **options: Any) -> StorageBackend:
            support = stack.enter_context(closing(WebSupport(storage=storage, **options)))
            return support.storage

        yield opened


@pytest.fixture
def contribute(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    points: list[EntryPoint] = []
    find = {"entry_points": lambda group: [point for point in points if point.group == group]}
    monkeypatch.setattr(registry, "entry_points", find["entry_points"])

    def contribute(group: str, name: str, value: str) -> None:
        points.append(EntryPoint(name, value, f"sphinxcontrib_websupport.{group}"))

    return contribute


def backend_of(storage: StorageBackend) -> Any:
    assert isinstance(storage, KeyValueStorage)
    return storage.backend


# -- how -------------------------------------------------------------------------------------


def test_by_instance(opened: Open) -> None:
    storage = KeyValueStorage(VolatileBackend())
    assert opened(storage) is storage


def test_by_url(opened: Open, tmp_path: Path) -> None:
    assert isinstance(opened("sqlite://"), SQLAlchemyStorage)
    assert backend_of(opened(tmp_path.as_uri())).folder == tmp_path


def test_by_name_with_settings(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"STORAGE": "file", "FILE_DIR": str(tmp_path)}
    assert backend_of(opened(settings)).folder == tmp_path
    monkeypatch.setenv("WEBSUPPORT_FILE_DIR", str(tmp_path / "there"))
    assert backend_of(opened("file")).folder == tmp_path / "there"


def test_by_environment(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBSUPPORT_STORAGE", "memory")
    assert isinstance(backend_of(opened(builddir=tmp_path)), VolatileBackend)
    assert list(tmp_path.iterdir()) == []
    # What the program says itself wins.
    assert isinstance(opened("sqlite://", builddir=tmp_path), SQLAlchemyStorage)


def test_by_a_file_of_settings(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'STORAGE = "file"\nFILE_DIR = "{tmp_path / "a"}"\n')
    monkeypatch.setenv("WEBSUPPORT_SETTINGS", str(file))
    assert backend_of(opened()).folder == tmp_path / "a"
    monkeypatch.setenv("WEBSUPPORT_FILE_DIR", str(tmp_path / "b"))
    assert backend_of(opened()).folder == tmp_path / "b"


def test_by_nothing(opened: Open, tmp_path: Path) -> None:
    assert isinstance(opened(builddir=tmp_path), SQLAlchemyStorage)
    assert (tmp_path / "data" / "db" / "websupport.db").exists()


# -- encryption ------------------------------------------------------------------------------


@pytest.mark.parametrize("is_url", [True, False])
def test_a_key_encrypts_the_store_chosen(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_url: bool
) -> None:
    monkeypatch.setenv("WEBSUPPORT_SECRET_KEY", KEY)
    monkeypatch.setenv("WEBSUPPORT_FILE_DIR", str(tmp_path))
    storage = opened(tmp_path.as_uri() if is_url else "file")
    assert isinstance(backend_of(storage), Encrypted)
    publish(storage, "n")
    say(storage, text="<p>Secret</p>")
    assert [c["text"] for c in shown(storage)] == ["<p>Secret</p>"]
    assert not any("ecret" in file.read_text() for file in tmp_path.rglob("*.json"))
    other = opened({"STORAGE": tmp_path.as_uri(), "SECRET_KEY": "x" * 42 + "A="})
    with pytest.raises(DamagedValueError):
        other.get_data("n", None, False)


def test_a_database_says_that_it_is_not_encrypted(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        open_storage({"STORAGE": "sqlite://", "SECRET_KEY": KEY}).close()
    assert "a database is not encrypted" in caplog.text


# -- what others contribute ------------------------------------------------------------------


def test_a_store_of_others(opened: Open, contribute: Callable[[str, str, str], None]) -> None:
    contribute("storage", "shelf", "tests.test_choice:Shelf")
    assert isinstance(opened("shelf://attic"), Shelf)
    with pytest.raises(SettingsError, match=r"chosen by a URL, such as shelf://"):
        open_storage("shelf")


def test_a_store_of_values_of_others(
    opened: Open, contribute: Callable[[str, str, str], None]
) -> None:
    """It needs to know nothing of comments."""
    contribute("backends", "scratch", "sphinxcontrib_websupport.backends.memory:VolatileBackend")
    for place in ("scratch", "scratch://", {"STORAGE": "scratch"}):
        assert isinstance(backend_of(opened(place)), VolatileBackend)


class Shelf(ShelfStorage):
    @classmethod
    def from_url(cls, url: str) -> Shelf:
        return cls()


# -- what is wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("reddis", "did you mean 'redis'"),
        ("comments.db", "a URL such as sqlite://… or the name of a store is expected"),
        ("", "STORAGE is missing"),
        ("sqlite", "a database is chosen by its URL, such as sqlite://…"),
        ("postgresql", "such as postgresql://…"),
        ("nosuch://me:secret@host", "no comment store knows the scheme"),
        ("s3", "S3_BUCKET: Make a bucket"),
        ("redis", "REDIS_URL: Install a Redis server"),
    ],
)
def test_what_is_wrong_is_one_sentence(place: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        open_storage(place)
    assert sentence in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_missing_driver_is_one_sentence(
    contribute: Callable[[str, str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "greatcomments.py").write_text("import greatdriver_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    contribute("storage", "great", "greatcomments:Store")
    with pytest.raises(MissingDriverError) as refused:
        open_storage("great://host")
    assert str(refused.value) == (
        "great needs the package greatdriver_that_is_not_there, which is not installed: "
        "pip install greatdriver_that_is_not_there"
    )


# -- builds ----------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write("index.rst", "T\n=\n\nText.")
    return project


def sources(folder: Path, key: str = "") -> list[str]:
    with closing(open_storage({"STORAGE": folder.as_uri(), "SECRET_KEY": key})) as storage:
        return [node.source for node in storage.get_nodes()]


def test_conf_py_names_a_store_and_its_settings(project: Project, tmp_path: Path) -> None:
    conf = f'websupport_storage = "file"\nwebsupport_file_dir = "{tmp_path / "c"}"\n'
    project.write("conf.py", conf + f'SECRET_KEY = "{KEY}"\n')
    project.build(storage=None)
    assert sources(tmp_path / "c", KEY) == ["Text."]
    with pytest.raises(EncryptedValueError):
        FileSystemJsonBackend(tmp_path / "c").load("site")


def test_the_environment_wins_over_conf_py(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One conf.py, several deployments; and the command line wins over both."""
    project.write("conf.py", f'websupport_storage = "{(tmp_path / "conf").as_uri()}"\n')
    monkeypatch.setenv("WEBSUPPORT_STORAGE", (tmp_path / "environment").as_uri())
    project.build(storage=None)
    assert not (tmp_path / "conf").exists()
    assert sources(tmp_path / "environment") == ["Text."]
    project.build(storage=(tmp_path / "command line").as_uri())
    assert sources(tmp_path / "command line") == ["Text."]
