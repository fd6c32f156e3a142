"""The contract of a store that holds a large site, as tests: deep, wide and many.

For stores that are :class:`~sphinxcontrib_websupport.storage.transfer.records.Transferable`: what
is to be read is written all at once.
"""

# ruff: noqa: S101 - assertions are what a suite is made of

from __future__ import annotations

from datetime import timedelta

import pytest

from sphinxcontrib_websupport.model import PAGE_SIZE, Viewer
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.rules import microseconds
from sphinxcontrib_websupport.storage.transfer.copying import transferable
from sphinxcontrib_websupport.storage.transfer.records import CommentRecord
from sphinxcontrib_websupport.testing.storage import NOON, every, publish, rating, say, shown

DEEP = 1000
WIDE = 10_000
MANY = 100_000


class ScaleContract:
    """What a store does when there is much of everything."""

    @pytest.fixture
    def storage(self) -> StorageBackend:
        """Return a new, empty store; the author's own fixture stands in for this one."""
        raise NotImplementedError

    def test_is_deep(self, storage: StorageBackend) -> None:
        """A thousand replies, each to the one before, and one more below them."""
        publish(storage, "n")
        ids = [f"{n}" for n in range(1, DEEP + 1)]
        above = [None, *ids]
        chain = [_comment(id, parent) for id, parent in zip(ids, above, strict=False)]
        transferable(storage).write_discussions({"n": chain})
        ids.append(say(storage, parent_id=ids[-1])["id"])
        assert [c["id"] for c in shown(storage)] == ids
        page = storage.get_page("n", Viewer(), limit=1)
        assert [c["id"] for c in every(page["comments"])] == ids
        assert storage.delete_comment(ids[1], "", True)
        assert [c["id"] for c in shown(storage)] == ids[:1]

    def test_is_wide(self, storage: StorageBackend) -> None:
        """Ten thousand comments on one node: read by parts, whole, and written to."""
        publish(storage, "n", "other")
        tops = [str(n) for n in range(1, WIDE + 1, 2)]
        records = []
        for n, id in enumerate(tops):
            time = NOON + timedelta(seconds=n)
            records += [
                _comment(id, None, microseconds(time)),
                _comment(str(int(id) + 1), id, microseconds(time)),
            ]
        transferable(storage).write_discussions({"n": records})
        assert storage.get_metadata("index", False) == {"n": WIDE, "other": 0}
        first = storage.get_page("n", Viewer("ann"))
        assert [c["id"] for c in first["comments"]] == tops[:PAGE_SIZE]
        second = storage.get_page("n", Viewer("ann"), first["next"])
        assert [c["id"] for c in second["comments"]] == tops[PAGE_SIZE : 2 * PAGE_SIZE]
        last = say(storage, time=NOON + timedelta(days=1))["id"]
        storage.process_vote(tops[-1], "ann", 1)
        whole = shown(storage)
        assert len(whole) == WIDE + 1
        assert whole[-1]["id"] == last
        assert rating(storage, tops[-1]) == 1

    def test_is_many(self, storage: StorageBackend) -> None:
        """A hundred thousand nodes in one build, and one that changes one of them."""
        documents = [f"page {n}" for n in range(MANY // 500)]
        self._build(storage, documents, "S.")
        assert sum(1 for _ in storage.get_nodes()) == MANY
        assert len(storage.get_metadata("page 7", False)) == 500
        say(storage, node="page 7-42")
        self._build(storage, documents, "T.")
        assert storage.get_data("page 7-42", None, False)["source"] == "T."
        assert storage.get_metadata("page 7", False)["page 7-42"] == 1

    def _build(self, storage: StorageBackend, documents: list[str], source: str) -> None:
        storage.pre_build()
        for document in documents:
            for n in range(500):
                is_changed = document == "page 7" and n == 42
                storage.add_node(f"{document}-{n}", document, source if is_changed else "S.")
        storage.post_build()


def _comment(id: str, parent: str | None, time: int = microseconds(NOON)) -> CommentRecord:
    return CommentRecord(id, parent, time, "<p>x</p>", "ann", True, False, None, None)
