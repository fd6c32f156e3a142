"""What values are, and how they become bytes: JSON, text, or bytes as they are.

What a store must know besides, when an item expires, or its key where that is too long for a name,
stands in an :class:`Envelope` around the bytes: a NUL (no JSON and hardly a text begins with it), a
line of JSON, then the value.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from sphinxcontrib_websupport.errors import DamagedValueError, InvalidInputError

ENCRYPTED = "websupport1:"
"""What an encrypted value begins with; base64 follows."""

_ENCRYPTED_FORM = re.compile(rf"{ENCRYPTED}[A-Za-z0-9+/]{{40,}}={{0,2}}")


class Codec(ABC):
    """A kind of values."""

    suffix = ".bin"
    """What the name of a file with such a value ends with: a dot and lower-case letters."""

    content_type = "application/octet-stream"
    """The media type of an encoded value."""

    @abstractmethod
    def encode(self, value: Any) -> bytes:
        """Return the value as bytes.

        :raises InvalidInputError: it is not of this kind.
        """

    @abstractmethod
    def decode(self, data: bytes) -> Any:
        """Return the value that :meth:`encode` made ``data`` from.

        :raises DamagedValueError: it made no such data.
        """

    def from_token(self, token: str) -> Any:
        """Return an ASCII token as a value of this kind, for a wrapper to store."""
        return token

    def to_token(self, value: Any) -> str | None:
        """Return the token that :meth:`from_token` was given, or ``None`` if it is none."""
        return value if isinstance(value, str) else None

    def carry(self, value: Any, other: Codec) -> Any:
        """Return a value of another kind as one of this kind, to store it here."""
        return self.decode(other.encode(value)) if self._carries(other) else value

    def uncarry(self, value: Any, other: Codec) -> Any:
        """Return the value of another kind that :meth:`carry` was given.

        :raises DamagedValueError: it was given none.
        """
        return other.decode(self.encode(value)) if self._carries(other) else value

    def _carries(self, other: Codec) -> bool:
        """Tell whether values of another kind are encoded; texts are JSON values as they are."""
        return False

    def is_encrypted(self, value: Any) -> bool:
        """Tell whether a value is what :class:`~.encrypted.Encrypted` makes of one."""
        if not isinstance(value, str) or not value.startswith(ENCRYPTED):
            return False
        return _ENCRYPTED_FORM.fullmatch(value) is not None


class JsonCodec(Codec):
    """JSON values, as compact UTF-8 text. Tuples come back as lists, keys as strings."""

    suffix = ".json"
    content_type = "application/json"

    def encode(self, value: Any) -> bytes:
        """Return the value as JSON text."""
        try:
            return _ENCODE(value).encode()
        except UnicodeEncodeError:
            # Half a surrogate pair has no UTF-8 form, but JSON can escape it.
            return json.dumps(value, separators=(",", ":")).encode("ascii")
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidInputError(f"not a JSON value: {error}") from error

    def decode(self, data: bytes) -> Any:
        """Return the value of a JSON text."""
        try:
            return json.loads(data.decode())
        except (ValueError, RecursionError) as error:
            raise DamagedValueError(f"not JSON: {error}") from error


class TextCodec(Codec):
    """Unicode text, as UTF-8; line ends stay as they are."""

    suffix = ".txt"
    content_type = "text/plain; charset=utf-8"

    def encode(self, value: Any) -> bytes:
        """Return the text as UTF-8."""
        if not isinstance(value, str):
            raise InvalidInputError(f"text is expected, not {type(value).__name__}")
        # Half a surrogate pair is kept as it is: names of files on Linux can hold one.
        return value.encode("utf-8", "surrogatepass")

    def decode(self, data: bytes) -> str:
        """Return the text."""
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise DamagedValueError(f"not UTF-8 text: {error}") from error

    def _carries(self, other: Codec) -> bool:
        return isinstance(other, JsonCodec)


class RawCodec(Codec):
    """Bytes, as they are."""

    def encode(self, value: Any) -> bytes:
        """Return the bytes."""
        if not isinstance(value, bytes | bytearray | memoryview):
            raise InvalidInputError(f"bytes are expected, not {type(value).__name__}")
        return bytes(value)

    def decode(self, data: bytes) -> bytes:
        """Return the bytes."""
        return data

    def _carries(self, other: Codec) -> bool:
        return True

    def from_token(self, token: str) -> bytes:
        """Return the token as ASCII bytes."""
        return token.encode("ascii")

    def to_token(self, value: Any) -> str | None:
        """Return ASCII bytes as a token."""
        if isinstance(value, bytes) and value.isascii():
            return value.decode("ascii")
        return None

    def is_encrypted(self, value: Any) -> bool:
        """Tell whether bytes are what :class:`~.encrypted.Encrypted` makes of some."""
        # First the beginning: a value may be a film.
        return value[: len(ENCRYPTED)] == ENCRYPTED.encode() and super().is_encrypted(
            self.to_token(value)
        )


# Without NaN and Infinity: Python would read them back, but they are not JSON.
_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode

JSON = JsonCodec()
TEXT = TextCodec()
RAW = RawCodec()

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
        return not self.stored - SKEW <= now < self.expires


_HEADER = b"\0"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A value's bytes and what is known about them."""

    data: bytes
    key: str | None = None
    """The key, where the name does not tell it."""
    lifetime: Lifetime | None = None

    def is_over(self, now: float) -> bool:
        """Tell whether the item has expired."""
        return self.lifetime is not None and self.lifetime.is_over(now)

    @classmethod
    def opened(cls, stored: bytes) -> Self:
        """Return what :meth:`sealed` made ``stored`` from.

        :raises DamagedValueError: the header cannot be read.
        """
        if stored[:1] != _HEADER:
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
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise DamagedValueError(f"the header of a value is damaged: {error}") from error
        return cls(data, key, lifetime)

    def sealed(self) -> bytes:
        """Return the bytes to store."""
        facts: dict[str, object] = {}
        if self.key is not None:
            facts["key"] = self.key
        if self.lifetime is not None:
            facts["lifetime"] = list(self.lifetime)
        if not facts and self.data[:1] != _HEADER:
            return self.data
        return _HEADER + json.dumps(facts).encode("ascii") + b"\n" + self.data


class Entry(NamedTuple):
    """A value with its times as a JSON value, for stores that know nothing of lifetimes."""

    value: Any
    lifetime: Lifetime | None

    @classmethod
    def read(cls, stored: Any) -> Self:
        """Return what :meth:`written` made ``stored`` from.

        :raises DamagedValueError: it made no such value.
        """
        try:
            value, since, until = stored["value"], stored["stored"], stored["expires"]
            return cls(value, None if until is None else Lifetime(float(since), float(until)))
        except (TypeError, KeyError, ValueError, OverflowError) as error:
            raise DamagedValueError(f"not an item of a cache: {error!r}") from error

    def written(self) -> dict[str, Any]:
        """Return the value to store."""
        since, until = self.lifetime or (None, None)
        return {"stored": since, "expires": until, "value": self.value}

    def is_over(self, now: float) -> bool:
        """Tell whether the item has expired."""
        return self.lifetime is not None and self.lifetime.is_over(now)
