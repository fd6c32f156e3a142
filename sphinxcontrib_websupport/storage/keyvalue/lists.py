"""Lists that only grow: what to look at, written down before there is anything to see.

An entry may be stale and is then found to mean nothing; none is ever missing.
"""

from __future__ import annotations

from typing import Any

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.errors import DamagedValueError


def read(key: str, value: Any) -> list[str]:
    """Return a stored list; an empty one for ``None``.

    :raises DamagedValueError: it is none.
    """
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise DamagedValueError(f"the value under {key!r} is no list of names")


def note(backend: Backend, key: str, *items: str) -> None:
    """Put items on the list that stands under a key."""

    def add(value: Any) -> list[str]:
        known = read(key, value)
        return [*known, *(item for item in items if item not in known)]

    backend.update(key, add)
