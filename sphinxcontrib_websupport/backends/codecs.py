"""What values are, and how they become bytes: JSON, text, or bytes as they are."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any

from sphinxcontrib_websupport.errors import DamagedValueError, InvalidInputError


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

    def from_token(self, token: str) -> bytes:
        """Return the token as ASCII bytes."""
        return token.encode("ascii")

    def to_token(self, value: Any) -> str | None:
        """Return ASCII bytes as a token."""
        if isinstance(value, bytes) and value.isascii():
            return value.decode("ascii")
        return None


# Without NaN and Infinity: Python would read them back, but they are not JSON.
_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode

JSON = JsonCodec()
TEXT = TextCodec()
RAW = RawCodec()
