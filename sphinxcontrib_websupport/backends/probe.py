"""Does a store work, as it is set? Connect, write, read, change and delete a value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from secrets import token_hex
from typing import Any

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.codecs import RAW
from sphinxcontrib_websupport.errors import StorageError, WebSupportError
from sphinxcontrib_websupport.registry import open_backend
from sphinxcontrib_websupport.settings import Settings


def check(settings: str | Settings | None = None) -> Iterator[str]:
    """Try the store that settings, or a URL, choose; say each thing that works, in a line.

    :param settings: ``None`` for the settings of the environment and of the file that it names.
    :raises SettingsError: a setting is missing or wrong, or a driver is not installed.
    :raises StorageError: the store does not do what it should; the message says what.
    """
    with open_backend(settings) as backend:
        yield f"chosen: {backend.describe()}"
        backend.check()
        yield "it answers"
        key = f"websupport-probe-{token_hex(8)}"
        try:
            yield from _try(backend, key)
        except WebSupportError:
            # It failed already; what it says matters more than what is left behind.
            with suppress(WebSupportError):
                backend.delete(key)
            raise


def _try(backend: Backend, key: str) -> Iterator[str]:
    first, second = _value(backend), _value(backend)
    if not backend.dump(key, first):
        raise StorageError(f"{backend.describe()} did not store the probe")
    _compare(backend, key, first)
    yield "wrote a value and read it"
    backend.update(key, lambda old: second)
    _compare(backend, key, second)
    yield "changed it atomically"
    if not backend.delete(key) or backend.load(key) is not None:
        raise StorageError(f"{backend.describe()} did not delete the probe")
    yield "deleted it"


def _value(backend: Backend) -> Any:
    text = token_hex(8)
    return text.encode() if backend.codec is RAW else text


def _compare(backend: Backend, key: str, expected: Any) -> None:
    found = backend.load(key)
    if found != expected:
        raise StorageError(f"{backend.describe()} gave {found!r} for a probe of {expected!r}")
