"""Wrong values in conf.py are one clear sentence; documents can be without comments."""

from __future__ import annotations

from typing import Any

import pytest

from sphinxcontrib_websupport.errors import BuildError
from tests.sphinxext.project import Project, assert_marked_once


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("storage", 5, "websupport_storage is a URL"),
        ("storage", "nonsense://x", "websupport_storage"),
        ("url", "comments", "websupport_url is a path such as '/_comments'"),
        ("url", "javascript:alert(1)", "websupport_url is a path"),
        ("url", '/a"b', "websupport_url is a path"),
        ("url", None, "websupport_url is a path"),
        ("credentials", 5, "websupport_credentials is True or False"),
        ("commentable", ["paragraphs"], "cannot be commented on: paragraphs"),
        ("commentable", ["caption", "document"], "cannot be commented on: caption, document"),
        ("commentable", {"a": 1}, "websupport_commentable is a list of texts"),
        ("commentable", 5, "websupport_commentable is a list of texts"),
        ("exclude", [5], "websupport_exclude is a list of texts"),
        ("exclude", {"a": 1}, "websupport_exclude is a list of texts"),
        ("site", "a:b", "websupport_site is a name"),
        ("site", " ", "websupport_site is a name"),
    ],
)
def test_wrong_values(project: Project, name: str, value: Any, sentence: str) -> None:
    project.write("index.rst", "T\n=\n\nText.")
    overrides = {"websupport_storage": project.url, f"websupport_{name}": value}

    with pytest.raises(BuildError, match="Configuration error") as failed:
        project.build(confoverrides=overrides, storage=None)

    assert sentence in str(failed.value)
    assert not project.database.exists()


@pytest.mark.parametrize("value", ["/", "/a/b", "https://comments.example", "http://[::1]:80/c"])
def test_addresses(project: Project, value: str) -> None:
    project.write("index.rst", "T\n=\n\nText.")

    project.build(confoverrides={"websupport_url": value})

    assert f'"url": "{value.rstrip("/")}"' in project.html()


def test_lists_can_come_from_the_command_line(project: Project) -> None:
    project.write("index.rst", "T\n=\n\nText.\n\n* item")

    # Sphinx hands over what follows ``-D websupport_commentable=`` as one text.
    project.build(confoverrides={"websupport_commentable": "list_item, title"})

    assert project.sources() == ["T", "item"]


def test_documents_can_be_excluded(project: Project) -> None:
    project.write("index.rst", "T\n=\n\nText.\n\n.. toctree::\n   :glob:\n\n   **")
    project.write("silent.rst", ":no-comments:\n\nT\n=\n\nText.")
    project.write("loud.rst", ":no-comments: false\n\nT\n=\n\nText.")
    project.write("legal/terms.rst", "T\n=\n\nText.")
    project.write("legal/deep/terms.rst", "T\n=\n\nText.")

    project.build(confoverrides={"websupport_exclude": ["legal/**"]})

    assert set(project.attached()) == {"index", "loud"}
    assert_marked_once(project)
    for page in ("silent", "legal/terms", "legal/deep/terms"):
        assert "websupport" not in project.html(page)


def test_excluding_a_document_sets_its_discussions_apart_until_it_is_back(
    project: Project,
) -> None:
    project.write("index.rst", "T\n=\n\nText of some length.")
    project.build()
    id = project.comment("Text of some length.")

    project.build(confoverrides={"websupport_exclude": ["index"]})
    assert project.ids() == []
    assert "websupport" not in project.html()
    assert "index (1)" in project.warnings

    project.build()
    assert project.ids() == [id]
    assert_marked_once(project)


def test_the_default_store_is_beside_conf_py(project: Project) -> None:
    project.write("index.rst", "T\n=\n\nText.")

    project.build(storage=None)

    folder = project.source / ".websupport"
    assert (folder / "comments.db").is_file()
    # What readers write does not get into a repository by mistake.
    assert "*" in (folder / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert not list(project.out().rglob("*.db"))


def test_a_folder_that_cannot_be_written_to_is_a_sentence(project: Project) -> None:
    project.write("index.rst", "T\n=\n\nText.")
    project.write(".websupport", "a file where the folder is to be")

    with pytest.raises(BuildError, match="set websupport_storage to the URL of one"):
        project.build(storage=None)
