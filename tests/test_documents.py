"""Built pages under their names: what is not one of them is not found, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinxcontrib_websupport.backends.filesystem import FileSystemJsonBackend
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.documents.store import Documents
from sphinxcontrib_websupport.errors import DocumentNotFoundError, StorageError
from sphinxcontrib_websupport.model import Document


def page(body: str = "<p>Text</p>") -> Document:
    return {"body": body, "sidebar": "", "relbar": "", "title": "T", "css": "", "script": ""}


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    return Documents(FileSystemJsonBackend(tmp_path / "pages"))


def test_a_page_is_read_as_it_was_written(documents: Documents) -> None:
    parts = page("<p>„Ümläut“ &amp; 🎈</p>")
    parts["parents"] = [{"link": "/", "title": "Home"}]

    assert documents.write("guide/install", parts) is True

    assert documents.read("guide/install") == parts
    assert documents.names() == {"guide/install"}


def test_a_page_that_did_not_change_is_not_written(documents: Documents) -> None:
    documents.write("a", page())

    assert documents.write("a", page()) is False
    assert documents.write("a", page("other")) is True


def test_what_is_read_belongs_to_the_caller() -> None:
    documents = Documents(VolatileBackend())
    documents.write("a", page())

    documents.read("a")["script"] += "more"

    assert documents.read("a")["script"] == ""


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("", "home"),
        ("index", "home"),
        ("guide", "guide"),
        ("guide/", "guide"),
        ("guide/index", "guide"),
        ("guide/index/", "guide"),
    ],
)
def test_the_name_of_a_folder_gives_its_index(documents: Documents, name: str, found: str) -> None:
    documents.write("index", page("home"))
    documents.write("guide/index", page("guide"))

    assert documents.read(name)["body"] == found


@pytest.mark.parametrize(
    "name",
    [
        "missing",
        "..",
        "../secret",
        "a/../a",
        "a/../../secret",
        "./a",
        "a/.",
        "a//b",
        "//",
        "/",
        "/a",
        "/etc/passwd",
        "a\0",
        "a\n",
        "..\\secret",
        "C:\\a",
        "a\ud800",
        "a" * 5000,
        None,
        5,
        b"a",
    ],
)
def test_other_names_are_not_found(documents: Documents, tmp_path: Path, name: Any) -> None:
    documents.write("a", page())
    FileSystemJsonBackend(tmp_path).dump("secret", page("secret"))

    with pytest.raises(DocumentNotFoundError):
        documents.read(name)


@given(st.text(max_size=30))
def test_no_name_is_an_error_of_another_kind(name: str) -> None:
    documents = Documents(VolatileBackend())
    documents.write("a", page())

    with suppress(DocumentNotFoundError):
        assert documents.read(name) == page()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"null", b"[]", b'{"body": "x"}', b'{"body": 5}']
)
def test_a_damaged_file_is_not_found_and_mended_by_the_next_build(
    documents: Documents, tmp_path: Path, content: bytes
) -> None:
    documents.write("a", page())
    (tmp_path / "pages" / "a.json").write_bytes(content)

    with pytest.raises(DocumentNotFoundError):
        documents.read("a")

    assert documents.write("a", page()) is True
    assert documents.read("a") == page()


@pytest.mark.parametrize(
    "change", [{"title": None}, {"parents": 5}, {"parents": [5]}, {"parents": [{"link": 5}]}]
)
def test_a_value_of_another_shape_is_not_found(change: dict[str, Any]) -> None:
    store = VolatileBackend()
    store.dump("a", {**page(), **change})

    with pytest.raises(DocumentNotFoundError):
        Documents(store).read("a")


def test_a_store_that_does_not_answer_is_no_missing_page() -> None:
    class Down(VolatileBackend):
        def load(self, key: str) -> Any:
            raise StorageError("down")

    with pytest.raises(StorageError):
        Documents(Down()).read("a")


def test_only_what_is_kept_stays(documents: Documents) -> None:
    for name in ("a", "b/c", "d"):
        documents.write(name, page())

    documents.prune({"a", "d", "never written"})

    assert documents.names() == {"a", "d"}
