"""What the suites of backends store: awkward keys, and values of the kind that a store takes."""

# ruff: noqa: S101 - a test's name says what it proves, and assertions make a suite

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.codecs import RAW, TEXT

AWKWARD_KEYS = (
    "",
    "/",
    "//",
    "a/",
    "/a",
    "a//b",
    ".",
    "..",
    "../escape",
    "a/../../escape",
    "\0",
    "a\0b",
    "line\nend",
    "考",
    "考" * 1000,
    "x" * 1000,
    "/" * 1000,
    "case",
    "CASE",
    "Case",
    unicodedata.normalize("NFC", "é"),
    unicodedata.normalize("NFD", "é"),
    "con",
    "aux.txt",
    "COM1",
    "trailing.",
    "trailing ",
    "trailing",
    "a",
    "a/b",
    "a.json",
    "a.json/b",
    "a.txt/b",
    "%41",
    "%",
    "%!",
    "%!/x",
    "a*b?[c]",
    "back\\slash",
    "C:\\x",
    '<>:"|',
    "👍",
    "\ud800",
    "{hash}tag",
    "\ufeffmark",
    "\u202eright",
    ".new",
    ".locks/00",
)
"""Keys that file systems, URLs or patterns trip over; all are different keys."""


def make_value(backend: Backend, number: int) -> Any:
    """Return a value of the kind that a store takes."""
    if backend.codec is TEXT:
        return str(number)
    if backend.codec is RAW:
        return str(number).encode()
    return {"number": number}


def read_number(value: Any) -> int:
    """Return the number that :func:`make_value` made a value from; 0 for ``None``."""
    if value is None:
        return 0
    return int(value["number"] if isinstance(value, dict) else value)


def increment(backend: Backend, key: str) -> int:
    """Add one to a number in the store."""
    new = backend.update(key, lambda old: make_value(backend, read_number(old) + 1))
    return read_number(new)


def values_for(backend: Backend) -> st.SearchStrategy[Any]:
    """Return a strategy of values of the kind that a store takes, ``None`` excepted."""
    if backend.codec is TEXT:
        return st.text(max_size=20)
    if backend.codec is RAW:
        return st.binary(max_size=20)
    plain: st.SearchStrategy[Any] = st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=20),
    )
    return st.recursive(
        plain,
        lambda inner: (
            st.lists(inner | st.none(), max_size=3)
            | st.dictionaries(st.text(max_size=5), inner | st.none(), max_size=3)
        ),
        max_leaves=5,
    )


def make_long_value(backend: Backend, letter: str) -> Any:
    """Return a value that takes a while to write."""
    text = letter * 300_000
    return text.encode() if backend.codec is RAW else text


def wait_for(is_true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something has come true, looking often.

    :raises AssertionError: it has not.
    """
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, f"not within {seconds} seconds"
        time.sleep(0.02)
