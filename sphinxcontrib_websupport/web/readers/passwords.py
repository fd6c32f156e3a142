"""The moderator's password, of which only a hash is in the settings."""

from __future__ import annotations

from werkzeug.security import check_password_hash, generate_password_hash

from sphinxcontrib_websupport.errors import InvalidInputError, SettingsError

SHORTEST = 8
"""The shortest password, in characters."""

LONGEST = 1024

_METHODS = ("scrypt:", "pbkdf2:")


def hash_password(password: str) -> str:
    """Return a salted scrypt hash, to be put into the settings.

    :raises InvalidInputError: the password is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInputError(f"a password has {SHORTEST} to {LONGEST} characters")
    return generate_password_hash(password, method="scrypt")


def check_hash(password_hash: str) -> str:
    """Return a hash that passwords can be compared with.

    :raises SettingsError: it is none; the message does not repeat it.
    """
    if not password_hash.startswith(_METHODS) or password_hash.count("$") != 2:
        raise SettingsError(
            "the password hash is none: make one with `python -m sphinxcontrib_websupport password`"
        )
    return password_hash


def is_password(password: str, password_hash: str) -> bool:
    """Tell whether a hash is this password's."""
    return len(password) <= LONGEST and check_password_hash(password_hash, password)
