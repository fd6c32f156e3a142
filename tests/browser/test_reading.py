"""Reading: markers, threads in place, permanent links, and what happens without a service."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from sphinxcontrib_websupport.serve.site import PREFIX
from tests.browser.conftest import Complaints
from tests.browser.sites import Running

SHIPS = "Ships of up to forty"
FEE = "The fee is due"


def marker(page: Page, beginning: str = SHIPS) -> Locator:
    return page.get_by_role("button", name=re.compile(f"on: {beginning}"))


def test_ux1_the_marker_tells_the_count_and_its_name_says_of_what(
    site: Running, page: Page, complaints: Complaints
) -> None:
    node = site.node(SHIPS)
    site.support.add_comment("One.", node_id=node.id)
    site.support.add_comment("Two.", node_id=node.id)
    page.goto(f"{site.address}/index.html")
    button = page.get_by_role("button", name=f"2 comments on: {SHIPS}")
    expect(button).to_be_visible()
    expect(button).to_have_css("opacity", "1")
    expect(button).to_have_attribute("aria-expanded", "false")
    assert complaints == []


def test_ux1_every_paragraph_of_the_store_has_one_marker(site: Running, page: Page) -> None:
    page.goto(f"{site.address}/index.html")
    expect(page.locator(".websupport-marker").first).to_be_attached()
    nodes = list(site.support.storage.get_nodes(["index"]))
    assert page.locator(".websupport-marker").count() == len(nodes)
    for node in nodes:
        assert page.locator(f"[id='s{node.id}']").count() == 1


def test_ux1_a_marker_without_comments_shows_on_hover_focus_and_touch(
    site: Running, page: Page
) -> None:
    page.goto(f"{site.address}/index.html")
    paragraph = page.locator("p", has_text=FEE)
    button = paragraph.get_by_role("button")
    expect(button).to_have_css("opacity", "0")
    paragraph.hover()
    expect(button).to_have_css("opacity", "1")
    page.mouse.move(0, 0)
    expect(button).to_have_css("opacity", "0")
    page.keyboard.press("Tab")
    button.focus()
    expect(button).to_have_css("opacity", "1")


def test_ux1_a_touched_paragraph_shows_its_marker(site: Running, context: BrowserContext) -> None:
    browser = context.browser
    assert browser is not None
    phone = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    page = phone.new_page()
    page.goto(f"{site.address}/index.html")
    paragraph = page.locator("p", has_text=FEE)
    expect(paragraph.get_by_role("button")).to_have_css("opacity", "0")
    paragraph.tap()
    expect(paragraph.get_by_role("button")).to_have_css("opacity", "1")
    assert page.evaluate("document.documentElement.scrollWidth") == 390, "nothing sticks out"
    phone.close()


def test_ux1_nothing_moves_when_the_markers_come(site: Running, page: Page) -> None:
    site.support.add_comment("One.", node_id=site.node(SHIPS).id)
    page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.shift += entry.value;
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    page.goto(f"{site.address}/index.html")
    expect(marker(page)).to_be_visible()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    assert page.evaluate("window.shift") == 0


def test_ux11_one_request_per_page_and_no_more_until_a_thread_is_opened(
    site: Running, page: Page
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(site.address)))
    page.goto(f"{site.address}/index.html")
    expect(page.locator(".websupport-marker").first).to_be_attached()
    assert [url for url in asked if url.startswith(PREFIX)] == [f"{PREFIX}/documents/index"]
    later = [url for url in asked if "websupport-" in url and "-comments.js" not in url]
    assert later == []


def test_ux2_a_click_opens_the_thread_under_its_paragraph_and_another_closes_it(
    site: Running, page: Page, complaints: Complaints
) -> None:
    node = site.node(SHIPS)
    first = site.support.add_comment("Over *all*?", node_id=node.id, username="Ada")
    site.support.add_comment("Yes.", parent_id=first["id"], username="Ben")
    page.goto(f"{site.address}/index.html")
    marker(page).click()
    thread = page.get_by_role("region", name="2 comments")
    expect(thread.locator(".websupport-comment")).to_have_count(2)
    expect(thread.locator("em")).to_have_text("all")
    expect(thread.locator(".websupport-comment").nth(1)).to_contain_text("answers Ada")
    expect(marker(page)).to_have_attribute("aria-expanded", "true")
    paragraph, card = page.locator("p", has_text=SHIPS).bounding_box(), thread.bounding_box()
    assert paragraph is not None
    assert card is not None
    assert 0 <= card["y"] - (paragraph["y"] + paragraph["height"]) < 40
    marker(page).click()
    expect(thread).to_have_count(0)
    assert complaints == []


def test_ux8_escape_closes_and_focus_returns_to_the_marker(site: Running, page: Page) -> None:
    site.support.add_comment("One.", node_id=site.node(SHIPS).id)
    page.goto(f"{site.address}/index.html")
    marker(page).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1 comment")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".websupport-thread")).to_have_count(0)
    expect(marker(page)).to_be_focused()


def test_ux2_on_a_phone_the_thread_is_a_sheet_that_leaves_the_paragraph_in_view(
    site: Running, page: Page
) -> None:
    last = "The signal can be asked for"
    site.support.add_comment("One.", node_id=site.node(last).id)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{site.address}/index.html")
    marker(page, last).click()
    thread = page.get_by_role("region")
    expect(thread.locator(".websupport-comment")).to_have_count(1)
    expect(page.locator("p", has_text=last)).to_be_in_viewport()
    card, paragraph = thread.bounding_box(), page.locator("p", has_text=last).bounding_box()
    assert card is not None
    assert paragraph is not None
    assert card["height"] <= 480
    assert card["y"] + card["height"] == 800
    assert paragraph["y"] + paragraph["height"] <= card["y"] + 1


def test_ux2_a_sheet_that_grows_leaves_the_paragraph_in_view(site: Running, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{site.address}/index.html")
    page.locator("p", has_text=FEE).hover()
    marker(page, FEE).click()
    thread = page.get_by_role("region")
    thread.get_by_role("button", name="Propose a change").click()
    thread.get_by_label("The text as it should be:").fill("word " * 200)
    card, paragraph = thread.bounding_box(), page.locator("p", has_text=FEE).bounding_box()
    assert card is not None
    assert paragraph is not None
    assert card["height"] <= 740 * 0.6 + 1, "never a full-height drawer"
    assert paragraph["y"] + paragraph["height"] <= card["y"] + 1


@pytest.mark.parametrize("theme", ["furo", "pydata_sphinx_theme"])
def test_ux1_no_marker_is_cut_off(start: Callable[..., Running], page: Page, theme: str) -> None:
    site = start(theme, policy=None)
    site.support.add_comment("One.", node_id=site.node(SHIPS).id)
    for width in (360, 768, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{site.address}/index.html")
        expect(marker(page)).to_be_visible()
        # What an ancestor cuts off is not in view.
        expect(marker(page)).to_be_in_viewport(ratio=0.99)


def test_ux3_threads_are_sorted_and_come_in_pages(site: Running, page: Page) -> None:
    node = site.node(SHIPS)
    start = datetime.now(UTC) - timedelta(hours=2)
    ids = [
        site.support.add_comment(
            f"Number {number}.", node_id=node.id, time=start + timedelta(minutes=number)
        )["id"]
        for number in range(52)
    ]
    site.support.process_vote(ids[30], "ada", 1)
    page.goto(f"{site.address}/index.html")
    marker(page).click()
    rows = page.locator(".websupport-comment")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("Number 0.")
    page.get_by_label("Sort comments").select_option("best")
    expect(rows).to_have_count(52)
    expect(rows.first).to_contain_text("Number 30.")
    page.get_by_label("Sort comments").select_option("newest")
    expect(rows.first).to_contain_text("Number 51.")
    expect(page.get_by_role("button", name="Show more comments")).to_be_hidden()


def test_ux3_the_browsers_own_find_works_on_what_is_shown(site: Running, page: Page) -> None:
    site.support.add_comment("A needle in the hay.", node_id=site.node(SHIPS).id)
    page.goto(f"{site.address}/index.html")
    expect(marker(page)).to_be_attached()
    assert not page.evaluate("find('needle')")
    marker(page).click()
    expect(page.locator(".websupport-comment")).to_be_visible()
    from_the_top = "find('needle', false, false, true)"
    assert page.evaluate(from_the_top)


def test_ux3_more_comments_come_when_they_are_asked_for(site: Running, page: Page) -> None:
    node = site.node(SHIPS)
    for number in range(51):
        site.support.add_comment(f"Number {number}.", node_id=node.id)
    page.goto(f"{site.address}/index.html")
    marker(page).click()
    page.get_by_role("button", name="Show more comments").click()
    expect(page.locator(".websupport-comment")).to_have_count(51)


def test_ux3_a_thousand_nested_replies_can_be_read(
    site: Running, page: Page, complaints: Complaints
) -> None:
    parent = site.support.add_comment("Down.", node_id=site.node(SHIPS).id)["id"]
    for number in range(1000):
        # Past WebSupport, so that not each of them is rendered.
        parent = site.support.storage.add_comment(
            f"Depth {number}.", True, None, datetime.now(UTC), None, None, parent, False
        )["id"]
    page.goto(f"{site.address}/index.html")
    marker(page).click()
    rows = page.locator(".websupport-comment")
    expect(rows).to_have_count(1001)
    expect(rows.last).to_contain_text("Depth 999.")
    assert complaints == []


def test_ux4_a_permanent_link_opens_the_thread_and_shows_the_comment(
    site: Running, page: Page
) -> None:
    node = site.node(SHIPS)
    ids = [
        site.support.add_comment(f"Number {number}.", node_id=node.id)["id"] for number in range(60)
    ]
    reply = site.support.add_comment("Deep.", parent_id=ids[55])["id"]
    page.goto(f"{site.address}/index.html#comment-{reply}")
    wanted = page.locator(f"[id='comment-{reply}']")
    expect(wanted).to_be_in_viewport()
    expect(wanted).to_be_focused()
    page.evaluate("scrollTo(0, 0)")
    page.evaluate("(id) => { location.hash = `#comment-${id}` }", ids[0])
    expect(page.locator(f"[id='comment-{ids[0]}']")).to_be_focused()


def test_ux4_links_of_earlier_front_ends_name_the_paragraph(site: Running, page: Page) -> None:
    node = site.node(FEE)
    page.goto(f"{site.address}/index.html#comment-{node.id}")
    expect(page.get_by_role("region", name="No comments yet")).to_be_visible()


def test_ux13_a_discussion_without_its_paragraph_is_listed_at_the_end(
    site: Running, page: Page
) -> None:
    node = site.node(SHIPS)
    comment = site.support.add_comment("What of forty-one?", node_id=node.id)
    storage = site.support.storage
    storage.pre_build()
    storage.retire_node(node.id)
    storage.post_build()
    page.goto(f"{site.address}/index.html#comment-{comment['id']}")
    expect(page.get_by_text("Comments on text that is no longer here")).to_be_visible()
    expect(page.locator(".websupport-retired")).to_contain_text(SHIPS)
    expect(page.locator(f"[id='comment-{comment['id']}']")).to_be_in_viewport()


def test_ux13_a_moderator_attaches_a_discussion_to_the_paragraph_most_like_its_own(
    site: Running, page: Page, complaints: Complaints
) -> None:
    ships, fee = site.node(SHIPS), site.node(FEE)
    site.support.add_comment("What of forty-one?", node_id=ships.id)
    storage = site.support.storage
    storage.pre_build()
    for node in storage.get_nodes(["index"]):
        source = ships.source.replace("forty", "fifty") if node.id == fee.id else node.source
        if node.id != ships.id:
            storage.add_node(node.id, "index", source)
    storage.retire_node(ships.id)
    storage.post_build()

    page.goto(f"{site.address}/index.html")
    page.get_by_text("Comments on text that is no longer here").click()
    entry = page.locator(".websupport-retired > div")
    expect(entry.locator("del")).to_have_text("forty")
    expect(entry.locator("ins")).to_have_text("fifty")
    expect(entry.get_by_role("button", name="Attach")).to_have_count(0)  # a reader may not

    site.sign_in(page)
    page.goto(f"{site.address}/index.html")
    marker(page, "The fee").click()
    expect(page.locator("section.websupport-thread")).to_have_count(1)
    page.get_by_text("Comments on text that is no longer here").click()
    page.route("**/attach", lambda route: route.abort(), times=1)
    entry.get_by_role("button", name="Attach to the paragraph shown").click()
    expect(entry.get_by_role("alert")).to_contain_text("cannot be reached")
    assert site.support.get_metadata("index")[fee.id] == 0
    complaints.clear()  # the browser has logged the request that failed

    entry.get_by_role("button", name="Attach to the paragraph shown").click()
    expect(entry.get_by_role("status")).to_have_text("Attached to this paragraph.")
    expect(entry.get_by_role("status")).to_be_focused()
    expect(marker(page, "The fee")).to_have_attribute("data-count", "1")
    expect(page.locator("section.websupport-thread")).to_have_count(0)  # it showed none
    assert site.support.get_retired() == []


def test_ux1_without_its_service_the_page_is_whole(
    site: Running, page: Page, complaints: Complaints
) -> None:
    page.route(f"**{PREFIX}/**", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.goto(f"{site.address}/index.html")
    expect(page.locator("p", has_text=SHIPS)).to_be_visible()
    expect(page.locator(".websupport-marker")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    assert len(complaints) == 1, complaints
    assert "Failed to load resource" in complaints[0]


def test_ux11_the_pages_are_the_same_under_a_strict_policy_in_any_folder(
    start: Callable[..., Running], page: Page, complaints: Complaints
) -> None:
    site = start()
    page.goto(f"{site.address}/moorings.html")
    expect(marker(page, "There are sixty")).to_be_attached()
    assert complaints == []
