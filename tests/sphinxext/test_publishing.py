"""What a build writes to the store: all of it when it succeeded, nothing otherwise."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sphinxcontrib_websupport.errors import BuildError, StorageError
from sphinxcontrib_websupport.sphinxext import store
from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage
from tests.sphinxext.project import Project, assert_marked_once, times


@pytest.fixture
def book(project: Project) -> Project:
    project.write(
        "index.rst", "Book\n====\n\nPreface of the book.\n\n.. toctree::\n\n   one\n   two"
    )
    project.write("one.rst", "One\n===\n\nFirst paragraph.\n\nSecond paragraph.")
    project.write("two.rst", "Two\n===\n\nThird paragraph.")
    return project


def test_a_clean_build_gives_the_same_ids(book: Project) -> None:
    book.build()
    before = book.attached()

    shutil.rmtree(book.out())
    shutil.rmtree(book.doctrees)
    book.build()

    assert book.attached() == before
    assert_marked_once(book)


def test_two_empty_stores_agree(book: Project) -> None:
    book.build()
    before = book.attached()

    book.database.unlink()
    book.build(freshenv=True)

    assert book.attached() == before


def test_an_unchanged_build_writes_nothing(book: Project) -> None:
    book.build()
    before = _state_of(book)

    book.build()
    assert _state_of(book) == before

    book.build(freshenv=True, parallel=2)
    assert _state_of(book) == before
    assert_marked_once(book)


def test_an_unchanged_build_opens_no_store(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    book.build()
    monkeypatch.setattr(store, "open_storage", _refuse)

    book.build()
    assert_marked_once(book)

    book.write("two.rst", "Two\n===\n\nAnother text.")
    with pytest.raises(BuildError, match="opened"):
        book.build()


def _refuse(settings: object) -> None:
    raise StorageError("the store was opened")


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"pages": {}, "published": 1}'])
def test_a_damaged_record_costs_a_comparison(book: Project, damage: str) -> None:
    book.build()
    before = book.attached()
    (book.out() / ".websupport.json").write_text(damage)

    book.build()

    assert book.attached() == before
    assert_marked_once(book)


def test_an_unchanged_build_sees_that_the_store_is_another(book: Project) -> None:
    book.build()
    before = book.attached()
    copy = book.database.read_bytes()
    book.write("one.rst", "One\n===\n\nAnother text.")
    book.build()
    now = book.attached()

    book.database.write_bytes(copy)  # restored from a backup
    book.build()
    assert book.attached() == now != before

    book.database.unlink()
    book.build()
    assert [text for _, text in book.attached()["one"]] == ["Another text."]
    assert_marked_once(book)


def test_a_build_after_an_edit_keeps_ids_and_counts_lines_anew(book: Project) -> None:
    book.build()
    ids = {source: id for id, source in book.attached()["one"]}

    book.write("one.rst", "One\n===\n\nAn insertion.\n\nFirst paragraph.\n\nSecond paragraph.")
    book.build()

    now = {source: id for id, source in book.attached()["one"]}
    assert now["First paragraph."] == ids["First paragraph."]
    assert now["Second paragraph."] == ids["Second paragraph."]
    assert [node.line for node in book.nodes() if node.document == "one"] == [4, 6, 8]
    assert_marked_once(book)


def test_a_line_that_moved_is_told_to_the_store(book: Project) -> None:
    book.build()
    book.write("two.rst", ".. A comment.\n\nTwo\n===\n\nThird paragraph.")

    book.build()

    assert [node.line for node in book.nodes() if node.document == "two"] == [6]


def test_a_store_that_was_emptied_is_filled_without_reading_again(book: Project) -> None:
    book.build()
    for file in book.folder.glob("comments.db*"):
        file.unlink()

    book.build()

    assert set(book.attached()) == {"index", "one", "two"}
    assert_marked_once(book)


def test_a_page_is_written_again_when_only_its_ids_changed(book: Project) -> None:
    book.build()
    written = (book.out() / "two.html").stat().st_mtime_ns
    # Another machine registered this paragraph first, from another text.
    book.url = f"sqlite:///{book.folder.as_posix()}/other.db"
    _register(book, "two", "Third paragraph.", id="anotherid")

    book.build()

    assert (book.out() / "two.html").stat().st_mtime_ns > written
    assert times(book.html("two"), "anotherid") == 1
    assert_marked_once(book)


def test_what_is_gone_is_forgotten_without_comments_and_kept_with_them(book: Project) -> None:
    book.build()
    kept = book.comment("First paragraph.")

    book.write("one.rst", "One\n===\n\nSomething else entirely.")
    (book.source / "two.rst").unlink()
    book.build()

    retired = [node for node in book.nodes() if node.retired]
    assert [(node.id, node.document, node.source) for node in retired] == [
        (kept, "one", "First paragraph.")
    ]
    assert "1 discussion(s) set apart, because their paragraphs are gone: one (1)" in book.warnings
    assert times(book.html("one"), kept) == 0

    book.build()
    assert "set apart" not in book.warnings

    book.write("one.rst", "One\n===\n\nFirst paragraph.\n\nSecond paragraph.")
    book.build()
    assert times(book.html("one"), kept) == 1


def test_the_discussions_of_a_removed_page_are_counted(book: Project) -> None:
    book.build()
    book.comment("Third paragraph.")
    book.comment("First paragraph.")
    (book.source / "two.rst").unlink()
    (book.source / "one.rst").unlink()

    book.build()

    assert "2 discussion(s) set apart" in book.warnings
    assert "one (1), two (1)" in book.warnings


def test_the_warning_can_be_suppressed(book: Project) -> None:
    book.build()
    book.comment("Third paragraph.")
    (book.source / "two.rst").unlink()

    book.build(confoverrides={"suppress_warnings": ["websupport.detached"]})

    assert "set apart" not in book.warnings


# -- failures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["env-updated", "doctree-resolved", "build-finished"])
def test_a_build_that_raises_changes_nothing(book: Project, event: str) -> None:
    book.build()
    before = _state_of(book)
    book.write("one.rst", "One\n===\n\nAnother text.")
    failing = f"""
        def fail(*args):
            raise RuntimeError("broken on purpose")
        def setup(app):
            app.connect("{event}", fail)
        """

    book.write("conf.py", failing)
    with pytest.raises(BuildError, match="broken on purpose"):
        book.build()
    assert _state_of(book) == before

    book.write("conf.py", 'project = "Probe"')
    book.build()
    assert book.sources("one") == ["Another text."]
    assert_marked_once(book)


@pytest.mark.parametrize("options", [["-W"], ["-W", "--keep-going"]])
def test_a_build_that_fails_on_warnings_changes_nothing(book: Project, options: list[str]) -> None:
    _sphinx_build(book)
    before = _state_of(book)
    book.write("one.rst", "One\n===\n\nAnother text.\n\n.. unknown::")

    assert _sphinx_build(book, *options).returncode != 0
    assert _state_of(book) == before

    assert _sphinx_build(book).returncode == 0
    assert book.sources("one") == ["Another text."]
    assert_marked_once(book)


def test_a_part_of_the_pages_can_be_written(book: Project) -> None:
    _sphinx_build(book)
    book.write("one.rst", "One\n===\n\nFirst paragraph, edited.\n\nSecond paragraph.")
    book.write("two.rst", "Two\n===\n\nThird paragraph, edited.")

    result = _sphinx_build(book, files=[str(book.source / "one.rst")])
    assert result.returncode == 0
    assert_marked_once(book)
    assert "Third paragraph, edited" not in book.html("two")

    _sphinx_build(book)
    assert "Third paragraph, edited" in book.html("two")
    assert_marked_once(book)


class _Overtaken(SQLAlchemyStorage):
    """A store in which another build publishes while ours writes its pages."""

    other: Any = None

    def post_build(self) -> None:
        other, self.other = self.other, None
        if other is not None:
            other()
        super().post_build()


def test_a_build_that_was_overtaken_is_published_when_its_ids_still_hold(book: Project) -> None:
    book.build()
    book.write("one.rst", "One\n===\n\nFirst paragraph.\n\nSecond paragraph.\n\nA new one.")
    storage = _Overtaken(book.url)
    storage.other = lambda: _register(book, "elsewhere:page", "Another site's paragraph.")

    book.build(storage=storage)
    storage.close()

    assert book.sources("one")[-1] == "A new one."
    assert book.sources("elsewhere:page") == ["Another site's paragraph."]
    assert_marked_once_of(book, "one")


def test_a_build_that_was_overtaken_fails_when_its_ids_are_wrong(book: Project) -> None:
    book.build()
    book.write("one.rst", "One\n===\n\nFirst paragraph.\n\nSecond paragraph.\n\nA new one.")
    storage = _Overtaken(book.url)
    storage.other = lambda: _register(book, "one", "A new one.", id="anotherbuildsid")

    with pytest.raises(BuildError, match=r"another build was published.*build again"):
        book.build(storage=storage)
    storage.close()

    book.build()
    assert times(book.html("one"), "anotherbuildsid") == 1
    assert_marked_once(book)


def test_a_store_that_does_not_answer_is_a_sentence(book: Project) -> None:
    with pytest.raises(BuildError, match="websupport_storage"):
        book.build(storage=f"sqlite:///{book.folder}/no/such/folder/comments.db")


def test_a_store_that_was_given_stays_open(book: Project) -> None:
    storage = SQLAlchemyStorage(book.url)

    book.build(storage=storage)
    book.build("websupport", storage=storage)

    assert len(list(storage.get_nodes())) == 4
    storage.close()


def test_a_store_of_the_eleven_calls_gets_all_nodes(book: Project) -> None:
    from sphinxcontrib_websupport.storage.base import StorageBackend

    class Eleven(StorageBackend):
        def __init__(self) -> None:
            self.calls: list[str] = []

        def pre_build(self) -> None:
            self.calls.append("pre_build")

        def add_node(self, id: str, document: str, source: str) -> None:
            self.calls.append(f"{document}: {source}")

        def post_build(self) -> None:
            self.calls.append("post_build")

        def get_metadata(self, docname: str, moderator: bool) -> dict[str, int]:
            return {}

    storage = Eleven()
    book.build(storage=storage)

    assert storage.calls[0] == "pre_build"
    assert storage.calls[-5:] == [
        "index: Preface of the book.",
        "one: First paragraph.",
        "one: Second paragraph.",
        "two: Third paragraph.",
        "post_build",
    ]


# -- sites --------------------------------------------------------------------------------------


def test_sites_share_a_store_and_leave_each_other_alone(book: Project) -> None:
    book.build()
    main = book.attached()

    branch = {"websupport_site": "branch/2.0"}
    book.write("two.rst", "Two\n===\n\nThird paragraph.\n\nOnly in the branch.")
    book.build("dirhtml", confoverrides=branch)
    both = book.attached()
    assert {name: both[name] for name in main} == main
    assert book.sources("branch/2.0:two") == ["Third paragraph.", "Only in the branch."]
    assert not {id for id, _ in both["branch/2.0:two"]} & {id for id, _ in main["two"]}
    assert '"document": "branch/2.0:two"' in book.html("two", "dirhtml")

    (book.source / "one.rst").unlink()
    book.build("dirhtml", confoverrides=branch)
    assert "branch/2.0:one" not in book.attached()
    assert book.attached()["one"] == main["one"]


def _register(book: Project, document: str, source: str, id: str = "foreign0") -> None:
    storage = SQLAlchemyStorage(book.url)
    known = [node for node in storage.get_nodes([document]) if not node.retired]
    storage.pre_build()
    for node in known:
        storage.add_node(node.id, document, node.source)
    storage.add_node(id, document, source)
    storage.post_build()
    storage.close()


def assert_marked_once_of(book: Project, document: str) -> None:
    html = book.html(document)
    assert [times(html, id) for id, _ in book.attached()[document]] == [1] * len(
        book.attached()[document]
    )


def _sphinx_build(
    book: Project, *options: str, files: list[str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Build as an author does, with the extension in conf.py."""
    book.write(
        "conf.py",
        f'extensions = ["sphinxcontrib_websupport"]\nwebsupport_storage = "{book.url}"',
    )
    command = [sys.executable, "-m", "sphinx", "-q", "-d", str(book.doctrees), *options]
    command += [str(book.source), str(book.out()), *(files or [])]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )


def _state_of(book: Project) -> dict[str, str]:
    """Return the files of the database by their content: a write changes one of them."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in book.folder.glob("comments.db*")
    }
