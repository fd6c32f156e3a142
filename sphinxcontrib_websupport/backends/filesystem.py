"""Values in files: one file per item, named after its key.

``path("guide/install")`` is ``guide/install.json`` in the store's folder. Names are made so that
they mean the same on every file system, and those with a leading dot are the store's own:

- ``.locks/`` holds the files that writers lock; they are never removed, for a lock on a removed
  file protects nothing;
- ``.expires/`` holds a note for each item with a lifetime, so that listing need not open all;
- ``.NAME.new`` is what a writer has not finished; the next writer of the same item overwrites it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import parse_qs, unquote, urlsplit

from sphinxcontrib_websupport.backends import files
from sphinxcontrib_websupport.backends.base import Aged, checked_key
from sphinxcontrib_websupport.backends.codecs import JSON, RAW, TEXT, Codec, Envelope
from sphinxcontrib_websupport.backends.engine import EngineBackend, Record
from sphinxcontrib_websupport.backends.names import OWN, digest, is_digest
from sphinxcontrib_websupport.backends.tree import EXPIRES, LOCKS, NAMING, Tree
from sphinxcontrib_websupport.errors import DamagedValueError, SettingsError
from sphinxcontrib_websupport.settings import REQUIRED, Settings, is_true


class FileSystemBaseBackend(EngineBackend, Aged):
    """Bytes in files under a folder, which is made when the first item is written.

    Any number of processes may share the folder, also over NFS 4, which locks.

    :param path: the folder.
    :param durable: whether a write has reached the disk when the call returns. It outlives a
        killed process in any case; a power failure only so. Off by default because pages and
        caches can be made again and waiting for the disk costs milliseconds per write; on when
        the store is chosen by URL or settings, because comments cannot.
    :param timeout: for how many seconds to wait for another writer of the same item.
    """

    codec: Codec = RAW
    driver_errors = (OSError,)
    required_settings = REQUIRED["file"]
    _suffix_form: ClassVar = re.compile(r"\.[a-z][a-z0-9]*")

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durable: bool = False,
        timeout: float = 30.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(codec=type(self).codec, clock=clock)
        self.folder = Path(path)
        self._root = os.fspath(path)
        self._durable = durable
        self._timeout = timeout
        self._suffix = self.codec.suffix
        self._tree = Tree(self._root, self._suffix)
        if not self._suffix_form.fullmatch(self._suffix):
            raise ValueError(f"{self._suffix!r} is no suffix of a file")

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Open ``file:///folder``, or with ``?durable=0``, the folder of a URL."""
        parts = urlsplit(url)
        if parts.netloc not in {"", "localhost"} or not parts.path:
            raise SettingsError(f"a folder is expected as file:///folder, not {url!r}")
        options = parse_qs(parts.query)
        durable = is_true(options.get("durable", ["1"])[-1])
        return cls(_path(parts.path), durable=durable)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Open the folder ``FILE_DIR``."""
        return cls(settings["FILE_DIR"], durable=is_true(settings.get("FILE_DURABLE", True)))

    def path(self, key: str) -> Path:
        """Return the path of the file that holds, or would hold, the item."""
        return Path(self._path(checked_key(key)))

    def age(self, key: str) -> float | None:
        """Return for how many seconds the item has been as it is, or ``None``."""
        with self._failures:
            try:
                return self._clock() - self.path(key).stat().st_mtime
            except FileNotFoundError:
                return None

    def prune(self) -> int:
        """Delete the items that have expired; return how many there were."""
        with self._failures:
            return self._drop_expired()

    def describe(self) -> str:
        """Name the store for people."""
        return f"the folder {self._root}"

    def check(self) -> None:
        """Make sure that the folder can be written to, and look at an item."""
        with self._exclusive(""):
            pass
        super().check()

    # -- the engine --------------------------------------------------------------------------

    def _fetch(self, key: str) -> Record | None:
        envelope = _opened(self._path(key))
        return None if envelope is None else Record(envelope.data, lifetime=envelope.lifetime)

    def _put(self, key: str, data: bytes, expire: float | None) -> None:
        self._write(key, data, expire, None)

    def _replace(
        self, key: str, old: Record | None, data: bytes | None, expire: float | None
    ) -> bool:
        # The lock is held: nobody can have changed the item.
        if data is None:
            files.remove(self._path(key), durable=self._durable)
        else:
            self._write(key, data, expire, old)
        return True

    def _remove(self, key: str) -> bool:
        there = self._is_there(key)
        files.remove(self._path(key), durable=self._durable)
        return there

    def _list(self) -> set[str]:
        self._drop_expired()
        keys: set[str] = set()
        for folder in self._tree.folders():
            keys.update(self._tree.keys(folder))
            if folder.name == f"{OWN}/":
                keys.update(self._digested(folder.files()))
        return keys

    def _sample(self) -> str | None:
        keys = (key for folder in self._tree.folders() for key in self._tree.keys(folder))
        return next(keys, None)

    def _erase(self) -> None:
        folders = []
        for folder in self._tree.folders():
            folders.append(folder.name)
            for name in self._tree.names(folder):
                with self._locked(name):
                    path = f"{self._root}/{name}{self._suffix}"
                    files.remove(path, durable=self._durable)
                    with suppress(FileNotFoundError):
                        Path(files.unfinished(path)).unlink()
        for name in sorted(filter(None, folders), key=len, reverse=True):
            # Not one that still holds something.
            with suppress(OSError):
                Path(self._root, name).rmdir()
        self._drop_expired()

    @contextmanager
    def _exclusive(self, key: str) -> Iterator[None]:
        with self._locked(NAMING.name(key)):
            yield

    # -- files -------------------------------------------------------------------------------

    def _path(self, key: str) -> str:
        return f"{self._root}/{NAMING.name(key)}{self._suffix}"

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        path = Path(self._root, LOCKS, digest(name)[:2])
        with ExitStack() as stack:
            with self._failures:
                try:
                    stack.enter_context(files.locked(path, self._timeout))
                except FileNotFoundError:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    stack.enter_context(files.locked(path, self._timeout))
            yield

    def _digested(self, files: list[str]) -> Iterator[str]:
        """Yield the keys of items that are named by a digest: they stand inside."""
        for file in files:
            with suppress(DamagedValueError):
                envelope = _opened(f"{self._root}/{OWN}/{file}")
                if envelope is not None and envelope.key is not None:
                    yield envelope.key

    def _drop_expired(self) -> int:
        """Delete what has expired, and the notes that are out of date; count the items."""
        count = 0
        notes = Path(self._root, EXPIRES)
        for note in notes.iterdir() if notes.is_dir() else ():
            with suppress(FileNotFoundError):
                # What somebody else put here is no note: its name is not the digest of its text.
                name = note.read_text(encoding="ascii", errors="replace")
                if note.name == digest(name + self._suffix) and not self._expires_later(name):
                    with self._locked(name):
                        # Looked at again: a writer may have been faster.
                        if not self._expires_later(name):
                            count += self._drop(name, note)
        return count

    def _expires_later(self, name: str) -> bool:
        envelope = self._quietly_opened(name)
        return (
            envelope is not None
            and envelope.lifetime is not None
            and not envelope.lifetime.is_over(self._clock())
        )

    def _drop(self, name: str, note: Path) -> bool:
        envelope = self._quietly_opened(name)
        expired = envelope is not None and envelope.lifetime is not None
        if expired:
            Path(f"{self._root}/{name}{self._suffix}").unlink(missing_ok=True)
        note.unlink(missing_ok=True)
        return expired

    def _quietly_opened(self, name: str) -> Envelope | None:
        try:
            return _opened(f"{self._root}/{name}{self._suffix}")
        except DamagedValueError:
            return None

    def _write(self, key: str, data: bytes, expire: float | None, old: Record | None) -> None:
        name = NAMING.name(key)
        lifetime = self._starting(expire, old)
        if lifetime is not None:
            # First the note: an item without one would be listed after its end.
            note = Path(self._root, EXPIRES, digest(name + self._suffix))
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(name, encoding="ascii")
        envelope = Envelope(data, key if is_digest(name) else None, lifetime)
        path = f"{self._root}/{name}{self._suffix}"
        files.write(path, envelope.sealed(), durable=self._durable)


class FileSystemTextBackend(FileSystemBaseBackend):
    """Unicode text in files, as UTF-8."""

    codec = TEXT


class FileSystemJsonBackend(FileSystemBaseBackend):
    """JSON values in files."""

    codec = JSON


def _opened(path: str) -> Envelope | None:
    try:
        with FileIO(path) as file:
            return Envelope.opened(file.readall())
    except (FileNotFoundError, IsADirectoryError):
        return None


def _path(path: str) -> str:
    """Return the path that a file URL names; on Windows there is a slash before its drive.

    The standard library has this in ``urllib.request``, which brings all of HTTP with it: a
    third of what a web process pays to import this package.
    """
    name = unquote(path)
    return name.lstrip("/") if os.name == "nt" and name[2:3] == ":" else name
