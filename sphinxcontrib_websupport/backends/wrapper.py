"""A store in front of another: encryption, caches, and whatever else looks at what goes through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sphinxcontrib_websupport.backends.base import Backend, Change


class Wrapper(Backend):
    """Forwards every call; a subclass says what it does otherwise.

    ``items``, iteration and the rest of what :class:`Backend` itself offers are made of
    ``load_many`` and ``keys``: what a subclass does to values, it does there too.

    :param backend: the store behind. It is closed with this one.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.codec = backend.codec

    @property
    def can_update(self) -> bool:
        """Whether the store behind can change a value atomically."""
        return self.backend.can_update

    def load(self, key: str) -> Any:
        """Return the value under ``key``, or ``None``."""
        return self.backend.load(key)

    def load_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return the values that are present."""
        return self.backend.load_many(keys)

    def dump(self, key: str, value: Any, expire: float | None = None) -> bool:
        """Put a value under a key."""
        return self.backend.dump(key, value, expire)

    def update(self, key: str, change: Change, expire: float | None = None) -> Any:
        """Change a value atomically."""
        return self.backend.update(key, change, expire)

    def delete(self, key: str) -> bool:
        """Delete an item."""
        return self.backend.delete(key)

    def keys(self) -> set[str]:
        """Return the keys."""
        return self.backend.keys()

    def sample(self) -> str | None:
        """Return the key of some item."""
        return self.backend.sample()

    def clear(self) -> None:
        """Delete all items."""
        self.backend.clear()

    def describe(self) -> str:
        """Name the store behind."""
        return self.backend.describe()

    def check(self) -> None:
        """Ask the store behind for a sign of life, and look at an item."""
        self.backend.check()
        super().check()

    def expect_encrypted(self) -> None:
        """Hand out encrypted values as they are."""
        super().expect_encrypted()
        self.backend.expect_encrypted()

    def close(self) -> None:
        """Close the store behind."""
        self.backend.close()

    def __contains__(self, key: object) -> bool:
        return key in self.backend
