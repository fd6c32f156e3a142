"""The page on one origin, the service on another: signing in without third-party cookies."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from werkzeug.wrappers import Request

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.readers import bearer
from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.security.crossorigin import CrossOrigin
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.browser.conftest import Complaints
from tests.browser.sites import Built
from tests.hosting import hosted
from tests.servers import free_port

PORT = free_port()
"""Where the service will answer: the pages are built for it."""


class PlainFiles(SimpleHTTPRequestHandler):
    """Any web host: it knows nothing of comments."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class TwoOrigins:
    """Pages on one, the service on another."""

    page: str
    service: str
    support: WebSupport
    session: Session
    queries: list[str]
    """All that was asked of the service: method, path, and whether a cookie came along."""


@contextmanager
def running(server: Any) -> Iterator[None]:
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def two_origins(
    built: Built, folder: Path, service: str, *, credentials: bool = False, **settings: Any
) -> Iterator[TwoOrigins]:
    database = shutil.copy(built.database, folder / "comments.db")
    support = WebSupport(datadir=folder, storage=f"sqlite:///{database}")
    files = ThreadingHTTPServer(("127.0.0.1", 0), partial(PlainFiles, directory=str(built.pages)))
    page = f"http://localhost:{files.server_port}"
    session = Session("a key for tests", moderator="Mona", home=f"{page}/index.html")
    others = CrossOrigin([page], credentials=credentials)
    app = WSGIApp(support, session=session, cross_origin=others, **settings)
    queries: list[str] = []

    def noting(environ: Any, start_response: Any) -> Any:
        cookie = " cookie" if environ.get("HTTP_COOKIE") else ""
        queries.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}{cookie}")
        return app(environ, start_response)

    with running(files), hosted(noting, PORT):
        yield TwoOrigins(page, service, support, session, queries)
    support.close()


@pytest.fixture
def two(build: Callable[..., Built], tmp_path: Path) -> Iterator[TwoOrigins]:
    # Not localhost, as the pages: that would be their site on another port.
    service = f"http://127.0.0.1:{PORT}"
    built = build("alabaster", websupport_url=service)
    with two_origins(built, tmp_path, service) as two:
        yield two


def open_thread(page: Page) -> Locator:
    page.locator(".websupport-marker").first.click()
    thread = page.locator(".websupport-thread")
    expect(thread.get_by_label("Add a comment")).to_be_visible()
    return thread


def test_a_reader_signs_in_posts_votes_and_is_known_after_a_reload(
    two: TwoOrigins, page: Page, complaints: Complaints
) -> None:
    page.goto(f"{two.page}/index.html")
    thread = open_thread(page)
    thread.get_by_label("Add a comment").fill("From elsewhere.")
    thread.get_by_label("Name").fill("Ada")
    thread.get_by_role("button", name="Post").click()
    expect(thread.locator(".websupport-name")).to_have_text("Ada")
    thread.get_by_role("button", name="Vote up").click()
    expect(thread.get_by_role("button", name="Vote up")).to_have_attribute("aria-pressed", "true")
    expect(thread.locator(".websupport-points")).to_have_text("1")

    page.reload()
    thread = open_thread(page)
    expect(thread.locator(".websupport-comment")).to_have_count(1)
    expect(thread.get_by_role("button", name="Vote up")).to_have_attribute("aria-pressed", "true")
    expect(thread.locator(".websupport-form")).to_contain_text("as Ada")
    assert page.context.cookies() == []
    assert "OPTIONS /session" in two.queries
    assert not [query for query in two.queries if query.endswith(" cookie")]
    assert complaints == []


def test_who_signs_out_is_nobody_after_a_reload(two: TwoOrigins, page: Page) -> None:
    page.goto(f"{two.page}/index.html")
    thread = open_thread(page)
    thread.get_by_label("Add a comment").fill("From elsewhere.")
    thread.get_by_label("Name").fill("Ada")
    thread.get_by_role("button", name="Post").click()
    thread.get_by_role("button", name="Sign out").click()
    expect(thread.get_by_label("Name")).to_be_visible()
    page.reload()
    expect(open_thread(page).get_by_label("Name")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.endsWith('token'))") == []


