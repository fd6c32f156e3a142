"""How long an item lives, told by clocks that may jump."""

from __future__ import annotations

from typing import NamedTuple, Self

SKEW = 5.0
"""By how many seconds the clocks of two hosts, or one clock before and after it was set, may
differ without an item being taken for expired."""


class Lifetime(NamedTuple):
    """When an item was stored and when it expires, in seconds since 1970."""

    stored: float
    expires: float

    @classmethod
    def starting(cls, now: float, seconds: float) -> Self:
        """Return the lifetime of an item that is stored now and lives for ``seconds``."""
        return cls(now, now + seconds)

    def is_over(self, now: float) -> bool:
        """Tell whether the item has expired.

        An item from the future is expired too: the clock was set back since it was stored, and
        would otherwise keep it for as long as the jump was wide.
        """
        return now >= self.expires or now < self.stored - SKEW
