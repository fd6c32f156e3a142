"""Pages that a build has fed and not published yet.

They wait in a temporary file of their own: the index is not locked while Sphinx writes, a build
that fails has nothing to undo, no database connection is there when Sphinx forks, and memory does
not grow with the documentation.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import NamedTuple

from sphinxcontrib_websupport.search.passages import Page

_IN_MEMORY = 1 << 24


class StagedPage(NamedTuple):
    """A page and the digest of its content."""

    page: Page
    digest: str


class Staging:
    """The pages of one build.

    :param changed: the names of the pages that are about to be fed again.
    """

    def __init__(self, changed: Collection[str] = ()) -> None:
        self.changed = set(changed)
        self.keep: set[str] | None = None
        """The names of all pages there are; ``None``: nobody said."""
        self._digests: dict[str, str] = {}
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - lives as long as this

    def add(self, page: Page) -> None:
        """Take in a page; the last of a name counts."""
        line = json.dumps(page.to_json()).encode()
        self._digests[page.name] = sha256(line).hexdigest()[:32]
        self._file.write(line + b"\n")

    def gone(self, known: Collection[str]) -> set[str]:
        """Return which of the pages that are known are to be forgotten."""
        forgotten = (self.changed & set(known)) - self._digests.keys()
        if self.keep is not None:
            forgotten |= set(known) - self.keep
        return forgotten

    def pages(self, known: dict[str, str]) -> Iterator[StagedPage]:
        """Yield the pages that differ from what is known.

        :param known: the digests of the pages in the index, by name.
        """
        self._file.seek(0)
        for line in self._file:
            content = line.rstrip(b"\n")
            digest = sha256(content).hexdigest()[:32]
            page = Page.from_json(json.loads(content))
            is_last = self._digests[page.name] == digest
            is_kept = self.keep is None or page.name in self.keep
            if is_last and is_kept and known.get(page.name) != digest:
                yield StagedPage(page, digest)

    def close(self) -> None:
        """Give up the file."""
        self._file.close()
