"""Real manuals with random edits whose outcome is known, and Sphinx's own ids beside."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from docutils import nodes
from docutils.utils import new_document
from rapidfuzz.distance import Levenshtein
from sphinx import versioning

from benchmarks.identity_corpus import paragraphs
from sphinxcontrib_websupport.identity import Paragraph, match, normalise
from sphinxcontrib_websupport.model import Node

SEEDS = (1, 2, 3, 4, 5)
ONE_EDIT_IN = 10
ONE_PAGE_RENAMED_IN = 50
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`:*])")
WORD = re.compile(r"[A-Za-z]{4,}")

KINDS = {
    "typo": 25,
    "reword": 25,
    "insert": 15,
    "delete": 10,
    "split": 6,
    "merge": 6,
    "move in page": 4,
    "move to page": 4,
    "move section": 3,
    "repeat": 2,
}
"""Kinds of edits, by how often one is chosen."""


@dataclass(slots=True)
class Piece:
    """A paragraph of the new build; ``origin`` is the old one that it is, if any."""

    origin: int | None
    text: str


@dataclass
class Revision:
    """An old build, a new one made from it, and the truth about them."""

    old: list[Node]
    new: list[Paragraph]
    origins: list[int | None]
    done: dict[str, int]

    @property
    def surviving(self) -> int:
        """Return how many old paragraphs have one in the new build that they are."""
        return sum(origin is not None for origin in self.origins)

    def touched(self) -> set[int]:
        """Return the old paragraphs that survive with another text or on another page."""
        return {
            origin
            for origin, paragraph in zip(self.origins, self.new, strict=True)
            if origin is not None
            and (
                normalise(self.old[origin].source) != normalise(paragraph.source)
                or self.old[origin].document != paragraph.document
            )
        }


class Editor:
    """Edit a manual at random; the same seed does the same."""

    def __init__(
        self, manual: list[Paragraph], donors: list[Paragraph], seed: int, one_in: int = ONE_EDIT_IN
    ) -> None:
        self._random = random.Random(seed)
        self._one_in = one_in
        self._manual = manual
        self._donors = [donor.source for donor in donors]
        self._words = sorted({word for each in manual for word in WORD.findall(each.source)})
        self._pages: dict[str, list[Piece]] = {}
        for index, paragraph in enumerate(manual):
            self._pages.setdefault(paragraph.document, []).append(Piece(index, paragraph.source))

    def revise(self) -> Revision:
        """Return the manual before and after one edit in ten paragraphs."""
        edits: dict[str, Callable[[str, Piece], bool]] = {
            "typo": self._typo,
            "reword": self._reword,
            "insert": self._insert,
            "delete": self._delete,
            "split": self._split,
            "merge": self._merge,
            "move in page": self._move_in_page,
            "move to page": self._move_to_page,
            "move section": self._move_section,
            "repeat": self._repeat,
        }
        todo = len(self._manual) // self._one_in
        places = [(page, piece) for page, pieces in self._pages.items() for piece in pieces]
        self._random.shuffle(places)
        done = dict.fromkeys(KINDS, 0)
        while todo and places:
            page, piece = places.pop()
            if not any(piece is each for each in self._pages[page]):
                continue  # an edit before this one has moved it or merged it
            (kind,) = self._random.choices(list(KINDS), list(KINDS.values()))
            if edits[kind](page, piece):
                done[kind] += 1
                todo -= 1
        done["rename page"] = self._rename_pages()
        old_ids = match([], self._manual).ids
        old = [
            Node(id, each.document, each.source)
            for id, each in zip(old_ids, self._manual, strict=True)
        ]
        new = [(page, piece) for page, pieces in self._pages.items() for piece in pieces]
        return Revision(
            old,
            [Paragraph(page, piece.text) for page, piece in new],
            [piece.origin for _, piece in new],
            done,
        )

    def _position(self, page: str, piece: Piece) -> int:
        return next(at for at, each in enumerate(self._pages[page]) if each is piece)

    def _typo(self, page: str, piece: Piece) -> bool:
        found = [match.span() for match in WORD.finditer(piece.text)]
        if not found:
            return False
        start, stop = self._random.choice(found)
        at = self._random.randrange(start, stop - 1)
        text = piece.text
        piece.text = self._random.choice(
            (
                text[:at] + text[at + 1] + text[at] + text[at + 2 :],
                text[:at] + text[at + 1 :],
                text[:at] + text[at] + text[at:],
                text[:at] + self._random.choice("aeiourst") + text[at + 1 :],
            )
        )
        return piece.text != text

    def _reword(self, page: str, piece: Piece) -> bool:
        """Replace, drop or add words, up to a third of them, in one place or scattered."""
        words = piece.text.split(" ")
        if len(words) < 6:
            return False
        count = self._random.randint(1, len(words) // 3)
        if self._random.random() < 0.5:
            start = self._random.randrange(len(words) - count + 1)
            chosen = set(range(start, start + count))
        else:
            chosen = set(self._random.sample(range(len(words)), count))
        result = []
        for at, word in enumerate(words):
            if at not in chosen:
                result.append(word)
                continue
            how = self._random.random()
            if how < 0.6:
                result.append(self._random.choice(self._words))
            elif how < 0.8:
                result += [word, self._random.choice(self._words)]
        piece.text = " ".join(result)
        return True

    def _insert(self, page: str, piece: Piece) -> bool:
        at = self._position(page, piece)
        self._pages[page].insert(at, Piece(None, self._random.choice(self._donors)))
        return True

    def _repeat(self, page: str, piece: Piece) -> bool:
        """Insert a paragraph that stands elsewhere already ("Example:")."""
        other = self._random.choice(self._manual)
        self._pages[page].insert(self._position(page, piece), Piece(None, other.source))
        return True

    def _delete(self, page: str, piece: Piece) -> bool:
        del self._pages[page][self._position(page, piece)]
        return True

    def _split(self, page: str, piece: Piece) -> bool:
        sentences = SENTENCE.split(piece.text)
        if len(sentences) < 2:
            return False
        cut = self._random.randrange(1, len(sentences))
        piece.text = " ".join(sentences[:cut])
        second = Piece(None, " ".join(sentences[cut:]))
        self._pages[page].insert(self._position(page, piece) + 1, second)
        return True

    def _merge(self, page: str, piece: Piece) -> bool:
        at = self._position(page, piece)
        if at + 1 == len(self._pages[page]):
            return False
        other = self._pages[page].pop(at + 1)
        if len(normalise(other.text)) > len(normalise(piece.text)):
            piece.origin = other.origin
        piece.text += " " + other.text
        return True

    def _move_in_page(self, page: str, piece: Piece) -> bool:
        pieces = self._pages[page]
        if len(pieces) < 4:
            return False
        pieces.pop(self._position(page, piece))
        pieces.insert(self._random.randrange(len(pieces) + 1), piece)
        return True

    def _move_to_page(self, page: str, piece: Piece) -> bool:
        self._pages[page].pop(self._position(page, piece))
        target = self._pages[self._random.choice(list(self._pages))]
        target.insert(self._random.randrange(len(target) + 1), piece)
        return True

    def _move_section(self, page: str, piece: Piece) -> bool:
        at = self._position(page, piece)
        stop = at + self._random.randint(3, 8)
        section = self._pages[page][at:stop]
        del self._pages[page][at:stop]
        other = self._random.choice(list(self._pages)) if self._random.random() < 0.5 else page
        target = self._pages[other]
        where = self._random.randrange(len(target) + 1)
        target[where:where] = section
        return True

    def _rename_pages(self) -> int:
        names = list(self._pages)
        chosen = self._random.sample(names, max(1, len(names) // ONE_PAGE_RENAMED_IN))
        self._pages = {
            f"renamed/{name}" if name in chosen else name: pieces
            for name, pieces in self._pages.items()
        }
        return len(chosen)


@dataclass
class Score:
    """How many ids were given to old paragraphs, how many rightly, how many there were."""

    given: int = 0
    right: int = 0
    surviving: int = 0
    touched_right: int = 0
    touched: int = 0

    def add(self, revision: Revision, found: list[int | None]) -> None:
        """Count a result: for each new paragraph the old one whose id it got, or ``None``."""
        touched = revision.touched()
        right = [
            mine
            for mine, truth in zip(found, revision.origins, strict=True)
            if mine is not None and mine == truth
        ]
        self.given += sum(mine is not None for mine in found)
        self.right += len(right)
        self.surviving += revision.surviving
        self.touched_right += sum(origin in touched for origin in right)
        self.touched += len(touched)

    @property
    def precision(self) -> float:
        """Return the share of ids given that are on the right paragraph."""
        return self.right / self.given

    @property
    def recall(self) -> float:
        """Return the share of surviving paragraphs that kept their id."""
        return self.right / self.surviving

    @property
    def touched_recall(self) -> float:
        """Return the same of those alone whose text or page changed."""
        return self.touched_right / self.touched


def identified(revision: Revision) -> list[int | None]:
    """Return what this package finds."""
    index = {node.id: at for at, node in enumerate(revision.old)}
    return [index.get(id) for id in match(revision.old, revision.new).ids]


def versioned(revision: Revision) -> list[int | None]:
    """Return what ``sphinx.versioning`` finds, page by page as Sphinx calls it."""
    old_pages: dict[str, list[tuple[int, str]]] = {}
    for at, node in enumerate(revision.old):
        old_pages.setdefault(node.document, []).append((at, node.source))
    new_pages: dict[str, list[str]] = {}
    for paragraph in revision.new:
        new_pages.setdefault(paragraph.document, []).append(paragraph.source)
    found: list[int | None] = []
    for document, sources in new_pages.items():
        new_tree, new_nodes = _doctree(sources)
        before = old_pages.get(document, [])
        old_tree, old_nodes = _doctree([source for _, source in before])
        origin = {}
        for (at, _), node in zip(before, old_nodes, strict=True):
            node.uid = uuid4().hex
            origin[node.uid] = at
        for _ in versioning.merge_doctrees(old_tree, new_tree, _is_paragraph):
            pass
        found += [origin.get(node.uid) for node in new_nodes]
    return found


def _doctree(sources: list[str]) -> tuple[nodes.document, list[Any]]:
    tree = new_document("")
    made = [nodes.paragraph(source, source) for source in sources]
    tree += made
    return tree, made


def _is_paragraph(node: nodes.Node) -> bool:
    return isinstance(node, nodes.paragraph)


def revisions(name: str, seed: int) -> Revision:
    """Return a manual of a release and its random revision."""
    newest = {"sphinx": "9.0.4", "django": "5.2"}
    donor = "django" if name == "sphinx" else "sphinx"
    return Editor(paragraphs(name, newest[name]), paragraphs(donor, newest[donor]), seed).revise()


def report(*, compare: bool) -> bool:
    """Print precision and recall for both manuals; tell if both were reached."""
    # The same distance, in C: Sphinx's own in Python would take hours here.
    setattr(versioning, "levenshtein_distance", Levenshtein.distance)  # noqa: B010 - mypy
    print(f"Generated, one edit in {ONE_EDIT_IN} paragraphs, seeds {SEEDS}; truth known\n")
    print(f"{'':<34}{'edits':>8}{'precision':>11}{'recall':>9}{'of the touched':>16}")
    reached = True
    for name in ("sphinx", "django"):
        ours, theirs, edits = Score(), Score(), 0
        for seed in SEEDS:
            revision = revisions(name, seed)
            edits += sum(revision.done.values())
            ours.add(revision, identified(revision))
            if compare and seed == SEEDS[0]:
                theirs.add(revision, versioned(revision))
        _line(f"{name}, this package", f"{edits:,}", ours)
        if compare:
            _line(f"{name}, sphinx.versioning (1 seed)", "", theirs)
        reached &= ours.precision >= 0.999 and ours.recall >= 0.98
    print()
    return reached


def _line(title: str, edits: str, score: Score) -> None:
    print(
        f"{title:<34}{edits:>8}{score.precision:>11.5f}{score.recall:>9.4f}"
        f"{score.touched_recall:>16.4f}"
    )
