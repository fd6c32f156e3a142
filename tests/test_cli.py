"""The commands that need no server of their own: ``build``, ``check``, ``copy`` and others."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sphinxcontrib_websupport.cli import main
from sphinxcontrib_websupport.registry import open_storage
from sphinxcontrib_websupport.testing.storage import publish
from sphinxcontrib_websupport.websupport import WebSupport
from tests.settingsfiles import KINDS, settings_file
from tests.storage.transfers import everything, fill


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "conf.py").write_text('project = "Small"\n')
    (folder / "index.rst").write_text("Small\n=====\n\nA paragraph.\n")
    return folder


class TestBuild:
    def test_conf_py_need_not_know_the_extension(self, project: Path, tmp_path: Path) -> None:
        url = f"sqlite:///{(tmp_path / 'comments.db').as_posix()}"
        done = run("build", project, tmp_path / "site", "--storage", url)
        assert done.exit_code == 0, done.output
        storage = open_storage(url)
        (node,) = storage.get_nodes()
        storage.close()
        page = (tmp_path / "site" / "index.html").read_text()
        assert page.count(f'id="s{node.id}"') == 1

    def test_values_of_conf_py_can_be_overridden(self, project: Path, tmp_path: Path) -> None:
        url = f"sqlite:///{(tmp_path / 'comments.db').as_posix()}"
        site = tmp_path / "site"
        options = ("--storage", url, "--url", "https://talk.example/c", "-D", "html_title=Other")
        assert run("build", project, site, *options).exit_code == 0
        page = (site / "index.html").read_text()
        assert "https://talk.example/c" in page
        assert "<title>Small &#8212; Other</title>" in page

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_store_may_be_named_in_a_file(
        self, project: Path, tmp_path: Path, kind: str
    ) -> None:
        url = f"sqlite:///{(tmp_path / 'named.db').as_posix()}"
        index = f"sqlite:///{(tmp_path / 'index.db').as_posix()}"
        settings = settings_file(tmp_path, kind, STORAGE=url, SEARCH=index)
        done = run("build", project, tmp_path / "site", "--settings", settings)
        assert done.exit_code == 0, done.output
        with closing(open_storage(url)) as storage:
            assert len(list(storage.get_nodes())) == 1
        assert (tmp_path / "index.db").exists()

    def test_a_store_that_breaks_meanwhile_is_named(
        self, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (project / "conf.py").write_text(
            "import sqlite3\n"
            "def setup(app):\n"
            "    app.connect('source-read', lambda *_: damage())\n"
            "def damage():\n"
            "    store = sqlite3.connect('here.db')\n"
            "    store.execute('DROP TABLE websupport_nodes')\n"
            "    store.close()\n"
        )
        done = run("build", project, tmp_path / "site", "--storage", "sqlite:///here.db")
        assert done.exit_code == 2
        file = (tmp_path / "here.db").as_posix()
        assert f"(the comment store is sqlite:///{file})" in done.output

    def test_a_file_that_was_named_is_forgotten_afterwards(
        self, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("WEBSUPPORT_SETTINGS", raising=False)
        settings = settings_file(tmp_path, ".toml", STORAGE=f"sqlite:///{tmp_path}/named.db")
        run("build", project, tmp_path / "site", "--settings", settings)
        assert "WEBSUPPORT_SETTINGS" not in os.environ

    @pytest.mark.parametrize("option", [("-D", "nonsense"), ("--jobs", "many"), ("--jobs", "0")])
    def test_wrong_options_are_told(
        self, project: Path, tmp_path: Path, option: tuple[str, str]
    ) -> None:
        done = run("build", project, tmp_path / "site", *option)
        assert done.exit_code == 2
        assert option[1] in done.output


class TestCheck:
    def test_a_store_of_values(self, tmp_path: Path) -> None:
        (tmp_path / "values").mkdir()
        done = run("check", (tmp_path / "values").as_uri())
        assert done.exit_code == 0, done.output
        assert done.output.splitlines()[-1] == "deleted it"

    def test_a_database(self, tmp_path: Path) -> None:
        url = f"sqlite:///{(tmp_path / 'comments.db').as_posix()}"
        open_storage(url).close()
        done = run("check", url)
        assert done.exit_code == 0, done.output
        assert f"the database {url} answers" in done.output

    @pytest.mark.parametrize("command", [("check",), ("detached",), ("attach", "a", "b")])
    @pytest.mark.parametrize("place", ["sqlite:///{}/none.db", "file://{}/none"])
    def test_a_store_that_is_not_there_is_not_made(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str], place: str
    ) -> None:
        monkeypatch.setenv("WEBSUPPORT_STORAGE", place.format(tmp_path.as_posix()))
        done = run(*command)
        assert done.exit_code == 2
        (line,) = done.output.splitlines()
        assert "there is no comment store at" in line
        assert list(tmp_path.iterdir()) == []

    def test_which_file_is_meant_is_said_with_its_whole_path(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        open_storage("sqlite:///here.db").close()
        file = f"sqlite:///{(tmp_path / 'here.db').as_posix()}"
        assert f"the database {file} answers" in run("check", "sqlite:///here.db").output
        assert (
            f"(the store is {file})"
            in run("attach", "a", "b", "--storage", "sqlite:///here.db").output
        )
        missing = f"there is no comment store at {tmp_path / 'there.db'}:"
        assert missing in run("check", "sqlite:///there.db").output

    def test_an_empty_database_gets_no_tables(self, tmp_path: Path) -> None:
        (tmp_path / "empty.db").touch()
        done = run("check", f"sqlite:///{(tmp_path / 'empty.db').as_posix()}")
        assert (done.exit_code, "no comment store" in done.output) == (2, True)
        assert (tmp_path / "empty.db").stat().st_size == 0

    @pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
    def test_a_closed_port_is_said_without_the_password(self, scheme: str) -> None:
        done = run("check", f"{scheme}://root:hushhush@127.0.0.1:1/none")
        assert done.exit_code == 2
        assert "refused" in done.output
        assert f"{scheme}://root:***@127.0.0.1:1/none" in done.output
        assert "hushhush" not in done.output

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_store_of_values_in_a_file_of_settings(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / "values").mkdir()
        values = {"STORAGE_BACKEND": "file", "FILE_DIR": f"{tmp_path}/values"}
        done = run("check", "--settings", settings_file(tmp_path, kind, **values))
        assert done.exit_code == 0, done.output
        assert f"{tmp_path}/values" in done.output

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_database_in_a_file_of_settings(self, tmp_path: Path, kind: str) -> None:
        url = f"sqlite:///{(tmp_path / 'comments.db').as_posix()}"
        open_storage(url).close()
        done = run("check", "--settings", settings_file(tmp_path, kind, STORAGE=url))
        assert done.exit_code == 0, done.output
        assert f"the database {url} answers" in done.output

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_password_in_a_file_of_settings_is_not_shown(self, tmp_path: Path, kind: str) -> None:
        url = "postgresql://root:hushhush@127.0.0.1:1/none"
        done = run("check", "--settings", settings_file(tmp_path, kind, STORAGE=url))
        assert done.exit_code == 2
        assert "postgresql://root:***@127.0.0.1:1/none" in done.output
        assert "hushhush" not in done.output

    def test_the_store_that_the_environment_names(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "values").mkdir()
        open_storage(f"sqlite:///{(tmp_path / 'c.db').as_posix()}").close()
        monkeypatch.setenv("WEBSUPPORT_STORAGE", "file")
        monkeypatch.setenv("WEBSUPPORT_FILE_DIR", str(tmp_path / "values"))
        assert "chosen: " in run("check").output
        monkeypatch.setenv("WEBSUPPORT_STORAGE", f"sqlite:///{(tmp_path / 'c.db').as_posix()}")
        assert "c.db answers" in run("check").output

    def test_all_that_is_missing_is_named_with_its_source(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WEBSUPPORT_STORAGE_BACKEND", "s3")
        done = run("check")
        assert done.exit_code == 2
        assert "S3_BUCKET" in done.output
        assert "S3_REGION" in done.output

    def test_an_unknown_name_is_suggested(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WEBSUPPORT_STORAGE_BACKEND", "reddis")
        done = run("check")
        assert done.exit_code == 2
        assert "redis" in done.output

    def test_nothing_is_set(self) -> None:
        done = run("check")
        assert done.exit_code == 2
        assert "STORAGE_BACKEND" in done.output

    def test_a_server_that_does_not_answer(self) -> None:
        done = run("check", "redis://127.0.0.1:1/0")
        assert done.exit_code == 2
        assert len(done.output.strip().splitlines()) <= 2


class TestDetached:
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        """A store in which the discussion ``gone`` has lost its paragraph on the page ``index``."""
        url = f"sqlite:///{(tmp_path / 'comments.db').as_posix()}"
        support = WebSupport(storage=url)
        storage = support.storage
        storage.pre_build()
        storage.add_node("gone", "index", "The first words\nof a paragraph " + "that is long " * 9)
        storage.add_node("here", "index", "Another paragraph.")
        storage.post_build()
        support.add_comment("Keep me.", "gone")
        support.add_comment("Waiting.", "gone", displayed=False)
        storage.pre_build()
        storage.retire_node("gone")
        storage.post_build()
        support.close()
        return url

    def test_each_is_listed_in_a_line(self, url: str) -> None:
        done = run("detached", "--storage", url)
        assert done.exit_code == 0, done.output
        beginning = "The first words of a paragraph that is long that is long…"
        assert done.output == f"gone\tindex\t2\t{beginning}\n"
        assert run("detached", "--storage", url, "--document", "index").output == done.output
        assert run("detached", "--storage", url, "--document", "other").output == ""

    def test_one_is_attached(self, url: str) -> None:
        done = run("attach", "gone", "here", "--storage", url)
        assert done.exit_code == 0, done.output
        assert run("detached", "--storage", url).output == ""
        storage = open_storage(url)
        assert storage.get_metadata("index", True) == {"here": 2}
        storage.close()

    @pytest.mark.parametrize(
        ("node", "to", "reason"),
        [
            ("nobody", "here", "no build has registered such a node"),
            ("gone", "nobody", "no build has registered such a node"),
            ("here", "gone", "its paragraph is still there"),
        ],
    )
    def test_what_cannot_be_is_said_in_a_sentence(
        self, url: str, node: str, to: str, reason: str
    ) -> None:
        done = run("attach", node, to, "--storage", url)
        assert done.exit_code == 2
        (line,) = done.output.splitlines()
        assert reason in line
        assert ("(the store is sqlite:///" in line) == reason.startswith("no build")
        assert run("detached", "--storage", url).output.startswith("gone\t")

    def test_a_store_that_cannot_be_opened(self, tmp_path: Path) -> None:
        done = run("detached", "--storage", f"sqlite:///{tmp_path}/no/such/folder/comments.db")
        assert done.exit_code == 2
        assert len(done.output.splitlines()) == 1

    def test_the_store_may_be_named_in_a_python_file(self, url: str, tmp_path: Path) -> None:
        settings = tmp_path / "config.py"
        settings.write_text(f"raise SystemExit('never executed')\nSTORAGE = {url!r}\n")
        done = run("detached", "--settings", settings)
        assert done.output.startswith("gone\t"), done.output

    def test_the_store_has_to_be_named(self) -> None:
        done = run("detached")
        assert done.exit_code == 2
        assert "--storage" in done.output


class TestCopy:
    @pytest.fixture
    def place(self, tmp_path: Path) -> str:
        """The URL of a store with a discussion."""
        url = f"sqlite:///{(tmp_path / 'from.db').as_posix()}"
        with closing(open_storage(url)) as storage:
            fill(storage, comments=3)
        return url

    def test_a_store_to_a_store_and_to_a_file_and_back(self, place: str, tmp_path: Path) -> None:
        files, lines = (tmp_path / "files").as_uri(), tmp_path / "comments.jsonl"
        back = f"sqlite:///{(tmp_path / 'back.db').as_posix()}"
        steps: list[tuple[str | Path, str | Path]] = [(place, files), (files, lines), (lines, back)]
        for source, target in [*steps, steps[-1]]:
            done = run("copy", source, target)
            assert done.exit_code == 0, done.output
            assert done.stdout == "FROM and TO hold the same\n"
            assert "comparing" in done.stderr
        with closing(open_storage(place)) as first, closing(open_storage(back)) as second:
            assert everything(first) == everything(second)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_store_may_be_named_in_a_file(
        self, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        values = {"STORAGE_BACKEND": "file", "FILE_DIR": f"{tmp_path}/values"}
        monkeypatch.setenv("WEBSUPPORT_STORAGE", "memory://")  # not the one that is meant
        done = run("copy", place, settings_file(tmp_path, kind, **values))
        assert done.exit_code == 0, done.output
        with (
            closing(open_storage(place)) as first,
            closing(open_storage(f"file://{tmp_path}/values")) as second,
        ):
            assert everything(first) == everything(second)

    def test_json_lines_may_be_kept_in_a_file_called_json(self, place: str, tmp_path: Path) -> None:
        lines = tmp_path / "comments.json"
        for source, target in ((place, lines), (place, lines), (lines, f"file://{tmp_path}/v")):
            done = run("copy", source, target)
            assert done.exit_code == 0, done.output

    def test_what_differs_is_told(self, place: str, tmp_path: Path) -> None:
        target = (tmp_path / "files").as_uri()
        with closing(open_storage(target)) as storage:
            publish(storage, "theirs", document="elsewhere")
        done = run("copy", place, target)
        assert done.exit_code == 1
        assert done.stdout == "node theirs: only in TO\n"
        assert "FROM and TO differ in 1 nodes and comments" in done.stderr

    def test_a_damaged_file_is_refused_whole(self, place: str, tmp_path: Path) -> None:
        lines, target = tmp_path / "comments.jsonl", (tmp_path / "files").as_uri()
        run("copy", place, lines)
        lines.write_text(lines.read_text().replace('"displayed":true', '"displayed":1'))
        done = run("copy", lines, target)
        assert done.exit_code == 2
        assert f"{lines}, line 6: the field displayed is of another type" in done.stderr
        with closing(open_storage(target)) as storage:
            assert list(storage.get_nodes()) == []

    @pytest.mark.parametrize(
        ("source", "target", "sentence"),
        [
            ("sqlite://", "memory://", "FROM is empty"),
            ("nosuch://x", "memory://", "no comment store knows the scheme"),
            ("nothing.jsonl", "memory://", "nothing.jsonl cannot be read: No such file"),
        ],
    )
    def test_what_is_wrong_is_one_sentence(self, source: str, target: str, sentence: str) -> None:
        done = run("copy", source, target)
        assert done.exit_code == 2
        assert sentence in done.stderr

    def test_two_files_are_refused(self, place: str, tmp_path: Path) -> None:
        run("copy", place, tmp_path / "a.jsonl")
        done = run("copy", tmp_path / "a.jsonl", tmp_path / "b.jsonl")
        assert done.exit_code == 2
        assert "one of them has to be a store" in done.stderr
