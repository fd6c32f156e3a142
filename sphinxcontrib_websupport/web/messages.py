"""What comes in and what goes out, whatever server or framework is around."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from werkzeug.sansio.http import parse_cookie

MAX_BODY = 512 * 1024
"""The longest request body, in bytes: a longest text and a longest proposal, JSON-escaped."""

MAX_HEADERS = 32 * 1024
"""How long all names and values of a request's headers may be together, in characters."""

JSON = "application/json"
HTML = "text/html; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
PROBLEM = "application/problem+json"

BODILESS = frozenset({204, 304})
"""Statuses of answers that have no body, and so no type and no length of one."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request below the address under which the service is mounted."""

    method: str
    path: str
    """Percent-decoded, without the prefix and without the slash behind it."""
    query: str = ""
    """As it came, without the question mark."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name."""
    body: bytes | None = b""
    """``None`` where it is longer than :data:`MAX_BODY`; a shell need not read it then."""
    address: str = ""
    """The peer's address, as the server saw it."""
    prefix: str = ""
    """The path under which the service is mounted, without a slash at its end."""
    native: object = None
    """The host application's own request object, for ``identify``."""

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that the browser sent, the first of a name; what cannot be read is left out.

        Not by the standard library, which before Python 3.11.10 takes minutes for some.
        """
        return parse_cookie(self.headers.get("cookie", "")).to_dict()


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; the service adds what every answer carries."""

    status: int = 200
    body: bytes = b""
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    """A digest of what matters in the body, where not every byte of it does."""

    def fields(self) -> list[tuple[str, str]]:
        """Return all headers, those that follow from the body among them: what a shell sends."""
        if self.status in BODILESS:
            return list(self.headers.items())
        about_body = [("Content-Type", self.media_type), ("Content-Length", str(len(self.body)))]
        return [*about_body, *self.headers.items()]

    def content(self, method: str) -> bytes:
        """Return what a shell sends behind the headers: nothing to a ``HEAD``."""
        return b"" if method == "HEAD" or self.status in BODILESS else self.body


def json_response(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a value as JSON."""
    return Response(status, encode(value), JSON, headers or {})


def encode(value: object) -> bytes:
    """Encode a value as JSON; characters that UTF-8 cannot hold are replaced.

    A store's data may be older than the checks that keep lone surrogates out today.
    """
    return _json.encode(value).encode("utf-8", "replace")


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
