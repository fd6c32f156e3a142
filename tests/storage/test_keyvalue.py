"""The contract of a comment store over memory, files and encrypted values."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.encrypted import Encrypted
from sphinxcontrib_websupport.backends.filesystem import FileSystemJsonBackend
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.errors import DamagedValueError
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.keyvalue import KeyValueStorage
from sphinxcontrib_websupport.testing import machine
from sphinxcontrib_websupport.testing.editing import OriginContract
from sphinxcontrib_websupport.testing.retirement import RetirementContract
from sphinxcontrib_websupport.testing.sharing import Opener, SharedStorageContract
from sphinxcontrib_websupport.testing.storage import StorageContract, publish, say, shown
from sphinxcontrib_websupport.testing.versions import VersionContract


def open_files(path: Path) -> StorageBackend:
    return KeyValueStorage(FileSystemJsonBackend(path))


class Contract(StorageContract, RetirementContract, OriginContract, VersionContract):
    @pytest.fixture
    def backend(self) -> Backend:
        raise NotImplementedError

    @pytest.fixture
    def storage(self, backend: Backend) -> Iterator[StorageBackend]:
        storage = KeyValueStorage(backend)
        yield storage
        storage.close()


class TestMemory(Contract):
    @pytest.fixture
    def backend(self) -> Backend:
        return VolatileBackend()

    def test_is_as_the_model(self) -> None:
        def open_new() -> StorageBackend:
            return KeyValueStorage(VolatileBackend())

        assert machine.run(open_new) >= machine.STEPS


class TestFiles(Contract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        return FileSystemJsonBackend(tmp_path / "comments")


class TestEncrypted(RetirementContract):
    """What is written and read is the same; only that all goes through is to be shown."""

    @pytest.fixture
    def storage(self) -> StorageBackend:
        return KeyValueStorage(Encrypted(VolatileBackend(), b"k" * 32))

    def test_shows_nobody_else_what_was_said(self) -> None:
        backend = VolatileBackend()
        storage = KeyValueStorage(Encrypted(backend, b"k" * 32))
        publish(storage, "n")
        storage.process_vote(say(storage, text="<p>Secret</p>")["id"], "bob", 1)
        assert [c["text"] for c in shown(storage)] == ["<p>Secret</p>"]
        assert not any("ecret" in str(value) or "ource" in str(value) for _, value in backend)
        with pytest.raises(DamagedValueError):
            KeyValueStorage(Encrypted(backend, b"x" * 32)).get_data("n", None, False)


class TestSharedFiles(SharedStorageContract):
    @pytest.fixture
    def open_storage(self, tmp_path: Path) -> Opener:
        return partial(open_files, tmp_path / "comments")
