"""Each kind of node that ``websupport_commentable`` takes carries its id in HTML."""

from __future__ import annotations

import pytest

from tests.sphinxext.project import Project, assert_marked_once

EXAMPLES = {
    "admonition": ".. note:: A\n\n.. admonition:: B\n\n   Text.",
    "attention": ".. attention:: A",
    "attribution": ".. epigraph:: Quote\n\n   -- A",
    "block_quote": "Text.\n\n  Quote.",
    "bullet_list": "* A\n* B",
    "caution": ".. caution:: A",
    "centered": ".. centered:: A",
    "citation": "[A]_\n\n.. [A] Book.",
    "compound": ".. compound::\n\n   A",
    "container": ".. container:: a\n\n   A",
    "danger": ".. danger:: A",
    "definition": "term\n  A",
    "definition_list": "term\n  A",
    "desc": ".. py:function:: f()\n\n   A",
    "desc_content": ".. py:function:: f()\n\n   A",
    "desc_signature": ".. py:function:: f()\n\n   A\n\n.. py:function:: g()\n   :no-index:",
    "description": "-a  A",
    "doctest_block": ">>> 1\n1",
    "entry": "== ==\nA  B\n== ==",
    "enumerated_list": "1. A\n2. B",
    "error": ".. error:: A",
    "field_body": "Text.\n\n:a: A",
    "field_list": "Text.\n\n:a: A",
    "field_name": "Text.\n\n:a: A",
    "figure": ".. figure:: a.png\n\n   A",
    "footnote": "[1]_\n\n.. [1] A",
    "hint": ".. hint:: A",
    "important": ".. important:: A",
    "legend": ".. figure:: a.png\n\n   A\n\n   B",
    "line": "| A\n| B",
    "line_block": "| A\n| B",
    "list_item": "* A\n\n  B",
    "literal_block": "::\n\n  A\n\n.. code-block:: python\n   :caption: C\n\n   b\n\n"
    ".. parsed-literal::\n\n   *a*",
    "math_block": ".. math:: a\n\n.. math:: b\n   :label: b",
    "note": ".. note:: A",
    "option_list": "-a  A",
    "paragraph": "A",
    "productionlist": ".. productionlist:: a\n   a: `b`",
    "row": "== ==\nA  B\n== ==",
    "rubric": ".. rubric:: A",
    "section": "A\n-\n\nB",
    "seealso": ".. seealso:: A",
    "sidebar": ".. sidebar:: A\n\n   B",
    "table": ".. table:: Caption\n\n   == ==\n   A  B\n   == ==",
    "term": "term\n  A\n\n.. glossary::\n\n   entry\n      A",
    "tip": ".. tip:: A",
    "title": "A\n-\n\n.. topic:: B\n\n   C\n\n.. table:: Caption\n\n   == ==\n   A  B\n   == ==",
    "todo_node": ".. todo:: A",
    "topic": ".. topic:: A\n\n   B",
    "versionmodified": ".. versionadded:: 1\n   A\n\n.. deprecated:: 2",
    "warning": ".. warning:: A",
}


def test_there_is_an_example_of_each() -> None:
    from sphinxcontrib_websupport.sphinxext.config import NODES

    assert set(EXAMPLES) == NODES


@pytest.mark.parametrize("builder", ["html", "websupport"])
def test_each_kind_is_marked(project: Project, builder: str) -> None:
    project.write("conf.py", 'extensions = ["sphinx.ext.todo"]\ntodo_include_todos = True')
    project.write("index.rst", "Title\n=====\n\n.. toctree::\n   :glob:\n\n   kind-*")
    for kind, example in EXAMPLES.items():
        project.write(f"kind-{kind}.rst", f"{kind}\n{'=' * len(kind)}\n\n{example}")

    project.build(builder, confoverrides={"websupport_commentable": sorted(EXAMPLES)})

    assert_marked_once(project, builder)


def test_a_block_of_blocks_has_the_text_of_all(project: Project) -> None:
    project.write("index.rst", "T\n=\n\n* One *item*.\n\n  Two.\n\n.. note::\n\n   Three.")

    project.build(confoverrides={"websupport_commentable": ["list_item", "admonition"]})

    assert project.sources() == ["One *item*.\n\nTwo.", "Three."]
