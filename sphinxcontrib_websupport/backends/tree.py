"""A tree of files as keys: how a key is named on every file system, and which files are ours."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from sphinxcontrib_websupport.backends.files import NEW
from sphinxcontrib_websupport.backends.names import OWN, Naming, is_digest

LOCKS = ".locks"
EXPIRES = ".expires"

_LONGEST = 1000
_LONGEST_SEGMENT = 200
_DEVICE = r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])"

NAMING = Naming(
    "|".join(
        (
            r"[^a-z0-9_./-]",  # capitals too: Windows and macOS fold case
            r"(?<![^/])\.",  # a leading dot is the store's own, and `..` has one
            r"\.(?=/|\Z)",  # a trailing dot is dropped by Windows
            r"\.(?=[a-z][a-z0-9]*/)",  # a folder is not named as a file is
            rf"(?<![^/])(?={_DEVICE}(?:[./]|\Z)).",  # devices of Windows
        )
    ),
    longest=_LONGEST,
    longest_segment=_LONGEST_SEGMENT,
)

# Lines of names that are keys themselves, suffixes apart.
_HARMLESS = re.compile(
    rf"(?:\n(?!{_DEVICE}\.)[a-z0-9_-][a-z0-9_.-]{{0,{_LONGEST_SEGMENT - 1}}})*\n".encode()
)


class Folder(NamedTuple):
    """The items in a folder."""

    name: str
    """Relative to the tree, with a ``/`` at its end; empty for the tree itself."""
    listing: str
    """The names of the files, a line each."""
    is_harmless: bool
    """Whether the names, suffixes apart, are the ends of the keys."""
    unfinished: tuple[str, ...] = ()
    """The names of files that a writer has not finished, as they would have been."""

    def files(self) -> list[str]:
        """Return the names of the files."""
        return self.listing.splitlines()


class Tree:
    """The files with one suffix under a folder.

    What is done here file by file costs more than to read the folder: a folder of harmless names,
    the usual case, is looked at as one text.
    """

    def __init__(self, root: str, suffix: str) -> None:
        self._root = root
        self._suffix = suffix
        self._line_end = f"{suffix}\n".encode()
        self._empty_end = f".{suffix}\n".encode()

    def folders(self) -> Iterator[Folder]:
        """Yield all folders that can hold items; what is foreign is left out."""
        pending = [""]
        while pending:
            folder = pending.pop()
            entries = self._entries(folder)
            listing = b"\n".join((b"", *entries, b""))
            if self._are_harmless(folder, len(entries), listing):
                yield Folder(folder, listing[1:].decode("ascii"), is_harmless=True)
            else:
                yield self._sorted(folder, map(os.fsdecode, entries), pending)

    def keys(self, folder: Folder) -> Iterable[str]:
        """Return the keys of the items in a folder, except of those named by a digest."""
        if folder.is_harmless and folder.listing:
            key = NAMING.key(f"{folder.name}x")
            start = "" if key is None else key[:-1]
            lines = folder.listing.replace(f"{self._suffix}\n", f"\n{start}")
            return f"{start}{lines[: -len(start) - 1]}".split("\n")
        keys = (NAMING.key(name) for name in self.names(folder) if not is_digest(name))
        return [key for key in keys if key is not None]

    def names(self, folder: Folder) -> Iterator[str]:
        """Yield the names of the items in a folder, of the unfinished ones as well."""
        cut = -len(self._suffix)
        for file in {*folder.files(), *folder.unfinished}:
            name = folder.name + file[:cut]
            if is_digest(name) or NAMING.key(name) is not None:
                yield name

    def _entries(self, folder: str) -> list[bytes]:
        try:
            # Faster than scandir, and as bytes faster still; the suffix tells files from folders.
            entries = os.listdir(os.fsencode(f"{self._root}/{folder}"))  # noqa: PTH208 - as said
        except (FileNotFoundError, NotADirectoryError):
            return []
        if not folder:
            for own in (LOCKS.encode(), EXPIRES.encode()):
                if own in entries:
                    entries.remove(own)
        return entries

    def _are_harmless(self, folder: str, count: int, listing: bytes) -> bool:
        return (
            listing.count(self._line_end) == count == listing.count(b"\n") - 1
            and self._empty_end not in listing
            and len(folder) < _LONGEST - _LONGEST_SEGMENT
            and folder != f"{OWN}/"
            and _HARMLESS.fullmatch(listing) is not None
        )

    def _sorted(self, folder: str, entries: Iterable[str], pending: list[str]) -> Folder:
        """Tell files from folders, which are put with what is pending."""
        files, unfinished = [], []
        for entry in entries:
            if entry.startswith("."):
                if entry.endswith(f"{self._suffix}{NEW}"):
                    unfinished.append(entry[1 : -len(NEW)])
            elif entry.endswith(self._suffix):
                files.append(entry)
            elif self._is_own(folder + entry):
                pending.append(f"{folder}{entry}/")
        # No item has a name with a line end in it.
        listing = "".join(f"{file}\n" for file in files if file.isprintable())
        return Folder(folder, listing, is_harmless=False, unfinished=tuple(unfinished))

    def _is_own(self, folder: str) -> bool:
        # A link may lead out of the store, or round in a circle.
        own = folder == OWN or NAMING.key(f"{folder}/x") is not None
        return own and not Path(self._root, folder).is_symlink()
