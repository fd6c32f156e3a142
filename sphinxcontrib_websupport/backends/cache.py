"""Caches: items that expire, in files or in any other store."""

from __future__ import annotations

import os
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sphinxcontrib_websupport.backends.base import (
    BATCH,
    Aged,
    Backend,
    Change,
    checked_expiry,
    checked_key,
)
from sphinxcontrib_websupport.backends.codecs import JSON, SKEW, TEXT, Codec, Entry, Lifetime
from sphinxcontrib_websupport.backends.filesystem import (
    FileSystemBaseBackend,
    FileSystemJsonBackend,
    FileSystemTextBackend,
)
from sphinxcontrib_websupport.backends.wrapper import Wrapper
from sphinxcontrib_websupport.errors import (
    DamagedValueError,
    EncryptedValueError,
    InvalidInputError,
    UnsupportedError,
)

_GONE = object()


class _Cache(Wrapper):
    """What both caches do: look at an item, and delete it if it has expired or cannot be read.

    What is damaged, or was put there by somebody else, is a miss. Values that only lack their key
    are not: they are an error, and stay.

    :param path: the folder of the files.
    :param timeout: after how many seconds an item expires; ``None`` for never.
    :param backend: the store instead of files. All its items are the cache's.
    :param clock: what tells the seconds since 1970.
    """

    _files: type[FileSystemBaseBackend]
    _codec: Codec

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        timeout: float | None = None,
        *,
        backend: Backend | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if (path is None) == (backend is None):
            raise TypeError("a cache needs a path or a backend, and not both")
        self.timeout = checked_expiry(timeout)
        self._clock = clock
        if path is not None:
            super().__init__(self._files(path, clock=clock))
        elif backend is not None:
            super().__init__(backend)
        self.codec = self._codec

    @abstractmethod
    def _read(self, stored: Any) -> Any:
        """Return the value of an item; ``_GONE`` if it has expired.

        :raises DamagedValueError: it is no item of this cache.
        """

    def _is_over(self, key: str) -> bool:
        """Tell whether an item has expired, where that is known without reading it."""
        return False

    def path(self, key: str) -> Path:
        """Return the path of the file that holds, or would hold, the item.

        :raises UnsupportedError: the cache is not in files.
        """
        if not isinstance(self.backend, FileSystemBaseBackend):
            raise UnsupportedError(f"{self.describe()} has no files")
        return self.backend.path(key)

    def load(self, key: str) -> Any:
        """Return the value under ``key``; ``None`` if there is none or it has expired."""
        return self.load_many([checked_key(key)]).get(key)

    def load_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return the values that are present; what has expired is deleted."""
        values, dead = self._peek(list(dict.fromkeys(map(checked_key, keys))))
        for key in dead:
            self._expel(key)
        return values

    def delete(self, key: str) -> bool:
        """Delete an item, readable or not."""
        try:
            there = key in self
        except EncryptedValueError:
            there = True
        return self.backend.delete(key) and there

    def keys(self) -> set[str]:
        """Return the keys of what has not expired; the rest is deleted."""
        return {key for key, _ in self.items()}

    def prune(self) -> int:
        """Delete what has expired or cannot be read; return how many items that were."""
        count = 0
        for batch in self._batches():
            dead = self._peek(batch)[1]
            for key in dead:
                self._expel(key)
            count += len(dead)
        return count

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over what has not expired; the rest is deleted."""
        for batch in self._batches():
            yield from self.load_many(batch).items()

    def describe(self) -> str:
        """Name the store."""
        return f"a cache in {self.backend.describe()}"

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self.load_many([key])

    def _batches(self) -> Iterator[list[str]]:
        keys = iter(self.backend.keys())
        while batch := list(islice(keys, BATCH)):
            yield batch

    def _peek(self, keys: list[str]) -> tuple[dict[str, Any], list[str]]:
        """Return what is alive, and the keys of what has expired or cannot be read."""
        over = {key for key in keys if self._is_over(key)}
        try:
            found = self.backend.load_many([key for key in keys if key not in over])
        except EncryptedValueError:
            raise
        except DamagedValueError:
            if len(keys) == 1:
                return {}, keys
            # One of them hides the others.
            each = [self._peek([key]) for key in keys]
            values = {key: value for alive, _ in each for key, value in alive.items()}
            return values, [key for _, gone in each for key in gone]
        values = {key: self._alive(stored) for key, stored in found.items()}
        over.update(key for key, value in values.items() if value is _GONE)
        return {key: value for key, value in values.items() if value is not _GONE}, list(over)

    def _alive(self, stored: Any) -> Any:
        try:
            return self._read(stored)
        except EncryptedValueError:
            raise
        except DamagedValueError:
            return _GONE

    def _expel(self, key: str) -> None:
        """Delete an item if it has expired or cannot be read, not one that was stored meanwhile."""

        def expel(stored: Any) -> Any:
            if stored is None or self._is_over(key) or self._alive(stored) is _GONE:
                return None
            return stored

        if not self.backend.can_update:
            self.backend.delete(key)
            return
        try:
            self.backend.update(key, expel)
        except EncryptedValueError:
            raise
        except DamagedValueError:
            # The store cannot give it to a change. What takes its place in this moment is lost
            # with it; a cache may do that.
            self.backend.delete(key)

    def _change(self, key: str, change: Change, expire: float | None = None) -> None:
        """Change what is stored; what cannot be read is replaced as if it were not there."""
        try:
            self.backend.update(key, change, expire)
        except DamagedValueError:
            if key not in self._peek([key])[1]:
                raise  # not the item is damaged: the caller's change said so
            self._expel(key)
            self.backend.update(key, change, expire)


