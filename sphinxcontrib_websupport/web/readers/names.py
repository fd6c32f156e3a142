"""Readers' names: what they may look like, and which would be taken for one another."""

from __future__ import annotations

import unicodedata

from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.model import MAX_NAME_LENGTH


def clean_name(name: str) -> str:
    """Return a name as it is shown: composed, with single spaces.

    :raises InvalidInputError: it is empty, too long, or holds characters that cannot be seen.
    """
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise InvalidInputError("The name is empty.")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidInputError(f"The name is longer than {MAX_NAME_LENGTH} characters.")
    if any(unicodedata.category(character).startswith("C") for character in name):
        raise InvalidInputError("The name holds characters that cannot be seen.")
    return name


def fold(name: str) -> str:
    """Return what two names have in common that readers would take for one another."""
    return unicodedata.normalize("NFKC", name).casefold()
