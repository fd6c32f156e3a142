"""The front end of the earlier package, unmodified, in an application that embeds this service.

Its ``websupport.js`` comes out of the last release with jQuery, 1.2.4, and jQuery out of the
package that Sphinx loads it from; both are fetched when the tests run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from benchmarks.corpus import corpus
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.shells.flask import create_blueprint
from sphinxcontrib_websupport.websupport import WebSupport
from tests.browser.conftest import Complaints
from tests.browser.sites import PROJECT
from tests.engines import require
from tests.hosting import hosted

SHIPS = "Ships of up to forty"
MODERATORS = {"mona"}
SERVICE = "/comments"

# As the earlier package's own pages had it; its styles came from Sphinx. What the front end shows
# before it is part of the page is not hidden here: jQuery 3 no longer undoes that.
PAGE = """<!doctype html>
<meta charset="utf-8"><title>{title}</title><link rel="icon" href="data:,">
<style>
  .un, .proposal, .hide-proposal, .close-reply, .comment-markup-box, .hide-propose-change,
  .sphinx-comment-close {{ display: none }}
</style>
{css}
<script src="/files/jquery.js"></script>
<script src="/files/_sphinx_javascript_frameworks_compat.js"></script>
{script}
<script src="/files/websupport.js"></script>
<div class="body">{body}</div>
"""


@dataclass
class Host:
    """The application that embeds the service, and the front end of old in its pages."""

    support: WebSupport
    port: int
    node: str

    def open(self, page: Page, name: str = "") -> Locator:
        """Open the page as this reader, and a paragraph's discussion in it."""
        address = f"http://127.0.0.1:{self.port}"
        if name:
            page.context.add_cookies([{"name": "user", "value": name, "url": address}])
        page.goto(f"{address}/docs/index")
        page.locator(f"#ao{self.node}").click()
        popup = page.locator(f"#sc{self.node}")
        expect(popup.locator(".comment-loading")).to_be_hidden()
        return popup


@pytest.fixture(scope="module")
def files() -> dict[str, Path]:
    require("corpus")
    front_end = corpus("sphinxcontrib-websupport", "1.2.4")
    jquery = corpus("sphinxcontrib-jquery", "4.1")
    return {path.name: path for folder in (front_end, jquery) for path in folder.iterdir()}


@pytest.fixture
def host(request: pytest.FixtureRequest, files: dict[str, Path], tmp_path: Path) -> Iterator[Host]:
    storage = getattr(request, "param", None)
    quiet: dict[str, Any] = {"status": None, "warning": None}
    builder = WebSupport(PROJECT, tmp_path, storage=storage, **quiet)
    builder.build()
    # Another object serves, and says where; as it is written in the earlier documentation.
    support = WebSupport(
        builddir=tmp_path,
        storage=builder.storage,
        docroot="comments",
        staticroot="files",
        front_end="earlier",
        **quiet,
    )
    app = flask.Flask("host")

    @app.get("/files/<path:name>")
    def file(name: str) -> flask.Response:
        own = files.get(Path(name).name)
        return flask.send_file(own or support.staticdir.resolve() / name)

    @app.get("/docs/<path:name>")
    def page(name: str) -> str:
        viewer = identify(flask.request)
        document = support.get_document(name, viewer.username, viewer.moderator)
        return PAGE.format(**document)

    def must_wait(viewer: Viewer) -> bool:
        return not viewer.username

    app.register_blueprint(
        create_blueprint(support, identify, must_wait=must_wait), url_prefix=SERVICE
    )
    node = next(n for n in support.storage.get_nodes(["index"]) if n.source.startswith(SHIPS))
    with hosted(app) as server:
        yield Host(support, server.server_port, node.id)
    support.close()


def identify(request: flask.Request) -> Viewer:
    name = request.cookies.get("user", "")
    return Viewer(name, moderator=name in MODERATORS)


@pytest.fixture
def new_page(context: BrowserContext, complaints: Complaints) -> Callable[[], Page]:
    def open_page() -> Page:
        page = context.new_page()
        complaints.watch(page)
        return page

    return open_page


