"""The check says what works, and in one sentence what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sphinxcontrib_websupport.backends import probe
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.backends.probe import check
from sphinxcontrib_websupport.errors import EncryptedValueError, SettingsError, StorageError
from sphinxcontrib_websupport.registry import open_backend
from tests.servers import free_port


def test_it_says_each_thing_that_works(tmp_path: Path) -> None:
    settings = {"STORAGE_BACKEND": "file", "FILE_DIR": str(tmp_path)}
    assert list(check(settings)) == [
        f"chosen: the folder {tmp_path}",
        "it answers",
        "wrote a value and read it",
        "changed it atomically",
        "deleted it",
    ]
    assert [path for path in tmp_path.iterdir() if not path.name.startswith(".")] == []


def test_it_checks_encryption_too(tmp_path: Path) -> None:
    settings = {"STORAGE_BACKEND": "file", "FILE_DIR": str(tmp_path), "SECRET_KEY": "A" * 43 + "="}
    assert next(check(settings)).endswith(", encrypted")
    assert list(check(settings))[-1] == "deleted it"


def test_missing_key_of_encrypted_values_is_said(tmp_path: Path) -> None:
    settings = {"STORAGE_BACKEND": "file", "FILE_DIR": str(tmp_path)}
    with open_backend({**settings, "SECRET_KEY": "A" * 43 + "="}) as backend:
        backend.dump("key", 1)
    with pytest.raises(EncryptedValueError, match=r"these values are encrypted, set SECRET_KEY$"):
        list(check(settings))


def test_a_url_will_do(redis_url: str) -> None:
    assert len(list(check(redis_url))) == 5


def test_a_missing_setting_is_said() -> None:
    with pytest.raises(SettingsError, match="FILE_DIR: Choose a folder"):
        list(check({"STORAGE_BACKEND": "file"}))


def test_a_server_that_is_not_there_is_said() -> None:
    lines = check(f"redis://127.0.0.1:{free_port()}")
    assert next(lines).startswith("chosen: Redis at redis://127.0.0.1")
    with pytest.raises(StorageError, match="refused"):
        next(lines)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="Not a directory"):
        list(check({"STORAGE_BACKEND": "file", "FILE_DIR": str(tmp_path / "file")}))


def test_a_store_that_lies_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(VolatileBackend):
        def dump(self, key: str, value: Any, expire: float | None = None) -> bool:
            return True

    monkeypatch.setattr(probe, "open_backend", lambda settings: Forgetful())
    with pytest.raises(StorageError, match="Forgetful gave None for a probe of"):
        list(check("memory://"))
