"""What an engine without a place for it keeps beside a value: its key and its lifetime.

An ordinary value is stored bare, readable by any tool. One that expires, or whose key is too long
for a name, stands behind a header: a NUL (no JSON and hardly a text begins with it), a line of
JSON, then the value.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

from sphinxcontrib_websupport.backends.lifetime import Lifetime
from sphinxcontrib_websupport.errors import DamagedValueError

_MARK = b"\0"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A value's bytes and what is known about them."""

    data: bytes
    key: str | None = None
    """The key, where the name does not tell it."""
    lifetime: Lifetime | None = None

    @classmethod
    def opened(cls, stored: bytes) -> Self:
        """Return what :meth:`sealed` made ``stored`` from.

        :raises DamagedValueError: the header cannot be read.
        """
        if stored[:1] != _MARK:
            return cls(stored)
        header, newline, data = stored[1:].partition(b"\n")
        try:
            if not newline:
                raise ValueError("it has no end")
            facts = json.loads(header)
            key, times = facts.get("key"), facts.get("lifetime")
            if key is not None and not isinstance(key, str):
                raise TypeError("the key is no text")
            lifetime = None if times is None else Lifetime(*map(float, times))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedValueError(f"the header of a value is damaged: {error}") from error
        return cls(data, key, lifetime)

    def sealed(self) -> bytes:
        """Return the bytes to store."""
        facts: dict[str, object] = {}
        if self.key is not None:
            facts["key"] = self.key
        if self.lifetime is not None:
            facts["lifetime"] = list(self.lifetime)
        if not facts and self.data[:1] != _MARK:
            return self.data
        return _MARK + json.dumps(facts).encode("ascii") + b"\n" + self.data
