"""Takes a build's pages and files to the stores that web processes and browsers read.

Only what changed is sent, told by a list of digests that is kept beside the items; what
disappeared is removed last, when nothing points to it any more. A publication that was killed
half-way is completed by the next one: whatever it may have touched is marked as unknown in the
list before it is touched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.codecs import RAW
from sphinxcontrib_websupport.errors import DamagedValueError, EncryptedValueError

LIST = "\x00published"
"""The key of the list of digests: no document and no file has this name."""

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did."""

    sent: int
    removed: int


@dataclass(frozen=True, slots=True)
class _Item:
    digest: str
    send: Callable[[], object]


def publish_documents(pages: Backend, target: Backend) -> Published:
    """Make ``target`` hold the pages that ``pages`` holds.

    :param target: a store of JSON values; other items in it are left alone.
    :raises StorageError: a store does not answer; publishing again completes it.
    """
    items = {}
    for name, parts in pages.items():
        data = json.dumps(parts, sort_keys=True).encode()

        def send(name: str = name, parts: Any = parts) -> object:
            return target.dump(name, parts)

        items[name] = _Item(_digest([data]), send)
    return _publish(items, target)


def publish_assets(folder: Path, target: Backend, *, remove: bool = True) -> Published:
    """Make ``target`` hold the files of a folder, each under its path with ``/``.

    :param remove: whether to delete what is no longer in the folder.

    :param target: a store of bytes, such as
        :class:`~sphinxcontrib_websupport.backends.s3.S3RawBackend`.
    :raises StorageError: the store does not answer; publishing again completes it.
    """
    items = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in name.split("/")):
            continue

        def send(name: str = name, path: Path = path) -> object:
            return target.dump(name, path.read_bytes())

        with path.open("rb") as file:
            items[name] = _Item(_digest(iter(partial(file.read, _BLOCK), b"")), send)
    return _publish(items, target, remove)


def _publish(items: Mapping[str, _Item], target: Backend, remove: bool = True) -> Published:
    known = _load(target)
    changed = [name for name, item in items.items() if known.get(name) != item.digest]
    gone = sorted(known.keys() - items.keys()) if remove else []
    if not changed and not gone:
        return Published(0, 0)
    _save(target, {**known, **dict.fromkeys([*changed, *gone])})
    for name in changed:
        items[name].send()
    for name in gone:
        target.delete(name)
    left = {} if remove else known
    _save(target, {**left, **{name: item.digest for name, item in items.items()}})
    return Published(len(changed), len(gone))


def _load(target: Backend) -> dict[str, str | None]:
    try:
        stored = target.load(LIST)
        known = json.loads(stored) if isinstance(stored, bytes) else stored
    except EncryptedValueError:
        raise  # not to be overwritten with what everybody can read
    except (DamagedValueError, ValueError):
        return {}  # then everything is sent once more
    return known if isinstance(known, dict) else {}


def _save(target: Backend, known: Mapping[str, str | None]) -> None:
    target.dump(LIST, json.dumps(known).encode() if target.codec is RAW else dict(known))


def _digest(blocks: Iterable[bytes]) -> str:
    digest = blake2b(digest_size=16)
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()
