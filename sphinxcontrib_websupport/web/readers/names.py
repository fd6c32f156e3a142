"""Readers' names: what they may look like, and which would be taken for one another.

After UTS #39 (Unicode Security Mechanisms), without its table of single characters that look alike:
what nobody sees does not count, and one word is of one alphabet.
"""

from __future__ import annotations

import re
import unicodedata

from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.model import MAX_NAME_LENGTH

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\u2800]"
)
"""Unicode's Default_Ignorable_Code_Point, which the standard library does not know, and the blank
of Braille."""

_JOINERS = "\u200c\u200d"
"""What Persian and Indic spelling needs between letters, and emoji between pictures."""

_ALPHABETS = {"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "GEORGIAN"}
"""Scripts that have letters which look like those of another one."""


def clean_name(name: str) -> str:
    """Return a name as it is shown: composed, with single spaces.

    :raises InvalidInputError: it is too long, nothing of it is seen, or it holds characters that
        cannot be seen.
    """
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise InvalidInputError("The name is empty.")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidInputError(f"The name is longer than {MAX_NAME_LENGTH} characters.")
    if not fold(name) or any(
        unicodedata.category(character).startswith("C") and not _joins(name, place)
        for place, character in enumerate(name)
    ):
        raise InvalidInputError("The name holds characters that cannot be seen.")
    return name


def fold(name: str) -> str:
    """Return what two names have in common that readers would take for one another."""
    seen = unicodedata.normalize("NFKC", _INVISIBLE.sub("", name))
    return " ".join(_INVISIBLE.sub("", seen).casefold().split())


def mixes_alphabets(name: str) -> bool:
    """Tell whether letters of several alphabets stand in one word, as in a name that is faked."""
    return any(len({*map(_alphabet, word)} - {None}) > 1 for word in name.split())


def _alphabet(character: str) -> str | None:
    script = unicodedata.name(unicodedata.normalize("NFKC", character)[0], "").partition(" ")[0]
    return script if script in _ALPHABETS else None


def _joins(name: str, place: int) -> bool:
    """Tell whether a joiner stands where spelling may need one, which Latin's never does."""
    if name[place] not in _JOINERS or not 0 < place < len(name) - 1:
        return False
    return not any(
        around.isspace() or around.isascii() or around in _JOINERS or _alphabet(around)
        for around in (name[place - 1], name[place + 1])
    )
