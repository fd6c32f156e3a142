"""The contract of a store whose comments can be changed, as tests."""

# ruff: noqa: S101 - assertions are what a suite is made of

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.errors import (
    CommentNotFoundError,
    InvalidInputError,
    UserNotAuthorizedError,
)
from sphinxcontrib_websupport.model import MAX_PROPOSAL_LENGTH, StoredComment, Viewer
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.commentstore import CommentStore
from sphinxcontrib_websupport.testing.storage import (
    NOON,
    STRANGE_IDS,
    UNSTORABLE,
    publish,
    rating,
    say,
    shown,
)

LATER = NOON + timedelta(hours=1)


def change(
    storage: StorageBackend,
    id: str,
    username: str | None = "ann",
    *,
    moderator: bool = False,
    author: bool = False,
    **values: Any,
) -> StoredComment:
    """Change a comment, as its author unless somebody else is given."""
    given: dict[str, Any] = {
        "text": "<p>Changed</p>",
        "original": "Changed",
        "time": LATER,
    } | values
    viewer = Viewer(username or "", moderator, proof(id) if author else frozenset())
    return storage.edit_comment(id, inputs.edit(**given), viewer)


def proof(id: str) -> frozenset[str]:
    """Return what proves that a reader wrote an anonymous comment."""
    return frozenset({id})


