"""The contract of a store that knows which paragraphs are gone, as tests."""

# ruff: noqa: S101 - assertions are what a suite is made of

from __future__ import annotations

import pytest

from sphinxcontrib_websupport.errors import CommentNotFoundError, NodeNotFoundError
from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.storage.adapter import adapted
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.testing.storage import publish, rating, say, shown


def retire(storage: StorageBackend, id: str, successor: str | None = None) -> None:
    """Build once more, without the paragraph ``id``."""
    storage.pre_build()
    storage.retire_node(id, successor)
    storage.post_build()


class RetirementContract:
    """What a store does that overrides ``get_nodes``, ``retire_node`` and ``attach_node``."""

    @pytest.fixture
    def storage(self) -> StorageBackend:
        """Return a new, empty store; the author's own fixture stands in for this one."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _build(self, storage: StorageBackend) -> None:
        publish(storage, "n", "other")

    def test_lists_nodes_in_order(self, storage: StorageBackend) -> None:
        """By document, then by position, which counts from 0 in each document."""
        storage.pre_build()
        for id, document in [("z", "b"), ("y", "B"), ("x", "b"), ("w", "a/c"), ("v", "a")]:
            node = Node(id, document, id.upper(), file=f"{document}.rst", line=7)
            adapted(storage).register_node(node)
        storage.post_build()
        expected = [
            Node("y", "B", "Y", 0, file="B.rst", line=7),
            Node("v", "a", "V", 0, file="a.rst", line=7),
            Node("w", "a/c", "W", 0, file="a/c.rst", line=7),
            Node("z", "b", "Z", 0, file="b.rst", line=7),
            Node("x", "b", "X", 1, file="b.rst", line=7),
        ]
        assert list(storage.get_nodes({"a", "b", "B", "a/c"})) == expected
        assert list(storage.get_nodes(["b", "b", "no\0ne"])) == expected[3:]
        assert list(storage.get_nodes([])) == []
        assert {node.id for node in storage.get_nodes()} == set("vwxyz") | {"n", "other"}

    def test_registers_a_node_again(self, storage: StorageBackend) -> None:
        """A build says all anew: document, source, position and place."""
        storage.pre_build()
        storage.add_node("other", "index", "Other.")
        storage.add_node("n", "index", "N.")
        storage.post_build()
        assert [(n.id, n.position) for n in storage.get_nodes()] == [("other", 0), ("n", 1)]

    def test_get_node_returns_attached_and_retired_nodes(self, storage: StorageBackend) -> None:
        """As the list of all nodes has them; others are unknown."""
        say(storage)
        retire(storage, "n", successor="other")
        for node in storage.get_nodes():
            assert storage.get_node(node.id) == node
        for id in ("never registered", "", "N"):
            with pytest.raises(NodeNotFoundError):
                storage.get_node(id)

    def test_count_all_counts_what_readers_and_moderators_see(
        self, storage: StorageBackend
    ) -> None:
        """Attached and retired nodes; those without comments may be left out."""
        publish(storage, "m", "n", "other")
        top = say(storage)["id"]
        say(storage, parent_id=top, displayed=False)
        say(storage, "m", displayed=False)
        retire(storage, "m")
        counts = {node: both for node, both in storage.count_all().items() if any(both)}
        assert counts == {"n": (2, 1), "m": (1, 0)}
        storage.delete_comment(top, "", True)
        assert not any(storage.count_all().get("n", (0, 0)))

    def test_forgets_a_node_without_comments(self, storage: StorageBackend) -> None:
        """Nobody would miss it."""
        retire(storage, "n")
        retire(storage, "never registered")
        assert [node.id for node in storage.get_nodes()] == ["other"]
        assert not storage.has_node("n")
        with pytest.raises(NodeNotFoundError):
            storage.get_data("n", None, False)

    def test_sets_a_discussion_apart(self, storage: StorageBackend) -> None:
        """Its comments are kept, listed for those who see them, and no longer on the page."""
        say(storage)
        say(storage, displayed=False)
        retire(storage, "n", successor="other")
        assert storage.get_metadata("index", True) == {"other": 0}
        assert len(shown(storage)) == 1
        node = Node("n", "index", "Source of n.", 0, retired=True, successor="other")
        assert storage.get_retired() == [(node, 1)]
        assert storage.get_retired(["index"], moderator=True) == [(node, 2)]
        assert storage.get_retired(["elsewhere"]) == []

    def test_shows_no_retired_node_with_hidden_comments_only(self, storage: StorageBackend) -> None:
        """To a reader there is nothing to list."""
        say(storage, displayed=False)
        retire(storage, "n")
        assert storage.get_retired() == []
        assert len(storage.get_retired(moderator=True)) == 1

    def test_names_the_nodes_under_which_something_waits(self, storage: StorageBackend) -> None:
        """Attached or retired, in order; no longer when it was accepted."""
        publish(storage, "m", "n", "o")
        say(storage)
        say(storage, "o")
        comment = say(storage, "o", displayed=False)["id"]
        retired = say(storage, "m", displayed=False)["id"]
        retire(storage, "m")
        assert sorted(node.id for node in storage.get_waiting_nodes()) == ["m", "o"]
        storage.accept_comment(comment)
        assert [node.id for node in storage.get_waiting_nodes()] == ["m"]
        storage.accept_comment(retired)
        assert storage.get_waiting_nodes() == []

    def test_takes_a_node_back(self, storage: StorageBackend) -> None:
        """When its paragraph is there again, a node is as before."""
        say(storage)
        retire(storage, "n", successor="other")
        publish(storage, "n")
        assert storage.get_retired() == []
        assert storage.get_metadata("index", False)["n"] == 1
        assert next(n for n in storage.get_nodes() if n.id == "n").successor is None

    def test_decides_last_within_a_build(self, storage: StorageBackend) -> None:
        """What a build says of a node last is what holds."""
        say(storage)
        storage.pre_build()
        storage.retire_node("n")
        storage.add_node("n", "index", "Back.")
        storage.add_node("other", "index", "Other.")
        storage.retire_node("other")
        storage.post_build()
        assert [(node.id, node.retired) for node in storage.get_nodes()] == [("n", False)]

    def test_keeps_a_comment_written_meanwhile(self, storage: StorageBackend) -> None:
        """A node that is discussed by the time of publishing is not forgotten."""
        storage.pre_build()
        storage.retire_node("n")
        say(storage)
        storage.post_build()
        assert [node.id for node, _ in storage.get_retired()] == ["n"]

    def test_goes_on_with_a_retired_discussion(self, storage: StorageBackend) -> None:
        """Replies, votes and deletions work; with the last comment the node is forgotten."""
        comment = say(storage)["id"]
        retire(storage, "n")
        say(storage, parent_id=comment)
        storage.process_vote(comment, "bob", 1)
        assert rating(storage, comment) == 1
        assert storage.get_retired()[0][1] == 2
        assert storage.delete_comment(comment, "", True)
        assert not storage.has_node("n")

    def test_attaches_a_discussion_elsewhere(self, storage: StorageBackend) -> None:
        """All comments move with replies, votes and counts; the first node is forgotten."""
        top = say(storage)["id"]
        reply = say(storage, parent_id=top)["id"]
        hidden = say(storage, displayed=False)["id"]
        storage.process_vote(reply, "bob", -1)
        present = say(storage, node="other")["id"]
        retire(storage, "n")
        storage.attach_node("n", "other")
        assert not storage.has_node("n")
        assert storage.get_retired(moderator=True) == []
        assert storage.get_metadata("index", False) == {"other": 3}
        moved = {c["id"]: c for c in shown(storage, moderator=True, node="other")}
        assert set(moved) == {top, reply, hidden, present}
        assert moved[top]["node"] == "other"
        assert (moved[reply]["parent"], moved[reply]["rating"]) == (top, -1)
        storage.accept_comment(hidden)
        say(storage, parent_id=reply)
        assert storage.get_metadata("index", False) == {"other": 5}
        assert storage.delete_comment(top, "", True)
        assert {c["id"] for c in shown(storage, node="other")} == {present, hidden}

    @pytest.mark.parametrize(("id", "to"), [("n", "no"), ("no", "n"), ("no", "no"), ("n", "\0")])
    def test_attaches_known_nodes_only(self, storage: StorageBackend, id: str, to: str) -> None:
        """Nothing is moved from or to nowhere."""
        say(storage)
        with pytest.raises(NodeNotFoundError):
            storage.attach_node(id, to)
        assert len(shown(storage)) == 1

    def test_attaches_to_itself(self, storage: StorageBackend) -> None:
        """That changes nothing."""
        say(storage)
        storage.attach_node("n", "n")
        assert len(shown(storage)) == 1

    def test_finds_the_node_of_a_comment(self, storage: StorageBackend) -> None:
        """For those who see the comment."""
        top = say(storage)["id"]
        reply = say(storage, parent_id=top)["id"]
        hidden = say(storage, displayed=False)["id"]
        assert storage.find_comment(top, False) == "n"
        assert storage.find_comment(reply, False) == "n"
        assert storage.find_comment(hidden, True) == "n"
        for id in (hidden, "0", "\0", "999999"):
            with pytest.raises(CommentNotFoundError):
                storage.find_comment(id, False)
