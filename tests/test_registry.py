"""Stores are found by name or URL; what is missing is said in one sentence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from sphinxcontrib_websupport import registry
from sphinxcontrib_websupport.backends.filesystem import FileSystemJsonBackend
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.errors import MissingDriverError, SettingsError
from sphinxcontrib_websupport.registry import (
    open_backend,
    open_markup,
    open_search,
    open_storage,
    shown_place,
    without_password,
)

Hide = Callable[[str], None]


OURS = ("sphinxcontrib_websupport.backends.", "sphinxcontrib_websupport.storage.")


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hide]:
    """Make a package impossible to import, with everything of ours that needs it.

    Afterwards our modules are those from before: of two classes of one name, an object of the one
    is none of the other.
    """
    before = {name: module for name, module in sys.modules.items() if name.startswith(OURS)}

    def hide(package: str) -> None:
        for name in list(sys.modules):
            if name.partition(".")[0] == package:
                monkeypatch.delitem(sys.modules, name)
            elif name.startswith(OURS):
                del sys.modules[name]
        monkeypatch.setattr(sys, "meta_path", [_Hidden(package), *sys.meta_path])

    yield hide
    for name in [name for name in sys.modules if name.startswith(OURS)]:
        parent, _, child = name.rpartition(".")
        vars(sys.modules.get(parent, before.get(parent))).pop(child, None)
    for name in [name for name in sys.modules if name.startswith(OURS)]:
        del sys.modules[name]
    sys.modules.update(before)
    for name, module in before.items():
        parent, _, child = name.rpartition(".")
        setattr(sys.modules[parent], child, module)


class _Hidden:
    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] == self._package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.fixture
def contribute(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Register an entry point: group, name, value."""
    points: list[EntryPoint] = []

    def find(group: str) -> list[EntryPoint]:
        return [point for point in points if point.group == group]

    def contribute(group: str, name: str, value: str) -> None:
        points.append(EntryPoint(name, value, f"sphinxcontrib_websupport.{group}"))

    monkeypatch.setattr(registry, "entry_points", find)
    return contribute


def test_a_backend_is_chosen_by_name(tmp_path: Path) -> None:
    assert isinstance(open_backend({"STORAGE_BACKEND": "memory"}), VolatileBackend)
    backend = open_backend({"STORAGE_BACKEND": "file", "FILE_DIR": str(tmp_path)})
    assert isinstance(backend, FileSystemJsonBackend)
    assert backend.folder == tmp_path


def test_a_backend_is_chosen_by_url(tmp_path: Path) -> None:
    assert isinstance(open_backend("memory://"), VolatileBackend)
    for source in (tmp_path.as_uri(), {"STORAGE_BACKEND": tmp_path.as_uri()}):
        backend = open_backend(source)
        assert isinstance(backend, FileSystemJsonBackend)
        assert backend.folder == tmp_path


def test_settings_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSUPPORT_STORAGE_BACKEND", "file")
    monkeypatch.setenv("WEBSUPPORT_FILE_DIR", str(tmp_path))
    backend = open_backend()
    assert isinstance(backend, FileSystemJsonBackend)
    assert backend.folder == tmp_path


def test_a_secret_key_encrypts(tmp_path: Path) -> None:
    settings = {"STORAGE_BACKEND": "file", "FILE_DIR": str(tmp_path)}
    open_backend(settings).dump("before", 1)
    old = {**settings, "SECRET_KEY": "x" * 43 + "="}
    open_backend(old).dump("key", "secret")
    assert "secret" not in (tmp_path / "key.json").read_text()
    new = {
        **settings,
        "SECRET_KEY": "y" * 42 + "A=",
        "SECRET_KEY_FALLBACKS": "z " + old["SECRET_KEY"],
        "READ_UNENCRYPTED": "yes",
    }
    assert dict(open_backend(new).items()) == {"key": "secret", "before": 1}


def test_an_unknown_name_is_suggested() -> None:
    with pytest.raises(SettingsError, match="no store is named 'reddis'; did you mean 'redis'"):
        open_backend({"STORAGE_BACKEND": "reddis"})
    with pytest.raises(SettingsError, match="did you mean 'postgresql'"):
        open_storage("postgres://localhost/comments")
    with pytest.raises(SettingsError, match="no markup is named 'html'; known are markdown, rst"):
        open_markup("html")
    with pytest.raises(
        SettingsError, match="no search adapter is named 'nul'; did you mean 'null'"
    ):
        open_search("nul")


def test_a_missing_name_is_said() -> None:
    with pytest.raises(SettingsError, match=r"STORAGE_BACKEND is missing.*redis"):
        open_backend({})
    with pytest.raises(SettingsError, match="a URL such as sqlite://"):
        open_storage("comments.db")


