"""First ids: the same in every empty store, never one that was in use."""

from __future__ import annotations

from base64 import b32encode
from collections import Counter
from collections.abc import Container
from hashlib import blake2b

from sphinxcontrib_websupport.identity.sides import Side

BYTES = 10
"""The length of a digest: 16 characters in base 32. Collisions are looked for all the same."""


class FreshIds:
    """Ids for new paragraphs, digests of document, text and which of equal ones it is."""

    def __init__(self, used: set[str], taken: Container[str]) -> None:
        self._used = used
        self._taken = taken

    def assign(self, side: Side, indices: list[int]) -> dict[int, str]:
        """Return an id for each of these paragraphs; none is given twice."""
        wanted = set(indices)
        given: dict[int, str] = {}
        for page in side.pages.values():
            occurrences: Counter[int] = Counter()
            for index in page:
                token = side.tokens[index]
                if index in wanted:
                    id = self._derive(side.page_of[index], side.texts[index], occurrences[token])
                    given[index] = id
                occurrences[token] += 1
        return given

    def _derive(self, document: str, text: str, occurrence: int) -> str:
        attempt = 0
        while True:
            # NUL cannot stand in a document name or a source text, so no two differ only in
            # where one part ends.
            content = "\0".join((document, text, str(occurrence), str(attempt)))
            digest = blake2b(content.encode("utf-8", "surrogatepass"), digest_size=BYTES).digest()
            id = b32encode(digest).decode("ascii").lower()
            if id not in self._used and id not in self._taken:
                self._used.add(id)
                return id
            attempt += 1
