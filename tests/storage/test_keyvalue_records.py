"""What KeyValueStorage keeps under which keys, and what a call costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.filesystem import FileSystemTextBackend
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.errors import (
    BuildConflictError,
    DamagedValueError,
    InvalidInputError,
    NodeNotFoundError,
    SettingsError,
    WebSupportError,
)
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.registry import open_storage
from sphinxcontrib_websupport.storage.keyvalue import KeyValueStorage, layout, site, threads
from sphinxcontrib_websupport.testing.editing import change
from sphinxcontrib_websupport.testing.retirement import retire
from sphinxcontrib_websupport.testing.storage import NAMES, NOON, every, publish, say, shown
from tests.storage.watched import Watched


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def storage(watched: Watched) -> KeyValueStorage:
    return KeyValueStorage(watched)


def build(storage: KeyValueStorage, documents: int, nodes: int, **sources: str) -> None:
    storage.pre_build()
    for document in range(documents):
        for node in range(nodes):
            id = f"s{document}-{node}"
            storage.add_node(id, f"page {document}", sources.get(id, f"Source of {id}."))
    storage.post_build()


# -- what a call costs -----------------------------------------------------------------------


def test_never_lists_keys(storage: KeyValueStorage, watched: Watched) -> None:
    """No verb of a reader, a moderator or a build asks for all keys."""
    publish(storage, "n", "other")
    id = say(storage)["id"]
    say(storage, parent_id=id)
    storage.process_vote(id, "bob", 1)
    storage.update_username("bob", "eve")
    storage.get_page("n", Viewer("ann"))
    shown(storage)
    retire(storage, "n")
    storage.get_retired()
    storage.attach_node("n", "other")
    storage.delete_comment(id, "", True)
    list(storage.get_nodes())
    assert watched.calls["keys"] == watched.calls["clear"] == 0


def test_reads_in_a_few_round_trips(storage: KeyValueStorage, watched: Watched) -> None:
    """However many nodes and comments there are."""
    build(storage, documents=3, nodes=200)
    for node in range(0, 200, 4):
        say(storage, node=f"s1-{node}")
    watched.forget()
    assert sum(storage.get_metadata("page 1", False).values()) == 50
    assert watched.round_trips == 2
    # Only what has been commented on is looked at: the record of the page, its list, 50 headers.
    assert len(watched.loaded) == 52
    watched.forget()
    storage.get_data("s1-4", "ann", False)
    assert watched.round_trips == 2
    fresh = KeyValueStorage(watched)
    watched.forget()
    fresh.get_metadata("page 1", False)
    assert watched.round_trips == 4


def test_loads_a_part_of_a_long_thread(storage: KeyValueStorage, watched: Watched) -> None:
    """The first page costs the same however long the thread is, and so does a vote."""
    publish(storage, "n")
    ids = [say(storage, time=NOON + timedelta(seconds=n))["id"] for n in range(1000)]
    assert sum(key.startswith("thread/n/") for key, _ in watched) == 10
    mark, seen = None, []
    while True:
        watched.forget()
        page = storage.get_page("n", Viewer("ann"), mark)
        assert len([key for key in watched.loaded if key.startswith("thread/n/")]) <= 2
        seen += [comment["id"] for comment in page["comments"]]
        mark = page["next"]
        if mark is None:
            break
    assert seen == ids
    watched.forget()
    storage.process_vote(ids[500], "bob", 1)
    assert [key for key in watched.loaded if key.startswith("thread/")] == ["thread/n/5"]
    assert watched.calls["update"] == 2


def test_finds_comments_that_are_older_than_they_arrived(storage: KeyValueStorage) -> None:
    """A page is in order, whichever segments its comments are in."""
    publish(storage, "n")
    ids = [say(storage, time=NOON - timedelta(hours=n * 37 % 500))["id"] for n in range(300)]
    hours = {id: n * 37 % 500 for n, id in enumerate(ids)}
    mark, seen = None, []
    while True:
        page = storage.get_page("n", Viewer(), mark, limit=7)
        seen += [comment["id"] for comment in page["comments"]]
        mark = page["next"]
        if mark is None:
            break
    assert seen == sorted(ids, key=lambda id: -hours[id])


@pytest.mark.parametrize("mark", ["", "1", "1.2.3", "x.1.0.n", "1.1.0.\0", "1.1.0.n "])
def test_refuses_other_marks(storage: KeyValueStorage, mark: str) -> None:
    publish(storage, "n")
    with pytest.raises(InvalidInputError):
        storage.get_page("n", Viewer(), mark)


def test_writes_a_record_per_page(storage: KeyValueStorage, watched: Watched) -> None:
    """Of pages that changed; a build that changes nothing writes nothing."""
    build(storage, documents=20, nodes=100)
    watched.forget()
    build(storage, documents=20, nodes=100)
    assert watched.writes == 0
    before = watched.backend.keys()
    build(storage, documents=20, nodes=100, **{"s3-7": "Changed."})
    # The page and the manifest in place of the old ones, and what is to be deleted noted.
    assert watched.calls["dump"] == 2
    assert watched.calls["delete"] == 2
    assert len(watched.backend.keys()) == len(before)
    assert storage.get_data("s3-7", None, False)["source"] == "Changed."


def test_registers_many_nodes_on_one_page(storage: KeyValueStorage, watched: Watched) -> None:
    """A page or an index of thousands is cut into records of a size that every engine takes."""
    build(storage, documents=1, nodes=3500)
    assert [node.position for node in storage.get_nodes()] == list(range(3500))
    assert len(storage.get_metadata("page 0", False)) == 3500
    sizes = [len(json.dumps(value)) for _, value in watched.backend.items()]
    assert max(sizes) < 100_000
    build(storage, documents=9, nodes=3500)
    assert storage.get_data("s8-3499", None, False)["source"] == "Source of s8-3499."


def test_keeps_a_bounded_number_of_nodes_in_memory(watched: Watched) -> None:
    with mock.patch.object(site, "_KEPT", 100):
        storage = KeyValueStorage(watched)
        build(storage, documents=20, nodes=50)
        for document in range(20):
            assert storage.has_node(f"s{document}-49")
        assert storage._published._records._weight <= 1200


# -- builds ----------------------------------------------------------------------------------


def test_deletes_what_a_killed_build_wrote(storage: KeyValueStorage, watched: Watched) -> None:
    """The next build does, and readers never see any of it."""
    build(storage, documents=2, nodes=3)
    count = len(watched.backend.keys())

    def die(call: str) -> None:
        if watched.calls["dump"] == 2:
            raise KeyboardInterrupt

    watched.forget()
    watched.before = die
    with pytest.raises(KeyboardInterrupt):
        build(storage, documents=9, nodes=3)
    watched.before = lambda call: None
    storage.discard_build()
    assert len(watched.backend.keys()) > count
    assert storage.get_metadata("page 5", True) == {}
    build(storage, documents=2, nodes=3, **{"s0-0": "Changed."})
    assert len(watched.backend.keys()) == count


def test_deletes_what_a_slower_build_wrote(storage: KeyValueStorage, watched: Watched) -> None:
    """A build that loses the race leaves nothing."""
    build(storage, documents=2, nodes=3)
    other = KeyValueStorage(watched.backend)
    count = len(watched.backend.keys())

    def overtake(call: str) -> None:
        if call == "dump":
            watched.before = lambda call: None
            build(other, documents=2, nodes=3, **{"s0-0": "Changed by the other."})

    watched.before = overtake
    with pytest.raises(BuildConflictError):
        build(storage, documents=2, nodes=3, **{"s0-0": "Changed by this one."})
    assert len(watched.backend.keys()) == count
    assert other.get_data("s0-0", None, False)["source"] == "Changed by the other."


def test_reads_on_while_builds_replace_pages(storage: KeyValueStorage, watched: Watched) -> None:
    """A reader who was given a page's name before it was deleted reads again."""
    build(storage, documents=2, nodes=3)
    reader = KeyValueStorage(watched)
    others = iter(range(5))

    def replace(call: str) -> None:
        watched.before = lambda call: None
        for n in others:
            build(storage, documents=2, nodes=3, **{"s0-0": f"Changed {n}."})
            watched.before = replace
            break

    watched.before = replace
    assert len(reader.get_metadata("page 0", False)) == 3