class EditingContract:
    """What a store does that keeps what authors type."""

    @pytest.fixture
    def storage(self) -> StorageBackend:
        """Return a new, empty store; the author's own fixture stands in for this one."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _build(self, storage: StorageBackend) -> None:
        publish(storage, "n", "other")

    def test_changes_a_text(self, storage: StorageBackend) -> None:
        """The text is another, and says when; votes, replies, place, author and time stay."""
        first, other = say(storage), say(storage)
        reply = say(storage, parent_id=first["id"], username="bob")
        storage.process_vote(first["id"], "ann", -1)
        storage.process_vote(first["id"], "bob", -1)
        assert shown(storage)[0]["edited"] is None
        changed = change(storage, first["id"])
        assert (changed["id"], changed["document"]) == (first["id"], "index")
        assert (changed["rating"], changed["vote"], changed["children"]) == (-2, -1, [])
        comments = shown(storage)
        assert [c["id"] for c in comments] == [first["id"], reply["id"], other["id"]]
        seen = comments[0]
        assert (seen["text"], seen["edited"]) == ("<p>Changed</p>", LATER.isoformat())
        assert (seen["username"], seen["rating"]) == ("ann", -2)
        assert seen["time"]["iso"] == first["time"]["iso"]
        for key in ("text", "edited", "username", "node", "parent", "displayed"):
            assert changed[key] == seen[key]
        assert comments[1]["edited"] is None

    def test_changes_a_reply(self, storage: StorageBackend) -> None:
        """A reply stays under its parent."""
        top = say(storage)["id"]
        reply = say(storage, parent_id=top)["id"]
        assert change(storage, reply)["parent"] == top
        assert [c["text"] for c in shown(storage)] == ["<p>Hello</p>", "<p>Changed</p>"]

    def test_changes_more_than_once(self, storage: StorageBackend) -> None:
        """The last time counts; without a zone it is UTC."""
        id = say(storage)["id"]
        change(storage, id)
        naive = datetime(2024, 3, 1, 8, 30)
        change(storage, id, text="<p>Again</p>", time=naive)
        assert shown(storage)[0]["text"] == "<p>Again</p>"
        assert shown(storage)[0]["edited"] == "2024-03-01T08:30:00+00:00"

    # -- who may -----------------------------------------------------------------------------

    def test_lets_a_moderator(self, storage: StorageBackend) -> None:
        """Any comment that is not deleted; its author stays its author."""
        named, nobody = say(storage)["id"], say(storage, username=None)["id"]
        for id in (named, nobody):
            change(storage, id, "mona", moderator=True)
        assert [c["username"] for c in shown(storage)] == ["ann", "Anonymous"]
        assert {c["text"] for c in shown(storage)} == {"<p>Changed</p>"}

    @pytest.mark.parametrize("name", ["bob", "", None, "[deleted]", "ANN", "ann ", "\0"])
    @pytest.mark.parametrize("author", [False, True])
    def test_refuses_strangers(
        self, storage: StorageBackend, name: str | None, author: bool
    ) -> None:
        """Another's comment is not theirs, also where they proved to have written some other."""
        id = say(storage)["id"]
        with pytest.raises(UserNotAuthorizedError):
            change(storage, id, name, author=author)
        with pytest.raises(UserNotAuthorizedError):
            storage.get_original(
                id, Viewer(name or "", False, proof(id) if author else frozenset())
            )
        assert shown(storage)[0]["text"] == "<p>Hello</p>"

    @pytest.mark.parametrize("name", ["ann", "", None, "[deleted]"])
    def test_knows_an_anonymous_author_by_proof_only(
        self, storage: StorageBackend, name: str | None
    ) -> None:
        """Whoever has it changes the comment and deletes it, whatever the name by now."""
        assert isinstance(storage, CommentStore)
        id = say(storage, username=None, proposal="Sauce of n.")["id"]
        with pytest.raises(UserNotAuthorizedError):
            change(storage, id, name)
        with pytest.raises(UserNotAuthorizedError):
            storage.delete_comment(id, name or "", False)
        assert change(storage, id, name, author=True)["username"] == "Anonymous"
        author = Viewer(name or "", proofs=proof(id))
        assert storage.get_original(id, author)["text"] == "Changed"
        assert storage.remove_comment(id, author) is False
        [gone] = shown(storage)
        assert (gone["text"], gone["proposal_diff"]) == ("[deleted]", None)
        for call in (
            partial(change, storage, id, name, author=True),
            partial(storage.get_original, id, author),
            partial(storage.remove_comment, id, author),
        ):
            with pytest.raises(UserNotAuthorizedError):
                call()

    def test_believes_no_proof_for_a_named_comment(self, storage: StorageBackend) -> None:
        """A name says who the author is, and nothing else does."""
        assert isinstance(storage, CommentStore)
        id = say(storage)["id"]
        with pytest.raises(UserNotAuthorizedError):
            storage.remove_comment(id, Viewer(proofs=proof(id)))

    @pytest.mark.parametrize("moderator", [False, True])
    def test_leaves_what_was_deleted(self, storage: StorageBackend, moderator: bool) -> None:
        """Nobody changes a deleted comment, and nobody is told what it said."""
        assert isinstance(storage, CommentStore)
        id = say(storage, text="<p>Secret</p>", original="Secret", proposal="Secret of n.")["id"]
        change(storage, id, text="<p>Secret, too</p>", original="Secret, too")
        storage.delete_comment(id, "ann", False)
        with pytest.raises(UserNotAuthorizedError):
            change(storage, id, moderator=moderator)
        with pytest.raises(UserNotAuthorizedError):
            storage.get_original(id, Viewer("ann", moderator))
        [gone] = storage.get_data("n", "ann", True)["comments"]
        assert (gone["text"], gone["username"], gone["edited"]) == ("[deleted]", "[deleted]", None)
        assert "ecret" not in str(gone)

    @pytest.mark.parametrize("id", STRANGE_IDS)
    def test_knows_its_ids(self, storage: StorageBackend, id: str) -> None:
        """What is nearly an id is none."""
        say(storage)
        calls: list[Callable[[], object]] = [
            partial(change, storage, id),
            partial(change, storage, id, displayed=False, moderator=True),
            partial(storage.get_original, id, Viewer("ann", True)),
        ]
        for call in calls:
            with pytest.raises(CommentNotFoundError):
                call()

    # -- what was typed ----------------------------------------------------------------------

    def test_keeps_what_was_typed(self, storage: StorageBackend) -> None:
        """To the last character, for those who may change it."""
        id = say(storage, original="*Héllo* 🦊\n\n", proposal="Sauce of n.")["id"]
        for viewer in (Viewer("ann"), Viewer("mona", True)):
            original = storage.get_original(id, viewer)
            assert (original["text"], original["proposal"]) == ("*Héllo* 🦊\n\n", "Sauce of n.")
        change(storage, id, original="**Hello**")
        original = storage.get_original(id, Viewer("ann"))
        assert (original["text"], original["proposal"]) == ("**Hello**", "Sauce of n.")

    def test_shows_nobody_what_was_typed(self, storage: StorageBackend) -> None:
        """A thread holds the HTML alone."""
        say(storage, original="*typed*")
        assert "typed" not in str(storage.get_data("n", "ann", True))

    def test_knows_not_what_was_not_given(self, storage: StorageBackend) -> None:
        """A comment from before may be without."""
        id = say(storage)["id"]
        original = storage.get_original(id, Viewer("ann"))
        assert (original["text"], original["proposal"]) == (None, None)

    @pytest.mark.parametrize("bad", UNSTORABLE)
    @pytest.mark.parametrize("field", ["text", "original", "markup", "proposal"])
    def test_refuses_what_cannot_be_kept(
        self, storage: StorageBackend, field: str, bad: str
    ) -> None:
        """As in a new comment."""
        id, values = say(storage)["id"], dict[str, Any]({field: bad})
        with pytest.raises(InvalidInputError):
            change(storage, id, **values)
        assert shown(storage)[0]["text"] == "<p>Hello</p>"

    # -- proposals ---------------------------------------------------------------------------

    def test_leaves_a_proposal(self, storage: StorageBackend) -> None:
        """Not given, or given as it is, it stays, also when the source has followed it."""
        id = say(storage, proposal="Sauce of n.")["id"]
        _rewrite(storage, "Sauce of n.")
        for proposal in (None, "Sauce of n."):
            changed = change(storage, id, proposal=proposal)
            assert changed["proposal_diff"] == "<del>Source</del><ins>Sauce</ins> of n."
        assert shown(storage)[0]["proposal_diff"] == changed["proposal_diff"]

    def test_changes_a_proposal(self, storage: StorageBackend) -> None:
        """Another one is compared with the source as it is now."""
        id = say(storage, proposal="Sauce of n.")["id"]
        changed = change(storage, id, proposal="Source of it.")
        assert changed["proposal_diff"] == "Source of <del>n</del><ins>it</ins>."
        assert changed["proposal_diff_text"] == "Source of [-n-]{+it+}."
        assert storage.get_original(id, Viewer("ann"))["proposal"] == "Source of it."

    def test_begins_a_proposal(self, storage: StorageBackend) -> None:
        """A comment may propose something the second time only."""
        id = say(storage)["id"]
        assert change(storage, id, proposal="Sauce of n.")["proposal_diff"]
        assert shown(storage)[0]["proposal_diff"]

    @pytest.mark.parametrize("proposal", ["", " ", "Source of n."])
    def test_takes_a_proposal_back(self, storage: StorageBackend, proposal: str) -> None:
        """An empty one, or one that changes nothing."""
        id = say(storage, proposal="Sauce of n.")["id"]
        changed = change(storage, id, proposal=proposal)
        assert (changed["proposal_diff"], changed["proposal_diff_text"]) == (None, None)
        assert shown(storage)[0]["proposal_diff"] is None
        assert storage.get_original(id, Viewer("ann"))["proposal"] is None

    # -- what is not displayed ---------------------------------------------------------------

    def test_hides_what_waits_once_more(self, storage: StorageBackend) -> None:
        """With the replies below it, until it is accepted; counts follow."""
        top = say(storage)["id"]
        changed = say(storage, parent_id=top)["id"]
        below = say(storage, parent_id=changed)["id"]
        say(storage, parent_id=changed, displayed=False)
        assert change(storage, changed, displayed=False)["displayed"] is False
        assert [c["id"] for c in shown(storage)] == [top]
        assert len(shown(storage, moderator=True)) == 4
        storage.accept_comment(changed)
        assert [c["id"] for c in shown(storage)] == [top, changed, below]

    @pytest.mark.parametrize("displayed", [True, False])
    def test_shows_nothing_that_waited(self, storage: StorageBackend, displayed: bool) -> None:
        """An edit is no acceptance, whoever makes it."""
        id = say(storage, displayed=False)["id"]
        change(storage, id, displayed=displayed, moderator=True)
        assert shown(storage) == []
        assert shown(storage, moderator=True)[0]["text"] == "<p>Changed</p>"

    def test_keeps_a_hidden_reply_hidden(self, storage: StorageBackend) -> None:
        """A displayed reply below a comment that waits stays unseen when it is changed."""
        top = say(storage)["id"]
        reply = say(storage, parent_id=top)["id"]
        change(storage, top, displayed=False)
        change(storage, reply)
        assert shown(storage) == []
        storage.process_vote(reply, "bob", 1)
        assert rating(storage, reply) == 1


