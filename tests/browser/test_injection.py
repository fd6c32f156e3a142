"""Nothing that a reader writes runs: text, name, proposal, search and page, in both markups.

The pages are served without a Content-Security-Policy: what keeps a script from running must not
be the browser's last line of defence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import pytest
from docutils import nodes
from docutils.utils import new_document
from playwright.sync_api import Dialog, Page, Request, Route, expect
from werkzeug.test import Client

from sphinxcontrib_websupport.model import MAX_NAME_LENGTH
from sphinxcontrib_websupport.search.base import BaseSearch
from sphinxcontrib_websupport.search.passages import MARK
from sphinxcontrib_websupport.serve.site import PREFIX
from sphinxcontrib_websupport.sphinxext.marks import data_block
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.browser.conftest import Complaints
from tests.browser.payloads import PAYLOADS
from tests.browser.sites import Running
from tests.web.conftest import read

SHIPS = "Ships of up to forty"

NAMES = list(
    dict.fromkeys(text.splitlines()[0][:MAX_NAME_LENGTH].replace("\t", " ") for text in PAYLOADS)
)

STYLESHEET = re.compile(r'<link rel="stylesheet" href="[./]*static/websupport.css">')

ARM = "window.booms = []; window.boom = () => { window.booms.push(new Error().stack); };"

# What stands in the page of what readers wrote, and may not; and every event that a handler
# could wait for is let happen to it.
OFFENCES = r"""
() => {
  const offences = [];
  const safe = { href: 1, title: 1, rel: 1, start: 1, colspan: 1, rowspan: 1 };
  const never = "script, style, link, meta, base, iframe, frame, object, embed, applet, form, " +
    "input, button, select, textarea, img, image, picture, source, video, audio, track, svg, " +
    "math, template, portal, dialog, details, marquee, body, html, title, slot";
  const events = ["load", "error", "focus", "focusin", "blur", "click", "mouseover", "toggle",
    "mouseenter", "pointerenter", "animationstart", "transitionend", "input", "paste", "copy"];
  for (const text of document.querySelectorAll(".websupport-text, .websupport-diff")) {
    for (const element of text.querySelectorAll("*")) {
      if (element.matches(never)) offences.push(element.outerHTML);
      for (const { name, value } of element.attributes) {
        if (!safe[name]) offences.push(`${name}=${value}`);
      }
      if (element.hasAttribute("href")) {
        const { protocol } = new URL(element.getAttribute("href"), "https://a.example");
        if (!["http:", "https:", "mailto:"].includes(protocol)) offences.push(element.outerHTML);
        element.removeAttribute("href"); // a click is to leave the page as it is
      }
      for (const event of events) element.dispatchEvent(new Event(event, { cancelable: true }));
    }
  }
  for (const name of document.querySelectorAll(".websupport-name")) {
    if (name.children.length) offences.push(name.innerHTML);
  }
  for (const element of document.querySelectorAll("*")) {
    for (const { name } of element.attributes) {
      if (name.startsWith("on")) offences.push(element.outerHTML);
    }
  }
  return offences;
}
"""


class Guard:
    """Notices what a payload does: a script that runs, a dialog, a request to elsewhere."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.noticed: list[str] = []
        page.add_init_script(ARM)
        page.on("dialog", self._close)
        page.on("request", self._look)
        page.route(lambda url: urlsplit(url).hostname != "127.0.0.1", self._refuse)

    def _close(self, dialog: Dialog) -> None:
        self.noticed.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _look(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in {"127.0.0.1", None}:
            self.noticed.append(f"request: {request.url}")

    def _refuse(self, route: Route) -> None:
        route.abort()

    def assert_nothing_ran(self) -> None:
        assert self._page.evaluate("window.booms") == []
        assert self._page.evaluate(OFFENCES) == []
        assert self._page.evaluate("window.booms") == []
        assert self.noticed == []


@pytest.fixture
def guard(page: Page) -> Guard:
    return Guard(page)


@pytest.fixture(params=["rst", "markdown"])
def written(start: Callable[..., Running], request: pytest.FixtureRequest) -> Running:
    """A site with a comment of each payload: its text, its author's name and its proposal."""
    site = start(markup=request.param, policy=None)
    node = site.node(SHIPS)
    for number, payload in enumerate(PAYLOADS):
        name = NAMES[number % len(NAMES)]
        site.support.add_comment(payload, node_id=node.id, username=name, proposal=payload)
    return site


def test_there_are_as_many_payloads_as_promised() -> None:
    assert len(PAYLOADS) == len(set(PAYLOADS)) >= 300


def test_a_payload_is_only_text(
    written: Running, page: Page, guard: Guard, complaints: Complaints
) -> None:
    page.goto(f"{written.address}/index.html")
    page.locator(".websupport-marker").first.click()
    comments, more = page.locator(".websupport-comment"), page.get_by_text("Show more comments")
    for shown in range(50, len(PAYLOADS) + 50, 50):
        expect(comments).to_have_count(min(shown, len(PAYLOADS)))
        if shown < len(PAYLOADS):
            more.click()
    names = page.locator(".websupport-comment .websupport-name").all_text_contents()
    assert set(names) == set(NAMES)
    guard.assert_nothing_ran()

    # The service's own pages have a strict policy, which complains of what it has to stop.
    page.goto(f"{written.address}{PREFIX}/threads/{written.node(SHIPS).id}")
    seen = 0
    while True:
        seen += page.locator(".websupport-comment").count()
        following = page.locator("a.websupport-more").all()
        further = [urljoin(page.url, link.get_attribute("href") or "") for link in following]
        guard.assert_nothing_ran()
        if not further:
            break
        page.goto(further[0])
    assert seen == len(PAYLOADS)
    assert complaints == []


def test_so_it_is_where_moderators_decide(
    start: Callable[..., Running], page: Page, guard: Guard, complaints: Complaints
) -> None:
    site = start(policy=None)
    node = site.node(SHIPS)
    for payload in PAYLOADS[::6]:
        name = payload.splitlines()[0][:MAX_NAME_LENGTH]
        site.support.add_comment(
            payload, node_id=node.id, username=name, proposal=payload, displayed=False
        )
    site.sign_in(page)
    page.goto(f"{site.address}{PREFIX}/moderation")
    expect(page.locator(".websupport-text").first).to_be_visible()
    guard.assert_nothing_ran()
    assert complaints == []


@pytest.fixture
def bare(start: Callable[..., Running]) -> Running:
    """A site whose pages have no policy."""
    return start(policy=None)


def parse(page: Page, bare: Running, *parts: str) -> None:
    """Have the browser take all parts for one page, as if they stood in one of the site's."""
    page.goto(f"{bare.address}/_static/websupport.css")
    # Hundreds of pages in one would load the same stylesheet hundreds of times.
    html = STYLESHEET.sub("", "\n".join(parts))
    page.set_content(f"<!doctype html><meta charset=utf-8>{html}", timeout=30_000)


def plain(text: str) -> str:
    return " ".join(text.split())


def index(search: BaseSearch) -> None:
    """Feed a page for each payload: its title, a heading and a paragraph."""
    search.prepare("en", lambda name: f"{name}.html")
    search.init_indexing([f"p{number}" for number in range(len(PAYLOADS))])
    for number, payload in enumerate(PAYLOADS):
        document = new_document("")
        paragraph = nodes.paragraph(text=f"needle {payload}", ids=[f"sn{number}"])
        paragraph[MARK] = f"sn{number}"
        document += nodes.section("", nodes.title(text=payload), paragraph, ids=["section"])
        search.feed(f"p{number}", f"p{number}.rst", payload, document)
    search.finish_indexing()


def test_a_payload_is_only_text_where_it_is_looked_for(
    bare: Running, tmp_path: Path, page: Page, guard: Guard
) -> None:
    support = WebSupport(builddir=tmp_path, search="sqlite")
    support.storage.pre_build()
    support.storage.add_node("n0", "p0", "Text.")
    support.storage.post_build()
    index(support.search)
    for payload in PAYLOADS[::10]:
        support.add_comment(f"needle {payload}", node_id="n0")
    client = Client(WSGIApp(support))
    queries = [quote(payload) for payload in PAYLOADS]
    queries += [f"needle&start={number}" for number in range(0, len(PAYLOADS) + 30, 10)]
    found = [client.get(f"/search?q={query}", buffered=True) for query in queries]
    support.close()
    assert {answer.status_code for answer in found} == {200}
    results = [read(answer)["results"] for answer in found]
    assert {plain(hit["title"]) for hits in results for hit in hits} >= set(map(plain, PAYLOADS))
    assert "comment" in {hit["kind"] for hits in results for hit in hits}
    excerpts = [f"<p>{hit['context']}</p>" for hits in results for hit in hits]
    parse(page, bare, *(read(answer)["body"] for answer in found), *excerpts)
    assert len(page.content()) > 100_000
    guard.assert_nothing_ran()


def test_a_payload_is_only_text_where_it_names_a_page(
    bare: Running, page: Page, guard: Guard
) -> None:
    """What a front end or a person is sent, parsed by the browser without any policy."""
    client = Client(WSGIApp(bare.support, document_url="/{docname}.html"))
    node = bare.node(SHIPS).id
    names = [quote(payload, safe="") for payload in PAYLOADS]
    data = [client.get(f"/documents/{name}", buffered=True) for name in names]
    assert {answer.status_code for answer in data} == {200}
    assert {answer.mimetype for answer in data} == {"application/json"}
    assert {answer.headers["X-Content-Type-Options"] for answer in data} == {"nosniff"}
    unknown = [client.get(f"/threads/{name}", buffered=True) for name in names]
    assert {answer.status_code for answer in unknown} == {404}
    known = [client.get(f"/threads/{node}?document={name}", buffered=True) for name in names[::3]]
    assert {answer.status_code for answer in known} == {200}
    parse(page, bare, *(answer.text for answer in (*unknown, *known)))
    assert len(page.content()) > 100_000
    guard.assert_nothing_ran()


def test_a_document_of_any_name_ends_no_data_block(bare: Running, page: Page, guard: Guard) -> None:
    blocks = [data_block(f"b{number}", {"document": name}) for number, name in enumerate(PAYLOADS)]
    parse(page, bare, *blocks)
    read = page.evaluate(
        "() => [...document.querySelectorAll('script')].map((e) => JSON.parse(e.textContent))"
    )
    assert [block["document"] for block in read] == json.loads(json.dumps(list(PAYLOADS)))
    assert page.evaluate("window.booms") == []
    assert guard.noticed == []


def test_what_is_opened_as_a_page_of_its_own_runs_nothing(
    site: Running, page: Page, guard: Guard, complaints: Complaints
) -> None:
    for payload in PAYLOADS[::40]:
        name = quote(payload, safe="")
        for path in (f"documents/{name}", f"threads/{name}", f"search?q={name}", name):
            page.goto(f"{site.address}{PREFIX}/{path}")
            assert page.evaluate("window.booms") == []
    assert guard.noticed == []
    assert [text for text in complaints if "status of 404" not in text and "501" not in text] == []


def test_a_payload_typed_into_the_forms_is_only_text(
    site: Running, page: Page, guard: Guard, complaints: Complaints
) -> None:
    text, change, name = (
        "<script>boom()</script>",
        "<svg/onload=boom()>",
        "<img src=x onerror=boom()>",
    )
    page.goto(f"{site.address}/index.html")
    page.locator(".websupport-marker").first.click()
    thread = page.locator(".websupport-thread")
    thread.get_by_role("button", name="Propose a change").click()
    thread.get_by_label("The text as it should be:").fill(change)
    thread.get_by_label("Add a comment").fill(text)
    thread.get_by_label("Name").fill(name)
    thread.get_by_role("button", name="Post").click()
    expect(thread.locator(".websupport-name")).to_have_text(name)
    guard.assert_nothing_ran()
    assert complaints == []


@pytest.mark.parametrize(
    "markup",
    [
        "<p class=websupport-text><b onclick=boom()>x</b></p>",
        "<p class=websupport-text><a href=javascript:boom()>x</a></p>",
        "<script>boom()</script>",
        "<img src=https://evil.example/x.png>",
        "<img src=x onerror=boom()>",
        "<p class=websupport-name><b>x</b></p>",
        "<script>alert(1)</script>",
    ],
)
def test_the_guard_notices(bare: Running, page: Page, guard: Guard, markup: str) -> None:
    """A test that cannot fail proves nothing."""
    parse(page, bare, markup)
    with pytest.raises(AssertionError):
        guard.assert_nothing_ran()
