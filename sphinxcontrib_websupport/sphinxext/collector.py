"""Notes each commentable node while Sphinx reads: its text, its place, its conditions.

The notes lie in the environment; a node in a doctree carries only ``(docname, index)`` into
them. Ids are given later, so that no pickle on any machine ever holds one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from sphinxcontrib_websupport.sphinxext import config
from sphinxcontrib_websupport.sphinxext.translation import Translation

KEY = "websupport"
"""The attribute that ties a noted node to its note, and marks a document that was read."""

_unseen: tuple[type, ...] = (
    nodes.decoration,  # Sphinx shows neither header nor footer
    nodes.system_message,  # Sphinx removes them after reading, or a developer reads them
    nodes.raw,
)


class Condition(NamedTuple):
    """What has to hold for a reader to see a node; it depends on the builder."""

    kind: str
    """``only``, ``ifconfig`` or ``todo``: the name of the node that hides its content."""
    expression: str


class Note(NamedTuple):
    """A commentable node as it was read."""

    source: str
    file: str | None
    line: int | None
    conditions: tuple[Condition, ...]


def read_notes(env: BuildEnvironment) -> Iterator[tuple[str, list[Note]]]:
    """Return the notes of each document; the environment keeps them."""
    for docname, packed in _packed(env).items():
        yield (
            docname,
            [
                Note(source, file, line, tuple(Condition(*condition) for condition in conditions))
                for source, file, line, conditions in json.loads(packed)
            ],
        )


def _packed(env: BuildEnvironment) -> dict[str, bytes]:
    # As one text for each document, not as objects: Sphinx loads and saves the environment in
    # each build, and holds it in memory for as long.
    return cast("dict[str, bytes]", env.__dict__.setdefault("websupport_notes", {}))


def connect(app: Sphinx) -> None:
    """Register what notes, forgets and merges."""
    # Last of all: others remove nodes at this event (docinfo), which no reader will see.
    app.connect("doctree-read", note, priority=900)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)


def note(app: Sphinx, doctree: nodes.document) -> None:
    """Note the commentable nodes of a document that was just read, in order."""
    docname = app.env.docname
    kinds = frozenset(config.read(app.config).commentable)
    place = _Places(Path(app.srcdir))
    translation = Translation(app, docname)
    notes: list[Note] = []
    for node, conditions in _commentable(doctree, kinds, ()):
        source = translation.source(node)
        if source:
            node[KEY] = (docname, len(notes))
            notes.append(Note(source, *place.of(node), conditions))
    doctree[KEY] = docname
    _packed(app.env)[docname] = json.dumps(notes, separators=(",", ":")).encode()


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drop the notes of a document that is read again or gone."""
    _packed(env).pop(docname, None)


def merge(
    app: Sphinx, env: BuildEnvironment, docnames: Collection[str], other: BuildEnvironment
) -> None:
    """Take over what another process noted (``-j``)."""
    theirs = _packed(other)
    _packed(env).update((docname, theirs[docname]) for docname in docnames if docname in theirs)


def _commentable(
    parent: nodes.Element, kinds: Collection[str], conditions: tuple[Condition, ...]
) -> Iterator[tuple[nodes.Element, tuple[Condition, ...]]]:
    for node in parent.children:
        if not isinstance(node, nodes.Element):
            continue
        condition = _condition(node)
        here = (*conditions, condition) if condition else conditions
        if _is_commentable(node, kinds):
            yield node, here
        if not _is_unseen(node) and not _is_generated(node):
            yield from _commentable(node, kinds, here)


def _is_commentable(node: nodes.Element, kinds: Collection[str]) -> bool:
    if _is_unseen(node):
        return False
    # "admonition" means all of them; docutils names a note and a warning apart.
    return node.tagname in kinds or ("admonition" in kinds and isinstance(node, nodes.Admonition))


def _is_unseen(node: nodes.Element) -> bool:
    if isinstance(node, nodes.Invisible):
        # Extensions derive from "comment" what HTML shows and others do not (autosummary).
        return type(node).__module__ == nodes.__name__
    return isinstance(node, _unseen)


def _is_generated(node: nodes.Element) -> bool:
    """Tell whether this is a table of contents: its text is that of the titles."""
    return isinstance(node, nodes.topic) and "contents" in node["classes"]


def _condition(node: nodes.Element) -> Condition | None:
    match node.tagname:
        case "only" | "ifconfig" as kind:
            return Condition(kind, node["expr"])
        case "todo_node":
            return Condition("todo", "")
    return None


class _Places:
    """Where nodes stand in the sources."""

    def __init__(self, srcdir: Path) -> None:
        self._relative = lru_cache(maxsize=64)(lambda source: _relative_file(source, srcdir))

    def of(self, node: nodes.Element) -> tuple[str | None, int | None]:
        """Return the file, relative to the source folder, and the line, from 1."""
        # A block of blocks begins where its first one does. What encloses a node says nothing:
        # around a docstring is the page that shows it.
        for known in node.findall(nodes.Element):
            if known.source and known.line:
                file = self._relative(known.source)
                return file, known.line if file else None
        return None, None


def _relative_file(source: str, srcdir: Path) -> str | None:
    """Return the file's path from the source folder; ``None`` for what is no file of its own.

    A docstring's lines are counted within it ("mod.py:docstring of mod.f"), and a file outside
    the project is nothing that a reader could propose a change to.
    """
    # docutils names an included file from the working folder, where that is near.
    path = Path(os.path.normpath(Path.cwd() / source))
    if not path.is_file() or not path.is_relative_to(srcdir.parent):
        return None
    return Path(os.path.relpath(path, srcdir)).as_posix()
