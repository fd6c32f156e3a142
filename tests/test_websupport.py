"""What a view may rely on: the calls of ``WebSupport``, their answers and their errors."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

import psutil
import pytest

from sphinxcontrib_websupport import WebSupport, inputs
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.errors import (
    CommentNotAllowedError,
    CommentNotFoundError,
    DocumentNotFoundError,
    InvalidInputError,
    NodeNotFoundError,
    NullSearchException,
    SettingsError,
    UnsupportedError,
    UserNotAuthorizedError,
)
from sphinxcontrib_websupport.model import (
    MAX_NAME_LENGTH,
    MAX_PROPOSAL_LENGTH,
    MAX_TEXT_LENGTH,
    Comment,
    NewComment,
    Viewer,
)
from sphinxcontrib_websupport.search.base import BaseSearch
from sphinxcontrib_websupport.storage.adapter import adapted
from tests.storage.shelf import ShelfStorage

NODE = "n1"
SOURCE = "Install it with *pip*."


def register(support: WebSupport, *nodes: tuple[str, str, str]) -> None:
    support.storage.pre_build()
    for id, document, source in nodes:
        support.storage.add_node(id, document, source)
    support.storage.post_build()


@pytest.fixture
def support(tmp_path: Path) -> Iterator[WebSupport]:
    support = WebSupport(builddir=tmp_path)
    register(support, (NODE, "index", SOURCE), ("n2", "index", "Another."))
    yield support
    support.close()


def seen(support: WebSupport, *, moderator: bool = False) -> list[Comment]:
    return support.get_data(NODE, moderator=moderator)["comments"]


class TestAddComment:
    def test_it_answers_with_the_comment_and_what_a_moderator_reads(
        self, support: WebSupport
    ) -> None:
        comment = support.add_comment(
            "Use *uv*.", NODE, username="ada", proposal="Install it with *uv*."
        )
        assert comment["text"] == "<p>Use <em>uv</em>.</p>\n"
        assert comment["username"] == "ada"
        assert comment["node"] == NODE
        assert comment["parent"] is None
        assert comment["document"] == "index"
        assert comment["original_text"] == "Use *uv*."
        assert comment["proposal_diff"] is not None
        assert "<del>" in comment["proposal_diff"]
        assert "<ins>" in comment["proposal_diff"]
        assert comment["proposal_diff_text"]
        (stored,) = seen(support)
        assert stored["id"] == comment["id"]
        assert stored["text"] == comment["text"]

    def test_a_reply_knows_its_parent_and_no_node(self, support: WebSupport) -> None:
        first = support.add_comment("First", NODE)
        reply = support.add_comment("Second", parent_id=first["id"])
        assert reply["parent"] == first["id"]
        assert reply["node"] is None
        (thread,) = seen(support)
        assert [c["id"] for c in thread["children"]] == [reply["id"]]

    @pytest.mark.parametrize(("node", "parent"), [("", ""), (NODE, "1")], ids=["neither", "both"])
    def test_it_takes_a_node_or_a_parent(self, support: WebSupport, node: str, parent: str) -> None:
        with pytest.raises(InvalidInputError):
            support.add_comment("Hello", node, parent)
        assert not seen(support)

    @pytest.mark.parametrize(
        "text", ["", " \n\t", "x" * (MAX_TEXT_LENGTH + 1), "a\x00b", "\ud800", ".. a comment"]
    )
    def test_a_text_that_is_none_is_refused(self, support: WebSupport, text: str) -> None:
        with pytest.raises(InvalidInputError):
            support.add_comment(text, NODE)
        assert not seen(support)

    def test_the_longest_text_is_taken(self, support: WebSupport) -> None:
        text = ("word " * (MAX_TEXT_LENGTH // 5))[: MAX_TEXT_LENGTH - 1] + "."
        assert support.add_comment(text, NODE)["text"] == f"<p>{text}</p>\n"

    def test_an_over_long_proposal_is_refused(self, support: WebSupport) -> None:
        with pytest.raises(InvalidInputError, match="proposal"):
            support.add_comment("Hi", NODE, proposal="x" * (MAX_PROPOSAL_LENGTH + 1))
        assert not seen(support)

    def test_a_name_has_at_most_64_characters(self, support: WebSupport) -> None:
        name = "é" * MAX_NAME_LENGTH
        assert support.add_comment("Hi", NODE, username=name)["username"] == name
        with pytest.raises(InvalidInputError):
            support.add_comment("Hi", NODE, username=name + "e")

    @pytest.mark.parametrize("name", ["a\x00b", "a\nb", "\ud800", "   "])
    def test_a_name_is_printable(self, support: WebSupport, name: str) -> None:
        with pytest.raises(InvalidInputError):
            support.add_comment("Hi", NODE, username=name)

    @pytest.mark.parametrize("name", [None, ""])
    def test_anonymous_readers_are_refused_where_they_are_not_allowed(
        self, tmp_path: Path, name: str | None
    ) -> None:
        support = WebSupport(builddir=tmp_path, allow_anonymous_comments=False)
        register(support, (NODE, "index", SOURCE))
        with pytest.raises(UserNotAuthorizedError):
            support.add_comment("Hi", NODE, username=name)
        assert not seen(support)
        assert support.add_comment("Hi", NODE, username="ada")["username"] == "ada"
        support.close()

    def test_an_unknown_node_or_parent_is_told(self, support: WebSupport) -> None:
        with pytest.raises(NodeNotFoundError):
            support.add_comment("Hi", "unknown")
        with pytest.raises(CommentNotFoundError):
            support.add_comment("Hi", parent_id="12345")

    def test_no_reply_to_what_is_not_displayed(self, support: WebSupport) -> None:
        hidden = support.add_comment("Hidden", NODE, displayed=False)
        with pytest.raises(CommentNotAllowedError):
            support.add_comment("Reply", parent_id=hidden["id"])
        assert [c["children"] for c in seen(support, moderator=True)] == [[]]


class TestTime:
    def test_a_naive_time_is_utc(self, support: WebSupport) -> None:
        comment = support.add_comment("Hi", NODE, time=datetime(2026, 1, 2, 3, 4, 5))
        assert comment["time"]["iso"].startswith("2026-01-02T03:04:05")

    def test_a_zone_is_respected(self, support: WebSupport) -> None:
        tokyo = timezone(timedelta(hours=9))
        comment = support.add_comment("Hi", NODE, time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=tokyo))
        assert datetime.fromisoformat(comment["time"]["iso"]) == datetime(
            2026, 1, 1, 18, 4, 5, tzinfo=UTC
        )
        assert (comment["time"]["day"], comment["time"]["hour"]) == (1, 18)

    def test_age_counts_days(self, support: WebSupport) -> None:
        when = datetime.now(UTC) - timedelta(days=3, seconds=5)
        age = support.add_comment("Hi", NODE, time=when)["age"]
        assert 3 * 86400 + 5 <= age < 3 * 86400 + 65


class TestModeration:
    def test_the_callback_hears_of_what_waits_only(self, tmp_path: Path) -> None:
        waiting: list[NewComment] = []
        support = WebSupport(builddir=tmp_path, moderation_callback=waiting.append)
        register(support, (NODE, "index", SOURCE))
        support.add_comment("Shown", NODE)
        hidden = support.add_comment("Waits", NODE, displayed=False)
        assert [comment["id"] for comment in waiting] == [hidden["id"]]
        assert waiting[0]["original_text"] == "Waits"
        support.close()

    def test_a_callback_that_raises_is_logged_and_the_comment_kept(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(comment: NewComment) -> None:
            raise RuntimeError("no mail today")

        support = WebSupport(builddir=tmp_path, moderation_callback=fail)
        register(support, (NODE, "index", SOURCE))
        with caplog.at_level(logging.ERROR):
            comment = support.add_comment("Waits", NODE, displayed=False)
        assert "no mail today" in caplog.text
        assert [c["id"] for c in seen(support, moderator=True)] == [comment["id"]]
        support.close()

    def test_accepting_displays(self, support: WebSupport) -> None:
        comment = support.add_comment("Waits", NODE, displayed=False)
        assert not seen(support)
        with pytest.raises(UserNotAuthorizedError):
            support.accept_comment(comment["id"])
        support.accept_comment(comment["id"], moderator=True)
        assert [c["displayed"] for c in seen(support)] == [True]

    def test_counts_are_what_that_reader_sees(self, support: WebSupport) -> None:
        support.add_comment("Shown", NODE)
        support.add_comment("Waits", NODE, displayed=False)
        assert support.get_metadata("index") == {NODE: 1, "n2": 0}
        assert support.get_metadata("index", moderator=True) == {NODE: 2, "n2": 0}
        assert support.get_metadata("unknown") == {}


class TestVote:
    @pytest.mark.parametrize(("value", "rating"), [(1, 1), ("1", 1), (-1, -1), ("-1", -1), (0, 0)])
    def test_values(self, support: WebSupport, value: int | str, rating: int) -> None:
        comment = support.add_comment("Hi", NODE)
        support.process_vote(comment["id"], "ada", value)
        (stored,) = support.get_data(NODE, "ada")["comments"]
        assert (stored["rating"], stored["vote"]) == (rating, rating)

    @pytest.mark.parametrize("value", [2, "2", -2, 10**30, "99"])
    def test_out_of_range_is_a_value_error(self, support: WebSupport, value: int | str) -> None:
        comment = support.add_comment("Hi", NODE)
        with pytest.raises(ValueError, match=rf"vote value {value} out of range \(-1, 1\)"):
            support.process_vote(comment["id"], "ada", value)

    @pytest.mark.parametrize(
        "value", [0.5, 1.0, True, "1 ", "+1", "", "one", None, "١", "9" * 9999]
    )
    def test_what_is_no_integer_is_refused(self, support: WebSupport, value: object) -> None:
        comment = support.add_comment("Hi", NODE)
        with pytest.raises(InvalidInputError):
            support.process_vote(comment["id"], "ada", value)  # type: ignore[arg-type]
        assert seen(support)[0]["rating"] == 0

    def test_it_needs_a_name(self, support: WebSupport) -> None:
        comment = support.add_comment("Hi", NODE)
        with pytest.raises(InvalidInputError):
            support.process_vote(comment["id"], "", 1)

    def test_a_later_vote_replaces_the_earlier(self, support: WebSupport) -> None:
        comment = support.add_comment("Hi", NODE)
        for value in (1, 1, -1, -1):
            support.process_vote(comment["id"], "ada", value)
        support.process_vote(comment["id"], "bob", -1)
        assert seen(support)[0]["rating"] == -2

    def test_an_unknown_comment_is_told(self, support: WebSupport) -> None:
        with pytest.raises(CommentNotFoundError):
            support.process_vote("4711", "ada", 1)


class TestEdit:
    def test_it_is_rendered_and_checked_as_a_new_comment_is(self, support: WebSupport) -> None:
        comment = support.add_comment("*One*", NODE, username="ada")
        assert support.get_original(comment["id"], "ada")["text"] == "*One*"
        changed = support.edit_comment(comment["id"], "*Two* <script>", "ada")
        assert changed["text"] == "<p><em>Two</em> &lt;script&gt;</p>\n"
        assert changed["original_text"] == "*Two* <script>"
        (stored,) = seen(support)
        assert stored["text"] == changed["text"]
        assert stored["edited"] == changed["edited"]
        for wrong in (" ", "x" * 10_001, "nul\0"):
            with pytest.raises(InvalidInputError):
                support.edit_comment(comment["id"], wrong, "ada")
        for proposal in (" ", "x" * 50_001):
            with pytest.raises(InvalidInputError):
                support.edit_comment(comment["id"], "Three", "ada", proposal=proposal)
        assert seen(support)[0]["text"] == changed["text"]

    def test_it_is_rendered_in_the_markup_that_the_comment_was_written_in(
        self, tmp_path: Path
    ) -> None:
        """A site may change its markup; its comments are not rewritten."""
        place = f"sqlite:///{tmp_path / 'comments.db'}"
        with WebSupport(builddir=tmp_path, storage=place) as support:
            register(support, (NODE, "index", SOURCE))
            id = support.add_comment("``a``", NODE, username="ada")["id"]
        with WebSupport(builddir=tmp_path, storage=place, markup="markdown") as support:
            assert support.get_original(id, "ada")["markup"] == "rst"
            assert (
                "<code>b</code>" in support.edit_comment(id, "``b``\n\n# No title", "ada")["text"]
            )
            assert "# No title" in seen(support)[0]["text"]
            new = support.add_comment("# Title", NODE, username="ada")
            assert "#" not in new["text"]
            assert support.get_original(new["id"], "ada")["markup"] == "markdown"
        with WebSupport(builddir=tmp_path, storage=place) as support:
            assert "#" not in support.edit_comment(new["id"], "# Title, too", "ada")["text"]
            assert support.get_original(new["id"], "ada")["markup"] == "markdown"

    @pytest.mark.parametrize("unknown", [None, "textile"])
    def test_it_is_rendered_in_the_site_s_markup_where_nobody_knows_it(
        self, tmp_path: Path, unknown: str | None
    ) -> None:
        """A comment from before markups were kept, or from another program."""
        with WebSupport(builddir=tmp_path, markup="markdown") as support:
            register(support, (NODE, "index", SOURCE))
            draft = inputs.draft(
                text="<p>One</p>",
                author=Viewer("ada"),
                node=NODE,
                original="One",
                markup=unknown,
            )
            id = adapted(support.storage).store_comment(draft)["id"]
            assert "#" not in support.edit_comment(id, "# Title", "ada")["text"]
            assert support.get_original(id, "ada")["markup"] == "markdown"

    def test_a_proposal_keeps_what_it_was_made_against(self, tmp_path: Path) -> None:
        heard: list[NewComment] = []
        with WebSupport(builddir=tmp_path, moderation_callback=heard.append) as support:
            register(support, (NODE, "index", SOURCE))
            proposal = SOURCE.replace("pip", "pipx")
            id = support.add_comment("Better", NODE, username="ada", proposal=proposal)["id"]
            register(support, (NODE, "index", "Install it by hand."))
            support.edit_comment(id, "Even better", "ada", displayed=False)
            assert heard[0]["proposal_diff_text"] == "Install it with *[-pip-]{+pipx+}*."
            original = support.get_original(id, "ada")
            assert (original["proposal"], original["base"]) == (proposal, SOURCE)

    def test_strangers_are_refused_before_anything_is_rendered(self, support: WebSupport) -> None:
        named = support.add_comment("One", NODE, username="ada")
        nobodys = support.add_comment("One", NODE)
        rendered: list[str] = []
        with mock.patch.object(support, "_render", rendered.append):
            for comment in (named, nobodys):
                for name in ("bob", ""):
                    with pytest.raises(UserNotAuthorizedError):
                        support.edit_comment(comment["id"], "Two", name)
        assert rendered == []

    def test_an_anonymous_author_with_a_proof_edits_and_deletes(self, support: WebSupport) -> None:
        comment = support.add_comment("One", NODE)
        support.edit_comment(comment["id"], "Two", author=True)
        assert seen(support)[0]["text"] == "<p>Two</p>\n"
        with pytest.raises(UserNotAuthorizedError):
            support.delete_comment(comment["id"])
        assert support.delete_comment(comment["id"], author=True) is False
        with pytest.raises(UserNotAuthorizedError):
            support.get_original(comment["id"], author=True)

    def test_the_moderator_hears_of_what_waits_again(self, tmp_path: Path) -> None:
        waiting: list[NewComment] = []
        support = WebSupport(builddir=tmp_path, moderation_callback=waiting.append)
        register(support, (NODE, "index", SOURCE))
        comment = support.add_comment("Good", NODE, username="ada")
        support.edit_comment(comment["id"], "Better", "ada")
        assert waiting == []
        support.edit_comment(comment["id"], "Buy", "ada", displayed=False)
        assert [c["original_text"] for c in waiting] == ["Buy"]
        assert seen(support) == []
        support.close()

    def test_a_store_that_cannot_says_so(self, tmp_path: Path) -> None:
        support = WebSupport(builddir=tmp_path, storage=ShelfStorage())
        register(support, (NODE, "index", SOURCE))
        comment = support.add_comment("One", NODE, username="ada")
        with pytest.raises(UnsupportedError, match="this store"):
            support.edit_comment(comment["id"], "Two", "ada")
        assert support.delete_comment(comment["id"], "ada", author=True) is False
        support.close()


class TestDelete:
    def test_the_author_leaves_a_gap(self, support: WebSupport) -> None:
        comment = support.add_comment("Secret", NODE, username="ada", proposal="Secret plan")
        support.add_comment("Reply", parent_id=comment["id"])
        assert support.delete_comment(comment["id"], "ada") is False
        (gap,) = seen(support)
        assert gap["text"] == "[deleted]"
        assert gap["username"] == "[deleted]"
        assert gap["proposal_diff"] is None
        assert len(gap["children"]) == 1
        assert "Secret" not in json.dumps(support.get_data(NODE, moderator=True))

    def test_a_moderator_removes_it_with_all_replies(self, support: WebSupport) -> None:
        comment = support.add_comment("Hi", NODE, username="ada")
        reply = support.add_comment("Reply", parent_id=comment["id"], username="bob")
        support.process_vote(reply["id"], "ada", 1)
        assert support.delete_comment(comment["id"], "eve", moderator=True) is True
        assert not seen(support, moderator=True)
        with pytest.raises(CommentNotFoundError):
            support.process_vote(reply["id"], "ada", 1)

    @pytest.mark.parametrize(
        ("author", "who"), [("ada", "bob"), ("ada", ""), (None, ""), ("ada", "Ada")]
    )
    def test_another_may_not(self, support: WebSupport, author: str | None, who: str) -> None:
        comment = support.add_comment("Hi", NODE, username=author)
        with pytest.raises(UserNotAuthorizedError):
            support.delete_comment(comment["id"], who)

    def test_what_is_deleted_has_no_author(self, support: WebSupport) -> None:
        comment = support.add_comment("Hi", NODE, username="ada")
        support.delete_comment(comment["id"], "ada")
        for name in ("ada", "[deleted]", ""):
            with pytest.raises(UserNotAuthorizedError):
                support.delete_comment(comment["id"], name)


class TestUpdateUsername:
    def test_comments_and_votes_follow(self, support: WebSupport) -> None:
        comment = support.add_comment("Hi", NODE, username="old")
        support.process_vote(comment["id"], "old", 1)
        support.process_vote(comment["id"], "new", 1)
        support.update_username("old", "new")
        (stored,) = support.get_data(NODE, "new")["comments"]
        assert (stored["username"], stored["vote"], stored["rating"]) == ("new", 1, 1)

    @pytest.mark.parametrize(("old", "new"), [("", "new"), ("old", ""), ("old", "x" * 65)])
    def test_names_are_names(self, support: WebSupport, old: str, new: str) -> None:
        with pytest.raises(InvalidInputError):
            support.update_username(old, new)


IDS = ["", "0", "-1", "05", " 1", "1 ", "1.0", "٥", "9" * 30, "9" * 9999, "a\x00b", "\ud800", "é"]


class TestIds:
    def test_ten_comes_after_nine(self, support: WebSupport) -> None:
        ids = [support.add_comment(f"Number {n}", NODE)["id"] for n in range(12)]
        assert [comment["id"] for comment in seen(support)] == ids

    def test_a_number_serves_as_well_as_its_string(self, support: WebSupport) -> None:
        comment = support.add_comment("Hi", NODE, username="ada")
        support.process_vote(int(comment["id"]), "bob", 1)
        support.process_vote(str(comment["id"]), "eve", 1)
        assert seen(support)[0]["rating"] == 2

    @pytest.mark.parametrize("id", [*IDS, True, None, 1.5, 10**30, -1])
    def test_what_is_no_id_is_unknown(self, support: WebSupport, id: object) -> None:
        support.add_comment("Hi", NODE)
        if id not in ("", None):
            with pytest.raises(CommentNotFoundError):
                support.add_comment("Hi", parent_id=id)  # type: ignore[arg-type]
        with pytest.raises(CommentNotFoundError):
            support.process_vote(id, "ada", 1)  # type: ignore[arg-type]
        with pytest.raises(CommentNotFoundError):
            support.accept_comment(id, moderator=True)  # type: ignore[arg-type]
        with pytest.raises(CommentNotFoundError):
            support.delete_comment(id, moderator=True)  # type: ignore[arg-type]
        with pytest.raises(NodeNotFoundError):
            support.get_data(id)  # type: ignore[arg-type]


class TestProposals:
    def test_one_that_changes_nothing_shows_no_difference(self, support: WebSupport) -> None:
        comment = support.add_comment("Fine", NODE, proposal=SOURCE)
        assert comment["proposal_diff"] is None

    def test_sources_are_text_not_html(self, support: WebSupport) -> None:
        register(support, (NODE, "index", "A <b>bold</b> claim"), ("n2", "index", ""))
        comment = support.add_comment("Hm", NODE, proposal="A <b>bald</b> claim")
        assert comment["proposal_diff"] is not None
        assert "<b>" not in comment["proposal_diff"]

    def test_a_source_may_be_empty(self, support: WebSupport) -> None:
        register(support, (NODE, "index", ""))
        comment = support.add_comment("Write one", NODE, proposal="<script>alert(1)</script>")
        assert comment["proposal_diff"] is not None
        assert "<script" not in comment["proposal_diff"]
        assert "<ins>" in comment["proposal_diff"]


class TestThreads:
    def test_two_hundred_nested_replies(self, support: WebSupport) -> None:
        parent = support.add_comment("0", NODE)["id"]
        for number in range(1, 201):
            parent = support.add_comment(str(number), parent_id=parent)["id"]
        (comment,) = seen(support)
        depth = 0
        while comment["children"]:
            (comment,) = comment["children"]
            depth += 1
        assert depth == 200

    def test_pages_of_fifty(self, support: WebSupport) -> None:
        ids = [support.add_comment(str(n), NODE)["id"] for n in range(101)]
        got: list[str] = []
        after = None
        sizes = []
        while True:
            page = support.get_page(NODE, after=after)
            got += [comment["id"] for comment in page["comments"]]
            sizes.append(len(page["comments"]))
            after = page["next"]
            if after is None:
                break
        assert got == ids
        assert sizes == [50, 50, 1]

    def test_a_retired_discussion_is_listed_and_attached(self, support: WebSupport) -> None:
        support.add_comment("Keep me", NODE)
        support.storage.pre_build()
        support.storage.retire_node(NODE)
        support.storage.post_build()
        assert support.get_metadata("index") == {"n2": 0}
        ((node, count),) = support.get_retired("index")
        assert (node.id, node.source, count) == (NODE, SOURCE, 1)
        with pytest.raises(UserNotAuthorizedError):
            support.attach(NODE, "n2")
        support.attach(NODE, "n2", moderator=True)
        assert support.get_metadata("index") == {"n2": 1}
        assert support.get_retired() == []


class TestDocuments:
    @pytest.mark.parametrize(
        "name", ["", "..", "../secret", "/etc/passwd", "a/../../b", "a\x00b", "C:\\x", "\ud800"]
    )
    def test_a_name_that_leads_elsewhere_is_unknown(
        self, support: WebSupport, tmp_path: Path, name: str
    ) -> None:
        (tmp_path / "secret.json").write_text("{}", encoding="utf-8")
        with pytest.raises(DocumentNotFoundError):
            support.get_document(name)

    def test_building_needs_a_source(self, support: WebSupport) -> None:
        with pytest.raises(RuntimeError, match="srcdir"):
            support.build()

    def test_a_user_name_cannot_leave_its_data_block(self, support: WebSupport) -> None:
        parts = {"body": "<p>Hi</p>", "sidebar": "", "relbar": "", "title": "T", "css": ""}
        support.documents.write("index", {**parts, "script": ""})  # type: ignore[typeddict-item]
        name = '"</script><script>alert(1)</script>'
        script = support.get_document("index", username=name, moderator=True)["script"]
        assert script.count("<script") == 1
        assert script.count("</script>") == 1
        data = json.loads(script[script.index(">") + 1 : script.rindex("<")])
        assert data == {"username": name, "moderator": True}


class WordSearch(BaseSearch):
    """A small adapter of the kind that others have written."""

    pages = (("index", "The <Index>", "Install it with (pip) & enjoy"),)

    def handle_query(self, q: str) -> list[tuple[str, str, str]]:
        return [(p, t, self.extract_context(text)) for p, t, text in self.pages]


QUERIES = ["(", "[", "(a+)+$", "pip (", "*", "\\", "", "x" * 10_000, "<script>", "\x00", "%_'\""]


class TestSearch:
    def test_without_an_adapter_it_is_refused(self, support: WebSupport) -> None:
        with pytest.raises(NullSearchException):
            support.get_search_results("pip")

    @pytest.mark.parametrize("q", QUERIES)
    def test_any_text_is_a_query(self, tmp_path: Path, q: str) -> None:
        support = WebSupport(builddir=tmp_path, search=WordSearch(), docroot="/docs")
        body = support.get_search_results(q)["body"]
        assert "<script>" not in body
        assert '<a href="/docs/index">The &lt;Index&gt;</a>' in body
        support.close()

    def test_the_words_are_marked(self, tmp_path: Path) -> None:
        support = WebSupport(builddir=tmp_path, search=WordSearch())
        body = support.get_search_results("(pip)")["body"]
        assert "Install it with (<mark>pip</mark>) &amp; enjoy" in body
        support.close()

    def test_an_unknown_adapter_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="elastic"):
            WebSupport(builddir=tmp_path, search="elastic")


class TestObjects:
    def test_two_objects_share_nothing(self, tmp_path: Path) -> None:
        one = WebSupport(builddir=tmp_path / "one", allow_anonymous_comments=False)
        two = WebSupport(builddir=tmp_path / "two", docroot="two")
        register(one, (NODE, "index", SOURCE))
        register(two, (NODE, "index", SOURCE))
        one.add_comment("Only here", NODE, username="ada")
        assert not seen(two)
        two.add_comment("And here", NODE)
        assert [c["text"] for c in seen(one)] == ["<p>Only here</p>\n"]
        one.close()
        two.close()

    def test_a_closed_one_holds_no_file_open(self, tmp_path: Path) -> None:
        """The store and the index each hold a SQLite file."""
        support = WebSupport(builddir=tmp_path, search="sqlite")
        register(support, (NODE, "index", SOURCE))
        support.search.init_indexing(["index"])
        support.search.add_document("index", "index.rst", "Title", "Text")
        support.search.finish_indexing()
        assert {path.suffix for path in _open_below(tmp_path)} >= {".db"}
        support.close()
        assert _open_below(tmp_path) == []

    def test_a_web_process_loads_no_sphinx_and_no_unused_driver(self, tmp_path: Path) -> None:
        program = (
            "import sys\n"
            "from sphinxcontrib_websupport import WebSupport\n"
            "WebSupport(builddir=sys.argv[1]).close()\n"
            "loaded = {name.partition('.')[0] for name in sys.modules}\n"
            "assert not loaded & {'sphinx', 'redis', 'boto3', 'couchbase', 'psycopg', 'pymysql',"
            " 'alembic', 'markdown_it', 'cryptography', 'pytest', 'click', 'watchfiles'}, loaded\n"
        )
        # The first opening creates the database, with Alembic; a web process finds one.
        WebSupport(builddir=tmp_path).close()
        subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small site, built by an object that says an address of its own."""
    folder = tmp_path_factory.mktemp("roots")
    (folder / "source").mkdir()
    (folder / "source" / "conf.py").write_text('project = "Probe"\n')
    (folder / "source" / "faq.rst").write_text("FAQ\n===\n")
    home = "Home\n====\n\n:doc:`faq`\n\n.. toctree::\n\n   faq\n"
    (folder / "source" / "index.rst").write_text(home)
    support = WebSupport(folder / "source", folder, docroot="built", status=None, warning=None)
    support.build()
    support.close()
    return folder


