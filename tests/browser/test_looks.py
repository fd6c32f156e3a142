"""Looks and words: colours of the theme, variables of the site, languages and times."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from sphinxcontrib_websupport.languages import find_language
from sphinxcontrib_websupport.serve.site import PREFIX
from tests.browser.conftest import Complaints
from tests.browser.screenshots import THEMES, Scheme, furnish
from tests.browser.sites import Running

SHIPS = "Ships of up to forty"
CHANNELS = "(e, name) => getComputedStyle(e)[name].match(/[\\d.]+/g).map(Number)"

VARIABLES = {
    "accent": ("rgb(1, 2, 3)", ".websupport-primary", "background-color"),
    "background": ("rgb(4, 5, 6)", "textarea", "background-color"),
    "text": ("rgb(7, 8, 9)", ".websupport-name", "color"),
    "muted": ("rgb(10, 11, 12)", ".websupport-meta", "color"),
    "border": ("rgb(13, 14, 15)", ".websupport-thread", "border-top-color"),
    "radius": ("3px", ".websupport-thread", "border-top-left-radius"),
    "font": ("fantasy", ".websupport-thread", "font-family"),
    "font-size": ("11px", ".websupport-thread", "font-size"),
    "width": ("333px", ".websupport-thread", "max-inline-size"),
}


def open_thread(page: Page) -> Locator:
    page.locator("p", has_text=SHIPS).locator("button").click()
    thread = page.locator(".websupport-thread")
    expect(thread.locator(".websupport-form")).to_be_visible()
    return thread


@pytest.mark.parametrize("theme", THEMES)
def test_ux9_it_takes_its_colours_and_type_from_the_theme(
    start: Callable[..., Running], page: Page, theme: str
) -> None:
    site = start(theme, policy=None)
    furnish(site)
    schemes: tuple[Scheme, ...] = THEMES[theme]
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{site.address}/index.html")
        thread = open_thread(page)
        paragraph = page.locator("p", has_text=SHIPS)
        for name in ("font-family", "color"):
            expect(thread).to_have_css(
                name, paragraph.evaluate(f"(e) => getComputedStyle(e)['{name}']")
            )
        # Dark letters on light ground, or the other way round, as the theme's are.
        light = thread.locator("textarea").last.evaluate(CHANNELS, "backgroundColor")[0]
        assert (light > 128) == (scheme == "light")


def test_ux9_a_site_says_otherwise_by_variables(site: Running, page: Page) -> None:
    furnish(site)
    page.goto(f"{site.address}/index.html")
    thread = open_thread(page)
    for name, (value, _, _) in VARIABLES.items():
        page.evaluate(
            "([name, value]) => document.documentElement.style.setProperty(name, value)",
            [f"--websupport-{name}", value],
        )
    for value, selector, attribute in VARIABLES.values():
        element = thread if selector == ".websupport-thread" else thread.locator(selector).first
        expect(element).to_have_css(attribute, value)


@pytest.mark.parametrize("language", ["de", "fr", "es", "ja", "zh_CN", "ar"])
def test_ux10_the_page_speaks_its_language(
    start: Callable[..., Running], page: Page, complaints: Complaints, language: str
) -> None:
    # Sphinx's own translations.js makes a function of a text, which a strict policy forbids.
    site = start("alabaster", language, policy=None)
    spoken = find_language(language)
    now = datetime.now(UTC)
    node = site.node(SHIPS)
    for hours in (1, 5, 9):
        site.support.add_comment("x", node_id=node.id, time=now - timedelta(hours=hours + 0.5))
    page.goto(f"{site.address}/index.html")
    one, many = "{n} comment on: {title}", "{n} comments on: {title}"
    title = node.source.replace("*", "").replace("\n", " ")[:60]
    expect(page.locator("[data-count='3']")).to_have_accessible_name(
        spoken.count(one, many, 3, title=title)
    )
    thread = open_thread(page)
    expect(thread).to_have_attribute("dir", spoken.direction)
    expect(thread.get_by_role("heading")).to_have_text(
        spoken.count("{n} comment", "{n} comments", 3)
    )
    expect(thread.get_by_role("button", name=spoken.say("Post"), exact=True)).to_be_visible()
    ago = page.evaluate(
        "(tag) => new Intl.RelativeTimeFormat(tag, {numeric: 'auto'}).format(-9, 'hour')",
        page.locator("html").get_attribute("lang"),
    )
    expect(thread.locator("time").first).to_have_text(ago)
    assert complaints == []
    english = re.compile("[a-z]{3}")
    for text in thread.locator("button, label, .websupport-heading").all_inner_texts():
        if language in {"ja", "zh_CN", "ar"}:
            assert not english.search(text), text


def test_ux10_times_are_local(site: Running, browser: Browser) -> None:
    moment = datetime(2026, 1, 2, 22, 30, tzinfo=UTC)
    site.support.add_comment("x", node_id=site.node(SHIPS).id, time=moment)
    context = browser.new_context(locale="en-GB", timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.goto(f"{site.address}/index.html")
    link = open_thread(page).locator(".websupport-meta a")
    expect(link).to_have_attribute("title", re.compile("1/3/2026, 7:30"))
    context.close()


@pytest.mark.parametrize(
    ("language", "heading"),
    [("fr", "Commentaires sur ce paragraphe"), ("nl", "Comments on this paragraph")],
)
def test_ux10_the_services_pages_speak_the_browsers_language(
    site: Running, browser: Browser, language: str, heading: str
) -> None:
    context = browser.new_context(locale=language)
    page = context.new_page()
    page.goto(f"{site.address}{PREFIX}/threads/{site.node(SHIPS).id}")
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    context.close()
