"""Every adapter, the same contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from sphinxcontrib_websupport.errors import MissingDriverError, NullSearchException, SettingsError
from sphinxcontrib_websupport.registry import open_search
from sphinxcontrib_websupport.search.null import NullSearch
from sphinxcontrib_websupport.testing.search import OpenIndex, SearchContract
from tests.engines import absent, require


class TestSQLite(SearchContract):
    @pytest.fixture
    def open_index(self, tmp_path: Path) -> OpenIndex:
        return lambda: open_search("sqlite", tmp_path / "search")


class TestPostgreSQL(SearchContract):
    @pytest.fixture
    def open_index(self, postgresql_url: str) -> OpenIndex:
        return lambda: open_search(postgresql_url)


class TestWhoosh(SearchContract):
    @pytest.fixture
    def open_index(self, tmp_path: Path) -> OpenIndex:
        return lambda: open_search("whoosh", tmp_path / "search")


class TestXapian(SearchContract):
    @pytest.fixture
    def open_index(self, tmp_path: Path) -> OpenIndex:
        require("xapian")
        try:
            open_search("xapian", tmp_path / "search").close()
        except MissingDriverError as missing:
            absent("xapian", str(missing))
        return lambda: open_search("xapian", tmp_path / "search")


class TestNull:
    def test_every_query_is_refused(self) -> None:
        search = open_search("null")
        with pytest.raises(NullSearchException):
            search.search("apple")
        with pytest.raises(NullSearchException):
            list(search.query("apple"))

    def test_it_takes_pages_and_forgets_them(self) -> None:
        search = NullSearch()
        search.init_indexing(["a"])
        search.add_document("a", "a.rst", "A", "Apple")
        search.finish_indexing()


class TestOpening:
    @pytest.mark.parametrize("name", ["sqlite", "whoosh"])
    def test_a_url_names_a_file(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        for url, place in (
            (f"{name}:///index", tmp_path / "index"),
            (f"{name}:///{tmp_path}/in%20dex", tmp_path / "in dex"),
        ):
            search = open_search(url)
            search.init_indexing(["a"])
            search.add_document("a", "a.rst", "A", "Apple")
            search.finish_indexing()
            search.close()
            assert place.exists()

    @pytest.mark.parametrize("url", ["sqlite://index", "sqlite://", "sqlite:///", "null://x"])
    def test_another_url_is_refused(self, url: str) -> None:
        with pytest.raises(SettingsError):
            open_search(url)

    def test_a_database_is_not_kept_in_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="postgresql://"):
            open_search("postgresql", tmp_path)

    def test_a_missing_driver_is_one_sentence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "xapian", None)
        monkeypatch.delitem(
            __import__("sys").modules, "sphinxcontrib_websupport.search.xapian", raising=False
        )
        with pytest.raises(MissingDriverError, match="apt install python3-xapian"):
            open_search("xapian:///index")
