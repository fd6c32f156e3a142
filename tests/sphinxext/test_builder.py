"""The ``websupport`` builder: pages in parts, with addresses for an application."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from docutils import nodes

from sphinxcontrib_websupport.backends.filesystem import FileSystemJsonBackend
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.documents.store import Documents
from sphinxcontrib_websupport.search.base import BaseSearch
from tests.sphinxext.project import Project

# One dark pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763606060000000040001f61738550000000049454e44ae426082"
)


@pytest.fixture
def site(project: Project) -> Project:
    project.write("conf.py", 'extensions = ["sphinx.ext.viewcode"]\nhtml_title = "Site"')
    project.write(
        "index.rst",
        """
        Site
        ====

        See :doc:`guide/install`, :doc:`guide/index`, :ref:`below <here>` and
        :download:`a file <data.txt>`.

        .. image:: pixel.png

        .. index:: word

        .. py:module:: shiny

        .. _here:

        Here
        ----

        .. toctree::

           guide/index
           guide/install
        """,
    )
    project.write("guide/index.rst", "Guide\n=====\n\nA & B")
    project.write("guide/install.rst", "Install *it*\n============\n\n.. image:: ../pixel.png")
    project.write("data.txt", "data")
    (project.source / "pixel.png").write_bytes(PNG)
    return project


def _documents(site: Project) -> Documents:
    return Documents(FileSystemJsonBackend(site.out("websupport") / "documents"))


def test_a_page_comes_in_parts(site: Project) -> None:
    site.build("websupport")

    page = _documents(site).read("guide/install")
    assert page["title"] == "Install <em>it</em>"
    assert page["body"].startswith("<section")
    assert 'name="q"' in page["sidebar"]
    assert "Site" in page["relbar"]
    assert "pygments.css" in page["css"]
    assert 'type="module"' in _documents(site).read("index")["script"]


def test_every_page_of_the_site_is_there(site: Project) -> None:
    site.build("websupport")

    pages = _documents(site)
    assert {"index", "guide/index", "guide/install"} < pages.names()
    assert pages.read("guide") == pages.read("guide/index")
    assert pages.read("") == pages.read("index")
    index = pages.read("genindex")
    assert "word" in index["body"]
    assert index["title"] == "Index"
    assert "/#index-0" in index["body"]
    assert "shiny" in pages.read("py-modindex")["body"]
    assert 'name="q"' in pages.read("search")["body"]


@pytest.mark.parametrize(
    ("docroot", "staticroot", "root", "static"),
    [
        ("", "static", "/", "/static/"),
        ("docs", "assets/docs", "/docs/", "/assets/docs/"),
        ("/docs/", "/static/", "/docs/", "/static/"),
        (
            "https://a.example/d",
            "https://cdn.example/s",
            "https://a.example/d/",
            "https://cdn.example/s/",
        ),
    ],
)
def test_addresses(site: Project, docroot: str, staticroot: str, root: str, static: str) -> None:
    site.build("websupport", docroot=docroot, staticroot=staticroot)

    page = _documents(site).read("index")
    assert f'href="{root}guide/install"' in page["body"]
    assert f'href="{root}guide/"' in page["body"]
    assert 'href="#here"' in page["body"]
    assert f'src="{static}_images/pixel.png"' in page["body"]
    download = re.search(rf'href="{re.escape(static)}(_downloads/[^"]+/data.txt)"', page["body"])
    assert download
    folder = site.out("websupport") / "static"
    assert (folder / download[1]).read_text(encoding="utf-8") == "data\n"
    assert (folder / "_images" / "pixel.png").read_bytes() == PNG
    assert f'src="{static}_images/pixel.png"' in _documents(site).read("guide/install")["body"]
    for address in re.findall(r'(?:src|href)="([^"]+)"', page["css"] + page["script"]):
        assert address.startswith(static)
        assert (folder / address.removeprefix(static).partition("?")[0]).is_file()
    for address in re.findall(r'href="([^"]+)"', page["relbar"] + page["sidebar"]):
        assert address.startswith((root, static, "#")), address


def test_static_files_go_where_they_are_told(site: Project, tmp_path: Path) -> None:
    site.build("websupport", staticdir=tmp_path / "www")

    assert (tmp_path / "www" / "_static" / "pygments.css").is_file()
    assert (tmp_path / "www" / "searchindex.js").is_file()
    assert not (site.out("websupport") / "static").exists()


def test_the_inventory_is_relative_to_the_root_of_the_pages(site: Project) -> None:
    from sphinx.util.inventory import InventoryFile

    site.build("websupport", docroot="docs")

    with (site.out("websupport") / "static" / "objects.inv").open("rb") as file:
        inventory: Any = InventoryFile.load(file, "https://a.example/docs", lambda *p: "/".join(p))
    item = inventory["std:doc"]["guide/install"]
    assert (getattr(item, "uri", None) or item[2]) == "https://a.example/docs/guide/install"


def test_scripts_of_a_page_are_files(site: Project) -> None:
    site.build("websupport")

    pages = [_documents(site).read(name) for name in ("index", "genindex", "search")]
    whole = "".join(str(part) for page in pages for part in page.values())
    for attributes, content in re.findall(r"<script([^>]*)>(.*?)</script>", whole, re.DOTALL):
        assert not content.strip() or 'type="application/json"' in attributes


def test_pages_that_did_not_change_are_not_written(site: Project) -> None:
    site.build("websupport")
    path = site.out("websupport") / "documents" / "guide" / "install.json"
    before = path.stat().st_mtime_ns

    site.build("websupport", freshenv=True)

    assert path.stat().st_mtime_ns == before


def test_pages_that_the_store_lost_are_written_again(site: Project) -> None:
    site.build("websupport")
    _documents(site).store.delete("guide/install")

    site.build("websupport")

    assert "guide/install" in _documents(site).names()


def test_pages_of_documents_that_are_gone_are_forgotten(site: Project) -> None:
    site.build("websupport")
    (site.source / "guide" / "install.rst").unlink()

    site.build("websupport")

    assert "guide/install" not in _documents(site).names()
    assert {"index", "genindex", "search"} <= _documents(site).names()


def test_an_applications_own_store_keeps_the_pages(site: Project) -> None:
    documents = Documents(VolatileBackend())

    # Not with several processes at writing: what they keep in memory would be lost.
    site.build("websupport", documents=documents, parallel=2)

    assert {"index", "guide/install", "genindex"} <= documents.names()


def test_pages_of_extensions(site: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "websupport_probe_code"
    site.write("conf.py", 'extensions = ["sphinx.ext.autodoc", "sphinx.ext.viewcode"]')
    site.write(f"{name}.py", 'def shine():\n    """Shine."""')
    site.write("api.rst", f":orphan:\n\nAPI\n===\n\n.. automodule:: {name}\n   :members:")
    monkeypatch.syspath_prepend(str(site.source))

    for _ in range(2):
        site.build("websupport", docroot="docs")
        page = _documents(site).read(f"_modules/{name}")
        assert "shine" in page["body"]
        assert f"/docs/api#{name}.shine" in page["body"]


class Recorder(BaseSearch):
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def init_indexing(self, changed: Collection[str] = ()) -> None:
        self.calls.append(("init", changed))

    def feed(self, pagename: str, filename: str, title: str, doctree: nodes.document) -> None:
        self.calls.append((pagename, filename, title, "A & B" in doctree.astext()))

    def finish_indexing(self) -> None:
        self.calls.append("finish")


def test_a_search_adapter_is_fed(site: Project) -> None:
    search = Recorder()
    site.build("websupport", search=search, parallel=2)
    assert search.calls == [
        ("init", ["guide/index", "guide/install", "index"]),
        ("guide/index", "guide/index.rst", "Guide", True),
        ("guide/install", "guide/install.rst", "Install it", False),
        ("index", "index.rst", "Site", False),
        "finish",
    ]

    again = Recorder()
    site.write("guide/index.rst", "Guide\n=====\n\nA & B & C")
    site.build("websupport", search=again)
    assert ("guide/install", "guide/install.rst", "Install it", False) not in again.calls
    assert ("guide/index", "guide/index.rst", "Guide", True) in again.calls
