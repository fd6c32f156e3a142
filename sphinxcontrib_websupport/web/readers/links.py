"""Links that sign somebody in, each of them once, whichever process they are followed to."""

from __future__ import annotations

import secrets

from itsdangerous import BadData, URLSafeTimedSerializer

from sphinxcontrib_websupport.backends.base import Backend

LINK_SECONDS = 24 * 60 * 60
"""How long a link that nobody has followed is good for."""


class OneTimeLinks:
    """Tokens for links: signed, so that any process that knows the key can make and take them.

    :param secret_key: what they are signed with.
    :param used: where it is noted that a token was used. Several processes share one.
    """

    def __init__(self, secret_key: str | bytes, used: Backend) -> None:
        self._serializer = URLSafeTimedSerializer(secret_key, salt="websupport-link")
        self._used = used

    def create(self, name: str) -> str:
        """Return a token that names somebody."""
        signed = self._serializer.dumps([name, secrets.token_urlsafe(12)])
        return signed if isinstance(signed, str) else signed.decode()

    def look(self, token: str) -> str | None:
        """Return whom a token names; ``None`` if it is worth nothing. It can still be redeemed.

        :raises StorageError: it cannot be told whether it was used.
        """
        read = self._read(token)
        if read is None or self._used.load(f"link/{read[1]}") is not None:
            return None
        return read[0]

    def redeem(self, token: str) -> str | None:
        """Take a token.

        :returns: whom it names; ``None`` if it is worth nothing, or was used before.
        :raises StorageError: it cannot be told whether it was used.
        """
        read = self._read(token)
        if read is None:
            return None
        name, nonce = read
        me = secrets.token_hex(8)
        # The first to write here is the one: an update is atomic in every process.
        first = self._used.update(f"link/{nonce}", lambda old: old or me, expire=LINK_SECONDS)
        return name if first == me else None

    def _read(self, token: str) -> tuple[str, str] | None:
        """Return the name and the number of a token."""
        try:
            name, nonce = self._serializer.loads(token, LINK_SECONDS)
        except (BadData, TypeError, ValueError):
            return None
        return (name, nonce) if isinstance(name, str) and isinstance(nonce, str) else None
