"""The contract of a comment store as tests.

The author of a store derives a class from :class:`StorageContract` and gives it a fixture
``storage`` that returns a new, empty store. A store that has the further calls derives from
the suites for them, too: :class:`~.retirement.RetirementContract`,
:class:`~.sharing.SharedStorageContract`.
"""

# ruff: noqa: S101 - assertions are what a suite is made of

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.errors import (
    CommentNotAllowedError,
    CommentNotFoundError,
    InvalidInputError,
    NodeNotFoundError,
    UserNotAuthorizedError,
)
from sphinxcontrib_websupport.model import Comment, StoredComment, Viewer
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.commentstore import CommentStore

NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)

STRANGE_IDS = ["", "0", "-1", "05", " 5", "5 ", "٥", "1.0", "1e3", "9" * 30, "x\0", "\ud800", "%"]
"""Ids that no store has given out."""

UNSTORABLE = ["\0", "a\0b", "\ud800", "\udfff!"]
"""Texts that not every engine can keep."""

NAMES = ["a", "x" * 64, "Zoë", "🦊", "שלום", "100%", "a_b", "O'Hara", '"; --', "[deleted]", " a "]


def publish(storage: StorageBackend, *ids: str, document: str = "index") -> None:
    """Build one document whose nodes are ``ids``, each with a source of its own."""
    storage.pre_build()
    for id in ids:
        storage.add_node(id, document, f"Source of {id}.")
    storage.post_build()


def say(storage: StorageBackend, node: str | None = "n", **values: Any) -> StoredComment:
    """Add a comment, to node ``n`` unless something else is given."""
    given: dict[str, Any] = {
        "text": "<p>Hello</p>",
        "displayed": True,
        "username": "ann",
        "time": NOON,
        "proposal": None,
        "node_id": None if "parent_id" in values else node,
        "parent_id": None,
        "moderator": False,
    }
    typed = {name: values.pop(name) for name in ("original", "markup") if name in values}
    if not typed:
        return storage.add_comment(**given | values)
    given |= values
    author = inputs.author(given.pop("username"), given.pop("moderator"))
    given |= {"node": given.pop("node_id"), "parent": given.pop("parent_id")}
    assert isinstance(storage, CommentStore), "it keeps what authors type"
    return storage.store_comment(inputs.draft(author=author, **typed, **given))


def every(comments: list[Comment]) -> Iterator[Comment]:
    """Return comments and all below them, each before its replies."""
    pending = comments[::-1]
    while pending:
        comment = pending.pop()
        yield comment
        pending.extend(reversed(comment["children"]))


def shown(storage: StorageBackend, moderator: bool = False, node: str = "n") -> list[Comment]:
    """Return all comments of a node that a reader sees, and check them against the count."""
    comments = list(every(storage.get_data(node, None, moderator)["comments"]))
    counts = [count for id, count in storage.get_metadata("index", moderator).items() if id == node]
    assert counts in ([], [len(comments)]), "the count is what the reader sees"
    return comments


def rating(storage: StorageBackend, id: str) -> int:
    """Return a comment's rating."""
    return next(c["rating"] for c in shown(storage, moderator=True) if c["id"] == id)


