"""Any sequence of calls, on a store and on the model: the same answers everywhere.

:func:`run` makes 2,000 of them; ``WEBSUPPORT_TEST_EFFORT`` multiplies that.
"""

# ruff: noqa: S101 - assertions are what a suite is made of

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.errors import NodeNotFoundError, WebSupportError
from sphinxcontrib_websupport.model import Comment, Edit, Node, Viewer
from sphinxcontrib_websupport.storage.adapter import adapted
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.keyvalue import KeyValueStorage
from sphinxcontrib_websupport.storage.transfer.copying import (
    StoreStream,
    compare,
    copy,
    transferable,
)
from sphinxcontrib_websupport.storage.transfer.records import Transferable
from sphinxcontrib_websupport.testing.model import ModelStorage

EFFORT = int(os.environ.get("WEBSUPPORT_TEST_EFFORT", "1"))

STEPS = 2000
"""How many calls are made on each store."""

_SEQUENCE = 40
"""How many of them, at most, on a store that was empty before."""

_DOCUMENTS = st.sampled_from(["index", "Index", "guide/start"])
_NODES = st.sampled_from(["a", "b", "c", "A"])
_NAMES = st.sampled_from(["ann", "Ann", "bob", "🦊", "[deleted]"])
_READERS = st.none() | _NAMES
_SOURCES = st.sampled_from(["", "One two three.", "One 2 three.", "<b>", "Ünï\r\ncode"])
_TIMES = st.integers(-3, 3).map(lambda n: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=n))


