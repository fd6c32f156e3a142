"""What a comment in reStructuredText may become, and what it never does."""

from __future__ import annotations

import re
import threading

import pytest
from docutils.nodes import Node
from docutils.parsers.rst import Directive, directives
from hypothesis import given, settings
from hypothesis import strategies as st
from sphinx.util.docutils import docutils_namespace

from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.markup import clean
from sphinxcontrib_websupport.markup.restructuredtext import DIRECTIVES, render
from sphinxcontrib_websupport.model import MAX_TEXT_LENGTH


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hello *there*", "<p>Hello <em>there</em></p>"),
        ("**Never** ``rm -rf``", "<p><strong>Never</strong> <code>rm -rf</code></p>"),
        ("H\\ :sub:`2`\\ O", "<p>H<sub>2</sub>O</p>"),
        ("See :func:`open`", "<p>See <code>open</code></p>"),
        ("1 < 2 & 3", "<p>1 &lt; 2 &amp; 3</p>"),
        ("::\n\n  x < y", "<pre>x &lt; y</pre>"),
        (
            "`docs <https://docutils.example/>`_",
            '<p><a href="https://docutils.example/" rel="nofollow ugc noopener">docs</a></p>',
        ),
        ("Title\n=====\n\nBody", "<p><strong>Title</strong></p>\n<p>Body</p>"),
        ("<b>bold</b>", "<p>&lt;b&gt;bold&lt;/b&gt;</p>"),
    ],
)
def test_markup_is_rendered(text: str, html: str) -> None:
    assert render(text) == f"{html}\n"


def test_a_code_block_keeps_its_text() -> None:
    html = render("Try:\n\n.. code-block:: python\n\n   print('<hi>')\n")
    assert html == "<p>Try:</p>\n<pre><code>print('&lt;hi&gt;')</code></pre>\n"


def test_a_note_becomes_a_quotation_with_its_name() -> None:
    html = render(".. note:: Mind the gap.")
    assert re.sub(r"\s+", "", html) == (
        "<blockquote><p><strong>Note</strong></p><p>Mindthegap.</p></blockquote>"
    )


@pytest.mark.parametrize("text", [".. a mere comment", ".. _target: https://example.org", "  \n "])
def test_a_text_that_shows_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="empty"):
        render(text)


@pytest.mark.parametrize(
    "text",
    [
        ".. include:: /etc/passwd",
        ".. raw:: html\n   :file: /etc/passwd",
        ".. csv-table::\n   :file: /etc/passwd",
        ".. literalinclude:: /etc/passwd",
        "- .. include:: /etc/passwd",
        "..  include :: /etc/passwd",
        ".. |x| include:: /etc/passwd\n\n|x|",
        ".. |x|\n   include:: /etc/passwd\n\n|x|",
        ".. note::\n\n   .. include:: /etc/passwd",
        "+---+\n| .. include:: /etc/passwd |\n+---+",
        ".. include:: /etc/passwd\n   :parser: rst",
    ],
)
def test_no_file_is_read(text: str) -> None:
    assert "root:" not in render(text)


@pytest.mark.parametrize(
    "text",
    [
        "`x <javascript:alert(1)>`_",
        "`x <JaVaScRiPt:alert(1)>`_",
        "`x <java\\ script:alert(1)>`_",
        "`x <data:text/html,<script>alert(1)</script>>`_",
        "`x <vbscript:x>`__",
        ".. _t: javascript:alert(1)\n\nsee t_",
        ".. image:: javascript:alert(1)\n   :target: javascript:alert(2)",
        ".. image:: x.png\n   :target: javascript:alert(2)",
        ".. figure:: javascript:alert(1)\n   :target: javascript:alert(1)\n\n   Caption",
        ".. image:: https://tracker.example/pixel.png",
        ".. math::\n\n   \\href{javascript:alert(1)}{x}",
        ":math:`\\href{javascript:alert(1)}{x}`",
        ".. raw:: html\n\n   <script>alert(1)</script>",
        ".. role:: raw-html(raw)\n   :format: html\n\n:raw-html:`<script>alert(1)</script>`",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        ".. container:: sphinx-has-comment\n   :name: websupport-data\n\n   {}",
        ".. class:: sphinx-has-comment\n\nfoo",
        ".. _websupport-data:\n\nfoo",
        "Title\n-----\n\n.. contents::\n\nTitle\n-----\n",
        "[#]_ and [1]_\n\n.. [#] one\n.. [1] two",
        ".. meta::\n   :http-equiv=refresh: 0; url=https://evil.example",
    ],
)
def test_nothing_active_or_foreign_comes_out(text: str) -> None:
    html = render(text)
    tags = re.findall(r"<[a-z][^>]*>", html)
    for tag in tags:
        assert not re.match(r"<(script|img|iframe|svg|math|meta|style|object|h[1-6])\b", tag), tag
        assert not re.search(r"\s(id|class|style|name|on\w+|src|srcset)\s*=", tag), tag
        assert not re.search(r"href\s*=\s*.?\s*(javascript|data|vbscript)", tag, re.IGNORECASE), tag


def test_a_role_that_a_comment_defines_does_not_outlive_it() -> None:
    with docutils_namespace():
        render(".. role:: strong(code)\n\n.. default-role:: math\n\n:strong:`x`")
        assert render(":strong:`x` `y`") == "<p><strong>x</strong> <cite>y</cite></p>\n"
        assert render("*x*\n\n.. role:: mine\n\n:mine:`x`").endswith("<code>x</code></p>\n")


class Explode(Directive):
    def run(self) -> list[Node]:
        raise AssertionError("a comment ran a foreign directive")


def test_directives_of_another_library_are_not_available_to_comments() -> None:
    with docutils_namespace():
        directives.register_directive("explode", Explode)
        assert render(".. explode:: now") == "<p>.. explode:: now</p>\n"


def test_a_malformed_table_keeps_its_words() -> None:
    assert "precious" in render("+----+\n| precious\n+----+\n")


@pytest.mark.parametrize(
    "text", ["- " * 4000, "> " * 4000, "\n\n".join(" " * n for n in range(99))]
)
def test_deep_nesting_keeps_the_words(text: str) -> None:
    assert "precious" in render(text[: MAX_TEXT_LENGTH - 20] + "precious")


def test_every_listed_directive_exists_or_is_shown_as_text() -> None:
    for name in DIRECTIVES:
        assert "inside" in render(f"before\n\n.. {name}:: inside\n\n   inside\n"), name


def test_threads_render_side_by_side() -> None:
    expected = render("*one* :sup:`2`")
    seen: list[str] = []

    def work() -> None:
        seen.extend(render("*one* :sup:`2`") for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {expected}
    assert len(seen) == 80


MARKUP = st.text(alphabet=st.sampled_from("ab \n*`_:.<>|[]#-=+\\&\"'/"), max_size=120)


@settings(max_examples=150, deadline=None)
@given(MARKUP)
def test_what_comes_out_is_clean_whatever_goes_in(text: str) -> None:
    try:
        html = render(text)
    except InvalidInputError:
        return
    assert f"{clean(html).strip()}\n" == html