def test_an_expired_token_is_forgotten_and_the_page_works(
    two: TwoOrigins, page: Page, complaints: Complaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.goto(f"{two.page}/index.html")
    thread = open_thread(page)
    thread.get_by_label("Add a comment").fill("One.")
    thread.get_by_label("Name").fill("Ada")
    thread.get_by_role("button", name="Post").click()
    expect(thread.locator(".websupport-name")).to_have_text("Ada")
    with monkeypatch.context() as time:
        time.setattr(bearer, "TOKEN_SECONDS", -1)
        page.reload()
        expect(open_thread(page).get_by_label("Name")).to_be_visible()
    assert complaints == []
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.endsWith('token'))") == []


def test_a_token_that_expires_meanwhile_loses_nothing_and_signs_nothing(
    two: TwoOrigins, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.goto(f"{two.page}/index.html")
    thread = open_thread(page)
    thread.get_by_label("Add a comment").fill("One.")
    thread.get_by_label("Name").fill("Ada")
    thread.get_by_role("button", name="Post").click()
    expect(thread.locator(".websupport-name")).to_have_text("Ada")
    thread.get_by_label("Add a comment").fill("Two.")
    with monkeypatch.context() as time:
        time.setattr(bearer, "TOKEN_SECONDS", -1)
        thread.get_by_role("button", name="Post").click()
        expect(thread.get_by_role("alert").filter(has_text="has expired")).to_be_visible()
    page.reload()
    thread = open_thread(page)
    expect(thread.locator(".websupport-comment")).to_have_count(1)
    expect(thread.get_by_label("Add a comment")).to_have_value("Two.")
    expect(thread.get_by_label("Name")).to_be_visible()


def test_a_moderators_link_leads_to_the_page_and_leaves_no_token_in_its_address(
    two: TwoOrigins, page: Page, complaints: Complaints
) -> None:
    page.goto(two.session.link(two.service, ""))
    page.get_by_role("button", name="Sign in").click()
    thread = open_thread(page)
    expect(thread.locator(".websupport-form")).to_contain_text("as Mona")
    assert page.url == f"{two.page}/index.html"
    page.reload()
    expect(open_thread(page).locator(".websupport-form")).to_contain_text("as Mona")
    assert complaints == []


def test_a_link_that_somebody_made_up_signs_nobody_in(two: TwoOrigins, page: Page) -> None:
    """Who follows it would write in the name of whoever sent it."""
    eve = bearer.BearerTokens("a key for tests").create(Viewer("Eve"))
    for token in (eve, "websupport.nonsense", "%3Cscript%3E", "%"):
        page.goto("about:blank")
        page.goto(f"{two.page}/index.html#websupport-token={token}")
        expect(open_thread(page).get_by_label("Name")).to_be_visible()
        assert page.url == f"{two.page}/index.html"


def test_a_page_of_an_origin_that_was_not_named_learns_nothing(
    two: TwoOrigins, page: Page, complaints: Complaints
) -> None:
    stranger = two.page.replace("localhost", "127.0.0.1")
    page.goto(f"{stranger}/index.html")
    page.wait_for_function("performance.getEntriesByType('resource').length > 3")
    told = page.evaluate(
        "(url) => fetch(url).then((answer) => answer.text(), () => 'nothing')",
        f"{two.service}/documents/index",
    )
    assert told == "nothing"
    expect(page.locator(".websupport-marker")).to_have_count(0)
    assert any("CORS" in complaint for complaint in complaints)


def test_cookies_are_sent_where_both_sides_say_so(
    build: Callable[..., Built], tmp_path: Path, page: Page, complaints: Complaints
) -> None:
    """The host application's own cookie, of another port of the same site."""

    def identify(request: Request) -> Viewer:
        return Viewer(request.cookies.get("host", ""))

    service = f"http://localhost:{PORT}"
    built = build("alabaster", websupport_url=service, websupport_credentials=True)
    with two_origins(built, tmp_path, service, credentials=True, identify=identify) as two:
        page.context.add_cookies([{"name": "host", "value": "Hilda", "url": service}])
        page.goto(f"{two.page}/index.html")
        thread = open_thread(page)
        thread.get_by_label("Add a comment").fill("With a cookie.")
        thread.get_by_role("button", name="Post").click()
        expect(thread.locator(".websupport-name")).to_have_text("Hilda")
        assert "GET /documents/index cookie" in two.queries
    assert complaints == []