def test_every_missing_setting_is_named_before_the_driver_is_touched(hide: Hide) -> None:
    hide("boto3")
    with pytest.raises(SettingsError) as caught:
        open_backend({"STORAGE_BACKEND": "s3", "S3_BUKET": "pages"})
    message = str(caught.value)
    assert "S3_BUCKET (S3_BUKET is set: did you mean S3_BUCKET?): Make a bucket" in message
    assert "S3_REGION: It stands beside the bucket" in message
    assert "S3_ENDPOINT_URL" in message


@pytest.mark.parametrize(
    ("package", "url", "extra"),
    [
        ("redis", "redis://localhost", "redis"),
        ("redis", "rediss+cluster://localhost", "redis"),
        ("boto3", "s3://bucket/prefix", "s3"),
        ("couchbase", "couchbases://localhost/bucket", "couchbase"),
    ],
)
def test_a_missing_driver_is_one_sentence(hide: Hide, package: str, url: str, extra: str) -> None:
    hide(package)
    with pytest.raises(MissingDriverError) as caught:
        open_backend(url)
    assert str(caught.value).endswith(
        f"needs the package {package}, which is not installed: "
        f'pip install "sphinx-websupport[{extra}]"'
    )


def test_class_whose_driver_is_missing_is_one_sentence(hide: Hide) -> None:
    hide("redis")
    with pytest.raises(MissingDriverError, match=r"RedisBackend needs the package redis, which"):
        from sphinxcontrib_websupport.backends import RedisBackend  # noqa: F401 - it cannot be


def test_a_missing_driver_of_a_comment_store_is_one_sentence(hide: Hide) -> None:
    hide("psycopg")
    with pytest.raises(MissingDriverError, match=r"sphinx-websupport\[postgresql\]"):
        open_storage("postgresql+psycopg://localhost/comments")


def test_a_missing_module_of_our_own_is_no_missing_driver(hide: Hide) -> None:
    hide("sphinxcontrib_websupport.nothing")
    broken = {"broken": "sphinxcontrib_websupport.backends.not_written:Backend"}
    table = registry._Table("store", broken)
    with pytest.raises(ModuleNotFoundError, match="not_written"):
        table.by_name("broken")


def test_stores_of_others_are_found(contribute: Callable[[str, str, str], None]) -> None:
    contribute("backends", "scratch", "sphinxcontrib_websupport.backends.memory:VolatileBackend")
    contribute("search", "none", "sphinxcontrib_websupport.search.null:NullSearch")
    assert isinstance(open_backend({"STORAGE_BACKEND": "scratch"}), VolatileBackend)
    assert isinstance(open_backend("scratch://"), VolatileBackend)
    assert type(open_search("none")).__name__ == "NullSearch"
    with pytest.raises(SettingsError, match="did you mean 'scratch'"):
        open_backend({"STORAGE_BACKEND": "scrach"})


def test_a_missing_driver_of_others_is_named(
    contribute: Callable[[str, str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "greatstore.py").write_text("import greatdriver_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    contribute("backends", "great", "greatstore:Store")
    with pytest.raises(MissingDriverError, match="great needs the package greatdriver_that_is"):
        open_backend({"STORAGE_BACKEND": "great"})


def test_a_password_is_not_shown() -> None:
    assert without_password("redis://me:se:cr@et@host/0") == "redis://me:***@host/0"
    assert without_password("redis://:secret@host") == "redis://:***@host"
    assert without_password("file:///a@b:c") == "file:///a@b:c"
    hidden = without_password("postgresql://host/db?user=me&password=se:cret&sslmode=require")
    assert hidden == "postgresql://host/db?user=me&password=***&sslmode=require"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///a/b.db", "sqlite:///{here}/a/b.db"),
        ("sqlite+pysqlite:///b.db?timeout=5", "sqlite+pysqlite:///{here}/b.db?timeout=5"),
        ("sqlite:////srv/b.db", "sqlite:////srv/b.db"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("redis", "redis"),
        ("mysql://me:secret@host/db", "mysql://me:***@host/db"),
    ],
)
def test_an_operator_is_told_which_file_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, shown: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown_place(url) == shown.format(here=tmp_path.as_posix())
    with pytest.raises(SettingsError) as caught:
        open_storage("nosuch://user:secret@host")
    assert "secret" not in str(caught.value)


def test_no_driver_is_imported_unless_chosen() -> None:
    code = (
        "import sys; from sphinxcontrib_websupport.registry import open_backend;"
        "open_backend('memory://');"
        "print(sorted({'redis','boto3','couchbase','cryptography','sphinx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
