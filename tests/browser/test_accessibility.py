"""By keyboard and by ear: WCAG 2.2 AA by axe-core, and what no rule can tell."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Browser, Locator, Page, expect

from sphinxcontrib_websupport.serve.site import PREFIX
from tests.browser.screenshots import Scheme, furnish
from tests.browser.sites import Running

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OURS = [[".websupport-marker"], [".websupport-thread"], [".websupport-retired"]]
"""On a theme's page: what the theme does wrong is not ours to mend."""

SCHEMES: list[Scheme] = ["light", "dark"]
SHIPS = "Ships of up to forty"


def complaints_of_axe(page: Page, *, everything: bool = False) -> list[str]:
    """Return what axe-core finds, a line for each element."""
    ours = [[name] for [name] in OURS if page.locator(name).count()]
    context = None if everything else {"include": ours}
    found = Axe().run(page, context=context, options={"runOnly": RULES})
    assert found.response["passes"], "axe-core has looked at something"
    return [
        f"{problem['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
        for problem in found.response["violations"]
        for node in problem["nodes"]
    ]


@pytest.fixture
def furnished(start: Callable[..., Running]) -> Callable[..., Running]:
    """Start a site with discussions to look at."""

    def begin(*args: str) -> Running:
        site = start(*args, policy=None)
        furnish(site)
        return site

    return begin


def marker(page: Page, beginning: str = SHIPS) -> Locator:
    paragraph = page.locator("p.sphinx-has-comment", has_text=beginning)
    return paragraph.locator("button.websupport-marker")


def assert_axe_finds_nothing(page: Page) -> None:
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert complaints_of_axe(page) == [], scheme


@pytest.mark.parametrize(
    ("theme", "language"),
    [
        ("alabaster", "en"),
        ("sphinx_rtd_theme", "en"),
        ("furo", "en"),
        ("furo", "ar"),
        ("pydata_sphinx_theme", "en"),
        ("sphinx_book_theme", "en"),
    ],
)
def test_ux8_axe_finds_nothing_on_page_open_thread_and_form(
    furnished: Callable[..., Running], page: Page, theme: str, language: str
) -> None:
    site = furnished(theme, language)
    site.sign_in(page)
    page.goto(f"{site.address}/index.html")
    if language == "ar":
        page.evaluate("document.documentElement.dir = 'rtl'")
    expect(page.locator(".websupport-marker").first).to_be_attached()
    assert_axe_finds_nothing(page)

    marker(page).click()
    expect(page.locator(".websupport-comment")).to_have_count(4)
    page.locator("form [aria-expanded]").click()
    page.locator(".websupport-proposal textarea").fill("Another text.")
    page.locator(".websupport-primary").click()
    expect(page.locator(".websupport-error:not(:empty)")).to_be_visible()
    page.locator(".websupport-comment").first.get_by_role("button").nth(2).click()
    expect(page.locator(".websupport-comment textarea")).to_be_focused()
    assert_axe_finds_nothing(page)


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ar", "dark")])
def test_ux8_axe_finds_nothing_on_the_pages_of_moderators_and_without_scripts(
    furnished: Callable[..., Running], browser: Browser, language: str, scheme: Scheme
) -> None:
    site = furnished()
    context = browser.new_context(locale=language, color_scheme=scheme)
    page = context.new_page()
    node = site.node(SHIPS)
    page.goto(f"{site.address}{PREFIX}/sign-in")
    assert complaints_of_axe(page, everything=True) == []
    site.sign_in(page)
    for path in (f"threads/{node.id}?document=index", "moderation", "threads/nothing"):
        page.goto(f"{site.address}{PREFIX}/{path}")
        assert page.locator("html").get_attribute("lang") == language
        for details in page.locator("details").all():
            details.locator("summary").click()
        assert complaints_of_axe(page, everything=True) == [], path

    storage = site.support.storage
    storage.pre_build()
    storage.retire_node(node.id)
    storage.post_build()
    page.goto(f"{site.address}{PREFIX}/moderation/detached")
    assert complaints_of_axe(page, everything=True) == []
    context.close()


def test_ux8_markers_are_buttons_that_say_what_they_open(site: Running, page: Page) -> None:
    site.support.add_comment("One.", node_id=site.node(SHIPS).id)
    page.goto(f"{site.address}/index.html")
    button = page.get_by_role("button", name=f"1 comment on: {SHIPS}")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    region = page.get_by_role("region", name="1 comment")
    assert region.get_attribute("id") == button.get_attribute("aria-controls")