class StorageContract:
    """What every comment store does, and what it refuses."""

    @pytest.fixture
    def storage(self) -> StorageBackend:
        """Return a new, empty store; the author's own fixture stands in for this one."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _build(self, storage: StorageBackend) -> None:
        publish(storage, "n", "other")

    # -- builds ------------------------------------------------------------------------------

    def test_registers_nodes(self, storage: StorageBackend) -> None:
        """A node is known by its id, has its source, and no comments yet."""
        assert storage.has_node("n")
        assert not storage.has_node("N")
        thread = storage.get_data("n", None, False)
        assert (thread["source"], thread["comments"]) == ("Source of n.", [])
        assert storage.get_metadata("index", False) == {"n": 0, "other": 0}
        assert storage.get_metadata("nowhere", True) == {}

    def test_shows_nothing_of_a_build_before_its_end(self, storage: StorageBackend) -> None:
        """Readers see the nodes of the build before until the next one is published."""
        storage.pre_build()
        storage.add_node("n", "moved", "New source.")
        storage.add_node("new", "index", "New.")
        assert storage.get_data("n", None, False)["source"] == "Source of n."
        assert storage.get_metadata("index", False) == {"n": 0, "other": 0}
        with pytest.raises(NodeNotFoundError):
            storage.get_data("new", None, False)
        storage.post_build()
        assert storage.get_data("n", None, False)["source"] == "New source."
        assert storage.get_metadata("index", False) == {"other": 0, "new": 0}
        assert storage.get_metadata("moved", False) == {"n": 0}

    def test_forgets_a_build_that_failed(self, storage: StorageBackend) -> None:
        """What a discarded build registered is not in the next one."""
        storage.pre_build()
        storage.add_node("new", "index", "New.")
        storage.discard_build()
        publish(storage, "n")
        assert not storage.has_node("new")

    def test_names_the_published_build(self, storage: StorageBackend) -> None:
        """Another name for each build that changes something, unless the store has none."""
        publish(storage, "n")
        first = storage.get_generation()
        publish(storage, "n")
        assert storage.get_generation() == first
        publish(storage, "n", "m")
        assert first is None or storage.get_generation() not in {None, first}

    def test_keeps_comments_through_builds(self, storage: StorageBackend) -> None:
        """A comment stays with its node, changed or not, also one written during a build."""
        say(storage)
        storage.pre_build()
        storage.add_node("n", "index", "Changed.")
        say(storage, text="<p>Meanwhile</p>")
        storage.post_build()
        assert [c["text"] for c in shown(storage)] == ["<p>Hello</p>", "<p>Meanwhile</p>"]
        assert storage.get_data("n", None, False)["source"] == "Changed."

    def test_keeps_any_source(self, storage: StorageBackend) -> None:
        """Sources are kept as they are, of any length; what cannot be kept is marked."""
        sources = {"empty": "", "long": "word " * 40_000, "lines": "a\r\nb\n\n🦊\t", "nul": "a\0b"}
        storage.pre_build()
        for id, source in sources.items():
            storage.add_node(id, "index", source)
        storage.post_build()
        sources["nul"] = "a\N{REPLACEMENT CHARACTER}b"
        assert {id: storage.get_data(id, None, False)["source"] for id in sources} == sources

    # -- comments ----------------------------------------------------------------------------

    def test_returns_the_comment(self, storage: StorageBackend) -> None:
        """What ``add_comment`` returns is what readers get, plus three things."""
        new = say(storage, text="<p>One</p>", username="ann", proposal="Sauce of n.")
        assert new == {
            "text": "<p>One</p>",
            "username": "ann",
            "id": new["id"],
            "rating": 0,
            "age": new["age"],
            "time": new["time"],
            "vote": 0,
            "node": "n",
            "parent": None,
            "proposal_diff": "<del>Source</del><ins>Sauce</ins> of n.",
            "displayed": True,
            "edited": None,
            "children": [],
            "document": "index",
            "proposal_diff_text": "[-Source-]{+Sauce+} of n.",
        }
        [seen] = storage.get_data("n", None, False)["comments"]
        assert seen | {"age": 0} == {key: new[key] for key in seen} | {"age": 0}  # type: ignore[literal-required] # the keys of a comment are among those of a new one

    def test_gives_ids_as_strings(self, storage: StorageBackend) -> None:
        """Ids are strings that name one comment each; the node is named at the top only."""
        one = say(storage)
        two = say(storage, parent_id=one["id"])
        assert isinstance(one["id"], str)
        assert one["id"] != two["id"]
        assert (one["node"], one["parent"]) == ("n", None)
        assert (two["node"], two["parent"]) == (None, one["id"])

    @pytest.mark.parametrize(
        ("time", "iso"),
        [
            (NOON, "2024-02-29T12:00:00+00:00"),
            (NOON.replace(tzinfo=None), "2024-02-29T12:00:00+00:00"),
            (NOON.astimezone(timezone(timedelta(hours=-8))), "2024-02-29T12:00:00+00:00"),
            (NOON.replace(microsecond=7), "2024-02-29T12:00:00.000007+00:00"),
            (datetime(1901, 2, 3, tzinfo=UTC), "1901-02-03T00:00:00+00:00"),
        ],
    )
    def test_keeps_the_moment(self, storage: StorageBackend, time: datetime, iso: str) -> None:
        """Times are told in UTC with their zone; one without a zone is UTC."""
        say(storage, time=time)
        [comment] = shown(storage)
        assert comment["time"]["iso"] == iso
        told = [comment["time"][part] for part in ("year", "month", "day", "hour")]
        moment = datetime.fromisoformat(iso)
        assert told == [moment.year, moment.month, moment.day, moment.hour]

    def test_counts_days_in_the_age(self, storage: StorageBackend) -> None:
        """An age is whole seconds, of days gone by as well, and told in words."""
        say(storage, time=datetime.now(UTC) - timedelta(days=3, hours=1))
        [comment] = shown(storage)
        assert 3 * 86_400 + 3600 <= comment["age"] < 3 * 86_400 + 3700
        assert comment["time"]["delta"] == "3 days ago"

    def test_orders_by_time_then_by_arrival(self, storage: StorageBackend) -> None:
        """Siblings stand oldest first at every level, the tenth behind the ninth."""
        top = [say(storage, text=f"{n}") for n in range(12)]
        early = say(storage, text="early", time=NOON - timedelta(days=1))
        replies = [say(storage, text=f"re {n}", parent_id=top[3]["id"]) for n in range(11)]
        first = say(storage, text="re first", parent_id=top[3]["id"], time=NOON - timedelta(1))
        comments = storage.get_data("n", None, False)["comments"]
        assert [c["id"] for c in comments] == [c["id"] for c in (early, *top)]
        assert [c["id"] for c in comments[4]["children"]] == [c["id"] for c in (first, *replies)]

    def test_nests_deeply(self, storage: StorageBackend) -> None:
        """A thousand replies, each to the one before: nothing recurses."""
        ids = [say(storage)["id"]]
        for _ in range(1000):
            ids.append(say(storage, parent_id=ids[-1])["id"])
        chain = shown(storage)
        assert [c["id"] for c in chain] == ids
        assert [c["parent"] for c in chain] == [None, *ids[:-1]]
        assert storage.delete_comment(ids[1], "", True)
        assert [c["id"] for c in shown(storage)] == ids[:1]

    def test_tells_how_deep_a_comment_stands(self, storage: StorageBackend) -> None:
        """From 1, or 0 where it cannot tell."""
        above = say(storage)["id"]
        say(storage)
        if storage.get_depth(above) == 0:
            return
        for depth in range(1, 6):
            assert storage.get_depth(above) == depth
            above = say(storage, parent_id=above)["id"]
        for id in STRANGE_IDS:
            with pytest.raises(CommentNotFoundError):
                storage.get_depth(id)

    @pytest.mark.parametrize("name", [None, ""])
    def test_takes_anonymous_comments(self, storage: StorageBackend, name: str | None) -> None:
        """No name and an empty name are the same."""
        assert say(storage, username=name)["username"] == "Anonymous"
        assert shown(storage)[0]["username"] == "Anonymous"

    @pytest.mark.parametrize("name", NAMES)
    def test_keeps_any_name(self, storage: StorageBackend, name: str) -> None:
        """A name is kept as it is and is equal to nothing else."""
        comment = say(storage, username=name)
        assert shown(storage)[0]["username"] == name
        storage.process_vote(comment["id"], name, 1)
        for other in {name.swapcase(), name.strip(), f"{name} ", f"%{name}"} - {name}:
            assert storage.get_data("n", other, False)["comments"][0]["vote"] == 0
            with pytest.raises(UserNotAuthorizedError):
                storage.delete_comment(comment["id"], other, False)
        assert storage.get_data("n", name, False)["comments"][0]["vote"] == 1
        assert storage.delete_comment(comment["id"], name, False) is False

    def test_keeps_any_text(self, storage: StorageBackend) -> None:
        """Text is kept to the last character."""
        texts = ["<p>🦊 % _ ' \" \\ \\0</p>", "שלום\r\n\t", "x" * 200_000, "", " "]
        for text in texts:
            say(storage, text=text)
        assert [c["text"] for c in shown(storage)] == texts

    @pytest.mark.parametrize("bad", UNSTORABLE)
    @pytest.mark.parametrize("field", ["text", "username", "proposal"])
    def test_refuses_what_cannot_be_kept(
        self, storage: StorageBackend, field: str, bad: str
    ) -> None:
        """NUL and lone surrogates are refused everywhere, not only where they hurt."""
        with pytest.raises(InvalidInputError):
            say(storage, **{field: bad})
        assert shown(storage, moderator=True) == []

    def test_refuses_a_name_that_is_too_long(self, storage: StorageBackend) -> None:
        """64 characters are the most."""
        with pytest.raises(InvalidInputError):
            say(storage, username="x" * 65)

    @pytest.mark.parametrize("both", [True, False])
    def test_needs_one_place(self, storage: StorageBackend, both: bool) -> None:
        """A comment belongs to a node or to a comment: not to both, not to none."""
        parent = say(storage)["id"] if both else None
        with pytest.raises(InvalidInputError):
            say(storage, node_id="n" if both else None, parent_id=parent)

    @pytest.mark.parametrize("id", STRANGE_IDS)
    def test_knows_its_ids(self, storage: StorageBackend, id: str) -> None:
        """What is nearly an id is none."""
        for _ in range(5):
            say(storage)
        calls: list[Callable[[], object]] = [
            partial(storage.process_vote, id, "ann", 1),
            partial(storage.accept_comment, id),
            partial(storage.delete_comment, id, "ann", False),
            partial(storage.delete_comment, id, "", True),
        ]
        if id:
            calls.append(partial(say, storage, parent_id=id))
        for call in calls:
            with pytest.raises(CommentNotFoundError):
                call()
        with pytest.raises(NodeNotFoundError):
            storage.get_data(id, None, True)
        with pytest.raises(NodeNotFoundError if id else InvalidInputError):
            say(storage, node_id=id)
        assert not storage.has_node(id)
        assert storage.get_metadata(id, True) == {}
        assert len(shown(storage)) == 5

    # -- proposals ---------------------------------------------------------------------------

    @pytest.mark.parametrize("proposal", [None, "", " \n", "Source of n."])
    def test_takes_no_empty_proposal(self, storage: StorageBackend, proposal: str | None) -> None:
        """A proposal that changes nothing is none."""
        new = say(storage, proposal=proposal)
        assert (new["proposal_diff"], new["proposal_diff_text"]) == (None, None)
        assert shown(storage)[0]["proposal_diff"] is None

    def test_compares_a_reply_with_its_thread(self, storage: StorageBackend) -> None:
        """A reply proposes a change to the node that its thread is about."""
        parent = say(storage)
        reply = say(storage, parent_id=parent["id"], proposal="Source.")
        assert reply["proposal_diff"] == "Source<del> of n</del>."
        assert reply["document"] == "index"

    @pytest.mark.parametrize(
        ("source", "proposal", "html"),
        [
            ("", "New", "<ins>New</ins>"),
            ("a <b> & c", "a <i> & c", "a &lt;<del>b</del><ins>i</ins>&gt; &amp; c"),
        ],
    )
    def test_escapes_a_proposal(
        self, storage: StorageBackend, source: str, proposal: str, html: str
    ) -> None:
        """The difference is safe HTML whatever the source holds, and may start from nothing."""
        storage.pre_build()
        storage.add_node("n", "index", source)
        storage.post_build()
        assert say(storage, proposal=proposal)["proposal_diff"] == html

    # -- what is not displayed ---------------------------------------------------------------

    def test_hides_what_is_not_displayed(self, storage: StorageBackend) -> None:
        """Only a moderator sees it, nobody replies to it, and it is not counted."""
        hidden = say(storage, displayed=False)
        assert not hidden["displayed"]
        assert shown(storage) == []
        assert [c["id"] for c in shown(storage, moderator=True)] == [hidden["id"]]
        with pytest.raises(CommentNotAllowedError):
            say(storage, parent_id=hidden["id"])
        with pytest.raises(CommentNotAllowedError):
            say(storage, parent_id=hidden["id"], moderator=True)

    def test_shows_what_is_accepted(self, storage: StorageBackend) -> None:
        """An accepted comment is displayed; to accept it again changes nothing."""
        top = say(storage)
        hidden = say(storage, parent_id=top["id"], displayed=False)
        say(storage, parent_id=top["id"], displayed=False)
        storage.accept_comment(hidden["id"])
        storage.accept_comment(hidden["id"])
        assert [c["id"] for c in shown(storage)] == [top["id"], hidden["id"]]
        assert len(shown(storage, moderator=True)) == 3
        say(storage, parent_id=hidden["id"])

    # -- votes -------------------------------------------------------------------------------

    def test_counts_the_last_vote_of_each(self, storage: StorageBackend) -> None:
        """A rating is the sum of all readers' last votes; each sees the own vote."""
        id = say(storage)["id"]
        for name, value in [("a", 1), ("b", 1), ("a", 1), ("c", -1), ("b", -1), ("a", 0)]:
            storage.process_vote(id, name, value)
        assert rating(storage, id) == -2
        for name, value in {"a": 0, "b": -1, "c": -1, "d": 0}.items():
            assert storage.get_data("n", name, False)["comments"][0]["vote"] == value

    @pytest.mark.parametrize("value", [2, -2, 0.5, True, "1 ", "", None])
    def test_refuses_other_votes(self, storage: StorageBackend, value: Any) -> None:
        """A vote is −1, 0 or 1."""
        id = say(storage)["id"]
        with pytest.raises(ValueError, match="vote value"):
            storage.process_vote(id, "ann", value)
        assert rating(storage, id) == 0

    @pytest.mark.parametrize("name", ["", *UNSTORABLE, "x" * 65])
    def test_refuses_votes_of_nobody(self, storage: StorageBackend, name: str) -> None:
        """A vote has a name that can be kept."""
        id = say(storage)["id"]
        with pytest.raises(InvalidInputError):
            storage.process_vote(id, name, 1)

    # -- deletion ----------------------------------------------------------------------------

    def test_erases_for_the_author(self, storage: StorageBackend) -> None:
        """Text, name and proposal are gone for everyone; replies and votes stay."""
        id = say(storage, text="<p>Secret</p>", proposal="Secret of n.")["id"]
        reply = say(storage, parent_id=id)["id"]
        storage.process_vote(id, "bob", 1)
        assert storage.delete_comment(id, "ann", False) is False
        for moderator in (False, True):
            gone, kept = shown(storage, moderator)
            assert (gone["text"], gone["username"]) == ("[deleted]", "[deleted]")
            assert gone["proposal_diff"] is None
            assert gone["rating"] == 1
            assert kept["id"] == reply
        assert "ecret" not in str(storage.get_data("n", "ann", True)["comments"])

    @pytest.mark.parametrize("name", ["bob", "", "[deleted]", "ANN", "ann ", "\0", None])
    def test_refuses_strangers(self, storage: StorageBackend, name: Any) -> None:
        """Only its author deletes a comment, once; nobody owns an anonymous one."""
        own, anonymous = say(storage)["id"], say(storage, username=None)["id"]
        deleted = say(storage)["id"]
        storage.delete_comment(deleted, "ann", False)
        for id in (own, anonymous, deleted):
            with pytest.raises(UserNotAuthorizedError):
                storage.delete_comment(id, name, False)
        with pytest.raises(UserNotAuthorizedError):
            storage.delete_comment(deleted, "ann", False)
        assert [c["username"] for c in shown(storage)] == ["ann", "Anonymous", "[deleted]"]

    def test_removes_for_a_moderator(self, storage: StorageBackend) -> None:
        """All replies and their votes go with it; the id is never given again."""
        top, kept = say(storage)["id"], say(storage)["id"]
        reply = say(storage, parent_id=top)["id"]
        below = say(storage, parent_id=reply, displayed=False)["id"]
        for id in (top, reply, below):
            storage.process_vote(id, "bob", 1)
        assert storage.delete_comment(top, "", True) is True
        assert [c["id"] for c in shown(storage, moderator=True)] == [kept]
        for id in (top, reply, below):
            with pytest.raises(CommentNotFoundError):
                storage.process_vote(id, "bob", 1)
        assert say(storage)["id"] not in {top, reply, below, kept}

    def test_removes_a_part_of_a_thread(self, storage: StorageBackend) -> None:
        """Siblings and those above stay."""
        top = say(storage)["id"]
        left, right = say(storage, parent_id=top)["id"], say(storage, parent_id=top)["id"]
        say(storage, parent_id=left)
        assert storage.delete_comment(left, "", True) is True
        assert [c["id"] for c in shown(storage)] == [top, right]

    # -- names -------------------------------------------------------------------------------

    def test_renames(self, storage: StorageBackend) -> None:
        """Comments and votes follow; where both names voted, the new one's vote is left."""
        ids = [say(storage)["id"] for _ in range(4)]
        for id, old, new in zip(ids, [1, 1, -1, 0], [0, -1, 1, 1], strict=True):
            storage.process_vote(id, "ann", old)
            storage.process_vote(id, "eve", new)
        storage.update_username("ann", "eve")
        comments = storage.get_data("n", "eve", False)["comments"]
        assert [c["vote"] for c in comments] == [1, -1, 1, 1]
        assert [c["rating"] for c in comments] == [1, -1, 1, 1]
        assert {c["username"] for c in comments} == {"eve"}
        assert {c["vote"] for c in storage.get_data("n", "ann", False)["comments"]} == {0}

    @pytest.mark.parametrize("old", ["", "ann", "nobody", "\0", "[deleted]"])
    def test_renames_nobody_else(self, storage: StorageBackend, old: str) -> None:
        """An empty name, a deleted one and an unknown one own nothing."""
        deleted = say(storage)["id"]
        say(storage, username=None)
        storage.delete_comment(deleted, "ann", False)
        before = storage.get_data("n", None, True)["comments"]
        storage.update_username(old, "eve" if old != "ann" else "ann")
        after = storage.get_data("n", None, True)["comments"]
        assert [c["username"] for c in after] == [c["username"] for c in before]

    @pytest.mark.parametrize("new", ["", *UNSTORABLE, "x" * 65])
    def test_refuses_to_rename_to_nobody(self, storage: StorageBackend, new: str) -> None:
        """A user keeps a name."""
        say(storage)
        with pytest.raises(InvalidInputError):
            storage.update_username("ann", new)
        assert shown(storage)[0]["username"] == "ann"

    # -- pages -------------------------------------------------------------------------------

    @pytest.mark.parametrize("moderator", [False, True])
    def test_gives_a_thread_in_parts(self, storage: StorageBackend, moderator: bool) -> None:
        """The parts, one after the other, are the whole; equal times lose nothing."""
        for n in range(7):
            time = NOON + timedelta(seconds=n // 3)
            top = say(storage, time=time, displayed=n != 2)
            if n != 2:
                say(storage, parent_id=top["id"], displayed=n % 2 == 0)
        whole = storage.get_data("n", "ann", moderator)
        parts, mark = [], None
        while True:
            page = storage.get_page("n", Viewer("ann", moderator), mark, limit=2)
            assert page["source"] == whole["source"]
            parts.append([c["id"] for c in every(page["comments"])])
            mark = page["next"]
            if mark is None:
                break
        assert [id for part in parts for id in part] == [c["id"] for c in every(whole["comments"])]
        assert len(parts) == (4 if moderator else 3)

    def test_goes_on_where_it_stopped(self, storage: StorageBackend) -> None:
        """A mark stays good while comments are added."""
        ids = [say(storage)["id"] for _ in range(4)]
        page = storage.get_page("n", Viewer(), limit=2)
        say(storage)
        assert page["next"] is not None
        rest = storage.get_page("n", Viewer(), page["next"], limit=9)
        assert [c["id"] for c in rest["comments"]][:2] == ids[2:]
        assert rest["next"] is None
        with pytest.raises(NodeNotFoundError):
            storage.get_page("nowhere", Viewer())

    def test_gives_signs_of_life(self, storage: StorageBackend) -> None:
        """A store that works says so."""
        storage.check()
