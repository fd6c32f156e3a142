"""Stores of others, in five methods.

A class derived from :class:`BaseStorageBackend`, registered as an entry point in the group
``sphinxcontrib_websupport.backends``, is chosen by ``STORAGE_BACKEND``, has its settings checked
and its values encrypted like any other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from sphinxcontrib_websupport.backends.base import Backend, Change, checked_expiry, checked_key
from sphinxcontrib_websupport.backends.codecs import JSON
from sphinxcontrib_websupport.errors import SettingsError, StorageError, WebSupportError
from sphinxcontrib_websupport.settings import RequiredSetting, Settings


class BaseStorageBackend(ABC):
    """Texts under keys, as their author likes to keep them.

    Two more methods, which a store need not have, give it the abilities that they are named for:
    ``do_keys()`` returns all keys, and ``do_update(key, change)`` replaces a text by
    ``change(text or None)``, or deletes it for ``None``, atomically against every other writer.
    """

    required_settings: ClassVar[Sequence[RequiredSetting]] = ()
    """What must be set: ``{"name": "GREAT_API_KEY", "obtain_at": "where to get it"}``."""

    @abstractmethod
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Connect; when chosen by name, the store is given the settings, all checked."""

    @abstractmethod
    def do_save(self, key: str, value: str, expire: float | None = None) -> object:
        """Store a text under a key.

        :param expire: after how many seconds it is gone.
        :returns: ``False`` if it was not stored.
        """

    @abstractmethod
    def do_load(self, key: str) -> str | bytes | None:
        """Return the text under a key, or ``None``."""

    @abstractmethod
    def clear(self, key: str) -> object:
        """Delete the text under a key, if there is one."""

    @abstractmethod
    def clear_all_keys(self) -> object:
        """Delete all texts that are this store's own."""

    def save(self, key: str, value: Any, expire: float | None = None) -> bool:
        """Store a JSON value under a key; return whether it was stored."""
        return ContributedBackend(self).dump(key, value, expire)

    def load(self, key: str, default: Any = None) -> Any:
        """Return the JSON value under a key, or ``default``."""
        value = ContributedBackend(self).load(key)
        return default if value is None else value

    @classmethod
    def from_settings(cls, settings: Settings) -> ContributedBackend:
        """Open the store for who speaks the interface of a backend."""
        return ContributedBackend(cls(settings))

    @classmethod
    def from_url(cls, url: str) -> ContributedBackend:
        """Refuse: such a store is chosen by name.

        :raises SettingsError: always.
        """
        raise SettingsError(f"{cls.__name__} is chosen by STORAGE_BACKEND, not by a URL")


class ContributedBackend(Backend):
    """A contributed store as a backend: JSON values, and the abilities that the store has.

    :param store: whose errors, of whatever kind, become
        :exc:`~sphinxcontrib_websupport.errors.StorageError`.
    """

    def __init__(self, store: BaseStorageBackend) -> None:
        self.store = store

    @property
    def can_update(self) -> bool:
        """Whether the store has ``do_update``."""
        return hasattr(self.store, "do_update")

    def load(self, key: str) -> Any:
        """Return the value under ``key``, or ``None``."""
        checked_key(key)
        with self._failures():
            text = self.store.do_load(key)
        return self._value(text)

    def dump(self, key: str, value: Any, expire: float | None = None) -> bool:
        """Put a value under a key."""
        checked_key(key)
        text = _text(value)
        seconds = checked_expiry(expire)
        if seconds is not None and seconds <= 0:
            self.delete(key)
            return False
        with self._failures():
            return self.store.do_save(key, text, expire) is not False

    def delete(self, key: str) -> bool:
        """Delete an item."""
        checked_key(key)
        with self._failures():
            # Its author's `del` may raise where there is nothing.
            there = self.store.do_load(key) is not None
            if there:
                self.store.clear(key)
            return there

    def update(self, key: str, change: Change, expire: float | None = None) -> Any:
        """Change a value atomically, if the store can.

        :raises StorageError: it has no ``do_update``, or ``expire`` is given.
        """
        checked_key(key)
        do_update = self._ability("do_update", "change a value atomically")
        if expire is not None:
            raise StorageError(f"{self.describe()} cannot change how long an item lives")
        new: Any = None
        raised: list[BaseException] = []

        def change_text(text: str | bytes | None) -> str | None:
            nonlocal new
            try:
                new = change(self._value(text))
                return None if new is None else _text(new)
            except BaseException as error:
                raised.append(error)
                raise

        try:
            with self._failures():
                do_update(key, change_text)
        except StorageError:
            # The caller's own error comes out as it went in.
            if raised:
                raise raised[-1] from None
            raise
        return new

    def keys(self) -> set[str]:
        """Return the keys, if the store can.

        :raises StorageError: it has no ``do_keys``.
        """
        do_keys = self._ability("do_keys", "list its keys")
        with self._failures():
            return set(do_keys())

    def clear(self) -> None:
        """Delete all items."""
        with self._failures():
            self.store.clear_all_keys()

    def sample(self) -> str | None:
        """Return the key of some item, if the store can list them."""
        return super().sample() if hasattr(self.store, "do_keys") else None

    def describe(self) -> str:
        """Name the store."""
        return type(self.store).__name__

    def close(self) -> None:
        """Close the store, if it has such a method."""
        close: Callable[[], object] | None = getattr(self.store, "close", None)
        if close is not None:
            with self._failures():
                close()

    def _value(self, text: str | bytes | None) -> Any:
        if text is None:
            return None
        return self._readable(JSON.decode(text.encode() if isinstance(text, str) else text))

    def _ability(self, name: str, purpose: str) -> Callable[..., Any]:
        ability: Callable[..., Any] | None = getattr(self.store, name, None)
        if ability is None:
            raise StorageError(f"{self.describe()} cannot {purpose}: it has no {name}()")
        return ability

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except WebSupportError:
            raise
        except Exception as error:  # its author knows its exceptions, and we do not
            raise StorageError(f"{self.describe()}: {error or type(error).__name__}") from error


def _text(value: Any) -> str:
    return JSON.encode(value).decode()
