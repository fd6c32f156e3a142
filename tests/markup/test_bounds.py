"""What one comment may cost: the size of its HTML, and the processor time that it takes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.markup import bounds, markdown, restructuredtext
from sphinxcontrib_websupport.markup.bounds import GROWTH, MAX_SIZE
from sphinxcontrib_websupport.model import MAX_TEXT_LENGTH

EFFORT = int(os.environ.get("WEBSUPPORT_TEST_EFFORT", "1"))
Render = Callable[[str], str]

FAR = f"http://example.org/{'y' * 1_900}"
ROWS = "a\n" * 4_000

GROWING = {
    "one long target": "a_ " * 1_660 + f"\n\n.. _a: {FAR}",
    "an anonymous target": "a__ " * 50 + f"\n\n__ {FAR}\n" * 50,
    "an embedded target": f"`a <{FAR}>`_ " + "a_ " * 1_600,
    "an image of everything": f".. image:: {FAR}\n\n" * 5,
    "a long label": f"[a][a] [a]: {FAR}",
    "one long definition": "[a][a] " * 1_100 + f"\n\n[a]: {FAR}",
    "a definition in short": "[a]" * 1_600 + f'\n\n[a]: /b "{FAR}"',
    "100 columns": f"{'= ' * 100}\n{ROWS}{'= ' * 100}",
    "25 columns": f"{'= ' * 25}\n{ROWS}{'= ' * 25}",
    "1,000 columns in a quotation": f"> {'= ' * 1_000}\n  {'= ' * 1_000}",
    "a table in a list": f"* {'= ' * 90}\n" + "  a\n" * 1_500,
    "empty cells": "|a" * 100 + "|\n" + "|-" * 100 + "|\n" + "|\n" * 4_700,
    "words without spaces": "/a" * 5_000,
    "the frame of a table": "+-" * 5_000,
    "one long rule": "=" * MAX_TEXT_LENGTH,
    "rules and spaces": "==" * 2_500 + " " * 5_000,
    "quotations": "\n\n".join(" " * n + "a" for n in range(140)),
    "lists": "\n".join(" " * n + "* a" for n in range(140)),
    "quotations in Markdown": ">" * 5_000 + "a",
    "lists in Markdown": "- " * 5_000,
    "ampersands": "&" * MAX_TEXT_LENGTH,
    "a chain of targets": "\n".join(f".. _a{n}: a{n + 1}_" for n in range(600)),
    "footnotes": "[#]_ " * 900 + "\n\n" + ".. [#] a\n" * 500,
}


def cost(render: Render, text: str) -> tuple[int, float]:
    """Return the bytes of HTML, 0 for a refused text, and the seconds of processor time."""
    began = time.thread_time()
    try:
        html = render(text)
    except InvalidInputError:
        html = ""
    return len(html.encode()), time.thread_time() - began


def assert_is_bounded(render: Render, text: str) -> None:
    size, seconds = cost(render, text)
    assert size <= min(MAX_SIZE, max(4_000, GROWTH * len(text.encode()))) + 1
    # A second, as measured; five times as long where coverage is traced, and machines are busy.
    # Without bounds some take minutes.
    assert seconds < 20


@pytest.fixture(params=[restructuredtext, markdown], ids=["rst", "markdown"])
def render(request: pytest.FixtureRequest) -> Render:
    rendered: Render = request.param.render
    return rendered


@pytest.mark.parametrize("text", GROWING.values(), ids=GROWING)
def test_a_text_that_grows_is_bounded(render: Render, text: str) -> None:
    assert_is_bounded(render, text[:MAX_TEXT_LENGTH])


@pytest.mark.parametrize("text", GROWING.values(), ids=GROWING)
def test_to_look_at_a_text_costs_next_to_nothing(text: str) -> None:
    began = time.thread_time()
    with suppress(InvalidInputError):
        bounds.check_text(text)
    assert time.thread_time() - began < 0.5  # a hundredth of it, as measured


@pytest.mark.parametrize("kind", ["one long target", "25 columns", "words without spaces"])
def test_a_text_that_costs_too_much_is_refused_with_a_reason(kind: str) -> None:
    with pytest.raises(InvalidInputError, match=r"too long|could have more|a word of more"):
        restructuredtext.render(GROWING[kind][:MAX_TEXT_LENGTH])


@pytest.mark.parametrize(
    "text",
    [
        f"A `link <{FAR}>`_.",
        f"`a <{FAR}>`__ " * 5,
        "\n".join([f"{'=== ' * 10}", *["abc " * 10] * 150, f"{'=== ' * 10}"]),
        "語" * MAX_TEXT_LENGTH,
        "aB3/" + "x9+Zq" * 450,
        "Ein Satz mit ``code`` und *mehr*. " * 250,
        "* *a*, ``b``\n" * 700,
    ],
    ids=["a link", "links", "a large table", "Chinese", "a key", "prose", "a list"],
)
def test_what_people_write_is_not_refused(text: str) -> None:
    assert restructuredtext.render(text)


# fmt: off
ATOMS = [
    "a_ ", "`a`_ ", "a__ ", "[1]_ ", "|a| ", "*a", "**a", "``a", "`a", "\\", "  ", "\n", "\n\n",
    "* ", "- a\n", "1. ", "#. ", "> ", "= ", "==", "+-", "| ", ":a: b\n", "::\n\n", "..",
    "A\n=\n", ".. [1] ", "_a: ", ".. _a: ", "__ ", "http://a ", "a@b ", "<", "&", '"', "[a]",
    "(a)", "![a](b)", "[a][a]", "~~", "__", "|a|b|\n|-|-|\n", "<a>", "-a  b\n", "--a=b  c\n",
    "/a", ".. note::\n\n  ", ".. code::\n\n ", ".. list-table::\n\n", "* - a\n",
]
# fmt: on
ENDS = ["", f"\n\n.. _a: {FAR}", f"\n\n[a]: {FAR}", f"\n\n__ {FAR}\n"]


@settings(max_examples=40 * EFFORT)
@given(
    unit=st.lists(st.sampled_from(ATOMS), min_size=1, max_size=6).map("".join),
    end=st.sampled_from(ENDS),
    indent=st.sampled_from([0, 0, 1, 2]),
)
def test_any_repeated_text_is_bounded(unit: str, end: str, indent: int) -> None:
    times = (MAX_TEXT_LENGTH - len(end)) // (len(unit) + 1)
    if indent:
        text = "\n".join(" " * (indent * n) + unit for n in range(min(times, 120)))
    else:
        text = unit * times
    for render in (restructuredtext.render, markdown.render):
        assert_is_bounded(render, (text[: MAX_TEXT_LENGTH - len(end)] + end))
