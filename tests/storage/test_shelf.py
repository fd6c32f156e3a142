"""The contract of a comment store that has the eleven published calls alone."""

import pytest

from sphinxcontrib_websupport.testing.storage import StorageContract
from tests.storage.shelf import ShelfStorage


class TestShelfStorage(StorageContract):
    @pytest.fixture
    def storage(self) -> ShelfStorage:
        return ShelfStorage()
