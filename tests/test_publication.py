"""Pages and files in stores that a web process without any file of the build reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sphinxcontrib_websupport import WebSupport
from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.codecs import RAW
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.backends.s3 import S3JsonBackend, S3RawBackend
from sphinxcontrib_websupport.documents.publishing import (
    LIST,
    Published,
    publish_assets,
    publish_documents,
)
from sphinxcontrib_websupport.errors import DocumentNotFoundError, StorageError


class Recorder(VolatileBackend):
    """A store in memory that remembers what was asked of it, and fails when told to."""

    def __init__(self, codec: Any = None, calls: list[tuple[str, str]] | None = None) -> None:
        super().__init__()
        if codec is not None:
            self.codec = codec
        self.calls: list[tuple[str, str]] = [] if calls is None else calls
        self.fails_at = ""

    def dump(self, key: str, value: Any, expire: float | None = None) -> bool:
        self._note("dump", key)
        return super().dump(key, value, expire)

    def delete(self, key: str) -> bool:
        self._note("delete", key)
        return super().delete(key)

    def _note(self, call: str, key: str) -> None:
        if key == self.fails_at:
            raise StorageError("told to fail")
        if key != LIST:
            self.calls.append((call, key))


def pages(**texts: str) -> Backend:
    backend = VolatileBackend()
    for name, text in texts.items():
        backend.dump(name, {"body": text})
    return backend


def held(target: Backend) -> dict[str, Any]:
    return {key: value for key, value in target.items() if key != LIST}


def test_only_what_changed_is_sent_and_what_disappeared_is_removed_last() -> None:
    target = Recorder()
    assert publish_documents(pages(a="1", b="1"), target) == Published(2, 0)
    target.calls.clear()
    assert publish_documents(pages(a="1", b="1"), target) == Published(0, 0)
    assert target.calls == []
    assert publish_documents(pages(a="2", c="1"), target) == Published(2, 1)
    assert sorted(target.calls[:2]) == [("dump", "a"), ("dump", "c")]
    assert target.calls[2:] == [("delete", "b")]
    assert held(target) == {"a": {"body": "2"}, "c": {"body": "1"}}


@pytest.mark.parametrize("fails_at", ["a", "b", "c"])
def test_a_publication_that_broke_is_completed_by_the_next(fails_at: str) -> None:
    target = Recorder()
    publish_documents(pages(a="1", b="1"), target)
    target.fails_at = fails_at
    with pytest.raises(StorageError):
        publish_documents(pages(a="2", c="1"), target)
    target.fails_at = ""
    # What the next build has is what was there at first: the list must not be believed.
    publish_documents(pages(a="1", b="1"), target)
    assert held(target) == {"a": {"body": "1"}, "b": {"body": "1"}}


def test_a_damaged_list_costs_one_full_publication() -> None:
    target = Recorder()
    publish_documents(pages(a="1"), target)
    VolatileBackend.dump(target, LIST, ["not", "a", "list", "of", "digests"])
    assert publish_documents(pages(a="1"), target) == Published(1, 0)


def test_items_of_others_are_left_alone() -> None:
    target = Recorder()
    target.dump("theirs", 1)
    publish_documents(pages(a="1"), target)
    publish_documents(pages(), target)
    assert held(target) == {"theirs": 1}


def test_files_go_under_their_paths_and_hidden_ones_stay(tmp_path: Path) -> None:
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "a.css").write_bytes(b"a {}")
    (tmp_path / ".buildinfo").write_bytes(b"hidden")
    target = Recorder(RAW)
    assert publish_assets(tmp_path, target) == Published(1, 0)
    assert held(target) == {"_static/a.css": b"a {}"}
    (tmp_path / "_static" / "a.css").unlink()
    assert publish_assets(tmp_path, target, remove=False) == Published(0, 0)
    assert publish_assets(tmp_path, target) == Published(0, 1)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "conf.py").write_text("")
    (folder / "index.rst").write_text("Home\n====\n\nHello.\n\n.. toctree::\n\n   more\n")
    (folder / "more.rst").write_text("More\n====\n\nThere is more.\n")
    return folder


def test_a_web_process_needs_no_file_of_the_build(project: Path, tmp_path: Path) -> None:
    documents, assets = Recorder(), Recorder(RAW)
    storage = f"sqlite:///{(tmp_path / 'comments.db').as_posix()}"
    with_sources = WebSupport(
        project,
        tmp_path / "build",
        storage=storage,
        documents=documents,
        assets=assets,
        status=None,
    )
    with_sources.build()
    elsewhere = WebSupport(builddir=tmp_path / "elsewhere", storage=storage, documents=documents)
    assert "Hello." in elsewhere.get_document("index")["body"]
    assert "genindex" in documents.keys()  # noqa: SIM118 - a store is no mapping
    assert any(name.startswith("_static/websupport") for name in assets.keys())  # noqa: SIM118
    documents.calls.clear()
    (project / "more.rst").unlink()
    (project / "index.rst").write_text("Home\n====\n\nHello again.\n")
    with_sources.build()
    assert ("delete", "more") in documents.calls
    assert "Hello again." in with_sources.get_document("index")["body"]
    with pytest.raises(DocumentNotFoundError):
        with_sources.get_document("more")
    with_sources.close()
    elsewhere.close()


def test_a_build_sends_files_before_pages_and_removes_them_after(
    project: Path, tmp_path: Path
) -> None:
    """At no moment is there a page whose files are not there."""
    calls: list[tuple[str, str]] = []
    support = WebSupport(
        project,
        tmp_path,
        documents=Recorder(calls=calls),
        assets=Recorder(RAW, calls),
        status=None,
    )
    old, new = (tmp_path / "static" / "_static" / name for name in ("old.css", "new.css"))
    old.parent.mkdir(parents=True)
    old.write_text("p {}")
    support.build()
    old.unlink()
    new.write_text("p {}")
    (project / "more.rst").unlink()
    (project / "index.rst").write_text("Home\n====\n\nHello again.\n")
    calls.clear()
    support.build()
    support.close()

    steps = [
        ("dump", "_static/new.css"),
        ("dump", "index"),
        ("delete", "more"),
        ("delete", "_static/old.css"),
    ]
    assert sorted(steps, key=calls.index) == steps


def test_a_page_is_read_from_the_store_once_and_then_from_the_cache(tmp_path: Path) -> None:
    documents = Recorder()
    names = ("body", "sidebar", "relbar", "title", "css", "script")
    documents.dump("index", dict.fromkeys(names, "first"))
    support = WebSupport(builddir=tmp_path, documents=documents, page_timeout=3600)
    assert support.get_document("index")["body"] == "first"
    documents.dump("index", dict.fromkeys(names, "second"))
    assert support.get_document("index")["body"] == "first"
    fresh = WebSupport(builddir=tmp_path / "other", documents=documents, page_timeout=0)
    assert fresh.get_document("index")["body"] == "second"
    support.close()
    fresh.close()


def test_in_a_bucket(s3_url: str, tmp_path: Path) -> None:
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "a.js").write_text("let a = 1;\n" * 100)
    documents = S3JsonBackend.from_url(s3_url)
    publish_documents(pages(index="Hello"), documents)
    publish_documents(pages(other="Hello"), documents)
    assert held(documents) == {"other": {"body": "Hello"}}
    documents.clear()
    assets = S3RawBackend.from_url(s3_url)
    publish_assets(tmp_path, assets)
    assert assets.load("_static/a.js") == b"let a = 1;\n" * 100