class OriginContract(EditingContract):
    """What a store does that also keeps where an edit and a proposal began."""

    def test_knows_what_a_text_is_written_in(self, storage: StorageBackend) -> None:
        """The one of the last text; a comment from before has none."""
        id, before = say(storage, original="*a*", markup="markdown")["id"], say(storage)["id"]
        assert storage.get_original(id, Viewer("ann"))["markup"] == "markdown"
        assert storage.get_original(before, Viewer("ann"))["markup"] is None
        change(storage, before, markup="rst")
        assert storage.get_original(before, Viewer("ann"))["markup"] == "rst"

    def test_keeps_what_a_proposal_was_made_against(self, storage: StorageBackend) -> None:
        """Also when the paragraph has changed since, and the text of the comment."""
        id = say(storage, proposal="Sauce of n.")["id"]
        reply = say(storage, parent_id=id, proposal="Salt of n.")["id"]
        _rewrite(storage, "Saucer of n.")
        changed = change(storage, id)
        assert changed["proposal_diff"] == "<del>Source</del><ins>Sauce</ins> of n."
        assert changed["proposal_diff_text"] == "[-Source-]{+Sauce+} of n."
        for comment in (id, reply):
            assert storage.get_original(comment, Viewer("ann"))["base"] == "Source of n."

    def test_gives_another_proposal_another_base(self, storage: StorageBackend) -> None:
        """It is made against the source as it is then."""
        id = say(storage, proposal="Sauce of n.")["id"]
        _rewrite(storage, "Saucer of n.")
        change(storage, id, proposal="Salt of n.")
        assert storage.get_original(id, Viewer("ann"))["base"] == "Saucer of n."

    def test_refuses_a_proposal_for_an_endless_source(self, storage: StorageBackend) -> None:
        """It would be stored with each; a comment without a proposal is stored."""
        _rewrite(storage, "x" * (MAX_PROPOSAL_LENGTH + 1))
        with pytest.raises(InvalidInputError, match="no change of it can be proposed"):
            say(storage, proposal="Short.")
        id = say(storage)["id"]
        with pytest.raises(InvalidInputError, match="no change of it can be proposed"):
            change(storage, id, proposal="Short.")
        assert [comment["text"] for comment in shown(storage)] == ["<p>Hello</p>"]

    @pytest.mark.parametrize("proposal", [None, "", "Source of n."])
    def test_has_no_base_without_a_proposal(
        self, storage: StorageBackend, proposal: str | None
    ) -> None:
        """Nothing was proposed, or nothing else."""
        id = say(storage, proposal=proposal)["id"]
        assert storage.get_original(id, Viewer("ann"))["base"] is None
        change(storage, id, proposal="Sauce of n.")
        change(storage, id, proposal="")
        assert storage.get_original(id, Viewer("ann"))["base"] is None


def _rewrite(storage: StorageBackend, source: str) -> None:
    """Build once more, with another source of the node ``n``."""
    storage.pre_build()
    storage.add_node("n", "index", source)
    storage.add_node("other", "index", "Other.")
    storage.post_build()