def test_comments_are_shown_with_votes_and_proposals(
    host: Host, page: Page, complaints: Complaints
) -> None:
    source = host.support.get_data(host.node)["source"]
    first = host.support.add_comment(
        "First *of all*", node_id=host.node, username="ada", proposal=source + " Today."
    )
    host.support.add_comment("A reply", parent_id=first["id"])
    host.support.process_vote(first["id"], "ben", 1)
    popup = host.open(page, "ben")
    expect(popup.locator(".comment-text em")).to_have_text("of all")
    expect(popup.locator(".user-id")).to_have_text(["ada", "Anonymous"])
    expect(popup.locator(".rating").first).to_have_text("1 point")
    expect(popup.locator(f"#uv{first['id']}")).to_be_hidden()  # for Ben has voted
    popup.locator(f"#sp{first['id']}").click()
    expect(popup.locator(f"#pr{first['id']} ins")).to_contain_text("Today.")
    assert complaints == []


@pytest.mark.parametrize("host", [None, "memory://"], ids=["sql", "values"], indirect=True)
def test_a_comment_a_proposal_and_a_reply_are_posted(
    host: Host, page: Page, complaints: Complaints
) -> None:
    popup = host.open(page, "ada")
    popup.locator("textarea[name=comment]").fill("Mind the *step*.")
    popup.locator(".show-propose-change").click()
    proposal = popup.locator("textarea[name=proposal]")
    expect(proposal).to_have_value(host.support.get_data(host.node)["source"])
    proposal.fill("Another text.")
    popup.get_by_role("button", name="Add comment").click()
    expect(popup.locator(".comment-text em")).to_have_text("step")
    popup.locator("a.reply").click()
    reply = popup.locator(".reply-div")
    reply.locator("textarea").fill("Which one?")
    reply.get_by_role("button", name="Add reply").click()
    expect(popup.locator(".comment-children .comment-text")).to_have_text("Which one?")
    (comment,) = host.support.get_data(host.node)["comments"]
    assert comment["username"] == "ada"
    assert "<ins>" in (comment["proposal_diff"] or "")
    assert [child["text"] for child in comment["children"]] == ["<p>Which one?</p>\n"]
    assert complaints == []


def test_a_vote_is_cast_and_taken_back(host: Host, page: Page, complaints: Complaints) -> None:
    comment = host.support.add_comment("Vote", node_id=host.node, username="ada")["id"]
    popup = host.open(page, "ben")
    for link, rating, vote in (
        ("uv", "1 point", 1),
        ("dv", "-1 points", -1),
        ("du", "0 points", 0),
    ):
        with page.expect_response(f"**{SERVICE}/_process_vote") as cast:
            popup.locator(f"#{link}{comment}").click()
        assert cast.value.text() == "OK"
        expect(popup.locator(".rating")).to_have_text(rating)
        assert host.support.get_data(host.node, "ben")["comments"][0]["vote"] == vote
    assert complaints == []


def test_what_waits_is_accepted_by_a_moderator(
    host: Host, new_page: Callable[[], Page], complaints: Complaints
) -> None:
    popup = host.open(new_page())
    popup.locator("textarea[name=comment]").fill("From nobody")
    popup.get_by_role("button", name="Add comment").click()
    expect(popup.locator(".moderate")).to_contain_text("once it is has been approved")
    assert host.support.get_data(host.node)["comments"] == []
    popup = host.open(new_page(), "mona")
    expect(popup.locator(".sphinx-comment.moderate .comment-text")).to_have_text("From nobody")
    with popup.page.expect_response(f"**{SERVICE}/_accept_comment"):
        popup.locator("a.accept-comment").click()
    expect(popup.locator(".moderate")).to_have_count(0)
    assert len(host.support.get_data(host.node)["comments"]) == 1
    assert complaints == []


def test_authors_empty_their_comments_and_moderators_remove_them(
    host: Host, new_page: Callable[[], Page], complaints: Complaints
) -> None:
    comment = host.support.add_comment("Oh dear", node_id=host.node, username="ada")["id"]
    host.support.add_comment("Stays", parent_id=comment, username="ben")
    popup = host.open(new_page(), "ada")
    popup.locator(f"#dc{comment}").click()
    expect(popup.locator(".comment-text").first).to_have_text("[deleted]")
    popup = host.open(new_page(), "mona")
    expect(popup.locator(".comment-text")).to_have_text(["[deleted]", "Stays"])
    popup.locator(f"#dc{comment}").click()
    expect(popup.locator(".sphinx-comment")).to_have_count(0)
    assert host.support.get_data(host.node, moderator=True)["comments"] == []
    assert complaints == []
