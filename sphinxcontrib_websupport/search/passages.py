"""A resolved doctree as what is searched: sections and objects, in blocks that have an address.

Nodes are told by their names, so that neither docutils nor Sphinx is imported here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

MARK = "websupport_mark"
"""The attribute in which a build leaves the id that it gave a commentable node."""

LONGEST = 4_000
"""How many characters a passage has, about: a longer section is several."""

_SKIPPED = frozenset(
    """comment highlightlang index meta pending raw substitution_definition system_message
    tabular_col_spec title toctree""".split()
)
_BLOCKS = frozenset(
    """attribution caption desc_signature doctest_block field_name line literal_block math_block
    option_group paragraph rubric subtitle term""".split()
)


@dataclass(slots=True)
class Passage:
    """A section or an object's description without what is nested in it, or a piece of one."""

    heading: str
    """As plain text; empty where the page has no heading yet."""
    anchor: str
    """The id of the section or object; empty for the page's top."""
    blocks: list[tuple[str, str]] = field(default_factory=list)
    """Paragraphs and the like: the id of the nearest element that has one, and the text."""

    @property
    def text(self) -> str:
        """Return the text of all blocks."""
        return "\n".join(text for _, text in self.blocks)


@dataclass(slots=True)
class Page:
    """All that is indexed of a page."""

    name: str
    title: str
    path: str
    """Its address under the ``docroot``."""
    passages: list[Passage] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    """The ids of the commentable nodes that are on it."""

    def to_json(self) -> list[Any]:
        """Return what :meth:`from_json` takes."""
        passages = [[p.heading, p.anchor, p.blocks] for p in self.passages]
        return [self.name, self.title, self.path, passages, self.nodes]

    @classmethod
    def from_json(cls, value: list[Any]) -> Page:
        """Return the page that :meth:`to_json` wrote."""
        name, title, path, passages, nodes = value
        read = [
            Passage(heading, anchor, [(id, text) for id, text in blocks])
            for heading, anchor, blocks in passages
        ]
        return cls(name, title, path, read, nodes)


def page_of_text(name: str, title: str, path: str, text: str) -> Page:
    """Return the page of a plain text, whose paragraphs are parted by empty lines."""
    page = Page(name, title, path)
    passage = Passage(title, "")
    for block in text.split("\n\n"):
        _add_block(passage, "", block)
    page.passages = list(_in_pieces(passage))
    return page


def page_of_doctree(name: str, title: str, path: str, doctree: Any) -> Page:
    """Return the page of a resolved doctree."""
    page = Page(name, title, path)
    reader = _Reader(page.nodes)
    reader.read(doctree, Passage(title, ""), "")
    read = [piece for passage in reader.passages for piece in _in_pieces(passage)]
    page.passages = [p for p in read if p.blocks or p.heading] or [Passage(title, "")]
    return page


class _Reader:
    def __init__(self, nodes: list[str]) -> None:
        self.passages: list[Passage] = []
        self._nodes = nodes

    def read(self, node: Any, passage: Passage, anchor: str) -> None:
        """Take in what is below a node, into a passage of its own."""
        self.passages.append(passage)
        self._read_children(node, passage, anchor)

    def _read_children(self, node: Any, passage: Passage, anchor: str) -> None:
        for child in node.children:
            if isinstance(child, str):  # docutils' text is one
                continue
            self._read_node(child, passage, anchor)

    def _read_node(self, node: Any, passage: Passage, anchor: str) -> None:
        name = node.tagname
        if name in _SKIPPED:
            self._note(node)
            return
        if name == "image":
            _add_block(passage, anchor, node.get("alt", ""))
            return
        own = self._note(node) or anchor
        if name == "section":
            self._read_section(node, passage)
        elif name == "desc":
            self._read_object(node, passage, own)
        elif name in _BLOCKS or any(isinstance(child, str) for child in node.children):
            _add_block(passage, own, node.astext())
            for inner in node.findall():
                if inner is not node and not isinstance(inner, str):
                    self._note(inner)
        else:
            self._read_children(node, passage, own)

    def _note(self, node: Any) -> str:
        """Return the address of a node that has one."""
        mark: str = node.get(MARK) or ""
        if mark:
            self._nodes.append(mark.removeprefix("s"))
        return mark or next(iter(node["ids"]), "")

    def _read_section(self, node: Any, outer: Passage) -> None:
        heading = next((c.astext() for c in node.children if _is(c, "title")), outer.heading)
        anchor = next((id for id in node["ids"] if id != node.get(MARK)), "")
        self.read(node, Passage(_line(heading), anchor), anchor)

    def _read_object(self, node: Any, outer: Passage, anchor: str) -> None:
        signatures = [child for child in node.children if _is(child, "desc_signature")]
        heading = ", ".join(dict.fromkeys(map(_object_name, signatures))) or outer.heading
        own = next((id for sig in signatures for id in sig["ids"]), anchor)
        self.read(node, Passage(_line(heading), own), own)


def _object_name(signature: Any) -> str:
    """Return the name in a signature, with what it belongs to but without its arguments."""
    full = signature.get("fullname")
    if isinstance(full, str) and full:
        return full
    names = [
        node.astext() for node in signature.findall() if _is(node, "desc_addname", "desc_name")
    ]
    return "".join(names) or str(signature.astext())


def _is(node: Any, *names: str) -> bool:
    return getattr(node, "tagname", "") in names


def _line(text: str) -> str:
    return " ".join(text.split())


def _add_block(passage: Passage, anchor: str, text: str) -> None:
    line = _line(text)
    while len(line) > LONGEST:
        cut = line.rfind(" ", LONGEST // 2, LONGEST)
        cut = cut if cut > 0 else LONGEST
        passage.blocks.append((anchor, line[:cut]))
        line = line[cut:].lstrip()
    if line:
        passage.blocks.append((anchor, line))


def _in_pieces(passage: Passage) -> Iterator[Passage]:
    """Yield a long passage as several that are short enough."""
    for blocks in _groups(passage.blocks):
        yield Passage(passage.heading, passage.anchor, blocks)


def _groups(blocks: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    group: list[tuple[str, str]] = []
    length = 0
    for block in blocks:
        if group and length + len(block[1]) > LONGEST:
            yield group
            group, length = [], 0
        group.append(block)
        length += len(block[1])
    yield group
