"""The contract of a store that stamps what changes, as tests."""

# ruff: noqa: S101 - assertions are what a suite is made of

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from sphinxcontrib_websupport.model import PAGE_SIZE, Edit, Viewer
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.testing.retirement import retire
from sphinxcontrib_websupport.testing.storage import NOON, publish, say


def _edit(storage: StorageBackend, id: str) -> None:
    edit = Edit(text="<p>Changed</p>", original=None, time=NOON)
    storage.edit_comment(id, edit, Viewer("ann"))


def _hide(storage: StorageBackend, id: str) -> None:
    edit = Edit(text="<p>Changed</p>", original=None, time=NOON, displayed=False)
    storage.edit_comment(id, edit, Viewer("ann"))


def _reword(storage: StorageBackend, id: str) -> None:
    storage.pre_build()
    storage.add_node("n", "index", "Another source.")
    storage.post_build()


_NODE: dict[str, Callable[[StorageBackend, str], object]] = {
    "comment": lambda storage, id: say(storage),
    "reply": lambda storage, id: say(storage, parent_id=id),
    "waiting comment": lambda storage, id: say(storage, displayed=False),
    "vote": lambda storage, id: storage.process_vote(id, "bob", 1),
    "vote back": lambda storage, id: storage.process_vote(id, "ann", 0),
    "edit": _edit,
    "hide": _hide,
    "erase": lambda storage, id: storage.delete_comment(id, "ann", False),
    "remove": lambda storage, id: storage.delete_comment(id, "", True),
    "rename author": lambda storage, id: storage.update_username("ann", "eve"),
    "rename voter": lambda storage, id: storage.update_username("cat", "eve"),
    "attach": lambda storage, id: storage.attach_node("other", "n"),
    "source": _reword,
}
"""Everything that changes what ``get_page`` says of the node ``n``."""

_DOCUMENT: dict[str, Callable[[StorageBackend, str], object]] = {
    "comment": _NODE["comment"],
    "reply": _NODE["reply"],
    "waiting comment": _NODE["waiting comment"],
    "hide": _hide,
    "remove": _NODE["remove"],
    "attach": _NODE["attach"],
    "attach elsewhere": lambda storage, id: storage.attach_node("n", "far"),
    "new node": lambda storage, id: publish(storage, "n", "other", "new"),
    "moved node": lambda storage, id: publish(storage, "other", document="elsewhere"),
    "swapped nodes": lambda storage, id: publish(storage, "other", "n"),
    "discussion set apart": lambda storage, id: retire(storage, "n"),
    "silent node gone": lambda storage, id: retire(storage, "silent"),
    "source": _reword,
}
"""Everything that changes what is said of the document ``index``."""


class VersionContract:
    """What a store does that overrides ``get_version`` and ``get_document_version``."""

    @pytest.fixture
    def storage(self) -> StorageBackend:
        """Return a new, empty store; the author's own fixture stands in for this one."""
        raise NotImplementedError

    @pytest.fixture
    def first(self, storage: StorageBackend) -> str:
        """Return a comment on ``n`` that two have voted on; others stand elsewhere."""
        publish(storage, "far", document="elsewhere")
        publish(storage, "n", "other", "silent")
        id = say(storage)["id"]
        for name in ("ann", "cat"):
            storage.process_vote(id, name, 1)
        say(storage, node="other")
        say(storage, node="far", username="dan")
        return id

    @pytest.mark.parametrize("verb", _NODE)
    def test_stamps_what_changes_a_thread(
        self, storage: StorageBackend, first: str, verb: str
    ) -> None:
        """For readers and for moderators; and what is elsewhere keeps its stamp."""
        before = [storage.get_version("n", moderator) for moderator in (False, True)]
        far = storage.get_version("far"), storage.get_document_version("elsewhere")
        assert None not in before
        assert None not in far
        assert [storage.get_version("n", moderator) for moderator in (False, True)] == before
        _NODE[verb](storage, first)
        for moderator, old in zip((False, True), before, strict=True):
            assert storage.get_version("n", moderator) not in (None, old)
        assert (storage.get_version("far"), storage.get_document_version("elsewhere")) == far

    def test_stamps_what_is_accepted(self, storage: StorageBackend, first: str) -> None:
        """Readers see one more, and moderators one that waits less."""
        waiting = say(storage, displayed=False)["id"]
        before = storage.get_version("n"), storage.get_document_version("index")
        storage.accept_comment(waiting)
        assert storage.get_version("n") != before[0]
        assert storage.get_document_version("index") != before[1]

    @pytest.mark.parametrize("verb", _DOCUMENT)
    def test_stamps_what_changes_a_document(
        self, storage: StorageBackend, first: str, verb: str
    ) -> None:
        """Counts, nodes, and discussions without their paragraph."""
        before = storage.get_document_version("index")
        assert before is not None
        assert storage.get_document_version("index") == before
        _DOCUMENT[verb](storage, first)
        assert storage.get_document_version("index") not in (None, before)

    @pytest.mark.usefixtures("first")
    def test_stamps_nothing_that_stays(self, storage: StorageBackend) -> None:
        """A build that says the same again changes no stamp."""
        before = storage.get_version("n"), storage.get_document_version("index")
        publish(storage, "n", "other", "silent")
        assert (storage.get_version("n"), storage.get_document_version("index")) == before

    def test_gives_no_stamp_twice(self, storage: StorageBackend, first: str) -> None:
        """Also not when the answer is as it was long ago."""
        seen = []
        for _ in range(3):
            for vote in (1, 0):
                storage.process_vote(first, "bob", vote)
                seen.append(storage.get_version("n"))
        assert len(set(seen)) == 6

    def test_gives_no_stamp_to_two_nodes_of_one_name(self, storage: StorageBackend) -> None:
        """One that was forgotten and comes back begins anew."""
        publish(storage, "n")
        seen = [storage.get_version("n")]
        for _ in range(2):
            first = say(storage, text=f"<p>{len(seen)}</p>")["id"]
            seen.append(storage.get_version("n"))
            storage.delete_comment(first, "", True)
            retire(storage, "n")
            publish(storage, "n")
            seen.append(storage.get_version("n"))
        said = [stamp for stamp in seen if stamp is not None]
        # Silence is as it was, and may say so; the two comments differ.
        assert len({seen[1], seen[3]}) == 2
        assert said

    def test_stamps_each_part_of_a_thread(self, storage: StorageBackend, first: str) -> None:
        """What changes behind the first page changes the page that it is on."""
        ids = [say(storage, time=NOON + timedelta(seconds=n))["id"] for n in range(PAGE_SIZE * 5)]
        page = storage.get_page("n", Viewer())
        for id in (ids[PAGE_SIZE + 5], ids[PAGE_SIZE]):
            before = storage.get_version("n", False, page["next"])
            storage.process_vote(id, "bob", 1)
            assert storage.get_version("n", False, page["next"]) not in (None, before)
        before = storage.get_version("n")
        storage.process_vote(ids[3], "bob", 1)
        assert storage.get_version("n") not in (None, before)

    def test_stamps_nothing_that_is_not_there(self, storage: StorageBackend) -> None:
        """An unknown node has none; an unknown document may have one, until it is known."""
        for id in ("nowhere", "", "\0", "\ud800"):
            assert storage.get_version(id) is None
        before = storage.get_document_version("new")
        publish(storage, "x", document="new")
        assert storage.get_document_version("new") != before