class TestRoots:
    """Who serves says under which addresses; pages are built without them."""

    @pytest.mark.parametrize(
        ("docroot", "staticroot", "page", "static"),
        [
            ("", "static", "/faq", "/static/_static/"),
            ("/docs/", "/docs/files/", "/docs/faq", "/docs/files/_static/"),
            ("https://d.example/m", "https://c.example", "https://d.example/m/faq", "https://c.ex"),
        ],
    )
    def test_links_of_get_document_follow_the_object_that_serves(
        self, built: Path, docroot: str, staticroot: str, page: str, static: str
    ) -> None:
        support = WebSupport(builddir=built, docroot=docroot, staticroot=staticroot)
        document = support.get_document("index")
        assert f'href="{page}"' in document["body"]
        assert f'href="{static}' in document["css"]
        assert "docroot-" not in json.dumps(document)
        assert "staticroot-" not in json.dumps(document)
        support.close()


class TestEarlierFrontEnd:
    HOSTILE = "</script><script>alert(1)</script>&amp;'\""

    def test_document_sets_what_the_earlier_front_end_reads_and_loads_nothing_of_ours(
        self, tmp_path: Path
    ) -> None:
        ours = '<script type="module" src="/static/_static/websupport-comments.js?v=1"></script>'
        parts = {
            "body": '<p>Hi</p>\n<script type="application/json" id="websupport-data">{}</script>\n',
            "sidebar": "",
            "relbar": "",
            "title": "T",
            "css": '<link rel="stylesheet" href="/static/_static/websupport.css?v=1" />',
            "script": f'<script src="/static/_static/doctools.js"></script>\n{ours}',
        }
        support = WebSupport(builddir=tmp_path, front_end="earlier", docroot="d", staticroot="s")
        support.documents.store.dump("index", parts)
        document = support.get_document("index", self.HOSTILE, True)
        assert "websupport-" not in json.dumps(document)
        assert "websupport.css" not in document["css"]
        assert "doctools.js" in document["script"]
        options, counts, rest = document["script"].split("</script>\n", 2)
        assert "<script>alert" not in document["script"]
        given = json.loads(options.partition("COMMENT_OPTIONS = ")[2].rpartition(";")[0])
        assert given["username"] == self.HOSTILE
        assert (given["voting"], given["moderator"]) == (True, True)
        assert given["addCommentURL"] == "/d/_add_comment"
        assert given["upArrow"] == "/s/_static/up.png"
        assert json.loads(counts.partition("COMMENT_METADATA = ")[2].rpartition(";")[0]) == {}
        assert rest
        support.close()

    def test_reader_without_a_name_does_not_vote(self, tmp_path: Path) -> None:
        support = WebSupport(builddir=tmp_path, front_end="earlier")
        parts = dict.fromkeys(("body", "sidebar", "relbar", "title", "css", "script"), "")
        support.documents.store.dump("index", parts)
        assert "COMMENT_OPTIONS = {};" in support.get_document("index")["script"]
        support.close()

    def test_other_front_ends_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="front_end is 'own' or 'earlier'"):
            WebSupport(builddir=tmp_path, front_end="jquery")


