"""Markers for readers without scripts: links in what browsers with scripts pass over."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from tests.sphinxext.project import Project

EVERYTHING = """\
Title
=====

A paragraph with *emphasis*.

.. note:: An admonition.

term
   Its definition.

- An item.

.. code-block:: python

   print("code")

==== ====
a    b
==== ====
c    d
==== ====

.. figure:: missing.png

   A caption.

.. py:function:: f(x)

   A function.

.. [1] A footnote.

| A line.

.. math:: x^2
"""

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Outline(HTMLParser):
    """Reads a page: its links to threads, and where each stands."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[tuple[str, list[str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("class") == "websupport-marker":
            self.links.append((values["href"] or "", [*self.open]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "elements are nested"


@pytest.mark.parametrize(
    "kind",
    """paragraph title admonition note term definition definition_list list_item bullet_list
    literal_block table row entry figure desc desc_signature desc_content footnote line
    line_block math_block section""".split(),
)
def test_every_kind_of_node_has_one_link_in_a_valid_place(project: Project, kind: str) -> None:
    (project.source / "missing.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    project.write("index.rst", EVERYTHING)
    project.build(confoverrides={"websupport_commentable": [kind]})
    nodes = project.nodes()
    page = Outline(project.html())
    targets = [f"/_comments/threads/{node.id}?document=index" for node in nodes]
    assert sorted(href for href, _ in page.links) == sorted(targets)
    for _, around in page.links:
        assert around[-1] == "noscript"
        assert "a" not in around
        assert around[-2] not in {"table", "tbody", "thead", "tr", "ul", "ol", "dl", "pre"}


def test_the_search_index_and_titles_know_nothing_of_it(project: Project) -> None:
    project.write("index.rst", "Title\n=====\n\nText.")
    project.build(confoverrides={"websupport_commentable": ["title", "paragraph"]})
    index = (project.out() / "searchindex.js").read_text(encoding="utf-8")
    assert "noscript" not in index
    assert "thread" not in index
    assert "<title>Title" in project.html()


def test_an_address_is_quoted(project: Project) -> None:
    project.write("a&b.rst", "Title\n=====\n\nText.")
    project.write("index.rst", "Title\n=====\n\n.. toctree::\n\n   a&b")
    project.build(confoverrides={"websupport_url": "https://x.example/c"})
    (node,) = project.nodes()
    expected = f'href="https://x.example/c/threads/{node.id}?document=a%26b"'
    assert expected in project.html("a&b")


def test_a_page_says_what_it_says_in_its_language(project: Project) -> None:
    project.write("index.rst", "Titel\n=====\n\nText.")
    project.build(confoverrides={"language": "de"})
    html = project.html()
    assert 'aria-label="Kommentare"' in html
    block = re.search(r'id="websupport-data">(.*?)</script>', html)
    assert block
    words = json.loads(block[1])["words"]
    assert set(words["{n} comments on: {title}"]) == {"one", "other"}
    rest = (project.out() / "_static" / "websupport-words.js").read_text(encoding="utf-8")
    module = json.loads(rest.removeprefix("export default ").removesuffix(";\n"))
    assert module["Reply"] == "Antworten"
    assert not set(words) & set(module)


def test_english_needs_no_words(project: Project) -> None:
    project.write("index.rst", "Title\n=====\n\nText.")
    project.build()
    assert "words" not in project.html()
    assert not (project.out() / "_static" / "websupport-words.js").exists()
