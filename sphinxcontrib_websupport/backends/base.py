"""The contract of a store of values under keys, as prose; stores themselves say little."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, ClassVar, Self

from sphinxcontrib_websupport.backends.codecs import JSON, Codec
from sphinxcontrib_websupport.errors import (
    DamagedValueError,
    EncryptedValueError,
    InvalidInputError,
)
from sphinxcontrib_websupport.settings import RequiredSetting

Change = Callable[[Any], Any]
"""From the old value, or ``None``, to the new one, or ``None`` to delete."""

BATCH = 100
"""How many values :meth:`Backend.items` fetches at a time."""


class Backend(ABC):
    """Values under keys: a subset of :class:`dict`, with ``load`` and ``dump``.

    A key is any string, of any length up to some thousand characters and with any characters;
    keys that differ at all are different keys. What a value may be, the :attr:`codec` says:
    JSON values, text or bytes. What ``load`` returns is the caller's own: to change it changes
    nothing in the store.

    A write is atomic: a reader, in whatever process or on whatever host, sees the old value or
    the new one, and a writer that is killed leaves one of the two and no lock.

    Every call may be made from any thread.

    A driver's exception never leaves a store: it comes as
    :exc:`~sphinxcontrib_websupport.errors.StorageError`, raised ``from`` the driver's, within
    the time-out that the store was given.

    :exc:`~sphinxcontrib_websupport.errors.DamagedValueError` says that a value is there and
    cannot be read; :exc:`~sphinxcontrib_websupport.errors.EncryptedValueError`, that only the key
    is missing. :exc:`~sphinxcontrib_websupport.errors.InvalidInputError` says that a key is
    no string, or that the codec cannot take a value; nothing is stored then.
    """

    codec: Codec = JSON
    """What the values are, and how they become bytes."""

    required_settings: ClassVar[Sequence[RequiredSetting]] = ()
    """The settings without which this store cannot be opened by name."""

    _expects_encrypted = False

    @property
    def can_update(self) -> bool:
        """Whether :meth:`update` works; a contributed store may be without."""
        return True

    @abstractmethod
    def load(self, key: str) -> Any:
        """Return the value under ``key``, or ``None``."""

    @abstractmethod
    def dump(self, key: str, value: Any, expire: float | None = None) -> bool:
        """Put a value under a key, in place of the one that was there.

        :param expire: after how many seconds the item is gone; ``None`` for never. An item
            that would be gone at once is not stored, and what was there is gone too.
        :returns: whether it was stored.
        :raises InvalidInputError: the codec cannot take the value.
        """

    @abstractmethod
    def delete(self, key: str) -> bool:
        """Delete an item.

        :returns: whether it was there.
        """

    @abstractmethod
    def update(self, key: str, change: Change, expire: float | None = None) -> Any:
        """Change a value atomically against every other writer of its key, on any host.

        ``change`` is given the old value, or ``None``, and returns the new one. It may change
        the old value in place. It may be called more than once and while the item is locked, so
        it has no other effect than its result and does not call the store. When it raises,
        nothing is written and the exception goes to the caller.

        - ``None`` deletes the item.
        - A value that is stored as the old one was (compared as encoded, so that in-place
          changes count) writes nothing: returning the old value untouched is how a change says
          that there is nothing to do.

        :param expire: as for :meth:`dump`; ``None`` keeps what the item had.
        :returns: the new value: what ``change`` returned.
        :raises StorageError: also when the outcome is not known because the connection broke
            while the value was being written: it is then not tried again, for that could
            apply the change twice.
        """

    @abstractmethod
    def keys(self) -> set[str]:
        """Return the keys, as they were given. Not for a reader's way: it lists the store."""

    @abstractmethod
    def clear(self) -> None:
        """Delete all items that are this store's own, and nothing else."""

    def load_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return ``{key: value}`` of those present, in one round trip where the engine can."""
        found = ((key, self.load(key)) for key in dict.fromkeys(keys))
        return {key: value for key, value in found if value is not None}

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over ``(key, value)``; an item that vanishes meanwhile is left out."""
        keys = iter(self.keys())
        while batch := list(islice(keys, BATCH)):
            yield from self.load_many(batch).items()

    def sample(self) -> str | None:
        """Return the key of some item, at little cost; ``None`` if none is at hand."""
        return next(iter(self.keys()), None)

    def describe(self) -> str:
        """Name the store for people, without any password."""
        return type(self).__name__

    def check(self) -> None:
        """Ask the store for a sign of life, and look at an item.

        :raises EncryptedValueError: its values are encrypted, and there is no key, or another.
        :raises StorageError: it does not answer.
        """
        key = self.sample()
        try:
            self._readable(self.load("check" if key is None else key))
        except EncryptedValueError:
            raise
        except DamagedValueError:
            # One damaged item does not make the store unusable: whoever asks for it is told.
            pass

    def expect_encrypted(self) -> None:
        """Hand out encrypted values as they are: who calls this decrypts them."""
        self._expects_encrypted = True

    def _readable(self, value: Any) -> Any:
        """Return a value that was loaded, if it is not encrypted.

        :raises EncryptedValueError: it is, and nobody decrypts it.
        """
        if not self._expects_encrypted and self.codec.is_encrypted(value):
            raise EncryptedValueError(
                f"{self.describe()}: these values are encrypted, set SECRET_KEY"
            )
        return value

    def close(self) -> None:  # noqa: B027 - most stores have nothing to give up
        """Give up connections; the object is not used afterwards."""

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return self.items()

    def __len__(self) -> int:
        return len(self.keys())

    def __bool__(self) -> bool:
        # A store is a store when it is empty too, and `if backend:` must not list a bucket.
        return True

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self.load_many([key])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Aged(ABC):
    """The ability to tell how old an item is."""

    @abstractmethod
    def age(self, key: str) -> float | None:
        """Return for how many seconds an item has been as it is; ``None`` if it is not there."""


def checked_key(key: object) -> str:
    """Return ``key`` if it is a string.

    :raises InvalidInputError: it is not.
    """
    if not isinstance(key, str):
        raise InvalidInputError(f"a key is a string, not {type(key).__name__}")
    return key


def checked_expiry(expire: float | None) -> float | None:
    """Return ``expire`` if it is a number of seconds, or ``None``.

    :raises InvalidInputError: it is not.
    """
    if expire is None or (isinstance(expire, int | float) and math.isfinite(expire)):
        return expire
    raise InvalidInputError(f"a lifetime is a number of seconds, not {expire!r}")
