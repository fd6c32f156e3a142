"""A real site in a real browser: built by Sphinx, served over HTTP, opened in Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.browser import sites
from tests.browser.sites import CHROMIUM, FLAGS, Built, Running
from tests.engines import require


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    require("browser", CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Built]:
    """Build the project with a theme and values of conf.py, once."""
    known: dict[str, Built] = {}

    def build(theme: str, **overrides: Any) -> Built:
        key = f"{theme} {overrides}"
        if key not in known:
            known[key] = sites.build(tmp_path_factory.mktemp(theme), theme, **overrides)
        return known[key]

    return build


@pytest.fixture
def start(build: Callable[..., Built], tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Serve a fresh copy of the project, in a language; what is set is the service's."""
    with ExitStack() as running:

        def start(theme: str = "alabaster", language: str = "en", **settings: Any) -> Running:
            built = build(theme, language=language)
            database = tmp_path / f"{len(list(tmp_path.iterdir()))}" / "comments.db"
            database.parent.mkdir()
            shutil.copy(built.database, database)
            return running.enter_context(sites.serving(built.pages, database, **settings))

        yield start


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
