"""Values that only the holder of a key can read, in any store.

Each value is encrypted and authenticated with AES-256-GCM under a nonce of its own, together with
the key of its item, so that neither a changed value nor one that was moved from another item is
taken for genuine. Keys of items, sizes and times are not hidden, and a value can be put back to
what it was before, or deleted, by who can write to the store.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sphinxcontrib_websupport.backends.base import Backend, Change, checked_key
from sphinxcontrib_websupport.backends.codecs import ENCRYPTED
from sphinxcontrib_websupport.backends.contributed import BaseStorageBackend, ContributedBackend
from sphinxcontrib_websupport.backends.wrapper import Wrapper
from sphinxcontrib_websupport.errors import DamagedValueError, EncryptedValueError, SettingsError

SecretKey = str | bytes

SALT = b"sphinxcontrib-websupport"
"""What a passphrase is stretched with, unless said otherwise."""

_KEY_BYTES = 32
_NONCE_BYTES = 12
_ID_BYTES = 4
_TAG_BYTES = 16


class Encrypted(Wrapper):
    """A store whose values are encrypted on the way in and decrypted on the way out.

    :param backend: the store, also a contributed one; it may hold JSON, text or bytes, and keeps
        its own kind of values.
    :param secret_key: 32 bytes, or those in base64 (44 characters, as ``openssl rand -base64 32``
        prints them), are the key itself. Anything else is a passphrase, from which the key is
        derived by scrypt, once, which takes some tenths of a second and 64 MiB. Of several keys,
        the first encrypts and all decrypt: put a new key first, and :meth:`rotate` when all
        processes know it.
    :param read_unencrypted: whether values from before encryption are returned as they are. Who
        can write to the store can then forge values: turn it off after :meth:`rotate`.
    :param salt: what passphrases are stretched with. One of your own makes it useless to try
        passphrases on many sites' values at once.
    """

    def __init__(
        self,
        backend: Backend | BaseStorageBackend,
        secret_key: SecretKey | Sequence[SecretKey],
        *,
        read_unencrypted: bool = False,
        salt: bytes = SALT,
    ) -> None:
        given = [secret_key] if isinstance(secret_key, str | bytes) else list(secret_key)
        if not given or not all(given):
            raise SettingsError("a secret key is empty; make one with: openssl rand -base64 32")
        super().__init__(backend if isinstance(backend, Backend) else ContributedBackend(backend))
        self.backend.expect_encrypted()
        self._read_unencrypted = read_unencrypted
        self._keys = [_Key(_key_bytes(key, salt)) for key in given]

    def load(self, key: str) -> Any:
        """Return the decrypted value under ``key``, or ``None``."""
        return self._opened(key, self.backend.load(key))

    def load_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return the decrypted values that are present."""
        found = self.backend.load_many(keys)
        return {key: self._opened(key, stored) for key, stored in found.items()}

    def dump(self, key: str, value: Any, expire: float | None = None) -> bool:
        """Encrypt a value and put it under a key."""
        return self.backend.dump(key, self._sealed(key, self.codec.encode(value)), expire)

    def update(self, key: str, change: Change, expire: float | None = None) -> Any:
        """Change a value atomically, as the store does it."""
        new: Any = None

        def change_sealed(stored: Any) -> Any:
            nonlocal new
            old = self._opened(key, stored)
            before = None if old is None else self.codec.encode(old)
            new = change(old)
            if new is None:
                return None
            after = self.codec.encode(new)
            # Encrypted anew it would look changed to the store.
            return stored if after == before else self._sealed(key, after)

        self.backend.update(key, change_sealed, expire)
        return new

    def rotate(self) -> int:
        """Encrypt with the first key what is not yet; return how many values that were.

        It may run while others read and write, and again after it was stopped.
        """
        count = 0
        for key in sorted(self.backend.keys()):

            def seal_anew(stored: Any, key: str = key) -> Any:
                nonlocal count
                if stored is None or self._is_current(stored):
                    return stored
                count += 1
                return self._sealed(key, self.codec.encode(self._opened(key, stored)))

            self.backend.update(key, seal_anew)
        return count

    def describe(self) -> str:
        """Name the store."""
        return f"{self.backend.describe()}, encrypted"

    def _sealed(self, key: str, data: bytes) -> Any:
        checked_key(key)
        first = self._keys[0]
        nonce = os.urandom(_NONCE_BYTES)
        sealed = first.id + nonce + first.cipher.encrypt(nonce, data, _bound(key))
        return self.codec.from_token(ENCRYPTED + base64.b64encode(sealed).decode("ascii"))

    def _opened(self, key: str, stored: Any) -> Any:
        checked_key(key)
        if stored is None:
            return None
        token = self._token(stored)
        if token is None:
            if self._read_unencrypted:
                return stored
            raise DamagedValueError(f"the value under {key!r} is not encrypted")
        try:
            sealed = base64.b64decode(token, validate=True)
            if len(sealed) < _ID_BYTES + _NONCE_BYTES + _TAG_BYTES:
                raise ValueError("it is too short")
        except ValueError as error:
            raise DamagedValueError(f"the value under {key!r} is damaged: {error}") from error
        id_, rest = sealed[:_ID_BYTES], sealed[_ID_BYTES:]
        nonce, data = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        fitting = [known for known in self._keys if known.id == id_]
        if not fitting:
            raise EncryptedValueError(
                f"the value under {key!r} was encrypted with another key: set that as SECRET_KEY, "
                "or among SECRET_KEY_FALLBACKS"
            )
        try:
            plain = fitting[0].cipher.decrypt(nonce, data, _bound(key))
        except (InvalidTag, ValueError) as error:
            raise DamagedValueError(
                f"the value under {key!r} was changed, or belongs to another item"
            ) from error
        return self.codec.decode(plain)

    def _is_current(self, stored: Any) -> bool:
        token = self._token(stored)
        first = base64.b64encode(self._keys[0].id + bytes(2)).decode("ascii")[:5]
        return token is not None and token.startswith(first)

    def _token(self, stored: Any) -> str | None:
        token = self.codec.to_token(stored)
        if token is None or not token.startswith(ENCRYPTED):
            return None
        return token.removeprefix(ENCRYPTED)


class _Key:
    """A key, and by what its values are known."""

    def __init__(self, key: bytes) -> None:
        self.cipher = AESGCM(key)
        self.id = hashlib.blake2b(key, digest_size=_ID_BYTES, person=b"websupport-id").digest()


def _bound(key: str) -> bytes:
    return ENCRYPTED.encode("ascii") + key.encode("utf-8", "surrogatepass")


def _key_bytes(secret: SecretKey, salt: bytes) -> bytes:
    if isinstance(secret, bytes) and len(secret) == _KEY_BYTES:
        return secret
    given = secret.encode() if isinstance(secret, str) else secret
    # Both alphabets of base64: generators of keys differ.
    if len(given) == 44:
        try:
            raw = base64.b64decode(given.translate(bytes.maketrans(b"-_", b"+/")), validate=True)
        except ValueError:
            raw = b""
        if len(raw) == _KEY_BYTES:
            return raw
    return hashlib.scrypt(given, salt=salt, n=2**16, r=8, p=1, maxmem=2**27, dklen=_KEY_BYTES)
