"""The store that the manual shows, and the tests that it shows with it."""

# [suite]
from pathlib import Path

import pytest

from sphinxcontrib_websupport.backends.contributed import ContributedBackend
from sphinxcontrib_websupport.storage.keyvalue import KeyValueStorage
from sphinxcontrib_websupport.testing.storage import StorageContract
from tests.storage.drawer import DrawerStore


class TestDrawerStore(StorageContract):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> KeyValueStorage:
        drawer = DrawerStore({"DRAWER_FILE": str(tmp_path / "comments.drawer")})
        return KeyValueStorage(ContributedBackend(drawer))


# [end]
def test_the_manual_keeps_its_word() -> None:
    """A whole store in about forty lines, its test class in about ten."""
    store = Path(__file__).with_name("drawer.py").read_text().partition("# [store]\n")[2]
    suite = Path(__file__).read_text().partition("# [suite]\n")[2].partition("# [end]")[0]
    assert sum(map(bool, store.splitlines())) <= 42
    assert sum(map(bool, suite.splitlines())) <= 12
