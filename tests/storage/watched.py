"""A store of values that tells of each call, and lets a test step in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from sphinxcontrib_websupport.backends.base import Backend, Change
from sphinxcontrib_websupport.backends.codecs import JSON
from sphinxcontrib_websupport.backends.memory import VolatileBackend

WRITES = ("dump", "update", "delete")


class Watched(Backend):
    """Forwards each call, which is a round trip.

    :param before: called with the name of each call before it is made.
    :param after: called when it was made.
    """

    codec = JSON

    def __init__(
        self,
        backend: Backend | None = None,
        *,
        before: Callable[[str], None] = lambda call: None,
        after: Callable[[str], None] = lambda call: None,
    ) -> None:
        self.backend = backend or VolatileBackend()
        self.before = before
        self.after = after
        self.calls = Counter[str]()
        self.loaded: list[str] = []

    @property
    def writes(self) -> int:
        return sum(self.calls[name] for name in WRITES)

    @property
    def round_trips(self) -> int:
        return self.calls.total()

    def forget(self) -> None:
        self.calls.clear()
        self.loaded.clear()

    def load(self, key: str) -> Any:
        self.loaded.append(key)
        return self._forward("load", lambda: self.backend.load(key))

    def load_many(self, keys: Iterable[str]) -> dict[str, Any]:
        wanted = list(keys)
        self.loaded.extend(wanted)
        found: dict[str, Any] = self._forward("load_many", lambda: self.backend.load_many(wanted))
        return found

    def dump(self, key: str, value: Any, expire: float | None = None) -> bool:
        return bool(self._forward("dump", lambda: self.backend.dump(key, value, expire)))

    def update(self, key: str, change: Change, expire: float | None = None) -> Any:
        return self._forward("update", lambda: self.backend.update(key, change, expire))

    def delete(self, key: str) -> bool:
        return bool(self._forward("delete", lambda: self.backend.delete(key)))

    def keys(self) -> set[str]:
        found: set[str] = self._forward("keys", self.backend.keys)
        return found

    def clear(self) -> None:
        self._forward("clear", self.backend.clear)

    def _forward(self, name: str, call: Callable[[], Any]) -> Any:
        self.before(name)
        self.calls[name] += 1
        result = call()
        self.after(name)
        return result
