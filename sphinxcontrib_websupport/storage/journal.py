"""What builds have registered in a third-party store, where it cannot tell itself.

A file of JSON Lines. Its first line names the store, the others are nodes as the last complete
build left them. While nodes are handed over, the id of each is appended before the store gets it:
after a build that was killed, these are the ones of which the store has to be asked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sphinxcontrib_websupport.model import Node

FORMAT = 1
"""The version of the file's format."""


class NodeJournal:
    """The nodes that builds registered in one store, in a file.

    A file that is damaged, or of another store, is as good as none.

    :param path: the file; its folder is made when the file is written.
    :param store: what names the store.
    """

    def __init__(self, path: Path, store: str) -> None:
        self.path = path
        self._store = store
        self._stamp: tuple[int, int] | None = None
        self._nodes: dict[str, Node] = {}
        self._doubtful: set[str] = set()

    @property
    def is_there(self) -> bool:
        """Whether the file is there and of this store."""
        self._read()
        return self._stamp is not None

    def nodes(self, documents: Collection[str] | None = None) -> list[Node]:
        """Return the nodes of these documents, ``None`` for all: by document, then position."""
        self._read()
        wanted = None if documents is None else set(documents)
        found = (n for n in self._nodes.values() if wanted is None or n.document in wanted)
        return sorted(found, key=lambda node: (node.document, node.position, node.id))

    def knows(self, id: str) -> bool | None:
        """Tell whether the store has a node; ``None`` where the store must be asked.

        That is where there is no record, and where a build was killed while it handed the node
        over.
        """
        self._read()
        if id in self._nodes:
            return True
        return None if self._stamp is None or id in self._doubtful else False

    @contextmanager
    def handing_over(self) -> Iterator[Callable[[str], object]]:
        """Give what notes the id of a node that the store is about to get."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.is_there:
            self.path.write_text(self._head(), encoding="utf-8")
        # Unbuffered: what was appended is there though this process is killed.
        with self.path.open("ab", buffering=0) as file:
            yield lambda id: file.write(_line({"adding": id}).encode())

    def save(self, nodes: Iterable[Node]) -> None:
        """Replace the file by what a complete build has left."""
        lines = [self._head(), *(_line({"node": _values(node)}) for node in nodes)]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        new.write_text("".join(lines), encoding="utf-8")
        new.replace(self.path)

    def _head(self) -> str:
        return _line({"format": FORMAT, "store": self._store})

    def _read(self) -> None:
        """Read the file, unless it is as it was read last."""
        try:
            found = self.path.stat()
        except OSError:
            self._stamp, self._nodes, self._doubtful = None, {}, set()
            return
        stamp = (found.st_mtime_ns, found.st_size)
        if stamp == self._stamp:
            return
        self._stamp, self._nodes, self._doubtful = None, {}, set()
        try:
            with self.path.open(encoding="utf-8") as file:
                if json.loads(next(file, "null")) != {"format": FORMAT, "store": self._store}:
                    return
                for line in file:
                    self._take(line)
        except (OSError, ValueError, TypeError):
            self._nodes, self._doubtful = {}, set()
            return
        self._stamp = stamp

    def _take(self, line: str) -> None:
        try:
            value = json.loads(line)
        except ValueError:
            if line.endswith("\n"):
                raise
            return  # the line on which a build was killed
        if "node" in value:
            node = Node(**value["node"])
            self._nodes[node.id] = node
        else:
            self._doubtful.add(value["adding"])


def _values(node: Node) -> dict[str, Any]:
    # Not asdict, which copies each value as if it could be changed: a build writes all nodes.
    return {name: getattr(node, name) for name in Node.__slots__}


# Made once: json.dumps makes one for each line where it is given separators.
_encode = json.JSONEncoder(separators=(",", ":")).encode


def _line(value: object) -> str:
    return _encode(value) + "\n"
