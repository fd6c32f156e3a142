"""Which ids the pages of an output folder carry, so that a page is written again when they change.

Sphinx writes a page when its source is newer. Ids also change when the store does: emptied,
restored, or written by a build on another machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path


class PageRecord:
    """A file in the output folder: it goes when the pages go."""

    def __init__(self, outdir: Path) -> None:
        self._path = outdir / ".websupport.json"
        self._digests = self._load()

    def _load(self) -> dict[str, str]:
        try:
            value = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def outdated(self, ids: Mapping[str, Sequence[str | None]]) -> list[str]:
        """Return the documents whose page carries other ids than these."""
        return [docname for docname in ids if self._digests.get(docname) != _digest(ids[docname])]

    def forget(self) -> None:
        """Remove the file before pages are written: after a crash, all are written again."""
        self._path.unlink(missing_ok=True)

    def save(self, ids: Mapping[str, Sequence[str | None]], written: Iterable[str]) -> None:
        """Note the ids of the pages that were written; the others are as they were."""
        kept = {docname: digest for docname, digest in self._digests.items() if docname in ids}
        kept.update((docname, _digest(ids[docname])) for docname in written if docname in ids)
        if kept != self._digests or not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(kept, sort_keys=True), encoding="utf-8")


def _digest(ids: Sequence[str | None]) -> str:
    return sha256("\n".join(id or "" for id in ids).encode()).hexdigest()[:16]
