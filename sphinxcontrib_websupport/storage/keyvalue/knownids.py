"""Where comments are that came from another store and kept the ids that they had there.

An id of this store says where its comment is. One of another store says nothing, so it stands on
a list with the thread and the segment; which comment it is there, the segment says itself, in the
same record as the comment. An entry whose comment is gone means nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.errors import CommentNotFoundError, DamagedValueError
from sphinxcontrib_websupport.storage.keyvalue import layout
from sphinxcontrib_websupport.storage.keyvalue.layout import CommentId
from sphinxcontrib_websupport.storage.keyvalue.threads import Place, Threads
from sphinxcontrib_websupport.storage.transfer.records import MAX_COMMENT_ID_LENGTH

T = TypeVar("T")


class KnownIds:
    """The lists of ids of other stores."""

    def __init__(self, backend: Backend, threads: Threads) -> None:
        self._backend = backend
        self._threads = threads

    def at(self, id: object, work: Callable[[CommentId], T]) -> T:
        """Do something with the comment of an id.

        An id of this store's own form is looked for where it says first: that costs nothing.

        :raises CommentNotFoundError: there is none.
        """
        try:
            own = CommentId.parsed(id)
        except CommentNotFoundError:
            return work(self._find(id))
        try:
            return work(own)
        except CommentNotFoundError:
            return work(self._find(id))

    def _find(self, id: object) -> CommentId:
        if isinstance(id, str) and 0 < len(id) <= MAX_COMMENT_ID_LENGTH and inputs.is_storable(id):
            key = layout.known_id_key(id)
            place = _read(key, self._backend.load(key)).get(id)
            if place is not None:
                seq = self._threads.segment(*place).known_as.get(id)
                if seq is not None:
                    return CommentId(*place, seq)
        raise CommentNotFoundError("there is no such comment")

    def lists(self, places: Mapping[str, Place]) -> dict[str, dict[str, Place]]:
        """Return on which list each id has to stand, by the lists' keys."""
        lists: dict[str, dict[str, Place]] = {}
        for id, place in places.items():
            lists.setdefault(layout.known_id_key(id), {})[id] = place
        return lists

    def places(self, ids: Mapping[str, object]) -> dict[str, Place]:
        """Return where those comments are noted to be that are noted."""
        keys = {layout.known_id_key(id) for id in ids}
        found = self._backend.load_many(keys) if keys else {}
        noted: dict[str, Place] = {}
        for key, value in found.items():
            noted |= {id: place for id, place in _read(key, value).items() if id in ids}
        return noted

    def note(self, key: str, places: Mapping[str, Place]) -> None:
        """Put ids on a list."""

        def add(value: Any) -> dict[str, Any]:
            return {id: [*place] for id, place in (_read(key, value) | dict(places)).items()}

        self._backend.update(key, add)


def _read(key: str, value: Any) -> dict[str, Place]:
    match value:
        case None:
            return {}
        case dict() if all(_is_place(place) for place in value.values()):
            return {id: (place[0], place[1]) for id, place in value.items()}
    raise DamagedValueError(f"the value under {key!r} is no list of ids")


def _is_place(value: Any) -> bool:
    match value:
        case [str(), int()]:
            return True
    return False
