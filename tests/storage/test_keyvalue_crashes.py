"""A writer that dies, or loses its connection, between any two writes; and two at once.

Each change is tried with an end, or with another change, at each of its steps: what was
acknowledged is there, what readers see is one thing or the other, and counts are what they see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from unittest import mock

import pytest

from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.errors import (
    BuildConflictError,
    CommentNotAllowedError,
    CommentNotFoundError,
    NodeNotFoundError,
    StorageError,
    UserNotAuthorizedError,
)
from sphinxcontrib_websupport.model import Comment
from sphinxcontrib_websupport.storage.keyvalue import KeyValueStorage, threads
from sphinxcontrib_websupport.testing.retirement import retire
from sphinxcontrib_websupport.testing.storage import every, publish, say
from tests.storage.watched import WRITES, Watched

REFUSALS = (
    BuildConflictError,
    CommentNotAllowedError,
    CommentNotFoundError,
    NodeNotFoundError,
    UserNotAuthorizedError,
)

NODES = ("n", "other", "new")


class Scene:
    """Two nodes, one of them with a discussion."""

    def __init__(self) -> None:
        self.backend = VolatileBackend()
        self.storage = self.open()
        publish(self.storage, "n", "other")
        self.top = say(self.storage)["id"]
        self.hidden = say(self.storage, parent_id=self.top, displayed=False)["id"]
        self.bobs = say(self.storage, parent_id=self.top, username="bob")["id"]
        self.storage.process_vote(self.top, "ann", 1)

    def open(self, **watching: Callable[[str], None]) -> KeyValueStorage:
        return KeyValueStorage(Watched(self.backend, **watching))

    def comments(self) -> dict[str, Comment]:
        """Return all comments, and check that all answers agree."""
        found: dict[str, Comment] = {}
        for node in NODES:
            for moderator in (False, True):
                if not self.storage.has_node(node):
                    continue
                seen = list(every(self.storage.get_data(node, "ann", moderator)["comments"]))
                counts = self.storage.get_metadata("index", moderator)
                counts |= self.storage.get_metadata("elsewhere", moderator)
                counts |= {n.id: c for n, c in self.storage.get_retired(moderator=moderator)}
                assert counts.get(node, 0) == len(seen)
                for comment in seen:
                    assert self.storage.find_comment(comment["id"], moderator) == node
                    found[comment["id"]] = comment
        return found


def comment(storage: KeyValueStorage, scene: Scene) -> str:
    return say(storage)["id"]


def first_comment(storage: KeyValueStorage, scene: Scene) -> str:
    return say(storage, node="other", displayed=False, username="bob")["id"]


def reply(storage: KeyValueStorage, scene: Scene) -> str:
    return say(storage, parent_id=scene.bobs)["id"]


def vote(storage: KeyValueStorage, scene: Scene) -> None:
    storage.process_vote(scene.bobs, "ann", -1)


def accept(storage: KeyValueStorage, scene: Scene) -> None:
    storage.accept_comment(scene.hidden)


def remove(storage: KeyValueStorage, scene: Scene) -> None:
    storage.delete_comment(scene.bobs, "", True)


def remove_all(storage: KeyValueStorage, scene: Scene) -> None:
    storage.delete_comment(scene.top, "", True)


def erase(storage: KeyValueStorage, scene: Scene) -> None:
    storage.delete_comment(scene.bobs, "bob", False)


def rename(storage: KeyValueStorage, scene: Scene) -> None:
    storage.update_username("bob", "eve")


def build(storage: KeyValueStorage, scene: Scene) -> None:
    publish(storage, "other", "n", "new")


def go(storage: KeyValueStorage, scene: Scene) -> None:
    retire(storage, "n")


def go_quietly(storage: KeyValueStorage, scene: Scene) -> None:
    # Nobody discusses it, so that the second build forgets it altogether.
    retire(storage, "other")
    publish(storage, "new")


def come_back_elsewhere(storage: KeyValueStorage, scene: Scene) -> None:
    publish(storage, "other", document="elsewhere")
    publish(storage, "other")


def attach(storage: KeyValueStorage, scene: Scene) -> None:
    storage.attach_node("n", "other")


def attach_back(storage: KeyValueStorage, scene: Scene) -> None:
    storage.attach_node("other", "n")


Action = Callable[[KeyValueStorage, Scene], str | None]

ACTIONS: list[Action] = [
    comment,
    first_comment,
    reply,
    vote,
    accept,
    remove,
    remove_all,
    erase,
    rename,
    build,
    go,
    go_quietly,
    come_back_elsewhere,
    attach,
    attach_back,
]


def steps(action: Action) -> Iterator[tuple[int, Scene]]:
    """Yield a new scene for each call of the store that an action makes."""
    scene = Scene()
    watched = Watched(scene.backend)
    action(KeyValueStorage(watched), scene)
    for step in range(watched.round_trips):
        yield step, Scene()


class _Death(BaseException):
    """The process is gone: no handler of errors runs on."""


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("stale", [0, threads.STALE])
def test_survives_a_writer_that_dies(action: Action, stale: int) -> None:
    """All is as before or as after, and the next writer is not blocked."""
    for step, scene in steps(action):
        made = count()

        def die(_: str, step: int = step, made: Iterator[int] = made) -> None:
            if next(made) == step:
                raise _Death

        before = scene.comments()
        with suppress(_Death):
            action(scene.open(before=die), scene)
        with mock.patch.object(threads, "STALE", stale):
            after = scene.comments()
        assert len(before.keys() ^ after.keys()) <= 3
        if action not in (remove, remove_all):
            assert before.keys() <= after.keys()
        # The second time it goes through, unless it had, and ends as if it had at once.
        with suppress(*REFUSALS):
            action(scene.storage, scene)
        whole = Scene()
        action(whole.storage, whole)
        mended = scene.comments()
        if action not in (comment, first_comment, reply):
            assert _facts(mended) == _facts(whole.comments())


@pytest.mark.parametrize("action", ACTIONS)
def test_survives_a_lost_connection(action: Action) -> None:
    """An error that comes after a write was made leaves all consistent, too."""
    for step, scene in steps(action):
        made = count()

        def lose(call: str, step: int = step, made: Iterator[int] = made) -> None:
            if next(made) == step and call in WRITES:
                raise StorageError("the connection broke")

        before = scene.comments().keys()
        with suppress(StorageError):
            action(scene.open(after=lose), scene)
        after = scene.comments().keys()
        assert len(before ^ after) <= 3
        for node in ("n", "other"):
            # Refused where a discussion was half-way to another node; it is there afterwards.
            with suppress(NodeNotFoundError):
                say(scene.storage, node=node)
        assert len(scene.comments()) > len(after)


@pytest.mark.parametrize("second", ACTIONS)
@pytest.mark.parametrize("first", ACTIONS)
def test_keeps_two_changes_apart(first: Action, second: Action) -> None:
    """Whatever happens between two steps of a change, both do what they say or are refused."""
    for step, scene in steps(first):
        made = count()
        said: list[str | None] = []
        removed = {remove, remove_all} & {first, second}

        def step_in(
            _: str,
            step: int = step,
            made: Iterator[int] = made,
            scene: Scene = scene,
            said: list[str | None] = said,
        ) -> None:
            if next(made) == step:
                with suppress(*REFUSALS):
                    said.append(second(scene.storage, scene))

        before = scene.comments().keys()
        with suppress(*REFUSALS):
            said.append(first(scene.open(before=step_in), scene))
        after = scene.comments()
        acknowledged = {id for id in said if id is not None}
        if removed:
            assert {id for id in acknowledged if first is not reply and second is not reply} <= (
                after.keys()
            )
        else:
            assert after.keys() == before | acknowledged
        for comment in after.values():
            if comment["id"] == scene.bobs and vote in (first, second) and not removed:
                assert (comment["rating"], comment["vote"]) == (-1, -1)


def _facts(comments: dict[str, Comment]) -> list[tuple[str, str, int, bool, str]]:
    return sorted(
        (c["text"], c["username"], c["rating"], c["displayed"], c["node"] or "")
        for c in comments.values()
    )
