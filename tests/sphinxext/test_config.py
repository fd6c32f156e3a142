"""Wrong values in conf.py are one clear sentence; documents can be without comments."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sphinx.config import Config
from sphinx.errors import ConfigError

from sphinxcontrib_websupport.errors import BuildError
from sphinxcontrib_websupport.sphinxext.config import check
from tests.sphinxext.project import Project, assert_marked_once


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("storage", 5, "websupport_storage is a URL"),
        ("storage", "nonsense://x", "websupport_storage"),
        ("url", "comments", "websupport_url is a path such as '/_comments'"),
        ("url", "javascript:alert(1)", "websupport_url is a path"),
        ("url", "//comments.example.net", "websupport_url is a path"),
        ("url", "/\\comments.example.net", "websupport_url is a path"),
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


def written(project: Project, text: str) -> None:
    """Replace conf.py, and the one page."""
    project.write("conf.py", text)
    project.write("index.rst", "T\n=\n\nText.")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("websupport_storag = 'memory'", r"websupport_storag \(did you mean websupport_storage\?"),
        ("WEBSUPPORT_STORAG = 'memory'", r"WEBSUPPORT_STORAG"),
        ("websupport_redis_ulr = 'x'", r"did you mean websupport_redis_url\?"),
        ("websupport_comentable = []", r"did you mean websupport_commentable\?"),
    ],
)
def test_build_with_an_unknown_name_in_conf_py_is_refused(
    project: Project, line: str, sentence: str
) -> None:
    written(project, line)
    with pytest.raises(BuildError, match=sentence):
        project.build(storage=None)
    assert not (project.source / ".websupport").exists()


@pytest.mark.parametrize("name", ["STORAGE_BACKEND", "websupport_storage_backend"])
def test_build_keeps_comments_where_storage_backend_says(
    project: Project, tmp_path: Path, name: str
) -> None:
    written(project, f"{name} = 'file'\nFILE_DIR = {str(tmp_path / 'values')!r}")
    project.build(storage=None)
    assert any((tmp_path / "values").iterdir())
    assert not (project.source / ".websupport").exists()


def test_build_with_two_different_stores_warns_once_and_takes_storage(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    written(project, "websupport_storage = 'sqlite:///c.db'\nSTORAGE_BACKEND = 'memory'")
    # Sphinx keeps its own logger's messages to itself.
    project.build(storage=None)
    warned = [message for message in caplog.messages if "STORAGE_BACKEND" in message]
    assert warned == [
        f"STORAGE (sqlite:///{(project.source / 'c.db').as_posix()}) and STORAGE_BACKEND (memory) "
        "differ: comments go to STORAGE"
    ]
    assert (project.source / "c.db").exists()


def test_build_with_a_store_set_by_conf_py_s_setup_uses_it(project: Project) -> None:
    written(project, "def setup(app):\n    app.config.websupport_storage = 'sqlite:///late.db'")
    project.build(storage=None)
    assert (project.source / "late.db").exists()


def test_sqlite_of_the_command_line_is_relative_to_the_working_folder(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(project, "")
    monkeypatch.chdir(tmp_path)
    project.build(storage="sqlite:///given.db")
    assert (tmp_path / "given.db").exists()


@pytest.mark.parametrize("name", ["storage", "storage_backend", "search"])
def test_build_with_a_sqlite_file_at_the_old_place_stops_and_names_both(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    written(project, f"websupport_{name} = 'sqlite:///kept.db'")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept.db").touch()
    with pytest.raises(BuildError) as failed:
        project.build(storage=None)
    assert f"websupport_{name} is relative to the folder of conf.py" in str(failed.value)
    assert str(project.source / "kept.db") in str(failed.value)
    assert str(tmp_path / "kept.db") in str(failed.value)
    assert not (project.source / "kept.db").exists()


def test_settings_where_sphinx_hides_conf_py_s_values_are_refused() -> None:
    # Going on would mean another store, or one without encryption.
    app: Any = SimpleNamespace(config=Config())
    del app.config._raw_config
    with pytest.raises(ConfigError, match="does not tell which settings"):
        check(app, app.config)
