"""Any store copied to any other: all is kept, found by its id, and goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from sphinxcontrib_websupport.backends.encrypted import Encrypted
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.errors import (
    CommentNotFoundError,
    InvalidInputError,
    NodeNotFoundError,
    TransferError,
)
from sphinxcontrib_websupport.model import Edit, Node, Viewer
from sphinxcontrib_websupport.registry import open_storage
from sphinxcontrib_websupport.storage.keyvalue import KeyValueStorage
from sphinxcontrib_websupport.storage.transfer.copying import (
    StoreStream,
    TransferableStorage,
    compare,
    copy,
    transferable,
)
from sphinxcontrib_websupport.storage.transfer.records import CommentRecord
from sphinxcontrib_websupport.testing.retirement import retire
from sphinxcontrib_websupport.testing.storage import NAMES, NOON, publish, rating, say, shown
from tests.storage.shelf import ShelfStorage
from tests.storage.transfers import everything, fill

MEMORY = ("sqlite", "memory")
PAIRS = [
    *((a, b) for a in MEMORY for b in MEMORY),
    # Of the engines that take longer, from the one whose ids are of the other form.
    *(("memory", b) for b in ("postgresql", "mariadb")),
    *(("sqlite", b) for b in ("redis", "redis_cluster", "any_s3", "couchbase", "encrypted")),
]


class Stores:
    """Opens an empty store on the engine of a name."""

    def __init__(self, request: pytest.FixtureRequest, stack: ExitStack) -> None:
        self._request = request
        self._stack = stack

    def __call__(self, engine: str) -> TransferableStorage:
        if engine == "encrypted":
            storage = KeyValueStorage(Encrypted(VolatileBackend(), b"k" * 32))
            return transferable(storage)
        urls = {"sqlite": "sqlite://", "memory": "memory://"}
        url = urls.get(engine) or self._request.getfixturevalue(f"{engine}_url")
        return transferable(self._stack.enter_context(closing(open_storage(url))))


@pytest.fixture
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    with ExitStack() as stack:
        yield Stores(request, stack)


def transfer(source: TransferableStorage, target: TransferableStorage) -> list[str]:
    """Copy, and return what differs in the end."""
    copy(StoreStream(source), target, lambda _: None)
    return list(compare(StoreStream(source), target, lambda _: None))


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_copies_everything_there_and_back(stores: Stores, first: str, second: str) -> None:
    source, target = stores(first), stores(second)
    ids = fill(source, comments=120 if second in MEMORY else 20)
    assert transfer(source, target) == []
    assert everything(target) == everything(source)
    for moderator in (False, True):
        for document in ("index", "guide/start"):
            assert target.get_metadata(document, moderator) == source.get_metadata(
                document, moderator
            )
        assert target.get_retired(moderator=moderator) == source.get_retired(moderator=moderator)
        for node in ("n", "other", "gone", "Ünï/code"):
            ours = target.get_data(node, "ann", moderator)
            theirs = source.get_data(node, "ann", moderator)
            assert [c["id"] for c in ours["comments"]] == [c["id"] for c in theirs["comments"]]
    for id in ids:
        assert target.find_comment(id, True) == source.find_comment(id, True)
    back = stores(first)
    assert transfer(target, back) == []
    assert everything(back) == everything(source)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_the_discussion_goes_on(stores: Stores, first: str, second: str) -> None:
    """Every call takes an id from there, and new comments get ids of their own."""
    source, target = stores(first), stores(second)
    top, hidden, deleted, below, *_ = ids = fill(source, comments=3)
    assert transfer(source, target) == []
    reply = say(target, parent_id=below, proposal="Source.")
    assert reply["parent"] == below
    assert reply["id"] not in ids
    new = say(target)["id"]
    assert new not in ids
    target.process_vote(below, "eve", 1)
    target.process_vote(new, "eve", 1)
    edit = Edit(text="<p>Again</p>", original="Again", time=NOON)
    edited = target.edit_comment(below, edit, Viewer("ann"))
    assert (edited["id"], edited["parent"]) == (below, deleted)
    assert target.get_original(below, Viewer("ann"))["text"] == "Again"
    target.accept_comment(hidden)
    target.update_username("O'Hara", "eve")
    assert rating(target, below) == 1
    assert {c["id"] for c in shown(target)} == {top, hidden, deleted, below, reply["id"], new}
    page = target.get_page("n", Viewer("eve"), limit=1)
    assert page["comments"][0]["id"] == top
    assert target.get_page("n", Viewer("eve"), page["next"], limit=1)["comments"][0]["id"] == new
    assert target.delete_comment(below, "ann", False) is False
    target.attach_node("n", "other")
    assert target.find_comment(top, False) == "other"
    assert target.delete_comment(top, "", True) is True
    for id in (top, hidden, below, reply["id"]):
        with pytest.raises(CommentNotFoundError):
            target.process_vote(id, "eve", 1)
    back = stores(first)
    assert transfer(target, back) == []
    assert back.find_comment(new, False) == "other"


@pytest.mark.parametrize("second", MEMORY)
@pytest.mark.parametrize("first", MEMORY)
def test_takes_over_what_was_attached(stores: Stores, first: str, second: str) -> None:
    """Comments in a thread that began at another node are found by their ids, too."""
    source, target = stores(first), stores(second)
    publish(source, "n", "other")
    ids = [say(source)["id"], say(source, node="other")["id"]]
    source.attach_node("n", "other")
    publish(source, "n", "other")
    ids.append(say(source)["id"])
    assert transfer(source, target) == []
    assert [target.find_comment(id, False) for id in ids] == ["other", "other", "n"]


@pytest.mark.parametrize("second", MEMORY)
@pytest.mark.parametrize("first", MEMORY)
def test_copied_again_it_follows(stores: Stores, first: str, second: str) -> None:
    """What was changed and added since is taken over; what is only there is told."""
    source, target = stores(first), stores(second)
    top, hidden, *_ = fill(source, comments=3)
    assert transfer(source, target) == []
    source.accept_comment(hidden)
    source.process_vote(top, "ann", 0)
    source.update_username("ann", "eve")
    new = say(source, parent_id=hidden)["id"]
    retire(source, "other")
    publish(source, "fresh", document="guide/start")
    assert transfer(source, target) == []
    assert [c["id"] for c in shown(target)] == [c["id"] for c in shown(source)]
    gone = say(target, parent_id=new)["id"]
    source.delete_comment(new, "", True)
    assert transfer(source, target) == [
        f"comment {new} on node n: only in TO",
        f"comment {gone} on node n: only in TO",
    ]


@pytest.mark.parametrize("engine", MEMORY)
class TestDifferences:
    def test_names_each(self, stores: Stores, engine: str) -> None:
        source, target = stores(engine), stores(engine)
        top = fill(source, comments=1)[0]
        copy(StoreStream(source), target, lambda _: None)
        source.process_vote(top, "new", 1)
        publish(source, "mine")
        publish(target, "theirs")
        target.pre_build()
        target.add_node("n", "index", "Other source.")
        target.post_build()
        new = say(target, node="theirs")["id"]
        assert sorted(compare(StoreStream(source), target, lambda _: None)) == [
            f"comment {top} on node n: votes differ",
            "node mine: only in FROM",
            "node n: source, file, line differ",
            "node theirs: only in TO",
        ]
        assert new

    def test_another_comment_is_not_overwritten(self, stores: Stores, engine: str) -> None:
        source, target = stores("sqlite"), stores(engine)
        fill(source, comments=1)
        copy(StoreStream(source), target, lambda _: None)
        there = everything(target)
        other = CommentRecord("1", None, 7, "<p>x</p>", None, True, False, None, None)
        for node in ("n", "other"):
            with pytest.raises(TransferError, match="another comment has the id '1'"):
                target.write_discussions({node: [other]})
        assert everything(target) == there

    def test_no_id_is_given_twice(self, stores: Stores, engine: str) -> None:
        target = stores(engine)
        publish(target, "n", "other")
        record = CommentRecord("x", None, 7, "<p>x</p>", None, True, False, None, None)
        with pytest.raises(TransferError, match="comes twice"):
            target.write_discussions({"n": [record], "other": [record]})
        target.write_discussions({"n": [record]})
        with pytest.raises(TransferError, match="another comment has the id 'x'"):
            target.write_discussions({"other": [record]})

    @pytest.mark.parametrize("name", NAMES)
    def test_ids_of_others_are_kept(self, stores: Stores, engine: str, name: str) -> None:
        """Whatever form they have: the store of somebody else gave them out."""
        target = stores(engine)
        target.write_nodes([Node("n", "index", "S.")])
        ids = [f"{name} {n}" for n in range(3)] + [name, "05"]
        records = [
            CommentRecord(id, above, 7, "<p>x</p>", name, True, False, None, None, votes={name: 1})
            for id, above in zip(ids, [None, *ids], strict=False)
        ]
        for _ in range(2):
            target.write_discussions({"n": records})
            assert target.read_discussions(["n", "nowhere"]) == {"n": records}
        assert say(target, parent_id=ids[2])["parent"] == ids[2]
        assert [c["id"] for c in shown(target)][:5] == ids

    @pytest.mark.parametrize(
        ("error", "changes"),
        [
            (InvalidInputError, {"text": "\0"}),
            (InvalidInputError, {"id": ""}),
            (InvalidInputError, {"id": "x" * 256}),
            (InvalidInputError, {"username": "x" * 65}),
            (InvalidInputError, {"votes": {"a": 2}}),
            (InvalidInputError, {"time": 2**60}),
            (TransferError, {"parent": "nobody"}),
        ],
    )
    def test_what_cannot_be_kept_is_refused(
        self, stores: Stores, engine: str, error: type[Exception], changes: dict[str, object]
    ) -> None:
        target = stores(engine)
        publish(target, "n")
        given = {"id": "1", "parent": None, "time": 7, "text": "", "username": None}
        given |= {"displayed": True, "deleted": False, "proposal": None, "proposal_diff": None}
        record = CommentRecord(**given | changes)  # type: ignore[arg-type] # what is refused
        with pytest.raises(error):
            target.write_discussions({"n": [record]})
        assert shown(target, moderator=True) == []
        with pytest.raises(NodeNotFoundError):
            target.write_discussions({"nowhere": []})


def test_a_store_of_others_says_what_it_lacks() -> None:
    with pytest.raises(TransferError) as refused:
        transferable(ShelfStorage())
    assert str(refused.value) == (
        "ShelfStorage cannot be copied: it lacks get_nodes, read_discussions, "
        "write_discussions, write_nodes of Transferable"
    )


def test_ids_that_were_given_out_are_not_given_again(stores: Stores, tmp_path: Path) -> None:
    source, target = stores("sqlite"), stores("postgresql")
    publish(source, "n")
    ids = [say(source)["id"] for _ in range(3)]
    source.delete_comment(ids[0], "", True)
    transfer(source, target)
    assert say(target)["id"] == "4"