class StorageMachine(RuleBasedStateMachine):
    """All verbs, in any order, by everybody."""

    open_storage: Callable[[], StorageBackend]
    """Return an empty store; the author of a store says how."""

    steps = 0
    """How many calls of whatever kind were made."""

    comments = Bundle("comments")

    def __init__(self) -> None:
        super().__init__()
        # The first look is before any call.
        type(self).steps -= 1
        self.storage = type(self).open_storage()
        self.model = ModelStorage()
        self.stamped: dict[tuple[object, ...], list[Any]] = {}

    def both(self, call: Callable[[StorageBackend, int], Any]) -> tuple[Any, Any]:
        """Do the same on both; an error is an answer, too.

        :param call: is given the store, and which part of a pair of ids is that store's.
        """
        answers = []
        for side, storage in enumerate((self.storage, self.model)):
            try:
                answers.append(call(storage, side))
            except WebSupportError as error:
                answers.append(type(error))
        return answers[0], answers[1]

    def same(self, call: Callable[[StorageBackend, int], Any]) -> None:
        """Do the same on both and compare the answers."""
        found, expected = self.both(call)
        assert found == expected

    @invariant()
    def count_step(self) -> None:
        """Count a call."""
        type(self).steps += 1

    # -- builds ------------------------------------------------------------------------------

    @rule(
        added=st.lists(st.tuples(_NODES, _DOCUMENTS, _SOURCES), max_size=5),
        retired=st.dictionaries(_NODES, st.none() | _NODES, max_size=3),
        is_published=st.booleans(),
    )
    def build(
        self,
        added: list[tuple[str, str, str]],
        retired: dict[str, str | None],
        is_published: bool,
    ) -> None:
        """Register some nodes and retire others."""

        def call(storage: StorageBackend, _: int) -> None:
            storage.pre_build()
            for line, (id, document, source) in enumerate(added):
                node = Node(id, document, source, file=f"{document}.rst", line=line)
                adapted(storage).register_node(node)
            for id, successor in retired.items():
                storage.retire_node(id, successor)
            if is_published:
                storage.post_build()
            else:
                storage.discard_build()

        self.same(call)

    @rule(id=_NODES, to=_NODES)
    def attach(self, id: str, to: str) -> None:
        """Move a discussion."""
        self.same(lambda storage, _: storage.attach_node(id, to))

    # -- comments ----------------------------------------------------------------------------

    @rule(
        target=comments,
        node=_NODES,
        displayed=st.booleans(),
        name=_READERS,
        time=_TIMES,
        proposal=st.none() | _SOURCES,
    )
    def comment(self, node: str, **given: Any) -> tuple[str, str]:
        """Comment on a node."""
        return self._say(lambda side: {"node_id": node, "parent_id": None}, **given)

    @rule(
        target=comments,
        parent=comments,
        displayed=st.booleans(),
        name=_READERS,
        time=_TIMES,
        proposal=st.none() | _SOURCES,
    )
    def reply(self, parent: tuple[str, str], **given: Any) -> tuple[str, str]:
        """Reply to a comment, which may be gone."""
        return self._say(lambda side: {"node_id": None, "parent_id": parent[side]}, **given)

    def _say(
        self,
        place: Callable[[int], dict[str, Any]],
        displayed: bool,
        name: str | None,
        time: datetime,
        proposal: str | None,
    ) -> tuple[str, str]:
        def call(storage: StorageBackend, side: int) -> Any:
            return storage.add_comment(
                text=f"<p>{name}</p>",
                displayed=displayed,
                username=name,
                time=time,
                proposal=proposal,
                moderator=False,
                **place(side),
            )

        found, expected = self.both(call)
        if isinstance(expected, type):
            assert found == expected
            return "404", "404"
        for key in ("document", "proposal_diff_text", "proposal_diff", "text"):
            assert found[key] == expected[key]
        return found["id"], expected["id"]

    @rule(id=comments, name=st.just("") | _NAMES, moderator=st.booleans(), author=st.booleans())
    def delete(self, id: tuple[str, str], name: str, moderator: bool, author: bool) -> None:
        """Delete a comment as its author, as a stranger or as a moderator."""

        def call(storage: StorageBackend, side: int) -> bool | None:
            proofs = {id[side]} if author else ()
            return adapted(storage).remove_comment(id[side], inputs.asking(name, moderator, proofs))

        self.same(call)

    @rule(
        id=comments,
        name=st.just("") | _NAMES,
        moderator=st.booleans(),
        author=st.booleans(),
        displayed=st.booleans(),
        time=_TIMES,
        proposal=st.none() | _SOURCES,
    )
    def edit(
        self,
        id: tuple[str, str],
        name: str,
        moderator: bool,
        author: bool,
        displayed: bool,
        time: datetime,
        proposal: str | None,
    ) -> None:
        """Change a comment as its author, as a stranger or as a moderator."""
        edit = Edit(
            text=f"<p>{time.day}</p>",
            original=f"{time.day}",
            markup=("rst", "markdown", None)[time.day % 3],
            time=time,
            displayed=displayed,
            proposal=proposal,
        )

        def call(storage: StorageBackend, side: int) -> list[Any]:
            changed = storage.edit_comment(
                id[side], edit, inputs.asking(name, moderator, {id[side]} if author else ())
            )
            told = [changed["document"], changed["proposal_diff_text"]]
            return [
                *told,
                _plain([changed]),
                storage.get_original(id[side], Viewer(name or "", True)),
            ]

        self.same(call)

    @rule(id=comments)
    def accept(self, id: tuple[str, str]) -> None:
        """Accept a comment."""
        self.same(lambda storage, side: storage.accept_comment(id[side]))

    @rule(id=comments, name=_NAMES, value=st.sampled_from([-1, 0, 1]))
    def vote(self, id: tuple[str, str], name: str, value: int) -> None:
        """Vote, or take a vote back."""
        self.same(lambda storage, side: storage.process_vote(id[side], name, value))

    @rule(old=st.just("") | _NAMES, new=_NAMES)
    def rename(self, old: str, new: str) -> None:
        """Rename a user, perhaps onto another."""
        self.same(lambda storage, _: storage.update_username(old, new))

    # -- stamps ------------------------------------------------------------------------------

    @invariant()
    def is_stamped(self) -> None:
        """Look whether a stamp stands for one answer, whatever has happened since."""
        # Not all of it, and not after each step: it asks more than a step does.
        if type(self).steps % 4:
            return
        moderator = len(self.stamped) % 2 == 0
        for node in ("a", "b"):
            stamp = self.storage.get_version(node, moderator)
            if stamp is not None:
                answers = [_thread(self.model, node, reader, moderator) for reader in ("", "ann")]
                assert self.stamped.setdefault((node, moderator, stamp), answers) == answers
        stamp = self.storage.get_document_version("index")
        if stamp is not None:
            answers = [
                list(self.model.get_nodes(["index"])),
                self.model.get_metadata("index", moderator),
                self.model.get_retired(["index"], moderator),
            ]
            assert self.stamped.setdefault(("index", moderator, stamp), answers) == answers

    # -- answers -----------------------------------------------------------------------------

    @rule(id=comments, moderator=st.booleans())
    def find(self, id: tuple[str, str], moderator: bool) -> None:
        """Ask where a comment stands."""
        self.same(lambda storage, side: storage.find_comment(id[side], moderator))

    @rule(reader=_READERS, moderator=st.booleans(), limit=st.integers(1, 3))
    def read_all(self, reader: str | None, moderator: bool, limit: int) -> None:
        """Read all there is, whole and in parts."""
        self._read(reader, moderator, limit)

    def _read(self, reader: str | None, moderator: bool, limit: int) -> None:
        for id in ("a", "b", "c", "A"):
            found, expected = self.both(_calling("get_data", id, reader, moderator))
            if isinstance(expected, type):
                assert found == expected
                continue
            assert found["source"] == expected["source"]
            whole = _plain(found["comments"])
            assert whole == _plain(expected["comments"])
            parts, mark = [], None
            while True:
                page = self.storage.get_page(id, Viewer(reader or "", moderator), mark, limit)
                parts += page["comments"]
                mark = page["next"]
                if mark is None:
                    break
            assert _plain(parts) == whole

    @rule()
    def count(self) -> None:
        """List nodes and counts."""
        self._count()

    def _count(self) -> None:
        self.same(lambda storage, _: list(storage.get_nodes()))
        for document in ("index", "Index", "guide/start"):
            for moderator in (False, True):
                self.same(_calling("get_metadata", document, moderator))
        for moderator in (False, True):
            self.same(_calling("get_retired", None, moderator))

    def teardown(self) -> None:
        """Look at everything once more and give up the store."""
        try:
            self._count()
            for reader in (None, "ann"):
                for moderator in (False, True):
                    self._read(reader, moderator, limit=2)
            if isinstance(self.storage, Transferable):
                self._copy()
        finally:
            self.storage.close()

    def _copy(self) -> None:
        """Copy all of it to a store of another kind, which then is as the model, too."""
        source = transferable(self.storage)
        target = transferable(KeyValueStorage(VolatileBackend()))
        copy(StoreStream(source), target, lambda _: None)
        assert list(compare(StoreStream(source), target, lambda _: None)) == []
        original, self.storage = self.storage, target
        try:
            self._count()
            self._read("ann", True, limit=3)
        finally:
            self.storage = original


