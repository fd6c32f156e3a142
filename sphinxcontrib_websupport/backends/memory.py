"""Values in a dictionary of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from threading import RLock
from time import monotonic
from typing import Any, NamedTuple, Self

from sphinxcontrib_websupport.backends.base import Backend, Change, checked_expiry, checked_key


class _Item(NamedTuple):
    value: Any
    deadline: float | None


class VolatileBackend(Backend):
    """Values of any kind in memory; they are gone with the object.

    :param clock: what tells the seconds; by default a clock that nobody can set.
    """

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._items: dict[str, _Item] = {}
        # Reentrant: a change may look at another item of the same store.
        self._lock = RLock()

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return a new, empty store; ``memory://`` names no particular one."""
        return cls()

    @classmethod
    def from_settings(cls, settings: object) -> Self:
        """Return a new, empty store."""
        return cls()

    def load(self, key: str) -> Any:
        """Return a copy of the value under ``key``, or ``None``."""
        with self._lock:
            item = self._live(checked_key(key))
        # What was stored is never changed, only replaced: it can be copied without the lock.
        return None if item is None else _copied(item.value)

    def load_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return copies of the values that are present, all as of one moment."""
        with self._lock:
            found = {key: self._live(checked_key(key)) for key in keys}
        return {key: _copied(item.value) for key, item in found.items() if item is not None}

    def dump(self, key: str, value: Any, expire: float | None = None) -> bool:
        """Put a copy of the value under the key."""
        checked_key(key)
        item = self._item(_copied(value), checked_expiry(expire))
        with self._lock:
            self._put(key, item)
            return key in self._items

    def delete(self, key: str) -> bool:
        """Delete an item."""
        with self._lock:
            there = self._live(checked_key(key)) is not None
            self._items.pop(key, None)
            return there

    def update(self, key: str, change: Change, expire: float | None = None) -> Any:
        """Change a value while no other thread can."""
        checked_expiry(expire)
        with self._lock:
            old = self._live(checked_key(key))
            new = change(None if old is None else _copied(old.value))
            if new is None:
                self._items.pop(key, None)
                return None
            if expire is None and old is not None:
                item = _Item(_copied(new), old.deadline)
            else:
                item = self._item(_copied(new), expire)
            self._put(key, item)
        return new

    def keys(self) -> set[str]:
        """Return the keys."""
        with self._lock:
            return {key for key in list(self._items) if self._live(key) is not None}

    def clear(self) -> None:
        """Delete all items."""
        with self._lock:
            self._items.clear()

    def __contains__(self, key: object) -> bool:
        with self._lock:
            return isinstance(key, str) and self._live(key) is not None

    def _item(self, value: Any, expire: float | None) -> _Item:
        return _Item(value, None if expire is None else self._clock() + expire)

    def _put(self, key: str, item: _Item) -> None:
        self._items[key] = item
        self._live(key)

    def _live(self, key: str) -> _Item | None:
        item = self._items.get(key)
        if item is not None and item.deadline is not None and self._clock() >= item.deadline:
            del self._items[key]
            return None
        return item


_ATOMS = frozenset({str, int, float, bool, type(None), bytes})


def _copied(value: Any) -> Any:
    """Return a copy; of plain values at a tenth of what :func:`deepcopy` takes."""
    kind = type(value)
    if kind is list:
        return [item if type(item) in _ATOMS else _copied(item) for item in value]
    if kind is dict:
        return {key: item if type(item) in _ATOMS else _copied(item) for key, item in value.items()}
    return value if kind in _ATOMS else deepcopy(value)
