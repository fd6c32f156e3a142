"""Publishing changed pages: new records under new names, then one change of ``site``.

Nobody reads what was written until ``site`` names it, so that a build that is killed changes
nothing; two that publish at once change ``site`` one after the other, and the second begins anew
or is refused. What is to be deleted afterwards is noted in ``builds`` beforehand; who publishes
next deletes what a killed one left. None of this lists keys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from secrets import token_hex
from typing import Any, TypeVar

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.errors import BuildConflictError, DamagedValueError, StorageError
from sphinxcontrib_websupport.storage.keyvalue import layout
from sphinxcontrib_websupport.storage.keyvalue.attaching import forget, give_threads
from sphinxcontrib_websupport.storage.keyvalue.drafts import Draft, Edit, written
from sphinxcontrib_websupport.storage.keyvalue.nodes import Site
from sphinxcontrib_websupport.storage.keyvalue.site import Published, Snapshot, Superseded
from sphinxcontrib_websupport.storage.keyvalue.threads import Threads

T = TypeVar("T")

_TRIES = 20
_MANY = 20
_WORKERS = 8


class Publisher:
    """Publishes changes to the pages."""

    def __init__(self, backend: Backend, published: Published, threads: Threads) -> None:
        self._backend = backend
        self._published = published
        self._threads = threads

    def publish(self, edit: Edit, generation: int, *, forgets: bool = True) -> str | None:
        """Publish what a build says of nodes, or nothing when it changes nothing.

        :param edit: may be called more than once.
        :param generation: how many builds had been published when it began.
        :param forgets: whether what an earlier build retired and nobody discusses is left out.
        :returns: the name of what was published; ``None`` when nothing was.
        :raises BuildConflictError: another was published meanwhile.
        """

        def publish() -> str | None:
            site = self._finished()
            draft = Draft(self._published.snapshot(site))
            edit(draft)
            if not draft.changed():
                return None
            if site.generation != generation:
                raise BuildConflictError("another build was published since this one began")
            if forgets:
                self._forget(draft)
            return self._write(draft, site._replace(generation=generation + 1)).manifest

        return _repeated(publish)

    def attach(self, old: str, new: str, check: Callable[[Snapshot], None]) -> None:
        """Attach the discussion of one node to another and forget the first.

        :param check: raises unless both are registered.
        """

        def begin() -> None:
            site = self._finished()
            check(self._published.snapshot(site))
            attaching = site._replace(revision=site.revision + 1, attaching=(old, new))
            self._published.change(site, attaching)

        _repeated(begin)
        self.finish_attaching()

    def finish_attaching(self) -> None:
        """Finish what is being attached, if anything is."""
        _repeated(self._finished)

    def _finished(self) -> Site:
        """Finish what is being attached, if anything is; return what is published then.

        :raises Superseded: somebody else published.
        """
        site = self._published.site()
        if site.attaching is None:
            return site
        snapshot = self._published.snapshot(site)
        give_threads(self._backend, self._threads, snapshot, *site.attaching)
        draft = Draft(snapshot)
        forget(draft, *site.attaching)
        return self._write(draft, site._replace(attaching=None))

    def _write(self, draft: Draft, site: Site) -> Site:
        """Write pages and publish them."""
        before = draft.snapshot
        token = token_hex(8)
        records, manifest = written(draft, token)
        name = f"manifest/{token}"
        records[name] = manifest.stored()
        replaced = {*before.manifest.records(), before.site.manifest} - manifest.records()
        intended = self._intend(token, site.revision, [*records, *sorted(filter(None, replaced))])
        for_each([*records], lambda key: self._backend.dump(key, records[key]))
        new = site._replace(revision=site.revision + 1, manifest=name)
        try:
            self._published.change(before.site, new)
        except Superseded:
            self._delete({token: [*records]})
            raise
        # A build that began before this was published cannot publish any more, and no later
        # manifest names what this one does not, but for the later build's own records.
        current = manifest.records() | {name}
        self._delete(
            {
                other: [key for key in keys if key not in current]
                for other, (revision, keys) in intended.items()
                if revision < new.revision
            }
        )
        return new

    def _forget(self, draft: Draft) -> None:
        """Leave out what an earlier build retired and nobody discusses.

        Only with a later build: a comment that was on its way when the node was retired has
        arrived by then, or its writer sees that there was another build, and looks again.
        """
        gone = {
            id: document
            for document in draft.changed()
            for id, entry in draft.page(document).items()
            if entry.retired is not None and entry.retired <= draft.snapshot.site.generation
        }
        for id, threads in (self._threads.of_nodes(gone) if gone else {}).items():
            parts = [part for thread in threads for part in thread.header.parts]
            if all(part.is_settled and part.total == 0 for part in parts):
                del draft.page(gone[id])[id]

    # -- what is to be deleted ---------------------------------------------------------------

    def _intend(self, token: str, revision: int, keys: list[str]) -> dict[str, Any]:
        """Note what a build is about to write or to replace; return what all have noted."""

        def change(value: Any) -> Any:
            return _read_builds(value) | {token: [revision, keys]}

        return _read_builds(self._backend.update(layout.BUILDS, change))

    def _delete(self, builds: dict[str, list[str]]) -> None:
        for_each([key for keys in builds.values() for key in keys], self._backend.delete)

        def change(value: Any) -> Any:
            noted = _read_builds(value).items()
            return {token: build for token, build in noted if token not in builds} or None

        self._backend.update(layout.BUILDS, change)


def for_each(items: Sequence[T], work: Callable[[T], object]) -> None:
    """Do something with each, with many of them several at a time."""
    if len(items) < _MANY:
        for item in items:
            work(item)
        return
    # Of a thousand pages in a store across a network, most of the time is waiting.
    with ThreadPoolExecutor(_WORKERS) as pool:
        for _ in pool.map(work, items):
            pass


def _repeated(work: Callable[[], T]) -> T:
    for _ in range(_TRIES):
        with suppress(Superseded):
            return work()
    raise StorageError("others kept publishing nodes")


def _read_builds(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {}
        case dict() if all(_is_build(build) for build in value.values()):
            return value
    raise DamagedValueError(f"the value under {layout.BUILDS!r} is damaged")


def _is_build(value: Any) -> bool:
    match value:
        case [int(), list(keys)]:
            return all(isinstance(key, str) for key in keys)
    return False
