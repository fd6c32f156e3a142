"""A store that is read through a cache near at hand."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from sphinxcontrib_websupport.backends.base import Backend, Change, checked_key
from sphinxcontrib_websupport.backends.wrapper import Wrapper
from sphinxcontrib_websupport.errors import InvalidInputError, StorageError

_log = logging.getLogger(__name__)


class ReadThrough(Wrapper):
    """A store and its cache: pages in S3, kept in local files.

    A write goes to the store and then drops the item from the cache. A change that another
    process makes shows when the cached item has expired, so the cache's timeout is the longest
    time for which an old value is seen. A cache that fails is passed by.

    :param backend: the store.
    :param cache: a :class:`JsonCache` or :class:`TextCache`, or any other store.
    """

    def __init__(self, backend: Backend, cache: Backend) -> None:
        super().__init__(backend)
        self.cache = cache

    def load(self, key: str) -> Any:
        """Return the value under ``key``, from the cache if it is there."""
        return self.load_many([checked_key(key)]).get(key)

    def load_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return the values that are present; ask the store for those not cached, at once."""
        wanted = list(dict.fromkeys(map(checked_key, keys)))
        cached = self._cached(wanted)
        missing = [key for key in wanted if key not in cached]
        fresh = self.backend.load_many(missing) if missing else {}
        for key, value in fresh.items():
            self._try(lambda: self.cache.dump(key, value))  # noqa: B023 - called at once
        found = cached | fresh
        return {key: found[key] for key in wanted if key in found}

    def dump(self, key: str, value: Any, expire: float | None = None) -> bool:
        """Put a value under a key in the store."""
        try:
            return self.backend.dump(key, value, expire)
        finally:
            self.forget(key)

    def update(self, key: str, change: Change, expire: float | None = None) -> Any:
        """Change a value in the store; what is cached does not count."""
        try:
            return self.backend.update(key, change, expire)
        finally:
            self.forget(key)

    def delete(self, key: str) -> bool:
        """Delete an item from the store."""
        try:
            return self.backend.delete(key)
        finally:
            self.forget(key)

    def clear(self) -> None:
        """Delete all items from the store and the cache."""
        self.backend.clear()
        self._try(self.cache.clear)

    def forget(self, key: str) -> None:
        """Drop an item from the cache: the next reader asks the store."""
        self._try(lambda: self.cache.delete(key))

    def describe(self) -> str:
        """Name the store."""
        return f"{self.backend.describe()}, read through a cache"

    def check(self) -> None:
        """Ask the store, and not the cache, for a sign of life."""
        self.backend.check()

    def expect_encrypted(self) -> None:
        """Hand out encrypted values as they are."""
        super().expect_encrypted()
        self.cache.expect_encrypted()

    def close(self) -> None:
        """Close both."""
        self.backend.close()
        self.cache.close()

    def _cached(self, keys: list[str]) -> dict[str, Any]:
        cached: dict[str, Any] = {}
        for key in keys:
            # One by one: a damaged item must not hide the others.
            value = self._try(lambda: self.cache.load(key))  # noqa: B023 - called at once
            if value is not None:
                cached[key] = value
        return cached

    def _try(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (StorageError, InvalidInputError) as error:
            _log.warning("the cache was passed by: %s", error)
            return None