def test_forgets_retired_nodes_in_a_later_build(storage: KeyValueStorage, watched: Watched) -> None:
    """Pages do not grow for ever with what is gone and was never discussed."""
    build(storage, documents=1, nodes=50)
    storage.pre_build()
    for node in range(10, 50):
        storage.retire_node(f"s0-{node}")
    storage.post_build()
    build(storage, documents=1, nodes=10, **{"s0-0": "Changed."})
    pages = [value for key, value in watched.backend.items() if key.startswith("page/")]
    assert [len(page) for page in pages] == [10]


def test_retires_no_strange_ids(storage: KeyValueStorage) -> None:
    publish(storage, "n")
    for id in ("", "\0", "\ud800", "x" * 1000):
        retire(storage, id)
    assert [node.id for node in storage.get_nodes()] == ["n"]


# -- what is kept ----------------------------------------------------------------------------


@pytest.mark.parametrize("moderator", [False, True])
def test_keeps_no_trace_of_what_was_deleted(
    storage: KeyValueStorage, watched: Watched, moderator: bool
) -> None:
    """Neither text nor proposal, nor the difference, in any record."""
    publish(storage, "n", "other")
    secret = say(storage, text="<p>Xyzzy</p>", proposal="Xyzzy of n.", username="ann")["id"]
    say(storage, parent_id=secret, username="bob")
    retire(storage, "n")
    storage.attach_node("n", "other")
    assert "yzzy" in str(dict(watched.backend.items()))
    storage.delete_comment(secret, "ann", moderator)
    assert "yzzy" not in str(dict(watched.backend.items()))


