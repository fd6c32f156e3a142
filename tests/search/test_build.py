"""Any HTML builder feeds the index: what is found after which build."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from docutils import nodes

from sphinxcontrib_websupport import WebSupport
from sphinxcontrib_websupport.errors import BuildError, StorageError
from sphinxcontrib_websupport.search import passages
from sphinxcontrib_websupport.search.base import BaseSearch
from sphinxcontrib_websupport.search.sqlite import SQLiteSearch
from sphinxcontrib_websupport.sphinxext.marks import MARK
from tests.sphinxext.project import Project

INDEX = """
Site
====

Welcome.

.. toctree::

   guide/index
   api
"""


class CountingSearch(SQLiteSearch):
    """Notes which pages it is fed."""

    path: Path

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.fed: list[str] = []

    def feed(self, pagename: str, filename: str, title: str, doctree: nodes.document) -> None:
        self.fed.append(pagename)
        super().feed(pagename, filename, title, doctree)


@pytest.fixture
def search(tmp_path: Path) -> Iterator[CountingSearch]:
    search = CountingSearch(tmp_path / "search.db")
    search.path = tmp_path / "search.db"
    yield search
    search.close()


@pytest.fixture
def site(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write("index.rst", INDEX)
    project.write("guide/index.rst", "Guide\n=====\n\nHow to peel\n-----------\n\nAn apple.")
    project.write("api.rst", "API\n===\n\n.. py:function:: peel(fruit)\n\n   Peel a plum.")
    return project


def paths(search: BaseSearch, q: str) -> list[str]:
    return [result.path for result in search.search(q).results]


def test_marks_have_one_name() -> None:
    assert passages.MARK == MARK


@pytest.mark.parametrize(
    ("builder", "apple", "peel"),
    [
        ("html", "guide/index.html", "api.html#peel"),
        ("dirhtml", "guide/", "api/#peel"),
        ("websupport", "guide/", "api#peel"),
        ("singlehtml", "index.html", "index.html#peel"),
    ],
)
def test_results_lead_to_paragraphs_and_objects(
    site: Project, search: CountingSearch, builder: str, apple: str, peel: str
) -> None:
    site.build(builder, search=search, parallel=2)
    (path,) = paths(search, "apple")
    node = {source: id for id, source in site.attached()["guide/index"]}["An apple."]
    assert path == f"{apple}#s{node}"
    assert paths(search, "fruit") == [peel]
    (result,) = search.search("plum").results
    assert result.heading == "peel"


def indexed(search: CountingSearch) -> dict[str, int]:
    """Return the row of each page: another one when it was indexed again."""
    with closing(sqlite3.connect(search.path)) as db:
        return dict(db.execute("SELECT name, id FROM pages"))


def test_only_what_changed_is_indexed_again(site: Project, search: CountingSearch) -> None:
    site.build(search=search)
    assert sorted(search.fed) == ["api", "guide/index", "index"]
    search.fed = []
    site.build(search=search)
    assert search.fed == []
    site.write("api.rst", "API\n===\n\nA pear.")
    before = indexed(search)
    site.build(search=search)
    after = indexed(search)
    assert [name for name in after if after[name] != before[name]] == ["api"]
    assert paths(search, "plum") == []
    assert len(paths(search, "pear")) == len(paths(search, "apple")) == 1


def test_a_page_that_is_gone_is_not_found(site: Project, search: CountingSearch) -> None:
    site.build(search=search)
    (site.source / "api.rst").unlink()
    site.write("index.rst", INDEX.replace("   api\n", ""))
    site.build(search=search)
    assert paths(search, "plum") == []
    assert search.names() == {"index", "guide/index"}


def test_a_page_that_asks_for_it_is_left_out(site: Project, search: CountingSearch) -> None:
    site.build(search=search)
    site.write("api.rst", ":nosearch:\n\nAPI\n===\n\nA plum.")
    site.build(search=search)
    assert paths(search, "plum") == []
    search.fed = []
    site.build(search=search)
    assert search.fed == []


def test_an_index_that_is_lost_is_made_again(
    site: Project, search: CountingSearch, tmp_path: Path
) -> None:
    site.build(search=search)
    fresh = SQLiteSearch(tmp_path / "fresh.db")
    site.build(search=fresh)
    assert paths(fresh, "plum") == paths(search, "plum")
    fresh.close()


def test_a_failed_build_leaves_the_index_and_the_next_one_catches_up(
    site: Project, search: CountingSearch
) -> None:
    site.build(search=search)
    site.write("api.rst", "API\n===\n\nA pear.")
    site.write(
        "conf.py",
        """
        project = "Probe"
        def fail(app, exception):
            if exception is None:
                raise RuntimeError("at the end")
        def setup(app):
            app.connect("build-finished", fail)
        """,
    )
    with pytest.raises(BuildError):
        site.build(search=search)
    assert len(paths(search, "plum")) == 1
    assert paths(search, "pear") == []
    site.write("conf.py", 'project = "Probe"')
    site.build(search=search)
    assert paths(search, "plum") == []
    assert len(paths(search, "pear")) == 1


def test_an_index_that_fails_is_a_sentence_and_fed_again(
    site: Project, search: CountingSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(search, "finish_indexing", fail)
        with pytest.raises(BuildError, match="Search index error: the disk is full"):
            site.build(search=search)
    site.build(search=search)
    assert len(paths(search, "plum")) == 1


def test_conf_py_names_an_index(site: Project, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path.as_posix()}/named.db"
    site.write("conf.py", f"websupport_search = {url!r}")
    site.build()
    search = SQLiteSearch(tmp_path / "named.db")
    assert len(paths(search, "plum")) == 1
    search.close()


def test_an_unknown_index_is_a_sentence(site: Project) -> None:
    with pytest.raises(BuildError, match=r"websupport_search: .*elastic"):
        site.build(search="elastic://here")


class Published(BaseSearch):
    """An adapter as others have written it: it appends what it is fed to what it has."""

    def __init__(self) -> None:
        self.pages: list[tuple[str, str]] = []

    def init_indexing(self, changed: Collection[str] = ()) -> None:
        self.pages = [(name, text) for name, text in self.pages if name not in changed]

    def add_document(self, pagename: str, filename: str, title: str, text: str) -> None:
        self.pages.append((pagename, text))


def test_an_adapter_of_others_hears_what_is_about_to_be_fed(site: Project) -> None:
    search = Published()
    for builder in ("html", "singlehtml", "singlehtml", "html", "html"):
        site.write("api.rst", f"API\n===\n\nBuilt by {builder}.")
        site.build(builder, search=search)
        names = [name for name, _ in search.pages]
        assert len(set(names)) == len(names)
    assert any("Built by html." in text for _, text in search.pages)


def test_an_application_searches_from_its_first_build_on(site: Project, tmp_path: Path) -> None:
    support = WebSupport(
        site.source, tmp_path / "web", search="sqlite", docroot="docs", status=None
    )
    support.build()
    page = support.get_search_results("plum")
    assert page["title"]
    assert 'href="/docs/api#s' in page["body"]
    assert "<mark>plum</mark>" in page["body"]
    assert "Nothing was found" in support.get_search_results("unheard")["body"]
    support.close()
