"""A text as the terms by which it is found: words folded and stemmed, other scripts in trigrams."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from sphinxcontrib_websupport.registry import open_stemmer

STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    # Among these, words in Latin letters are English ones as a rule.
    "ja": "english",
    "ko": "english",
    "zh": "english",
}
"""conf.py's ``language``, without its region, to the Snowball stemmer of it."""

STOP_WORDS = frozenset(
    """a an and are as at be but by can do does for from how i if in into is it its me my not of on
    or should so such that the their then there these they this to was we what when where which
    will with you your""".split()
)
"""English words that say nothing about what is looked for, unless they are all that is said."""

GRAM = 3
"""How many characters of a script without blanks between words make one term."""

LONGEST = 64
"""Where a term is cut off, in characters: what is longer is data, and no word."""

# Scripts that do not part words by blanks, or that grow words by endings (Hangul).
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff"
    "\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
# Vowel signs of Indic scripts are no letters to `\w`, but parts of words.
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0981-\u0dff"
)
_run = re.compile(rf"(?:[^\W_]|[{_MARKS}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])+")
_script = re.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_is_unspaced = re.compile(rf"[{_UNSPACED}]").match

_MOST_WORDS = 200_000


class Term(NamedTuple):
    """A term and where it stands in the text."""

    text: str
    start: int
    end: int
    form: str
    """The word as it was written, folded but not stemmed."""


class Analyzer:
    """Cuts texts of one language into terms; may be used from any thread.

    :param language: as in conf.py, such as ``"de"`` or ``"pt_BR"``. Of a language that has no
        stemmer, words are found as they are written.
    """

    def __init__(self, language: str | None = "en") -> None:
        self.language = language or "en"
        name = STEMMERS.get(re.split("[-_]", self.language.lower())[0])
        self._is_english = name == "english"
        self._known = _Words(open_stemmer(name) if name else None)

    def terms(self, text: str) -> Iterator[Term]:
        """Yield the terms of a text, in its order, and where they are."""
        for run in _run.finditer(text):
            word, start = run.group(), run.start()
            if word.isascii():
                ((stem, form),) = self._known[word]
                yield Term(stem, start, run.end(), form)
                continue
            for part in _script.finditer(word):
                chars, at = part.group(), start + part.start()
                if _is_unspaced(chars):
                    for n, gram in enumerate(_grams(chars)):
                        yield Term(gram, at + n, at + min(n + GRAM, len(chars)), gram)
                else:
                    ((stem, form),) = self._known[chars]
                    yield Term(stem, at, at + len(chars), form)

    def pairs(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield the terms of a text and their forms: the same as :meth:`terms`, and faster."""
        return chain.from_iterable(map(self._known.__getitem__, _run.findall(text)))

    def for_index(self, text: str) -> tuple[str, str]:
        """Return a text's terms, parted by blanks, and the forms that differ from their terms.

        An engine that parts words at blanks finds by the first; prefixes are looked for among
        the second, too: ``installat*`` is no beginning of the stem ``instal``.
        """
        pairs = list(self.pairs(text))
        forms = {form: None for stem, form in pairs if form != stem}
        return " ".join([stem for stem, _ in pairs]), " ".join(forms)

    def is_stop_word(self, form: str) -> bool:
        """Tell whether a word says nothing about what is looked for."""
        return self._is_english and form in STOP_WORDS


class _Words(dict[str, tuple[tuple[str, str], ...]]):
    """What runs of letters stand for: terms and their forms."""

    def __init__(self, stem: Callable[[str], str] | None) -> None:
        super().__init__()
        self._stem = stem
        self._turn = threading.Lock()  # a stemmer keeps the word that it works on

    def __missing__(self, run: str) -> tuple[tuple[str, str], ...]:
        if run.isascii():
            found: tuple[tuple[str, str], ...] = (self._pair(run),)
        else:
            pieces: list[tuple[str, str]] = []
            for part in _script.findall(run):
                if _is_unspaced(part):
                    pieces += [(gram, gram) for gram in _grams(part)]
                else:
                    pieces.append(self._pair(part))
            found = tuple(pieces)
        if len(run) <= LONGEST:  # a long one does not come again
            if len(self) >= _MOST_WORDS:
                self.clear()
            self[run] = found
        return found

    def _pair(self, word: str) -> tuple[str, str]:
        form = fold(word)
        if self._stem is None:
            return form, form
        with self._turn:
            # The stemmers of most languages want the accents that folding takes off.
            return fold(self._stem(word[:LONGEST].lower())) or form, form


def _grams(chars: str) -> list[str]:
    return [fold(chars[n : n + GRAM]) for n in range(len(chars))]


def fold(word: str) -> str:
    """Return a word without case, accents and widths, cut off where no word is as long."""
    if word.isascii():
        return word[:LONGEST].lower()
    decomposed = unicodedata.normalize("NFKD", word[:LONGEST].casefold())
    base = "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f")
    # Composed again: Hangul falls apart into letters otherwise.
    return unicodedata.normalize("NFKC", base)


def is_gram(term: str) -> bool:
    """Tell whether a term is a piece of a script that is cut into trigrams."""
    return bool(term) and _is_unspaced(term) is not None


@lru_cache(maxsize=16)
def analyzer(language: str | None) -> Analyzer:
    """Return the analyzer of a language; what it learned of words serves all."""
    return Analyzer(language)
