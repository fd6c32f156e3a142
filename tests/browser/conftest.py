"""A real site in a real browser: built by Sphinx, served over HTTP, opened in Chromium."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sphinxcontrib_websupport.build import runner
from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.web.session import Session
from sphinxcontrib_websupport.web.site import PREFIX, Site
from sphinxcontrib_websupport.web.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport

PROJECT = Path(__file__).parent / "project"
CHROMIUM = os.environ.get("WEBSUPPORT_TEST_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Alabaster's search box brings an inline script, which is not ours to allow.
OVERRIDES = {"alabaster": {"html_sidebars": {"**": ["navigation.html"]}}}
STRICT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@dataclass
class Built:
    """A built project and the store that its build filled."""

    pages: Path
    database: Path


@dataclass
class Running:
    """A site that answers on a port of its own, and what it is made of."""

    server: BaseWSGIServer
    support: WebSupport
    session: Session

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def node(self, beginning: str, document: str = "index") -> Node:
        """Return the paragraph that begins so."""
        return next(
            node
            for node in self.support.storage.get_nodes([document])
            if node.source.startswith(beginning)
        )

    def sign_in_link(self) -> str:
        return self.session.link(self.address, PREFIX)


class QuietHandler(WSGIRequestHandler):
    """A request handler that does not write a line per request."""

    def log(self, type: str, message: str, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    promised = "WEBSUPPORT_TEST_BROWSER" in os.environ
    if not Path(CHROMIUM).exists() and not promised:
        pytest.skip(f"there is no browser at {CHROMIUM} (set WEBSUPPORT_TEST_CHROMIUM)")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        except PlaywrightError as error:
            if promised:
                raise
            pytest.skip(f"Chromium does not start: {error}")
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Built]:
    """Build the project with a theme, once."""
    known: dict[str, Built] = {}

    def build(theme: str) -> Built:
        if theme not in known:
            folder = tmp_path_factory.mktemp(theme)
            built = Built(folder / "html", folder / "comments.db")
            runner.run(
                PROJECT,
                built.pages,
                folder / "doctrees",
                confoverrides={"html_theme": theme, **OVERRIDES.get(theme, {})},
                storage=f"sqlite:///{built.database}",
            )
            known[theme] = built
        return known[theme]

    return build


@pytest.fixture
def start(build: Callable[[str], Built], tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Serve a fresh copy of the project; what is set is the service's."""
    running: list[Running] = []

    def start(
        theme: str = "alabaster",
        *,
        allow_anonymous: bool = True,
        policy: str | None = STRICT_POLICY,
        **settings: Any,
    ) -> Running:
        built = build(theme)
        database = tmp_path / f"comments-{len(running)}.db"
        shutil.copy(built.database, database)
        support = WebSupport(
            datadir=tmp_path,
            storage=f"sqlite:///{database}",
            allow_anonymous_comments=allow_anonymous,
        )
        session = Session("a key for tests", moderator="Mona")
        app = Site(built.pages, WSGIApp(support, session=session, **settings), policy=policy)
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        running.append(Running(server, support, session))
        return running[-1]

    yield start
    for site in running:
        site.server.shutdown()
        site.server.server_close()
        site.support.close()


@pytest.fixture
def site(start: Callable[..., Running]) -> Running:
    return start()


class Complaints(list[str]):
    """What the browser wrote into its console: errors, refusals of the policy, exceptions."""

    def watch(self, page: Page) -> None:
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        asked_for_an_icon = message.location["url"].endswith("/favicon.ico")
        if message.type in {"error", "warning"} and not asked_for_an_icon:
            self.append(message.text)


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(5000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, complaints: Complaints) -> Page:
    page = context.new_page()
    complaints.watch(page)
    return page
