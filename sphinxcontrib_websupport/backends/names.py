"""Keys as names that an engine can bear, and back.

A harmless key is its own name. What an engine cannot bear is written as ``%`` and two hexadecimal
digits per byte of its UTF-8 form, ``%`` itself included; an empty segment is ``%`` alone. A key
whose name would be too long is named by its digest, and the store keeps the key elsewhere.
"""

from __future__ import annotations

import re
from hashlib import sha256

OWN = "%!"
"""What no name of a key holds, except a digest's: free for a store's own purposes."""

_ESCAPED = re.compile(rb"%([0-9a-f]{2})")


class Naming:
    """One engine's rule.

    :param unsafe: a pattern of what must be escaped; it is searched in the whole key.
    :param longest: the longest name, in bytes; longer ones become digests.
    :param longest_segment: the longest part between two ``/``, in characters.
    """

    def __init__(self, unsafe: str, longest: int, longest_segment: int | None = None) -> None:
        self._unsafe = re.compile(unsafe)
        self._longest = longest
        self._longest_segment = longest_segment or longest

    def name(self, key: str) -> str:
        """Return the name of a key."""
        name = self._unsafe.sub(_escape, key)
        if "//" in name or not name or name[0] == "/" or name[-1] == "/":
            name = "/".join(segment or "%" for segment in name.split("/"))
        size = len(name) if name.isascii() else len(name.encode())
        if size > self._longest or (
            size > self._longest_segment and max(map(len, name.split("/"))) > self._longest_segment
        ):
            return f"{OWN}/{digest(key)}"
        return name

    def key(self, name: str) -> str | None:
        """Return the key that has this name; ``None`` if none has, or if it is a digest."""
        if "%" in name:
            plain = "/".join("" if segment == "%" else segment for segment in name.split("/"))
            escaped = plain.encode("utf-8", "surrogatepass")
            try:
                key = _ESCAPED.sub(_unescape, escaped).decode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                return None
        else:
            key = name
        # A name that is spelled otherwise than its key would be is not ours.
        return key if self.name(key) == name else None


def is_digest(name: str) -> bool:
    """Tell whether a name stands for a key that is kept elsewhere."""
    return name.startswith(f"{OWN}/")


def digest(text: str) -> str:
    """Return a text's digest, in hexadecimal digits."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _escape(unsafe: re.Match[str]) -> str:
    return "".join(f"%{byte:02x}" for byte in unsafe[0].encode("utf-8", "surrogatepass"))


def _unescape(escaped: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escaped[1].decode("ascii"))
