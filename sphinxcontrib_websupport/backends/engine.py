"""What all engines that store bytes have in common: the codec, expiry, retries and errors."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sphinxcontrib_websupport.backends.base import Backend, Change, checked_expiry, checked_key
from sphinxcontrib_websupport.backends.codecs import JSON, Codec, Lifetime
from sphinxcontrib_websupport.backends.drivers import Failures, attempts
from sphinxcontrib_websupport.errors import DamagedValueError, StorageError

PATIENCE = 30.0
"""For how many seconds an update is tried again while other writers win."""


@dataclass(frozen=True, slots=True)
class Record:
    """An item as the engine has it."""

    data: bytes
    version: Any = None
    """What the engine compares before it sets."""
    lifetime: Lifetime | None = None
    """When it expires, where the engine itself does not see to it."""

    def is_over(self, now: float) -> bool:
        """Tell whether the item has expired."""
        return self.lifetime is not None and self.lifetime.is_over(now)


class EngineBackend(Backend):
    """A store of bytes; a subclass says how its engine reads, puts, compares and sets.

    Those methods may raise any of :attr:`driver_errors`.

    :param codec: what the values are.
    :param clock: what tells the seconds since 1970.
    """

    driver_errors: ClassVar[tuple[type[Exception], ...]] = ()
    """The exceptions of the driver."""

    def __init__(self, *, codec: Codec = JSON, clock: Callable[[], float] = time.time) -> None:
        self.codec = codec
        self._clock = clock
        self._failures = Failures(self.describe, self.driver_errors)

    # -- what an engine says -----------------------------------------------------------------

    @abstractmethod
    def _fetch(self, key: str) -> Record | None:
        """Return the item, expired or not."""

    @abstractmethod
    def _put(self, key: str, data: bytes, expire: float | None) -> None:
        """Store an item, whatever was there."""

    @abstractmethod
    def _replace(
        self, key: str, old: Record | None, data: bytes | None, expire: float | None
    ) -> bool:
        """Store an item, or delete it for ``None``, if it still is what it was.

        :param old: what it was; ``None``: it was not there. Not both ``None``.
        :param expire: seconds from now; ``None`` keeps what ``old`` had.
        :returns: whether it still was.
        """

    @abstractmethod
    def _remove(self, key: str) -> bool:
        """Delete an item; tell whether it was there and had not expired."""

    @abstractmethod
    def _list(self) -> set[str]:
        """Return the keys of all items that have not expired."""

    @abstractmethod
    def _erase(self) -> None:
        """Delete all items and whatever belongs to them."""

    def _sample(self) -> str | None:
        """Return the key of some item, expired or not, or ``None`` if none is at hand."""
        return next(iter(self._list()), None)

    def _fetch_many(self, keys: list[str]) -> Iterable[tuple[str, Record | None]]:
        return ((key, self._fetch(key)) for key in keys)

    def _exclusive(self, key: str) -> AbstractContextManager[object]:
        """Keep other writers of the key out; an engine that compares and sets need not."""
        return nullcontext()

    # -- the contract ------------------------------------------------------------------------

    def load(self, key: str) -> Any:
        """Return the value under ``key``, or ``None``."""
        checked_key(key)
        with self._failures:
            record = self._fetch(key)
        if record is None or self._has_expired(key, record):
            return None
        return self._decoded(key, record)

    def load_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return ``{key: value}`` of those present."""
        wanted = list(dict.fromkeys(map(checked_key, keys)))
        if not wanted:
            return {}
        with self._failures:
            found = list(self._fetch_many(wanted))
        return {
            key: self._decoded(key, record)
            for key, record in found
            if record is not None and not self._has_expired(key, record)
        }

    def dump(self, key: str, value: Any, expire: float | None = None) -> bool:
        """Put a value under a key."""
        checked_key(key)
        data = self.codec.encode(value)
        if _is_over_at_once(expire):
            self.delete(key)
            return False
        with self._exclusive(key), self._failures:
            self._put(key, data, expire)
        return True

    def delete(self, key: str) -> bool:
        """Delete an item."""
        checked_key(key)
        with self._exclusive(key), self._failures:
            return self._remove(key)

    def update(self, key: str, change: Change, expire: float | None = None) -> Any:
        """Change a value by the engine's own compare-and-set."""
        checked_key(key)
        gone_at_once = _is_over_at_once(expire)
        for _ in attempts(PATIENCE):
            with self._exclusive(key):
                with self._failures:
                    record = self._fetch(key)
                if record and record.is_over(self._clock()):
                    # It is replaced as what it is, but its value and its expiry do not count.
                    current, record = None, replace(record, lifetime=None)
                else:
                    current = record
                # The change is the caller's: its exceptions are not the driver's.
                new = change(None if current is None else self._decoded(key, current))
                data = None if new is None else self.codec.encode(new)
                if gone_at_once:
                    data = None
                if data is None and record is None:
                    return new
                if current is not None and data == current.data and expire is None:
                    return new
                with self._failures:
                    if self._replace(key, record, data, expire):
                        return new
        raise StorageError(
            f"{self.describe()}: others kept writing to {key!r} for {PATIENCE:.0f} seconds"
        )

    def keys(self) -> set[str]:
        """Return the keys, as they were given."""
        with self._failures:
            return self._list()

    def clear(self) -> None:
        """Delete all items that are this store's own."""
        with self._failures:
            self._erase()

    def sample(self) -> str | None:
        """Return the key of some item."""
        with self._failures:
            return self._sample()

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        with self._failures:
            record = self._fetch(key)
        return record is not None and not self._has_expired(key, record)

    # -- for subclasses ----------------------------------------------------------------------

    def _starting(self, expire: float | None, old: Record | None = None) -> Lifetime | None:
        """Return the lifetime of an item that is written now."""
        if expire is not None:
            return Lifetime.starting(self._clock(), expire)
        return None if old is None else old.lifetime

    def _has_expired(self, key: str, record: Record) -> bool:
        """Tell whether an item has expired; if so, delete it unless it was replaced."""
        if not record.is_over(self._clock()):
            return False
        with self._exclusive(key), self._failures:
            now = self._fetch(key)
            if now is not None and now.lifetime == record.lifetime:
                self._replace(key, now, None, None)
        return True

    def _is_there(self, key: str) -> bool:
        """Tell whether an item is there and has not expired; a damaged one is there."""
        try:
            record = self._fetch(key)
        except DamagedValueError:
            return True
        return record is not None and not record.is_over(self._clock())

    def _decoded(self, key: str, record: Record) -> Any:
        try:
            value = self.codec.decode(record.data)
        except DamagedValueError as error:
            raise DamagedValueError(
                f"{self.describe()}: the value under {key!r} is damaged: {error}"
            ) from error
        return self._readable(value)


def _is_over_at_once(expire: float | None) -> bool:
    seconds = checked_expiry(expire)
    return seconds is not None and seconds <= 0
