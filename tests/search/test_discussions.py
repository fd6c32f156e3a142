"""Comments in search results: those that every reader may see, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sphinxcontrib_websupport import WebSupport
from sphinxcontrib_websupport.errors import CommentNotAllowedError, StorageError
from sphinxcontrib_websupport.search.base import BaseSearch
from sphinxcontrib_websupport.search.results import SearchResult
from sphinxcontrib_websupport.search.sqlite import SQLiteSearch
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.testing.search import build, page


def register(support: WebSupport) -> None:
    support.storage.pre_build()
    support.storage.add_node("n1", "a", "Install it.")
    support.storage.add_node("n2", "a", "Use it.")
    support.storage.post_build()


@pytest.fixture
def support(tmp_path: Path) -> Iterator[WebSupport]:
    support = WebSupport(builddir=tmp_path, search="sqlite")
    register(support)
    source = page("Install it.", "Use it.", title="Setup")
    build(support.search, {"a": source}, marks={"Install it.": "n1", "Use it.": "n2"})
    yield support
    support.close()


def comments(support: WebSupport, q: str) -> list[SearchResult]:
    """Search once the thread that the search before has begun, if it did, is at its end."""
    support.find(q)
    support._discussions.wait()
    return [result for result in support.find(q).results if result.kind == "comment"]


class TestWhatIsFound:
    def test_a_comment_is_found_at_once_and_marked(self, support: WebSupport) -> None:
        posted = support.add_comment("Try *uv* instead.", "n1", username="ada")
        (result,) = comments(support, "uv")
        assert result.comment == posted["id"]
        assert result.path == f"a.html#comment-{posted['id']}"
        assert result.context == "Try <mark>uv</mark> instead."
        body = support.get_search_results("uv")["body"]
        assert '<li class="search-comment">' in body
        assert "Comment</span>" in body

    def test_a_reply_is_found(self, support: WebSupport) -> None:
        first = support.add_comment("First.", "n1")
        reply = support.add_comment("With uv.", parent_id=first["id"])
        assert [result.comment for result in comments(support, "uv")] == [reply["id"]]

    def test_a_waiting_comment_is_found_when_it_is_accepted(self, support: WebSupport) -> None:
        posted = support.add_comment("Try uv.", "n1", displayed=False)
        assert comments(support, "uv") == []
        support.accept_comment(posted["id"], moderator=True)
        assert [result.comment for result in comments(support, "uv")] == [posted["id"]]

    def test_a_moderators_reply_to_a_waiting_comment_is_not_found(
        self, support: WebSupport
    ) -> None:
        first = support.add_comment("First.", "n1", displayed=False)
        with suppress(CommentNotAllowedError):  # a store may refuse it as well
            support.add_comment("Try uv.", parent_id=first["id"], moderator=True)
        assert comments(support, "uv") == []

    def test_what_a_moderator_deletes_is_gone_with_its_replies(self, support: WebSupport) -> None:
        first = support.add_comment("Try uv.", "n1", username="ada")
        support.add_comment("Yes, uv.", parent_id=first["id"])
        support.delete_comment(first["id"], moderator=True)
        assert comments(support, "uv") == []
        assert support.search.count_comments() == {}

    def test_what_its_author_changes_is_found_as_it_is(self, support: WebSupport) -> None:
        first = support.add_comment("Try uv.", "n1", username="ada")
        support.edit_comment(first["id"], "Try pipx.", "ada")
        assert comments(support, "uv") == []
        assert [result.comment for result in comments(support, "pipx")] == [first["id"]]
        support.edit_comment(first["id"], "Try conda.", "ada", displayed=False)
        assert comments(support, "conda") == []

    def test_what_its_author_deletes_is_gone(self, support: WebSupport) -> None:
        first = support.add_comment("Try uv.", "n1", username="ada")
        support.add_comment("Yes, indeed.", parent_id=first["id"])
        support.delete_comment(first["id"], username="ada")
        assert comments(support, "uv") == comments(support, "deleted") == []
        assert len(comments(support, "indeed")) == 1

    def test_a_discussion_follows_its_node(self, support: WebSupport) -> None:
        support.add_comment("Try uv.", "n1")
        support.storage.pre_build()
        support.storage.add_node("n2", "a", "Use it.")
        support.storage.retire_node("n1")
        support.storage.post_build()
        support.attach("n1", "n2", moderator=True)
        (result,) = comments(support, "uv")
        assert result.node == "n2"


class TestMending:
    """Other processes, other tools and crashes change the store; the index is not told."""

    def test_what_was_there_before_the_index_is_found(self, support: WebSupport) -> None:
        now = datetime.now(UTC)
        support.storage.add_comment("<p>Try uv.</p>", True, "ada", now, None, "n1", None, False)
        assert len(comments(support, "uv")) == 1

    def test_what_was_deleted_behind_its_back_is_not_found(self, support: WebSupport) -> None:
        first = support.add_comment("Try uv.", "n1", username="ada")
        second = support.add_comment("Use uv.", "n1", username="ada")
        support.storage.delete_comment(first["id"], "", True)
        found = support.find("uv")
        assert [result.comment for result in found.results] == [second["id"]]
        assert found.total == 1
        assert support.search.count_comments() == {"n1": 1}

    def test_what_its_author_emptied_behind_its_back_is_not_found(
        self, support: WebSupport
    ) -> None:
        first = support.add_comment("Try uv.", "n1", username="ada")
        support.storage.delete_comment(first["id"], "ada", False)
        assert comments(support, "uv") == []

    def test_every_page_of_results_is_mended(self, support: WebSupport) -> None:
        posted = [support.add_comment(f"Try uv {n}.", "n1")["id"] for n in range(12)]
        assert support.find("uv").total == 12
        for comment in posted[:11]:
            support.storage.delete_comment(comment, "", True)
        assert [result.comment for result in support.find("uv").results] == posted[11:]

    def test_an_index_that_fails_fails_no_comment(
        self, support: WebSupport, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        support.find("uv")

        def fail(*_: object) -> None:
            raise StorageError("the disk is full")

        with monkeypatch.context() as broken:
            broken.setattr(support.search, "add_comment", fail)
            posted = support.add_comment("Try uv.", "n1")
        assert "missed a comment" in caplog.text
        support.find("uv")  # begins to mend it; no reader waits for that
        assert [result.comment for result in comments(support, "uv")] == [posted["id"]]

    def test_a_change_that_the_index_missed_is_mended(
        self, support: WebSupport, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = support.add_comment("Try uv.", "n1", username="ada")
        support.find("uv")

        def fail(*_: object) -> None:
            raise StorageError("the disk is full")

        with monkeypatch.context() as broken:
            broken.setattr(support.search, "put_comments", fail)
            support.edit_comment(first["id"], "Try pipx.", "ada")
        assert [result.comment for result in comments(support, "pipx")] == [first["id"]]
        assert comments(support, "uv") == []


def test_first_search_of_a_process_asks_the_store_at_most_three_times(tmp_path: Path) -> None:
    """Of 600 pages and 200 threads; what is compared with the index is one question, too."""
    support = WebSupport(builddir=tmp_path, search="sqlite")
    storage = support.storage
    storage.pre_build()
    for n in range(600):
        storage.add_node(f"n{n}", f"page{n}", f"Paragraph {n}.")
    storage.post_build()
    sources = {f"page{n}": page(f"Paragraph {n}.", title=f"Page {n}") for n in range(600)}
    marks = {f"Paragraph {n}.": f"n{n}" for n in range(600)}
    build(support.search, sources, marks=marks)
    for n in range(200):
        support.add_comment(f"Remark {n} of boats.", f"n{n}")
    support.close()

    fresh = WebSupport(builddir=tmp_path, search="sqlite")
    asked: list[str] = []
    for name in ("get_nodes", "get_metadata", "get_thread", "count_all", "find_comment"):
        call = getattr(fresh._store, name)

        def noted(*args: object, name: str = name, call: Any = call) -> object:
            asked.append(name)
            return call(*args)

        setattr(fresh._store, name, noted)
    assert fresh.find("Paragraph 17").total == 1
    fresh._discussions.wait()
    assert asked == ["count_all"]
    assert [result.kind for result in fresh.find('"Remark 17"').results] == ["comment"]
    assert len(asked) <= 3
    fresh.close()


class PublishedStore(StorageBackend):
    """A store of others: it wraps the published calls, and knows nothing of the newer ones."""

    def __init__(self, real: StorageBackend) -> None:
        for name in ("get_data", "get_metadata", "add_comment", "delete_comment", "accept_comment"):
            setattr(self, name, getattr(real, name))


class TestOthers:
    def test_a_store_of_others_is_served_as_far_as_it_goes(
        self, support: WebSupport, tmp_path: Path
    ) -> None:
        store = PublishedStore(support.storage)
        index = SQLiteSearch(tmp_path / "data" / "search" / "search.db")
        published = WebSupport(builddir=tmp_path, storage=store, search=index)
        posted = published.add_comment("Try uv.", "n1", username="ada")
        published.add_comment("Yes, uv.", parent_id=posted["id"])
        hidden = published.add_comment("Or pipx.", "n1", displayed=False)
        assert len(comments(published, "uv")) == 2
        assert comments(published, "pipx") == []
        published.accept_comment(hidden["id"], moderator=True)
        published.delete_comment(posted["id"], moderator=True)
        assert comments(published, "uv") == []
        index.close()

    def test_an_adapter_of_others_finds_pages(self, tmp_path: Path) -> None:
        class Whole(BaseSearch):
            def __init__(self) -> None:
                self.pages: dict[str, tuple[str, str]] = {}

            def add_document(self, pagename: str, filename: str, title: str, text: str) -> None:
                self.pages[pagename] = (title, text)

            def handle_query(self, q: str) -> Iterator[tuple[str, str, str]]:
                for name, (title, text) in self.pages.items():
                    if q in text:
                        yield name, title, self.extract_context(text)

        support = WebSupport(builddir=tmp_path, search=Whole())
        register(support)
        build(support.search, {f"p{n}": page("Try uv.", title="T") for n in range(12)})
        support.add_comment("Try uv.", "n1")
        found = support.find("uv")
        assert found.total == 12
        assert found.next == 10
        assert support.find("uv", 10).next is None
        assert "<mark>uv</mark>" in found.results[0].context
        support.close()