class JsonCache(_Cache):
    """JSON values, each with a time of its own at which it expires.

    An item is stored in a dict with its times, so that any store will do. An item from the
    future has expired too: the clock was set back, and would keep it for longer than was meant.
    """

    _files = FileSystemJsonBackend
    _codec = JSON

    def dump(
        self, key: str, value: Any, expire: float | None = None, *, timeout: float | None = None
    ) -> bool:
        """Put a value under a key.

        :param expire: after how many seconds it expires; ``None`` for the cache's own timeout.
        :param timeout: the same, by the name that it has for the whole cache.
        """
        if timeout is not None:
            if expire is not None:
                raise TypeError("expire and timeout are the same: give one of them")
            expire = timeout
        seconds = self.timeout if expire is None else checked_expiry(expire)
        JSON.encode(value)
        if seconds is not None and seconds <= 0:
            self.backend.delete(checked_key(key))
            return False
        return self.backend.dump(key, self._packed(Entry(value, self._starting(seconds))))

    def update(self, key: str, change: Change, expire: float | None = None) -> Any:
        """Change a value atomically.

        :param expire: as for :meth:`dump`; ``None`` keeps what a living item had.
        """
        checked_expiry(expire)
        new: Any = None

        def change_entry(stored: Any) -> Any:
            nonlocal new
            entry = None if stored is None else self._entry(stored)
            if entry is not None and entry.is_over(self._clock()):
                entry = None
            new = change(None if entry is None else entry.value)
            seconds = self.timeout if expire is None and entry is None else expire
            if new is None or (seconds is not None and seconds <= 0):
                return None
            if seconds is None and entry is not None:
                return self._packed(entry._replace(value=new))
            return self._packed(Entry(new, self._starting(seconds)))

        self._change(key, change_entry)
        return new

    def _read(self, stored: Any) -> Any:
        entry = self._entry(stored)
        return _GONE if entry.is_over(self._clock()) else entry.value

    def _starting(self, seconds: float | None) -> Lifetime | None:
        return None if seconds is None else Lifetime.starting(self._clock(), seconds)

    def _packed(self, entry: Entry) -> Any:
        return self.backend.codec.carry(entry.written(), JSON)

    def _entry(self, stored: Any) -> Entry:
        entry = Entry.read(self.backend.codec.uncarry(stored, JSON))
        self._readable(entry.value)
        return entry


class TextCache(_Cache):
    """Texts that all expire after the same time.

    Over files, and over any store that knows how old its items are, the age of an item tells;
    other stores are told the lifetime when the item is written.
    """

    _files = FileSystemTextBackend
    _codec = TEXT

    def dump(self, key: str, value: Any, expire: float | None = None) -> bool:
        """Put a text under a key.

        :param expire: nothing but ``None``.
        :raises InvalidInputError: ``expire`` is given, or the value is no text.
        """
        TEXT.encode(value)
        self._refuse(expire)
        if self.timeout is not None and self.timeout <= 0:
            self.backend.delete(checked_key(key))
            return False
        return self.backend.dump(key, self.backend.codec.carry(value, TEXT), self._seconds)

    def update(self, key: str, change: Change, expire: float | None = None) -> Any:
        """Change a text atomically; a changed text lives anew."""
        self._refuse(expire)
        if self._is_over(key):
            # Were the old text written again, the store would see no change and not renew it.
            self._expel(key)
        new: Any = None

        def change_text(stored: Any) -> Any:
            nonlocal new
            old = None if stored is None or self._is_over(key) else stored
            new = change(None if old is None else self._read(old))
            if new is None or (self.timeout is not None and self.timeout <= 0):
                return None
            TEXT.encode(new)
            return self.backend.codec.carry(new, TEXT)

        self._change(key, change_text, self._seconds)
        return new

    def _read(self, stored: Any) -> Any:
        text = self.backend.codec.uncarry(stored, TEXT)
        if not isinstance(text, str):
            raise DamagedValueError(f"not an item of a cache of texts: {type(text).__name__}")
        return self._readable(text)

    @property
    def _seconds(self) -> float | None:
        """What a store is told that cannot tell how old an item is."""
        return None if isinstance(self.backend, Aged) else self.timeout

    def _refuse(self, expire: float | None) -> None:
        if expire is not None:
            raise InvalidInputError("all items of a TextCache have the same lifetime")

    def _is_over(self, key: str) -> bool:
        if self.timeout is None or not isinstance(self.backend, Aged):
            return False
        age = self.backend.age(key)
        # An item from the future has expired, too: see Lifetime.is_over.
        return age is not None and (age >= self.timeout or age < -SKEW)
