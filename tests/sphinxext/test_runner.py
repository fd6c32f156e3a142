"""``run`` builds again and again in one process and leaves conf.py's values as they are."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from sphinxcontrib_websupport.errors import BuildError
from tests.sphinxext.project import Project, assert_marked_once


def test_conf_pys_extensions_stay(project: Project) -> None:
    project.write(
        "conf.py",
        """
        extensions = ["sphinx.ext." + name for name in ("todo", "ifconfig")]
        def check(app, config):
            assert config.extensions == ["sphinx.ext.todo", "sphinx.ext.ifconfig"]
            assert "sphinx.ext.ifconfig" in app.extensions
        def setup(app):
            app.connect("config-inited", check)
            return {"version": "1"}
        """,
    )
    project.write("index.rst", "T\n=\n\n.. ifconfig:: True\n\n   Text.")

    project.build()

    assert project.sources() == ["Text."]


def test_a_conf_py_that_lists_the_extension_loads_it_once(project: Project) -> None:
    project.write("conf.py", 'extensions = ["sphinxcontrib_websupport"]')
    project.write("index.rst", "T\n=\n\nText.")

    project.build()

    assert project.warnings == ""
    assert_marked_once(project)


def test_overrides_are_not_changed(project: Project) -> None:
    project.write("index.rst", "T\n=\n\nText.")
    overrides = {"websupport_url": "/c", "html_theme_options": {"nosidebar": True}}
    before = {**overrides}

    project.build(confoverrides=overrides)

    assert overrides == before


def test_an_environment_of_a_build_without_the_extension_is_read_again(project: Project) -> None:
    project.write("index.rst", "T\n=\n\nText.")
    command = [sys.executable, "-m", "sphinx", "-q", "-d", str(project.doctrees)]
    subprocess.run([*command, project.source, project.out()], check=True)

    project.build()

    assert_marked_once(project)


def test_projects_one_after_the_other(project: Project, tmp_path: Path) -> None:
    other = Project(tmp_path / "other")
    project.write("index.rst", "T\n=\n\nOne.")
    other.write("index.rst", "T\n=\n\nTwo.")

    project.build()
    other.build("websupport")
    project.build("dirhtml")

    assert project.sources() == ["One."]
    assert other.sources() == ["Two."]


def test_progress_and_warnings_go_where_they_are_told(project: Project) -> None:
    project.write("index.rst", "T\n=\n\n:doc:`nowhere`")
    status = io.StringIO()

    project.build(status=status)

    assert "build succeeded" in status.getvalue()
    assert "nowhere" in project.warnings


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        ("syntax error", "Configuration error"),
        ("raise SystemExit(3)", "Configuration error"),
        ("1 / 0", "ZeroDivisionError"),
        ('extensions = ["no.such.extension"]', "Could not import extension no.such.extension"),
        ('needs_sphinx = "99"', "needs at least Sphinx v99"),
    ],
)
def test_what_sphinx_says_is_the_error(project: Project, conf: str, message: str) -> None:
    project.write("conf.py", conf)
    project.write("index.rst", "T\n=\n\nText.")

    with pytest.raises(BuildError, match=message):
        project.build()

    assert not project.database.exists()


def test_no_conf_py(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (project.source / "conf.py").unlink()

    with pytest.raises(BuildError, match=r"conf\.py"):
        project.build()


def test_no_such_builder(project: Project) -> None:
    with pytest.raises(BuildError, match="Builder name nothing not registered"):
        project.build("nothing")


def test_a_build_that_finishes_with_problems_failed(project: Project) -> None:
    project.write(
        "conf.py",
        """
        def setup(app):
            app.connect("build-finished", lambda app, _: setattr(app, "statuscode", 3))
        """,
    )
    project.write("index.rst", "T\n=\n\nText.")

    with pytest.raises(BuildError, match="finished with problems"):
        project.build()

    assert project.ids() == []


def test_build_in_english_says_nothing_in_the_language_of_the_build_before(
    project: Project,
) -> None:
    project.write("index.rst", "T\n=\n\n.. index:: word\n\nText.")

    project.build(confoverrides={"language": "de"})
    assert "Stichwortverzeichnis" in project.html("genindex")
    project.build(confoverrides={"language": "en"}, freshenv=True)

    assert "Stichwortverzeichnis" not in project.html("genindex")
