"""The two builds side by side, and which paragraph of one is which of the other so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sphinxcontrib_websupport.identity.text import normalise

UNPAIRED = -1
RETURNED = -2
"""In place of an old paragraph: the new one has the id of a retired node."""


class Vocabulary:
    """Give equal normalised texts equal small numbers, in both builds."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """Return the number of a normalised text."""
        return self._numbers.setdefault(text, len(self._numbers))


class Side:
    """The paragraphs of one build: pages by name, each page's paragraphs in order.

    Everything else speaks of a paragraph by its index here, so that no result depends on the
    order in which documents were given.
    """

    def __init__(self, paragraphs: Sequence[tuple[str, str]], vocabulary: Vocabulary) -> None:
        self.order = sorted(range(len(paragraphs)), key=lambda given: paragraphs[given][0])
        """For each index, where the paragraph stood in what was given (the sort is stable)."""
        self.texts = [normalise(paragraphs[given][1]) for given in self.order]
        self.tokens = [vocabulary.number(text) for text in self.texts]
        self.pages: dict[str, range] = {}
        self.page_of: list[str] = [paragraphs[given][0] for given in self.order]
        start = 0
        for index, document in enumerate(self.page_of):
            if document != self.page_of[start]:
                self.pages[self.page_of[start]] = range(start, index)
                start = index
        if self.page_of:
            self.pages[self.page_of[start]] = range(start, len(self.page_of))

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(slots=True)
class Run:
    """Neighbouring old paragraphs without a pair, and the new ones that may be theirs."""

    old: list[int]
    new: list[int]
    in_order: bool
    """Whether both neighbours point to the same new paragraphs: nothing moved here."""


@dataclass(slots=True)
class Pairing:
    """Which old paragraph is which new one, as far as is known; each at most once."""

    old: Side
    new: Side
    counterparts: dict[str, str] = field(default_factory=dict)
    """Old page to the new page that continues it: the same name, or a page renamed."""
    to_new: list[int] = field(init=False)
    to_old: list[int] = field(init=False)
    parts: set[int] = field(default_factory=set)
    """Old paragraphs that were split or merged: their new text alone is no measure."""
    returned: dict[int, str] = field(default_factory=dict)
    """New paragraphs that came back, with the id of the retired node."""
    merged: dict[int, int] = field(default_factory=dict)
    """Old paragraphs without a pair whose text went into a new one that has another's id."""

    def __post_init__(self) -> None:
        self.to_new = [UNPAIRED] * len(self.old)
        self.to_old = [UNPAIRED] * len(self.new)

    def pair(self, i: int, j: int) -> None:
        """Note that old paragraph ``i`` is new paragraph ``j``."""
        self.to_new[i] = j
        self.to_old[j] = i

    def give_back(self, j: int, id: str) -> None:
        """Note that new paragraph ``j`` is a retired one that came back."""
        self.to_old[j] = RETURNED
        self.returned[j] = id

    def part(self, i: int) -> None:
        """Take back what was said of old paragraph ``i``."""
        self.to_old[self.to_new[i]] = UNPAIRED
        self.to_new[i] = UNPAIRED

    def old_left(self, page: Iterable[int]) -> list[int]:
        """Return those of a page's old paragraphs that have no pair."""
        return [i for i in page if self.to_new[i] == UNPAIRED]

    def new_left(self, page: Iterable[int]) -> list[int]:
        """Return those of a page's new paragraphs that have no pair."""
        return [j for j in page if self.to_old[j] == UNPAIRED]

    def runs(self) -> Iterator[Run]:
        """Yield every run of old paragraphs without a pair that has known neighbours.

        A neighbour may be the page's own start or end. What follows the new place of the
        neighbour above, and what precedes that of the neighbour below, are the candidates:
        on the same page or not, moved or not. A new run is a candidate of at most two old
        ones, so that the work stays in proportion.
        """
        for document, page in self.old.pages.items():
            counterpart = self.new.pages.get(self.counterparts.get(document, ""))
            position = page.start
            while position < page.stop:
                if self.to_new[position] != UNPAIRED:
                    position += 1
                    continue
                start = position
                while position < page.stop and self.to_new[position] == UNPAIRED:
                    position += 1
                above: list[int] = []
                below: list[int] = []
                if start > page.start:
                    above = self._following(self.to_new[start - 1])
                elif counterpart:
                    above = self._unpaired_from(counterpart.start, counterpart.stop)
                if position < page.stop:
                    below = self._preceding(self.to_new[position])
                elif counterpart:
                    below = self._unpaired_before(counterpart.stop, counterpart.start)
                in_order = bool(above) and above == below
                new = above if in_order else list(dict.fromkeys(above + below))
                if new:
                    yield Run(list(range(start, position)), new, in_order)

    def _following(self, j: int) -> list[int]:
        return self._unpaired_from(j + 1, self.new.pages[self.new.page_of[j]].stop)

    def _preceding(self, j: int) -> list[int]:
        return self._unpaired_before(j, self.new.pages[self.new.page_of[j]].start)

    def _unpaired_from(self, start: int, stop: int) -> list[int]:
        end = start
        while end < stop and self.to_old[end] == UNPAIRED:
            end += 1
        return list(range(start, end))

    def _unpaired_before(self, stop: int, start: int) -> list[int]:
        begin = stop
        while begin > start and self.to_old[begin - 1] == UNPAIRED:
            begin -= 1
        return list(range(begin, stop))
