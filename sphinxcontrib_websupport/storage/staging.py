"""What one build registers and retires, kept in memory until it is published."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import Any

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.model import Node

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

    def add(self, node: Node) -> None:
        """Register a node at the next position of its document.

        :raises InvalidInputError: its id, or its document's name, cannot be stored.
        """
        inputs.storable("the node's id", node.id, MAX_ID_LENGTH)
        inputs.storable("the document's name", node.document, MAX_DOCUMENT_LENGTH)
        if not node.id:
            raise InvalidInputError("the node's id is empty")
        with self._lock:
            position = self._positions[node.document]
            self._positions[node.document] = position + 1
            # A build is not refused for one character of a source that a reader may propose
            # to change anyway.
            self.added[node.id] = {
                "id": node.id,
                "document": node.document,
                "source": inputs.repaired(node.source),
                "position": position,
                "retired": False,
                "successor": None,
                "file": None if node.file is None else inputs.repaired(node.file),
                "line": node.line,
            }
            self.retired.pop(node.id, None)

    def retire(self, id: str, successor: str | None) -> None:
        """Set a node apart."""
        with self._lock:
            self.added.pop(id, None)
            self.retired[id] = successor
