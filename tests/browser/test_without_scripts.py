"""Without scripts: the marker is a link to a page of the thread with a working form."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Complaints
from tests.browser.sites import Running

SHIPS = "Ships of up to forty"


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A page of a browser in which no script runs."""
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    context.set_default_timeout(5000)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_ux12_the_marker_is_a_link_to_a_thread_with_a_working_form(
    site: Running, plain: Page, width: int
) -> None:
    node = site.node(SHIPS)
    first = site.support.add_comment("Over *all*?", node_id=node.id, username="Ada")
    plain.set_viewport_size({"width": width, "height": 800})
    plain.goto(f"{site.address}/index.html")
    link = plain.locator("p", has_text=SHIPS).get_by_role("link", name="Comments")
    expect(link).to_be_in_viewport(ratio=1)
    link.click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Comments on this paragraph")
    expect(plain.locator(".websupport-source")).to_contain_text(SHIPS)
    expect(plain.locator("em")).to_have_text("all")

    plain.get_by_role("link", name="Reply to Ada").click()
    plain.get_by_role("textbox", name="Reply to Ada").fill("Indeed.")
    plain.get_by_role("button", name="Post").click()
    [comment] = site.support.get_data(node.id)["comments"]
    [reply] = comment["children"]
    assert comment["id"] == first["id"]
    expect(plain.locator(f"[id='comment-{reply['id']}']")).to_contain_text("Indeed.")
    assert plain.url.endswith(f"#comment-{reply['id']}")

    plain.get_by_role("link", name="Back to the page").click()
    assert plain.url.endswith(f"#s{node.id}")
    expect(plain.locator("p", has_text=SHIPS)).to_be_in_viewport()


def test_ux12_with_scripts_nothing_of_the_link_is_seen_or_heard(
    site: Running, page: Page, complaints: Complaints
) -> None:
    page.goto(f"{site.address}/index.html")
    expect(page.locator("button.websupport-marker").first).to_be_attached()
    assert page.get_by_role("link", name="Comments").count() == 0
    label = page.locator("p", has_text="There are").or_(page.locator("p", has_text="often full"))
    expect(label.get_by_role("button")).to_have_accessible_name(
        "Comment on: Between May and September the inner quay is often full by no"
    )
    assert complaints == []


def test_ux12_where_nobody_answers_the_page_is_whole(site: Running, plain: Page) -> None:
    plain.goto(f"{site.address}/index.html")
    expect(plain.get_by_text("It covers water, waste")).to_be_visible()
    assert plain.locator("noscript a").count() == len(site.support.get_metadata("index"))


def test_ux13_a_moderator_decides_where_it_is_read(
    start: Callable[..., Running], plain: Page
) -> None:
    site = start(must_wait=lambda viewer: True)
    node = site.node(SHIPS)
    good = site.support.add_comment("Good.", node_id=node.id, username="Ada", displayed=False)
    site.support.add_comment("Bad.", node_id=node.id, username="Eve", displayed=False)
    site.sign_in(plain)
    plain.goto(f"{site.address}/index.html")
    plain.locator("p", has_text=SHIPS).get_by_role("link", name="Comments").click()
    plain.get_by_role("link", name="All that waits").click()
    waiting = plain.locator("section")
    expect(waiting).to_have_count(2)
    expect(waiting.first).to_contain_text(SHIPS)
    expect(waiting.first).to_contain_text("waiting for a moderator")

    plain.get_by_role("button", name="Accept the comment of Ada").click()
    expect(plain.get_by_role("status")).to_have_text("Accepted.")
    expect(waiting).to_have_count(1)
    [shown] = site.support.get_data(node.id)["comments"]
    assert shown["id"] == good["id"]

    # One click asks, another deletes.
    delete = plain.get_by_role("button", name="Delete for good?")
    expect(delete).to_be_hidden()
    plain.get_by_text("Delete", exact=True).click()
    delete.click()
    expect(plain.get_by_role("status")).to_have_text("Deleted.")
    expect(plain.get_by_text("Nothing waits.")).to_be_visible()
    assert len(site.support.get_data(node.id, moderator=True)["comments"]) == 1


def test_ux13_a_discussion_without_its_paragraph_is_attached_by_one_click(
    site: Running, plain: Page
) -> None:
    ships, fee = site.node(SHIPS), site.node("The fee is due")
    site.support.add_comment("What of forty-one?", node_id=ships.id)
    storage = site.support.storage
    storage.pre_build()
    for node in storage.get_nodes(["index"]):
        if node.id != ships.id:
            changed = ships.source.replace("forty", "fifty") if node.id == fee.id else node.source
            storage.add_node(node.id, "index", changed)
    storage.retire_node(ships.id)
    storage.post_build()

    site.sign_in(plain)
    plain.goto(f"{site.address}/_comments/moderation")
    plain.get_by_role("link", name="Comments without a paragraph").click()
    entry = plain.locator("section")
    expect(entry.locator(".websupport-source")).to_contain_text(SHIPS)
    place = entry.get_by_role("link", name="index")
    expect(place).to_have_attribute("href", f"/index.html#s{ships.id}")
    expect(entry.locator("del")).to_have_text("forty")

    entry.get_by_label("Another paragraph").fill("nowhere")
    entry.get_by_role("button", name="Attach", exact=True).click()
    expect(plain.get_by_role("alert")).to_have_text("This is no link to a paragraph.")
    expect(entry.get_by_label("Another paragraph")).to_have_value("nowhere")

    entry.get_by_role("button", name="Attach to the paragraph shown").click()
    expect(plain.get_by_role("status")).to_have_text("Attached.")
    assert site.support.get_metadata("index")[fee.id] == 1
