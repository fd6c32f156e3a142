"""Find the few texts that may be like a given one, by the rare words they share."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

COMMON = 32
"""A word in more texts than this finds nothing."""

WORDS = 12
"""How many of a text's rarest words are looked up."""

CANDIDATES = 6
"""How many texts a search gives at most."""

_WORD = re.compile(r"\w+")
_UNSPACED = "\u2e80"
"""From here on in Unicode: scripts written without blanks between words."""


class Index:
    """Texts by their words; a search costs the same however many texts there are.

    :param sought: the texts that will be searched for, where they are known and few: an index of
        their words alone is made in less time.
    """

    def __init__(
        self, texts: Iterable[tuple[int, str]], sought: Iterable[str] | None = None
    ) -> None:
        self._texts: defaultdict[str, list[int]] = defaultdict(list)
        wanted = None if sought is None else {word for text in sought for word in _words(text)}
        for key, text in texts:
            for word in _words(text) if wanted is None else _of(text, wanted):
                self._texts[word].append(key)

    def search(self, text: str) -> list[int]:
        """Return the keys of the texts that share most rare words with ``text``, best first."""
        found = [
            keys
            for word in _words(text)
            if (keys := self._texts.get(word)) is not None and len(keys) <= COMMON
        ]
        found.sort(key=lambda keys: (len(keys), keys))
        shared = Counter(key for keys in found[:WORDS] for key in keys)
        ranked = sorted(shared, key=lambda key: (-shared[key], key))
        return ranked[:CANDIDATES]


def _words(text: str) -> set[str]:
    words = set(_WORD.findall(text.casefold()))
    for word in [word for word in words if not word.isascii() and max(word) >= _UNSPACED]:
        words.update(_pairs(word))
    return words


def _of(text: str, wanted: set[str]) -> set[str]:
    """Return the words of a text that are wanted."""
    if text.isascii():
        return wanted.intersection(_WORD.findall(text.lower()))
    return wanted & _words(text)


def _pairs(word: str) -> Iterator[str]:
    return (word[start : start + 2] for start in range(len(word) - 1))