def _open_below(folder: Path) -> list[Path]:
    paths = [Path(file.path) for file in psutil.Process().open_files()]
    return [path for path in paths if path.is_relative_to(folder)]


class Closable(ShelfStorage):
    """A store, an adapter and a store of pages that say when they are closed."""

    is_closed = False

    def close(self) -> None:
        self.is_closed = True


class TestHealth:
    def test_which_store_answers_is_told(self, support: WebSupport, tmp_path: Path) -> None:
        file = (tmp_path / "data" / "db" / "websupport.db").as_posix()
        assert support.health() == f"sqlite:///{file}"

    def test_which_store_lacks_a_node_is_a_note_and_not_in_the_message(
        self, support: WebSupport
    ) -> None:
        for call in (
            lambda: support.get_data("nobody"),
            lambda: support.get_page("nobody"),
            lambda: support.add_comment("Hi.", node_id="nobody"),
            lambda: support.attach("nobody", NODE, moderator=True),
        ):
            with pytest.raises(NodeNotFoundError) as failed:
                call()
            assert "sqlite" not in str(failed.value), "views show it to readers"
            assert failed.value.__notes__ == [f"the comment store is {support.health()}"]

    @pytest.mark.parametrize("storage", ["memory://", ShelfStorage()])
    def test_every_store_has_a_name(self, tmp_path: Path, storage: str | ShelfStorage) -> None:
        with WebSupport(builddir=tmp_path, storage=storage) as support:
            assert support.health() in {"VolatileBackend", "ShelfStorage"}


class TestOwnership:
    def test_close_leaves_what_was_given_open(self, tmp_path: Path) -> None:
        class Adapter(BaseSearch):
            is_closed = False

            def close(self) -> None:
                self.is_closed = True

        storage, search, pages = Closable(), Adapter(), VolatileBackend()
        with WebSupport(builddir=tmp_path, storage=storage, search=search, documents=pages):
            pass
        assert not storage.is_closed
        assert not search.is_closed
        assert pages.dump("index", {})

    def test_with_statement_closes_what_was_opened(self, tmp_path: Path) -> None:
        with WebSupport(builddir=tmp_path, search="sqlite") as support:
            support.find("anything")
            assert _open_below(tmp_path)
        assert _open_below(tmp_path) == []