def test_ux8_a_walk_through_everything_by_keyboard_alone(site: Running, page: Page) -> None:
    node = site.node(SHIPS)
    site.support.add_comment("First.", node_id=node.id, username="Ben")
    page.goto(f"{site.address}/index.html")
    expect(page.locator(".websupport-marker").first).to_be_attached()

    def walk_to(name: str) -> Locator:
        """Press Tab until something of this name has the focus."""
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.locator(":focus")
            label = focused.evaluate(
                "(e) => e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent"
            )
            if re.match(name, label.strip()):
                outline = focused.evaluate("(e) => getComputedStyle(e).outlineStyle")
                assert outline != "none", f"{name} shows that it has the focus"
                return focused
        raise AssertionError(f"Tab does not lead to {name}")

    walk_to("1 comment on: Ships")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1 comment")).to_be_focused()
    walk_to("Vote up")
    page.keyboard.press("Space")
    expect(page.get_by_label("Your name:")).to_be_focused()
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Vote up")).to_have_attribute("aria-pressed", "true")

    page.get_by_role("heading", name="1 comment").focus()
    walk_to("Reply to Ben")
    page.keyboard.press("Enter")
    page.keyboard.type("Indeed.")
    page.keyboard.press("Control+Enter")
    rows = page.locator(".websupport-comment")
    expect(rows.nth(1)).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("Posted.")

    walk_to("Edit the comment of Ada")
    page.keyboard.press("Enter")
    field = rows.nth(1).locator("textarea")
    expect(field).to_be_focused()
    expect(field).to_have_value("Indeed.")
    page.keyboard.press("Control+A")
    page.keyboard.type("Not at all.")
    walk_to("Save")
    page.keyboard.press("Enter")
    expect(rows.nth(1)).to_contain_text("Not at all.")
    expect(rows.nth(1)).to_be_focused()

    walk_to("Delete the comment of Ada")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(rows.nth(1)).to_contain_text("[deleted]")
    expect(page.get_by_role("status")).to_have_text("Deleted.")

    walk_to("Propose a change")
    page.keyboard.press("Enter")
    expect(page.get_by_label("The text as it should be:")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".websupport-thread")).to_have_count(0)
    expect(marker(page)).to_be_focused()


def test_ux8_what_happens_is_announced(start: Callable[..., Running], page: Page) -> None:
    site = start(must_wait=lambda viewer: True)
    page.goto(f"{site.address}/index.html")
    marker(page).focus()
    page.keyboard.press("Enter")
    thread = page.get_by_role("region")
    post = thread.get_by_role("button", name="Post")
    post.click()
    expect(thread.get_by_role("alert").filter(has_text="Write something")).to_be_visible()
    thread.get_by_label("Add a comment").fill("Hm.")
    post.click()
    expect(thread.get_by_role("status")).to_have_text("Posted. It waits for a moderator.")


@pytest.mark.parametrize("width", [640, 360])
def test_ux8_at_200_percent_zoom_nothing_is_cut_off(
    furnished: Callable[..., Running], browser: Browser, width: int
) -> None:
    """A window of 1280 pixels zoomed to 200 % is one of 640 with twice the pixels."""
    context = browser.new_context(
        viewport={"width": width, "height": 450}, device_scale_factor=2, locale="en-GB"
    )
    page = context.new_page()
    site = furnished("furo")
    page.goto(f"{site.address}/index.html")
    marker(page).click()
    expect(page.locator(".websupport-comment")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    card = page.locator(".websupport-thread")
    assert card.evaluate("(e) => e.scrollWidth <= e.clientWidth")
    card.locator("textarea").last.scroll_into_view_if_needed()
    expect(card.get_by_role("button", name="Post")).to_be_visible()
    context.close()


def test_ux8_reduced_motion_is_respected(site: Running, page: Page) -> None:
    page.goto(f"{site.address}/index.html")
    moving = "(marker) => getComputedStyle(marker).transitionDuration"
    first = page.locator(".websupport-marker").first
    page.emulate_media(reduced_motion="no-preference")
    assert first.evaluate(moving) != "0s"
    page.emulate_media(reduced_motion="reduce")
    assert first.evaluate(moving) == "0s"
