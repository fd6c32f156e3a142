"""Readers who show a signed token in ``Authorization``.

A page on another origin keeps it in its own storage: browsers give such a page no cookie of the
service's to send. Nothing is stored of it here: it says whom it names and when it was given.
"""

from __future__ import annotations

from itsdangerous import BadData, URLSafeTimedSerializer

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.messages import Request

TOKEN_SECONDS = 30 * 24 * 60 * 60
"""How long a token is good for."""

_SCHEME = "bearer "
_MARK = "websupport."
"""What our tokens begin with: the host application may have tokens of its own."""


class BearerTokens:
    """Tokens that name a reader, until they expire.

    :param secret_key: what they are signed with; another key makes all of them worthless.
    """

    def __init__(self, secret_key: str | bytes) -> None:
        self._serializer = URLSafeTimedSerializer(secret_key, salt="websupport-bearer")

    def create(self, viewer: Viewer) -> str:
        """Return a token for this reader."""
        signed = self._serializer.dumps([viewer.username, viewer.moderator])
        return f"{_MARK}{signed if isinstance(signed, str) else signed.decode()}"

    def read(self, token: str) -> Viewer | None:
        """Return the reader that a token names; ``None`` if it is worth nothing (any more)."""
        try:
            name, is_moderator = self._serializer.loads(token.removeprefix(_MARK), TOKEN_SECONDS)
        except (BadData, TypeError, ValueError):
            return None
        return Viewer(name, is_moderator is True) if isinstance(name, str) else None


def token_of(request: Request) -> str | None:
    """Return the token of ours that a request shows, be it good or not."""
    value = request.headers.get("authorization", "")
    token = value[len(_SCHEME) :].strip()
    if value[: len(_SCHEME)].lower() == _SCHEME and token.startswith(_MARK):
        return token
    return None
