"""Writing: posting, replying, proposing, voting, deleting, and what is kept when it fails."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from sphinxcontrib_websupport.differ import as_html, compare
from sphinxcontrib_websupport.serve.site import PREFIX
from tests.browser.conftest import Complaints
from tests.browser.sites import Running

SHIPS = "Ships of up to forty"


def open_thread(site: Running, page: Page, beginning: str = SHIPS) -> Locator:
    page.goto(f"{site.address}/index.html")
    paragraph = page.locator("p", has_text=beginning)
    paragraph.hover()
    paragraph.get_by_role("button").click()
    thread = page.locator(".websupport-thread")
    expect(thread.get_by_label("Add a comment")).to_be_visible()
    return thread


def sign_in(site: Running, page: Page, name: str) -> None:
    headers = {"Origin": site.address}
    answer = page.request.put(
        f"{site.address}{PREFIX}/session", data={"name": name}, headers=headers
    )
    assert answer.ok


def test_ux5_two_clicks_post_a_comment(site: Running, page: Page, complaints: Complaints) -> None:
    thread = open_thread(site, page)
    page.keyboard.type("What about *forty-one*?")
    thread.get_by_role("button", name="Post").click()
    expect(thread.locator(".websupport-comment")).to_contain_text("What about forty-one?")
    expect(thread.get_by_role("status")).to_have_text("Posted.")
    expect(page.get_by_role("button", name="1 comment on:")).to_be_visible()
    expect(thread.get_by_label("Add a comment")).to_have_value("")
    [stored] = site.support.get_data(site.node(SHIPS).id)["comments"]
    assert stored["username"] == "Anonymous"
    page.reload()
    page.get_by_role("button", name="1 comment on:").click()
    expect(page.locator(".websupport-comment")).to_have_count(1)
    assert complaints == []


def test_ux5_a_name_given_with_the_comment_is_kept(site: Running, page: Page) -> None:
    thread = open_thread(site, page)
    thread.get_by_label("Add a comment").fill("Mine.")
    thread.get_by_label("Name (optional)").fill("Ada")
    thread.get_by_role("button", name="Post").click()
    expect(thread.locator(".websupport-comment")).to_contain_text("Ada")
    expect(thread.locator("form").last).to_contain_text("as Ada")
    thread = open_thread(site, page)
    expect(thread.locator("form").last).to_contain_text("as Ada")
    thread.get_by_role("button", name="Sign out").click()
    expect(thread.get_by_label("Name (optional)")).to_be_visible()


def test_ux5_a_taken_name_is_said_in_words_and_nothing_is_lost(site: Running, page: Page) -> None:
    thread = open_thread(site, page)
    thread.get_by_label("Add a comment").fill("I am Mona.")
    thread.get_by_label("Name (optional)").fill("MONA")
    thread.get_by_role("button", name="Post").click()
    expect(thread.get_by_role("alert").filter(has_text="taken")).to_be_visible()
    expect(thread.get_by_label("Add a comment")).to_have_value("I am Mona.")


def test_ux5_where_names_are_needed_the_form_asks_for_one(
    start: Callable[..., Running], page: Page
) -> None:
    site = start(allow_anonymous=False)
    thread = open_thread(site, page)
    thread.get_by_label("Add a comment").fill("Hello.")
    thread.get_by_role("button", name="Post").click()
    expect(thread.get_by_role("alert").filter(has_text="name")).to_be_visible()
    expect(thread.get_by_label("Name:")).to_be_focused()
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(thread.locator(".websupport-comment")).to_contain_text("Hello.")


def test_ux6_a_reply_stands_behind_its_comment(site: Running, page: Page) -> None:
    node = site.node(SHIPS)
    site.support.add_comment("First.", node_id=node.id, username="Ada")
    site.support.add_comment("Second.", node_id=node.id, username="Ben")
    thread = open_thread(site, page)
    thread.get_by_role("button", name="Reply to Ada").click()
    expect(thread.get_by_label("Reply to Ada").and_(page.locator("textarea"))).to_be_focused()
    page.keyboard.type("Indeed.")
    page.keyboard.press("Control+Enter")
    rows = thread.locator(".websupport-comment")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("Indeed.")
    expect(rows.nth(1)).to_have_attribute("data-depth", "1")
    expect(rows.nth(1)).to_be_focused()
    expect(thread.get_by_role("heading")).to_have_text("3 comments")


def test_ux7_a_change_is_proposed_with_its_difference(site: Running, page: Page) -> None:
    node = site.node(SHIPS)
    thread = open_thread(site, page)
    thread.get_by_role("button", name="Propose a change").click()
    field = thread.get_by_label("The text as it should be:")
    expect(field).to_have_value(node.source)
    field.fill(node.source.replace("forty", "<b>fifty"))
    expect(thread.locator(".websupport-proposal del")).to_have_text("forty")
    expect(thread.locator(".websupport-proposal ins")).to_have_text("<b>fifty")
    thread.get_by_role("button", name="Post").click()
    expect(thread.get_by_role("alert").filter(has_text="why")).to_be_visible()
    thread.get_by_label("Add a comment").fill("The quay was lengthened.")
    thread.get_by_role("button", name="Post").click()
    posted = thread.locator(".websupport-comment")
    expect(posted.locator("del")).to_have_text("forty")
    expect(posted.locator("ins")).to_contain_text("fifty")
    expect(posted.locator("b")).to_have_count(0)


def test_ux7_the_difference_while_typing_is_the_one_that_is_posted(
    site: Running, page: Page
) -> None:
    node = site.node("The fee is due")
    thread = open_thread(site, page, "The fee is due")
    thread.get_by_role("button", name="Propose a change").click()
    field = thread.get_by_label("The text as it should be:")
    for old, new in [
        ("on arrival. It", "before you leave. This"),
        ("and the", "or\nthe"),
        ("the ", ""),
    ]:
        field.fill(node.source.replace(old, new))
        shown = thread.locator(".websupport-proposal .websupport-diff").inner_html()
        assert shown == as_html(compare(node.source, node.source.replace(old, new)))


def test_ux6_a_vote_shows_at_once_and_asks_for_a_name_first(site: Running, page: Page) -> None:
    comment = site.support.add_comment("First.", node_id=site.node(SHIPS).id)
    thread = open_thread(site, page)
    thread.get_by_role("button", name="Vote up").click()
    thread.get_by_label("Your name:").fill("Ada")
    page.keyboard.press("Enter")
    expect(thread.get_by_role("button", name="Vote up")).to_have_attribute("aria-pressed", "true")
    expect(thread.locator(".websupport-points")).to_have_text("1")
    thread.get_by_role("button", name="Vote down").click()
    expect(thread.locator(".websupport-points")).to_have_text("−1")
    page.reload()
    page.locator(".websupport-marker").first.click()
    expect(thread.get_by_role("button", name="Vote down")).to_have_attribute("aria-pressed", "true")
    data = site.support.get_data(comment["node"] or "", "Ada")
    assert data["comments"][0]["vote"] == -1


def test_ux6_a_vote_that_is_refused_is_taken_back(site: Running, page: Page) -> None:
    site.support.add_comment("First.", node_id=site.node(SHIPS).id)
    page.goto(f"{site.address}/index.html")
    sign_in(site, page, "Ada")
    thread = open_thread(site, page)
    asked: list[Route] = []
    page.route("**/vote", lambda route: asked.append(route))
    up = thread.get_by_role("button", name="Vote up")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    while not asked:
        page.wait_for_timeout(10)  # lets Playwright hand the request over
    asked[0].abort()
    expect(up).to_have_attribute("aria-pressed", "false")
    expect(thread.locator(".websupport-points")).to_have_text("0")
    expect(thread.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()


def test_ux6_an_author_edits(site: Running, page: Page) -> None:
    page.goto(f"{site.address}/index.html")
    sign_in(site, page, "Ada")
    node = site.node(SHIPS)
    changed = node.source.replace("forty", "fifty")
    site.support.add_comment("*Oh* dear.", node_id=node.id, username="Ada", proposal=changed)
    thread = open_thread(site, page)
    row = thread.locator(".websupport-comment")
    row.get_by_role("button", name="Edit the comment of Ada").click()
    field = row.get_by_role("textbox", name="Edit the comment of Ada")
    expect(field).to_have_value("*Oh* dear.")
    expect(row.get_by_label("The text as it should be:")).to_have_value(changed)

    page.reload()  # what is half done is a draft, too
    open_thread(site, page)
    row.get_by_role("button", name="Edit the comment of Ada").click()
    field.fill("*Well* then.")
    row.get_by_label("The text as it should be:").fill(node.source)
    page.route("**/comments/*", lambda route: route.abort(), times=1)
    row.get_by_role("button", name="Save").click()
    expect(row.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    expect(field).to_have_value("*Well* then.")
    row.get_by_role("button", name="Save").click()
    expect(row.locator("em")).to_have_text("Well")
    expect(row).to_contain_text("edited")
    expect(row.locator("del")).to_have_count(0)
    expect(row).to_be_focused()
    expect(thread.get_by_role("status")).to_have_text("Saved.")
    [stored] = site.support.get_data(node.id)["comments"]
    assert stored["edited"] is not None
    assert stored["proposal_diff"] is None


def test_ux6_an_author_without_a_name_edits(site: Running, page: Page) -> None:
    thread = open_thread(site, page)
    thread.get_by_label("Add a comment").fill("First thought.")
    thread.get_by_role("button", name="Post").click()
    row = thread.locator(".websupport-comment")
    row.get_by_role("button", name="Edit the comment of Anonymous").click()
    row.get_by_role("textbox", name="Edit").fill("Second thought.")
    row.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("Second thought.")


def test_ux6_an_edit_can_be_left(site: Running, page: Page) -> None:
    page.goto(f"{site.address}/index.html")
    sign_in(site, page, "Ada")
    node = site.node(SHIPS)
    site.support.add_comment("Stay.", node_id=node.id, username="Ada")
    site.support.add_comment("Foreign.", node_id=node.id, username="Ben")
    thread = open_thread(site, page)
    expect(thread.get_by_role("button", name="Edit the comment of Ben")).to_have_count(0)
    row = thread.locator(".websupport-comment").first
    row.get_by_role("button", name="Edit the comment of Ada").click()
    row.get_by_role("button", name="Cancel").click()
    expect(row.locator("form")).to_have_count(0)
    expect(row).to_be_focused()
    expect(row).to_contain_text("Stay.")


def test_ux6_an_author_deletes_and_the_replies_stay(site: Running, page: Page) -> None:
    page.goto(f"{site.address}/index.html")
    sign_in(site, page, "Ada")
    node = site.node(SHIPS)
    first = site.support.add_comment("Oh dear.", node_id=node.id, username="Ada")
    site.support.add_comment("Never mind.", parent_id=first["id"], username="Ben")
    thread = open_thread(site, page)
    delete = thread.get_by_role("button", name="Delete the comment of Ada")
    delete.click()
    thread.get_by_role("button", name="Delete for good?").click()
    expect(thread.locator(".websupport-comment").first).to_contain_text("[deleted]")
    expect(thread.locator(".websupport-comment")).to_have_count(2)
    expect(thread.get_by_role("button", name=re.compile("^Delete"))).to_have_count(0)
    assert site.support.get_data(node.id)["comments"][0]["text"] == "[deleted]"


def test_who_wrote_without_a_name_deletes_it_even_after_a_reload(
    site: Running, page: Page, browser: Browser
) -> None:
    thread = open_thread(site, page)
    page.keyboard.type("Nobody's.")
    thread.get_by_role("button", name="Post").click()
    expect(thread.get_by_role("button", name="Delete the comment of")).to_be_visible()
    other = browser.new_page()
    expect(open_thread(site, other).locator(".websupport-comment")).to_have_count(1)
    expect(other.get_by_role("button", name="Delete the comment of")).to_have_count(0)
    other.close()

    thread = open_thread(site, page)
    thread.get_by_role("button", name="Delete the comment of").click()
    thread.get_by_role("button", name="Delete for good?").click()
    expect(thread.locator(".websupport-comment")).to_contain_text("[deleted]")
    expect(thread.get_by_role("button", name="Delete the comment of")).to_have_count(0)


def test_ux6_one_click_on_delete_deletes_nothing(site: Running, page: Page) -> None:
    page.goto(f"{site.address}/index.html")
    sign_in(site, page, "Ada")
    node = site.node(SHIPS)
    site.support.add_comment("Keep me.", node_id=node.id, username="Ada")
    thread = open_thread(site, page)
    thread.get_by_role("button", name="Delete the comment of Ada").click()
    thread.get_by_label("Add a comment").focus()
    expect(thread.get_by_role("button", name="Delete the comment of Ada")).to_be_visible()
    assert "Keep me." in site.support.get_data(node.id)["comments"][0]["text"]


def test_ux13_a_moderator_signs_in_by_link_accepts_and_removes(site: Running, page: Page) -> None:
    node = site.node(SHIPS)
    first = site.support.add_comment("Waiting.", node_id=node.id, displayed=False)
    reply = site.support.add_comment("Bad.", node_id=node.id)
    site.support.add_comment("Worse.", parent_id=reply["id"])
    site.sign_in(page)
    assert page.url == f"{site.address}/"
    thread = open_thread(site, page)
    expect(thread.get_by_role("heading")).to_have_text("3 comments")
    waiting = thread.locator(".websupport-comment").filter(has_text="Waiting.")
    expect(waiting).to_contain_text("waiting for a moderator")
    waiting.get_by_role("button", name="Accept").click()
    expect(waiting).not_to_contain_text("waiting for a moderator")
    assert site.support.get_data(node.id)["comments"][0]["id"] == first["id"]
    bad = thread.locator(".websupport-comment").filter(has_text="Bad.")
    bad.get_by_role("button", name="Delete").click()
    bad.get_by_role("button", name="Delete for good?").click()
    expect(thread.locator(".websupport-comment")).to_have_count(1)
    expect(thread.get_by_role("heading")).to_have_text("1 comment")
    page.goto(site.sign_in_link().partition("?")[0] + "?token=used")
    expect(page.locator("body")).to_contain_text("This link has been used")


def test_ux6_a_comment_that_waits_is_said_to_wait(
    start: Callable[..., Running], page: Page
) -> None:
    site = start(must_wait=lambda viewer: True)
    thread = open_thread(site, page)
    thread.get_by_label("Add a comment").fill("Hm.")
    thread.get_by_role("button", name="Post").click()
    expect(thread.locator(".websupport-comment")).to_contain_text("waiting for a moderator")
    expect(thread.get_by_role("status")).to_have_text("Posted. It waits for a moderator.")
    assert site.support.get_data(site.node(SHIPS).id)["comments"] == []


@pytest.mark.parametrize("name", ["", "Ada"])
def test_ux6_its_author_still_sees_it_wait_after_a_reload(
    start: Callable[..., Running], page: Page, browser: Browser, complaints: Complaints, name: str
) -> None:
    site = start(must_wait=lambda viewer: True)
    if name:
        sign_in(site, page, name)
    thread = open_thread(site, page)
    page.keyboard.type("Is <b>this</b> right?")
    thread.get_by_role("button", name="Post").click()
    expect(thread.locator(".websupport-badge")).to_have_text("waiting for a moderator")

    thread = open_thread(site, page)
    mine = thread.locator(".websupport-comment")
    expect(mine).to_contain_text("Is <b>this</b> right?")
    expect(mine.locator(".websupport-badge")).to_have_text("waiting for a moderator")
    expect(mine.locator(".websupport-name")).to_have_text(name or "Anonymous")
    other = browser.new_page()
    expect(open_thread(site, other).locator(".websupport-comment")).to_have_count(0)
    other.close()

    [stored] = site.support.get_data(site.node(SHIPS).id, moderator=True)["comments"]
    site.support.accept_comment(stored["id"], moderator=True)
    thread = open_thread(site, page)
    expect(thread.locator(".websupport-comment")).to_have_count(1)
    expect(thread.locator(".websupport-badge")).to_have_count(0)
    kept = "Object.entries(localStorage).find(([key]) => key.endsWith(':waiting'))?.[1]"
    page.wait_for_function(f"{kept} === '{{}}'")
    assert complaints == []


def test_ux6_a_waiting_comment_that_was_removed_is_not_shown_again(
    start: Callable[..., Running], page: Page
) -> None:
    site = start(must_wait=lambda viewer: True)
    thread = open_thread(site, page)
    page.keyboard.type("Spam.")
    thread.get_by_role("button", name="Post").click()
    expect(thread.locator(".websupport-badge")).to_be_visible()
    [stored] = site.support.get_data(site.node(SHIPS).id, moderator=True)["comments"]
    site.support.delete_comment(stored["id"], moderator=True)
    with page.expect_response(lambda answer: answer.status == 404):
        thread = open_thread(site, page)
    expect(thread.locator(".websupport-comment")).to_have_count(0)


def test_ux5_a_draft_survives_reload_and_is_gone_when_it_was_posted(
    site: Running, page: Page
) -> None:
    thread = open_thread(site, page)
    thread.get_by_label("Add a comment").fill("Half a tho")
    thread.get_by_role("button", name="Propose a change").click()
    thread.get_by_label("The text as it should be:").fill("Another text.")
    thread = open_thread(site, page)
    expect(thread.get_by_label("Add a comment")).to_have_value("Half a tho")
    expect(thread.get_by_label("The text as it should be:")).to_have_value("Another text.")
    thread.get_by_role("button", name="Post").click()
    expect(thread.locator(".websupport-comment")).to_have_count(1)
    thread = open_thread(site, page)
    expect(thread.get_by_label("Add a comment")).to_have_value("")
    kept = page.evaluate("Object.keys(localStorage)")
    assert [key for key in kept if not key.endswith(":tokens")] == []


def test_ux5_drafts_are_kept_per_paragraph(site: Running, page: Page) -> None:
    thread = open_thread(site, page)
    thread.get_by_label("Add a comment").fill("About ships.")
    thread = open_thread(site, page, "The fee is due")
    expect(thread.get_by_label("Add a comment")).to_have_value("")


@pytest.mark.parametrize("status", [None, 400, 500, 503])
def test_ux5_an_error_is_said_beside_the_form_and_nothing_is_lost(
    site: Running, page: Page, status: int | None
) -> None:
    thread = open_thread(site, page)
    problem = '{"title": "Sorry", "detail": "The harbour is closed."}'
    page.route(
        "**/comments",
        lambda route: (
            route.abort()
            if status is None
            else route.fulfill(status=status, body=problem, content_type="application/problem+json")
        ),
    )
    thread.get_by_label("Add a comment").fill("Important.")
    thread.get_by_role("button", name="Post").click()
    words = "cannot be reached" if status is None else "The harbour is closed."
    expect(thread.get_by_role("alert").filter(has_text=words)).to_be_visible()
    expect(thread.get_by_label("Add a comment")).to_have_value("Important.")
    page.unroute("**/comments")
    thread.get_by_role("button", name="Post").click()
    expect(thread.locator(".websupport-comment")).to_contain_text("Important.")
    expect(thread.get_by_role("alert").filter(has_text=words)).to_have_count(0)
