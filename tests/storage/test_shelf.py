"""The store that the manual shows, and the test that it shows with it."""

# [suite]
import pytest

from sphinxcontrib_websupport.testing.storage import StorageContract
from tests.storage.shelf import ShelfStorage


class TestShelfStorage(StorageContract):
    @pytest.fixture
    def storage(self) -> ShelfStorage:
        return ShelfStorage()
