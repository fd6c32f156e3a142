"""The difference of two texts, word by word."""

from __future__ import annotations

import re
import time
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinxcontrib_websupport.differ import Change, as_html, as_text, compare

TEXTS = st.text() | st.lists(
    st.sampled_from(["a", "b", " ", "\n", "<ins>", "</del>", "&amp;", "'", '"', "é", "[-", "-]"])
).map("".join)


def html(source: str, proposal: str) -> str:
    return as_html(compare(source, proposal))


@given(TEXTS, TEXTS)
def test_holds_both_texts(source: str, proposal: str) -> None:
    changes = compare(source, proposal)
    assert "".join(text for kind, text in changes if kind != "insert") == source
    assert "".join(text for kind, text in changes if kind != "delete") == proposal


@given(TEXTS, TEXTS)
def test_holds_both_texts_as_html(source: str, proposal: str) -> None:
    shown = html(source, proposal)
    without_new = re.sub(r"<ins>[^<]*</ins>", "", shown)
    without_old = re.sub(r"<del>[^<]*</del>", "", shown)
    assert unescape(re.sub("</?del>", "", without_new)) == unescape(escaped_twice(source))
    assert unescape(re.sub("</?ins>", "", without_old)) == unescape(escaped_twice(proposal))
    assert set(re.findall("<[^>]*>", shown)) <= {"<ins>", "</ins>", "<del>", "</del>"}


def escaped_twice(text: str) -> str:
    # ``unescape`` of what was escaped once gives the text back, whatever it looks like.
    return text.replace("&", "&amp;")


@given(TEXTS)
def test_has_no_change_where_there_is_none(text: str) -> None:
    assert compare(text, text) == ([Change("equal", text)] if text else [])


@pytest.mark.parametrize(
    ("source", "proposal", "shown"),
    [
        ("", "All new", "<ins>All new</ins>"),
        ("All gone", "", "<del>All gone</del>"),
        ("one two three", "one 2 three", "one <del>two</del><ins>2</ins> three"),
        ("one two three", "one three", "one <del>two </del>three"),
        ("say it", "say it.", "say it<ins>.</ins>"),
        ("the quick fox", "a slow fox", "<del>the quick</del><ins>a slow</ins> fox"),
        ("one\n\ntwo", "1\n\n2", "<del>one</del><ins>1</ins>\n\n<del>two</del><ins>2</ins>"),
        ("a < b & c", "a > b & c", "a <del>&lt;</del><ins>&gt;</ins> b &amp; c"),
        ("<script>", "</script>", "&lt;<ins>/</ins>script&gt;"),
    ],
)
def test_reads_well(source: str, proposal: str, shown: str) -> None:
    assert html(source, proposal) == shown


def test_reads_well_as_plain_text() -> None:
    changes = compare("one two <three>", "one 2 <three>!")
    assert as_text(changes) == "one [-two-]{+2+} <three>{+!+}"


@pytest.mark.parametrize(
    ("source", "proposal"),
    [
        ("ab" * 10_000, "ba" * 10_000),
        ("." * 20_000, "," * 20_000),
        (".," * 10_000, ",." * 10_000),
        (" a" * 10_000, "a " * 10_000),
        ("x\n" * 10_000, "\nx" * 10_000),
        ("".join(map(chr, range(0x4E00, 0x9000))), ".-" * 10_000),
        ("a b " * 250_000, "b a " * 5_000),
        ("." * 1_000_000, "," * 20_000),
    ],
)
def test_takes_no_long_time(source: str, proposal: str) -> None:
    start = time.process_time()
    changes = compare(source, proposal)
    # The worst of them takes 0.3 s; difflib would take hours.
    assert time.process_time() - start < 5
    assert "".join(text for kind, text in changes if kind != "delete") == proposal