@pytest.mark.parametrize("node", ["s1f2e3", "-x", "_1_n", "Ünï cödé", "a/b", "x" * 128, *NAMES])
def test_gives_ids_for_addresses(storage: KeyValueStorage, node: str) -> None:
    """An id has only characters that addresses and selectors take, and at most 255."""
    publish(storage, node)
    top = say(storage, node=node)["id"]
    reply = say(storage, parent_id=top)["id"]
    for id in (top, reply):
        assert len(id) <= 255
        assert set(id) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
        assert storage.find_comment(id, False) == node
    assert layout.CommentId.parsed(reply).thread == layout.main_thread(node)


def test_begins_a_new_thread_where_one_was_attached_elsewhere(storage: KeyValueStorage) -> None:
    """A node that comes back has a discussion of its own; ids of both stay good."""
    publish(storage, "n", "other")
    first = say(storage)["id"]
    storage.attach_node("n", "other")
    publish(storage, "n", "other")
    second = say(storage)["id"]
    storage.attach_node("n", "other")
    publish(storage, "n", "other")
    third = say(storage)["id"]
    assert [c["id"] for c in shown(storage)] == [third]
    assert [c["id"] for c in shown(storage, node="other")] == [first, second]
    page = storage.get_page("other", Viewer(), limit=1)
    rest = storage.get_page("other", Viewer(), page["next"], limit=1)
    assert [c["id"] for c in rest["comments"]] == [second]
    storage.attach_node("other", "n")
    assert [c["id"] for c in shown(storage)] == [first, second, third]


def test_mends_counts_once(storage: KeyValueStorage, watched: Watched) -> None:
    """After a writer was killed, readers count the segment until one of them has noted it."""

    def die(call: str) -> None:
        if watched.calls["update"] == 4:
            raise KeyboardInterrupt

    publish(storage, "n")
    say(storage)
    watched.forget()
    watched.before = die
    # The header, the segment, the header, and for the second comment only the header.
    say(storage)
    with pytest.raises(KeyboardInterrupt):
        say(storage)
    watched.before = lambda call: None
    for stale, loads in ((threads.STALE, 1), (0, 1), (0, 0)):
        watched.forget()
        with mock.patch.object(threads, "STALE", stale):
            counts = storage.get_metadata("index", False)
        assert counts == {"n": len(storage.get_data("n", None, False)["comments"])}
        first = watched.loaded.index("thread/n") + 1
        assert watched.loaded[first : first + 2].count("thread/n/0") >= loads


