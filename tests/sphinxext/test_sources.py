"""The source text of a node is what its reader would propose a change to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tests.sphinxext.project import Project, assert_marked_once


def test_markup_stays(project: Project) -> None:
    project.write("index.rst", "Title\n=====\n\nSome *markup*,\non two lines.")

    project.build()

    assert project.sources() == ["Some *markup*,\non two lines."]


@pytest.mark.parametrize("working_folder", [".", "source", "/"])
def test_file_and_line(
    project: Project, monkeypatch: pytest.MonkeyPatch, working_folder: str
) -> None:
    monkeypatch.chdir(project.folder / working_folder)
    project.write("index.rst", "Title\n=====\n\nOne.\n\nTwo.\n\n.. include:: folder/part.txt")
    project.write("folder/part.txt", "From a part.")

    project.build()

    assert [(node.source, node.file, node.line) for node in project.nodes()] == [
        ("One.", "index.rst", 4),
        ("Two.", "index.rst", 6),
        ("From a part.", "folder/part.txt", 1),
    ]


def test_a_file_included_twice_gives_two_nodes(project: Project) -> None:
    project.write("index.rst", "T\n=\n\n.. include:: a.txt\n\n.. include:: a.txt")
    project.write("a.txt", "Twice.")

    project.build()

    assert project.sources() == ["Twice.", "Twice."]
    assert len(set(project.ids())) == 2
    assert_marked_once(project)


def test_autodoc(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "websupport_probe_module"
    project.write(
        f"{name}.py",
        '''
        def greet(name):
            """Greet *somebody*.

            :param name: whom to greet
            """
        ''',
    )
    project.write("conf.py", 'extensions = ["sphinx.ext.autodoc"]')
    project.write("index.rst", f"T\n=\n\n.. automodule:: {name}\n   :members:")
    monkeypatch.syspath_prepend(str(project.source))

    project.build(parallel=2)
    sys.modules.pop(name, None)

    # The field is made by a program: it has no markup, and its text is what is read.
    assert project.sources() == ["Greet *somebody*.", "name -- whom to greet"]
    # Lines of a docstring are counted within it, not in a file.
    assert {(node.file, node.line) for node in project.nodes()} == {(None, None)}
    assert_marked_once(project)


def test_autosummary_tables_are_read(project: Project) -> None:
    project.write("conf.py", 'extensions = ["sphinx.ext.autosummary"]')
    project.write("index.rst", "T\n=\n\n.. autosummary::\n\n   textwrap.dedent")

    project.build()

    assert any("leading whitespace" in source for source in project.sources())
    assert_marked_once(project)


def test_markdown(project: Project) -> None:
    project.write("conf.py", 'extensions = ["myst_parser"]')
    project.write(
        "index.md",
        """
        # Title

        Some **strong** [words](https://example.org).

        - item `code`

        | a | b |
        |---|---|
        | 1 | 2 |

        > quoted

        ```{note}
        A note.
        ```
        """,
    )

    project.build()

    sources = project.sources()
    assert sources[0] == "Some **strong** [words](https://example.org)."
    assert {"item `code`", "quoted", "A note."} <= set(sources)
    assert_marked_once(project)


def test_markdown_pages_can_be_without_comments(project: Project) -> None:
    project.write("conf.py", 'extensions = ["myst_parser"]')
    project.write("index.md", "---\nno-comments: true\n---\n\n# Title\n\nText.")

    project.build()

    assert project.ids() == []


@pytest.fixture
def translated(project: Project) -> Project:
    project.write("conf.py", 'language = "de"\nlocale_dirs = ["locale"]\ngettext_compact = False')
    project.write("index.rst", "Title\n=====\n\nHello *world*.\n\nNot translated.\n\nBoth::\n\n  x")
    catalog = project.source / "locale" / "de" / "LC_MESSAGES" / "index.po"
    catalog.parent.mkdir(parents=True)
    catalog.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Hello *world*."\nmsgstr "Hallo *Welt*."\n\n'
        'msgid "Both::"\nmsgstr "Beide::"\n',
        encoding="utf-8",
    )
    _compile(catalog)
    return project


def test_a_translation_is_what_its_reader_sees(translated: Project) -> None:
    translated.build()

    assert translated.sources() == ["Hallo *Welt*.", "Not translated.", "Beide::"]
    assert "Hallo <em>Welt</em>." in translated.html()
    assert_marked_once(translated)


def test_a_paragraph_of_an_image_has_its_address(project: Project) -> None:
    project.write("index.rst", "T\n=\n\nSee |logo|\n\n|logo|\n\n.. |logo| image:: missing.png")

    project.build()

    assert project.sources() == ["See |logo|", "|logo|"]
    assert_marked_once(project)


@pytest.mark.parametrize(
    "hidden",
    [
        ".. A comment.",
        ".. |x| replace:: substitution",
        ".. contents::\n\nSection\n-------",
        ".. header:: Header.",
        ".. meta::\n   :description: Text.",
        ".. raw:: html\n\n   <p>Text.</p>",
        ".. unknown:: Text.",
        ".. todo::\n\n   Not shown.",
        ".. only:: latex\n\n   .. only:: html\n\n      Within.",
    ],
)
def test_what_no_reader_sees_is_not_registered(project: Project, hidden: str) -> None:
    project.write("conf.py", 'extensions = ["sphinx.ext.todo"]')
    project.write("index.rst", f":author: Somebody\n\nTitle\n=====\n\n{hidden}\n\nSeen.")

    project.build()

    assert project.sources() == ["Seen."]
    assert_marked_once(project)


def _compile(catalog: Path) -> None:
    with catalog.open("rb") as source, catalog.with_suffix(".mo").open("wb") as target:
        write_mo(target, read_po(source))
