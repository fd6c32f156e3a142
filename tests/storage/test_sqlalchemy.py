"""The contract of a comment store, on each engine of SQLAlchemyStorage."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage
from sphinxcontrib_websupport.testing import machine
from sphinxcontrib_websupport.testing.editing import OriginContract
from sphinxcontrib_websupport.testing.retirement import RetirementContract
from sphinxcontrib_websupport.testing.sharing import Opener, SharedStorageContract
from sphinxcontrib_websupport.testing.storage import StorageContract
from sphinxcontrib_websupport.testing.versions import VersionContract
from tests.storage.conftest import empty


class Contract(StorageContract, RetirementContract, OriginContract, VersionContract):
    @pytest.fixture
    def storage(self, empty_database: str) -> Iterator[StorageBackend]:
        storage = SQLAlchemyStorage(empty_database)
        yield storage
        storage.close()

    @pytest.mark.parametrize("mark", ["", "1", "1.0", "1.x", "x.1", "1.1.1", "1." + "9" * 30])
    def test_refuses_a_foreign_mark(self, storage: StorageBackend, mark: str) -> None:
        with pytest.raises(InvalidInputError):
            storage.get_page("n", Viewer(), mark)


class ServedContract(Contract):
    """Of a database that is there when the object that opened it is not."""

    def test_is_as_the_model(self, database: str) -> None:
        def open_storage() -> StorageBackend:
            empty(database)
            return SQLAlchemyStorage(database)

        assert machine.run(open_storage) >= machine.STEPS


class SharedContract(SharedStorageContract):
    @pytest.fixture
    def open_storage(self, empty_database: str) -> Opener:
        return partial(SQLAlchemyStorage, empty_database)


class TestSQLite(ServedContract):
    engine = "sqlite"


class TestSQLiteInMemory(Contract):
    @pytest.fixture
    def empty_database(self) -> str:
        return "sqlite://"


class TestPostgreSQL(ServedContract):
    engine = "postgresql"


class TestMariaDB(ServedContract):
    engine = "mariadb"


class TestSharedSQLite(SharedContract):
    engine = "sqlite"


class TestSharedPostgreSQL(SharedContract):
    engine = "postgresql"


class TestSharedMariaDB(SharedContract):
    engine = "mariadb"