@pytest.mark.parametrize(("fields", "typed"), [(11, None), (13, "*Hello*")])
def test_reads_comments_of_earlier_layouts(
    storage: KeyValueStorage, watched: Watched, fields: int, typed: str | None
) -> None:
    """Their rows are shorter: from before comments could be changed, and before ``markup``.

    The first change stores them whole.
    """
    publish(storage, "n")
    id = say(storage, original="*Hello*", markup="markdown", proposal="Sauce of n.")["id"]

    def shorten(segment: Any) -> Any:
        return segment | {"comments": [row[:fields] for row in segment["comments"]]}

    watched.update("thread/n/0", shorten)
    assert shown(storage)[0]["edited"] is None
    original = storage.get_original(id, Viewer("ann"))
    assert original == {"text": typed, "markup": None, "proposal": "Sauce of n.", "base": None}
    change(storage, id, markup="rst")
    assert shown(storage)[0]["edited"] is not None
    original = storage.get_original(id, Viewer("ann"))
    assert (original["text"], original["markup"]) == ("Changed", "rst")


# -- damage ----------------------------------------------------------------------------------

JUNK = [0, "", "junk", [], {}, True, [[]], [None], {"x": 1}, [1, 2], [1, 2, 3, 4], {"parts": 1}]


@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_says_that_a_value_is_damaged(
    storage: KeyValueStorage, watched: Watched, junk: Any
) -> None:
    """Whatever stands under whichever key: an answer that is right, or an error of its own."""
    publish(storage, "n", "other")
    top = say(storage)["id"]
    reply = say(storage, parent_id=top)["id"]
    storage.process_vote(reply, "ann", 1)
    calls: list[Callable[[KeyValueStorage], Any]] = [
        lambda storage: storage.process_vote(reply, "ann", 1),
        lambda storage: storage.find_comment(reply, False),
        lambda storage: storage.get_metadata("index", True),
        lambda storage: list(storage.get_nodes()),
        lambda storage: say(storage, parent_id=top),
        lambda storage: say(storage),
        lambda storage: storage.accept_comment(top),
        lambda storage: storage.delete_comment(top, "", True),
        lambda storage: storage.update_username("ann", "eve"),
        lambda storage: retire(storage, "n"),
        lambda storage: publish(storage, "n", "other", "third"),
        lambda storage: storage.attach_node("n", "other"),
    ]
    for key in watched.backend.keys():  # noqa: SIM118 - a backend iterates over its items
        storage = KeyValueStorage(_copy(watched.backend, key, junk))
        for get in (storage.get_thread, storage.get_page):
            with suppress(DamagedValueError, NodeNotFoundError):
                assert [c["id"] for c in every(get("n", Viewer())["comments"])] == [top, reply]
        for call in calls:
            with suppress(WebSupportError):
                call(KeyValueStorage(_copy(watched.backend, key, junk)))


def _copy(backend: Backend, key: str, value: Any) -> Backend:
    copy = VolatileBackend()
    for other, whole in backend.items():
        copy.dump(other, value if other == key else whole)
    return copy


def test_needs_json_values(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(SettingsError, match="JSON"):
        KeyValueStorage(FileSystemTextBackend(tmp_path_factory.mktemp("text")))


def test_is_chosen_by_url(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("comments")
    for _ in range(2):
        storage = open_storage(f"{folder.as_uri()}?durable=0")
        assert isinstance(storage, KeyValueStorage)
        publish(storage, "n")
        say(storage)
        storage.close()
    assert len(shown(open_storage(f"{folder.as_uri()}?durable=0"))) == 2
    assert isinstance(open_storage("memory://"), KeyValueStorage)
