"""What a reader typed, as clauses; any text is a query, and reading it takes linear time."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from sphinxcontrib_websupport.search.words import GRAM, Analyzer, Term, is_gram

LONGEST = 2_000
"""How many characters of a query are read: no reader looks for more."""

MOST_CLAUSES = 24
"""How many different things are looked for at once; the rest of a longer query is ignored."""

MOST_TERMS = 16
"""How many terms a phrase has at most; the rest of a longer one is ignored."""

_clause = re.compile(r'(?P<minus>-?)"(?P<phrase>[^"]*)"?(?P<star>\*?)|(?P<word>[^\s"]+)')
# Half of a character cannot be encoded for any engine, NUL ends texts in some.
_unsearchable = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that is looked for: terms that follow each other."""

    terms: tuple[str, ...]
    is_prefix: bool = False
    """Whether the last term is only the beginning of one."""
    forms: tuple[str, ...] = ()
    """The words as the reader wrote them, folded and not stemmed."""
    is_stop_word: bool = False

    def is_in(self, terms: Sequence[str], forms: Collection[str]) -> bool:
        """Tell whether a text has this.

        :param terms: of the text, in its order.
        :param forms: of the text, in any order.
        """
        if len(self.terms) == 1 and not self.is_prefix:
            return self.terms[0] in terms
        if len(self.terms) == 1:
            beginning = (self.terms[0], self.forms[0])
            return any(word.startswith(beginning) for word in chain(terms, forms))
        end = "" if self.is_prefix else " "
        return f" {' '.join(self.terms)}{end}" in f" {' '.join(terms)} "

    def spans(self, terms: Sequence[Term]) -> Iterator[tuple[int, int]]:
        """Yield where this stands among the terms of a text: its first character and its end."""
        first, last, length = self.terms[0], self.terms[-1], len(self.terms)
        if length == 1 and not self.is_prefix:
            yield from ((term.start, term.end) for term in terms if term.text == first)
            return
        for n, term in enumerate(terms):
            if term.text == first or (length == 1 and self._begins(term)):
                run = terms[n : n + length]
                if len(run) < length:
                    return
                ends = run[-1].text == last or (self.is_prefix and self._begins(run[-1]))
                if ends and all(t.text == w for t, w in zip(run[:-1], self.terms, strict=False)):
                    yield run[0].start, run[-1].end

    def _begins(self, term: Term) -> bool:
        beginning = self.forms[-1]
        return self.is_prefix and (
            term.form.startswith(beginning) or term.text.startswith(beginning)
        )


@dataclass(frozen=True, slots=True)
class Query:
    """Clauses a page must have, and clauses it must not have."""

    wanted: tuple[Clause, ...] = ()
    unwanted: tuple[Clause, ...] = ()

    @property
    def neighbours(self) -> tuple[Clause, ...]:
        """Return what stands side by side: where it does so on a page, that page is the better.

        "command line options" is rather about command lines than about lines and commands.
        """
        pairs = pairwise(self.wanted)
        return tuple(Clause(a.terms + b.terms, b.is_prefix, a.forms + b.forms) for a, b in pairs)


def parse(q: str, analyzer: Analyzer) -> Query:
    """Read a query: words, ``"phrases"``, ``prefix*``, ``-not``.

    What an analyzer parts at a mark (``html_theme``, ``conf.py``) is looked for as a phrase. A
    query without anything wanted finds nothing.
    """
    text = _unsearchable.sub(" ", q[:LONGEST])
    wanted: dict[Clause, None] = {}
    unwanted: dict[Clause, None] = {}
    for found in _clause.finditer(text):
        if len(wanted) + len(unwanted) >= MOST_CLAUSES:
            break
        word, minus, star = found["word"], found["minus"], found["star"]
        if word is not None:
            # "--builder" is an option that somebody looks for.
            minus = "-" if word.startswith("-") and not word.startswith("--") else ""
            star = "*" if word.endswith("*") else ""
        terms = list(analyzer.terms(word or found["phrase"] or ""))
        clause = _read(terms, is_prefix=bool(star), analyzer=analyzer, is_word=word is not None)
        if clause is not None:
            (unwanted if minus else wanted)[clause] = None
    telling = [clause for clause in wanted if not clause.is_stop_word]
    return Query(tuple(telling or wanted), tuple(unwanted))


def _read(
    terms: list[Term], *, is_prefix: bool, analyzer: Analyzer, is_word: bool
) -> Clause | None:
    kept = _without_ends(terms[:MOST_TERMS])
    if not kept:
        return None
    if is_gram(kept[-1].text):
        # The index has a trigram for every character: fewer than three characters begin one.
        is_prefix = _is_short(kept[-1])
    forms = tuple(term.form for term in kept)
    texts = [term.text for term in kept]
    if is_prefix:
        texts[-1] = forms[-1]  # the stem of a part of a word means nothing
    is_stop_word = is_word and len(kept) == 1 and analyzer.is_stop_word(forms[0])
    return Clause(tuple(texts), is_prefix, forms, is_stop_word and not is_prefix)


def _without_ends(terms: list[Term]) -> list[Term]:
    """Leave out the short pieces at a run's end: in the text that is looked for it may go on."""
    kept = list(terms)
    while len(kept) > 1 and _is_short(kept[-1]) and kept[-2].start == kept[-1].start - 1:
        kept.pop()
    return kept


def _is_short(term: Term) -> bool:
    return is_gram(term.text) and term.end - term.start < GRAM
