"""Which ids the pages of an output folder carry, so that a page is written again when they change.

Sphinx writes a page when its source is newer. Ids also change when the store does: emptied,
restored, or written by a build on another machine. Where neither sources nor store have changed
since, the ids are those of the record, and nothing has to be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple


class Published(NamedTuple):
    """What a build registered, or found as it was."""

    generation: str | None
    """The store's name of the build that was published last; ``None`` if it has none."""
    notes: str
    """A digest of what readers of that build were to see."""
    ids: Mapping[str, Sequence[str | None]]
    """By document: the id of each note."""

    def are_of(self, notes: Mapping[str, Sequence[object]], digest: str) -> bool:
        """Tell whether these are the ids of notes; the file may be damaged."""
        return self.notes == digest and all(
            len(self.ids.get(docname, ())) == len(of_document)
            for docname, of_document in notes.items()
        )


class PageRecord:
    """A file in the output folder: it goes when the pages go."""

    def __init__(self, outdir: Path) -> None:
        self._path = outdir / ".websupport.json"
        self._digests, self.published = self._load()

    def _load(self) -> tuple[dict[str, str], Published | None]:
        try:
            value = json.loads(self._path.read_text(encoding="utf-8"))
            published = Published(**value["published"])
            return dict(value["pages"]), published._replace(ids=dict(published.ids))
        except (OSError, ValueError, KeyError, TypeError):
            return {}, None

    def outdated(self, ids: Mapping[str, Sequence[str | None]]) -> list[str]:
        """Return the documents whose page carries other ids than these."""
        return [docname for docname in ids if self._digests.get(docname) != _digest(ids[docname])]

    def forget(self) -> None:
        """Remove the file before pages are written: after a crash, all are written again."""
        self._path.unlink(missing_ok=True)

    def save(self, published: Published, written: Iterable[str]) -> None:
        """Note the ids of the pages that were written; the others are as they were."""
        ids = published.ids
        pages = {docname: digest for docname, digest in self._digests.items() if docname in ids}
        pages.update((docname, _digest(ids[docname])) for docname in written if docname in ids)
        if (pages, published) == (self._digests, self.published) and self._path.exists():
            return
        value = {"pages": pages, "published": published._asdict()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(value, sort_keys=True), encoding="utf-8")


def _digest(ids: Sequence[str | None]) -> str:
    return sha256("\n".join(id or "" for id in ids).encode()).hexdigest()[:16]
