"""Every registered, attached id is in the HTML exactly once, with every builder."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.sphinxext.project import Project, assert_marked_once, times

BUILDERS = ("html", "dirhtml", "singlehtml", "websupport")


@pytest.fixture
def manual(project: Project) -> Project:
    """Constructs that Sphinx copies, moves or removes between reading and writing."""
    project.write(
        "conf.py",
        """
        extensions = ["sphinx.ext.todo", "sphinx.ext.ifconfig", "sphinx_design"]
        todo_include_todos = True
        def setup(app):
            app.add_config_value("level", "low", "env", str)
        """,
    )
    project.write(
        "index.rst",
        """
        Manual
        ======

        .. contents::

        .. todolist::

        First, with a footnote [1]_, a citation [Book]_ and |text|.

        .. toctree::

           guide
           folder/index

        .. only:: latex

           For paper.

        .. only:: html

           For screens.

           .. only:: builder_dirhtml

              For folders.

        .. ifconfig:: level == "high"

           For experts.

        .. ifconfig:: level == "low"

           For all.

        .. |text| replace:: a substitution
        .. [1] The footnote.
        .. [Book] The citation.

        .. _anchor:

        Behind an anchor.

        .. glossary::
           :sorted:

           zebra
              An animal.

           ant
              Another.
        """,
    )
    project.write(
        "guide.rst",
        """
        Guide
        =====

        .. todo:: Write *this*.

        .. include:: shared.txt

        .. include:: shared.txt

        =====  =====
        Left   Right
        Twin   Twin
        =====  =====

        .. hlist::

           * one
           * two

        .. tab-set::

           .. tab-item:: A

              In tab A.

           .. tab-item:: B

              In tab B.

        .. dropdown:: More

           Below the fold.

        .. figure:: missing.png

           Caption.

           Legend.
        """,
    )
    project.write("shared.txt", "Shared by many.")
    project.write("folder/index.rst", "Folder\n======\n\n.. todolist::\n\nIn a folder.")
    return project


@pytest.mark.parametrize("parallel", [1, 2])
@pytest.mark.parametrize("builder", BUILDERS)
def test_every_id_is_in_the_page_once(manual: Project, builder: str, parallel: int) -> None:
    manual.build(builder, parallel=parallel)

    assert_marked_once(manual, builder)
    index = manual.sources()
    assert "For screens." in index
    assert "For all." in index
    assert not {"For paper.", "For experts."} & set(index)
    assert ("For folders." in index) is (builder == "dirhtml")
    guide = manual.sources("guide")
    assert guide.count("Shared by many.") == 2
    assert guide.count("Twin") == 2
    assert {"Write *this*.", "In tab A.", "In tab B.", "Below the fold.", "Legend."} <= set(guide)


def test_a_todo_is_marked_where_it_stands_and_not_in_lists_of_todos(manual: Project) -> None:
    manual.build()

    (todo,) = (id for id, source in manual.attached()["guide"] if source == "Write *this*.")
    assert times(manual.html("guide"), todo) == 1
    for page in ("index", "folder/index"):
        assert "Write <em>this</em>" in manual.html(page)
        assert times(manual.html(page), todo) == 0


def test_todos_that_are_not_shown_are_not_registered(manual: Project) -> None:
    both = {"websupport_commentable": ["paragraph", "todo_node"]}
    manual.build(confoverrides={"todo_include_todos": False, **both})
    assert_marked_once(manual)
    hidden = manual.sources("guide")

    manual.build(confoverrides=both)
    assert_marked_once(manual)
    assert len(manual.sources("guide")) == len(hidden) + 2
    assert "Write *this*." not in hidden


def test_builders_that_share_an_environment_keep_the_ids(manual: Project) -> None:
    manual.build("html")
    ids = set(manual.ids())

    for builder in ("dirhtml", "latex", "websupport", "singlehtml", "xml"):
        manual.build(builder)
        assert ids <= set(manual.ids()), builder
    manual.build("html")

    assert set(manual.ids()) == ids
    assert_marked_once(manual)


@pytest.mark.parametrize("builder", ["latex", "gettext", "xml", "text", "epub"])
def test_builders_without_readers_online_do_not_touch_the_store(
    manual: Project, builder: str
) -> None:
    manual.build(builder)

    assert not manual.database.exists()
    for path in manual.out(builder).rglob("*"):
        if path.suffix in {".xml", ".tex", ".txt", ".pot", ".xhtml"}:
            text = path.read_text(encoding="utf-8")
            assert "websupport" not in text, path
            assert "sphinx-has-comment" not in text, path


def test_an_id_that_was_there_stays_the_first(project: Project) -> None:
    project.write("index.rst", "Title\n=====\n\n.. _anchor:\n\nBehind an anchor.")

    project.build()

    (node,) = project.nodes()
    expected = f'<p class="sphinx-has-comment" id="anchor"><span id="s{node.id}"></span>Behind'
    assert expected in project.html()


def test_a_page_tells_the_browser_where_to_ask(project: Project) -> None:
    project.write("a&b.rst", "Title\n=====\n\nText.")
    project.write("index.rst", "Title\n=====\n\n.. toctree::\n\n   a&b")

    project.build(confoverrides={"websupport_url": "https://x.example/c?a=</script>".split("?")[0]})

    html = project.html("a&b")
    data = _data(html)
    assert re.fullmatch("[0-9a-f]{8}", data.pop("version"))
    assert data.pop("direction") == "ltr"
    assert data == {"url": "https://x.example/c", "document": "a&b"}
    assert re.search(
        r'<script type="module" src="_static/websupport-comments.js[^"]*"></script>', html
    )
    assert "_static/websupport.css" in html
    for name in ("websupport-comments.js", "websupport-thread.js"):
        assert (project.out() / "_static" / name).is_file()
    # Pages without paragraphs have nothing to ask.
    for page in ("index", "genindex", "search"):
        assert "websupport" not in project.html(page)


def test_nothing_in_the_data_can_end_its_element(project: Project) -> None:
    name = "</script><b>"
    project.write("index.rst", f"T\n=\n\n.. toctree::\n\n   {'x'}")
    project.write("x.rst", "T\n=\n\nText.")
    from sphinxcontrib_websupport.sphinxext.marks import data_block

    block = data_block("websupport-data", {"document": name})

    assert "<b>" not in block
    assert block.count("</script>") == 1
    assert _data(block) == {"document": name}


def test_a_single_page_tells_all_its_documents(manual: Project) -> None:
    manual.build("singlehtml")

    assert _data(manual.html(builder="singlehtml"))["documents"] == [
        "index",
        "guide",
        "folder/index",
    ]


def test_a_custom_translator_is_left_alone(project: Project) -> None:
    project.write(
        "conf.py",
        """
        from sphinx.writers.html5 import HTML5Translator
        class Loud(HTML5Translator):
            def visit_paragraph(self, node):
                self.body.append(self.starttag(node, "p", "", CLASS="loud"))
        def setup(app):
            app.set_translator("html", Loud)
            app.set_translator("websupport", Loud)
        """,
    )
    project.write("index.rst", "Title\n=====\n\nText.")

    for builder in ("html", "websupport"):
        project.build(builder)
        (node,) = project.nodes()
        assert f'<p class="sphinx-has-comment loud" id="s{node.id}">' in project.html(
            builder=builder
        )


@pytest.mark.parametrize("theme", ["alabaster", "furo", "sphinx_rtd_theme", "pydata_sphinx_theme"])
def test_themes_are_left_alone(project: Project, theme: str) -> None:
    pytest.importorskip(theme)
    project.write("index.rst", "Title\n=====\n\nText.")

    for builder in ("html", "websupport"):
        project.build(builder, confoverrides={"html_theme": theme})
        assert_marked_once(project, builder)
    assert _data(project.html())["document"] == "index"


def _data(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="websupport-data">(.*?)</script>', html)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data