def run(
    open_storage: Callable[[], StorageBackend],
    steps: int = STEPS * EFFORT,
    sequence: int = _SEQUENCE,
) -> int:
    """Make at least so many calls on a store, and return how many it were.

    :param open_storage: opens an empty store each time.
    :param sequence: how many calls, at most, are made before all is looked at and a new store
        is begun with; a slow one takes more.
    """
    fields = {"open_storage": open_storage, "steps": 0}
    machine: type[StorageMachine] = type("Machine", (StorageMachine,), fields)
    while machine.steps < steps:
        rest = settings(
            max_examples=-(-(steps - machine.steps) // sequence),
            stateful_step_count=sequence,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(machine, settings=rest)
    return machine.steps


def _calling(verb: str, *arguments: object) -> Callable[[StorageBackend, int], Any]:
    return lambda storage, _: getattr(storage, verb)(*arguments)


def _thread(model: ModelStorage, node: str, reader: str | None, moderator: bool) -> Any:
    try:
        thread = model.get_data(node, reader, moderator)
    except NodeNotFoundError:
        return None
    return thread["source"], _plain(thread["comments"])


def _plain(comments: list[Comment]) -> list[Any]:
    """Return what two stores must agree on: all but ids and the passing of time."""
    return [
        (
            comment["text"],
            comment["username"],
            comment["rating"],
            comment["vote"],
            comment["time"]["iso"],
            comment["node"],
            comment["parent"] is None,
            comment["proposal_diff"],
            comment["displayed"],
            comment["edited"],
            _plain(comment["children"]),
        )
        for comment in comments
    ]
