"""What one build registers and retires, kept in memory until it is published."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import Any

from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.storage import rules

MAX_ID_LENGTH = 128
"""The longest id of a node, in characters."""

MAX_DOCUMENT_LENGTH = 512
"""The longest name of a document, in characters."""


class Build:
    """What one build has registered and retired since it began.

    :param generation: the number of the build that was published last when it began.
    """

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.added: dict[str, dict[str, Any]] = {}
        self.retired: dict[str, str | None] = {}
        self._positions: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, id: str, document: str, source: str) -> None:
        """Register a node at the next position of its document."""
        rules.storable("the node's id", id, MAX_ID_LENGTH)
        rules.storable("the document's name", document, MAX_DOCUMENT_LENGTH)
        if not id:
            raise InvalidInputError("the node's id is empty")
        with self._lock:
            position = self._positions[document]
            self._positions[document] = position + 1
            # A build is not refused for one character of a source that a reader may propose
            # to change anyway.
            self.added[id] = {
                "id": id,
                "document": document,
                "source": rules.repaired(source),
                "position": position,
                "retired": False,
                "successor": None,
                "file": None,
                "line": None,
            }
            self.retired.pop(id, None)

    def place(self, id: str, file: str | None, line: int | None) -> None:
        """Note where a node that was registered stands in the sources."""
        with self._lock:
            if id in self.added:
                self.added[id]["file"] = None if file is None else rules.repaired(file)
                self.added[id]["line"] = line

    def retire(self, id: str, successor: str | None) -> None:
        """Set a node apart."""
        with self._lock:
            self.added.pop(id, None)
            self.retired[id] = successor
