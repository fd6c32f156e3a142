"""Sites to look at: built by Sphinx, served over HTTP on a port of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from werkzeug.serving import BaseWSGIServer

from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.serve.site import PREFIX, Site
from sphinxcontrib_websupport.sphinxext import runner
from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.hosting import hosted

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

    def sign_in(self, page: Page) -> None:
        """Follow the moderator's link, and press the button that it leads to."""
        page.goto(self.sign_in_link())
        page.locator("form button").click()


@dataclass(frozen=True)
class Built:
    """A built project and the store that its build filled."""

    pages: Path
    database: Path


def build(folder: Path, theme: str, project: Path = PROJECT, **overrides: Any) -> Built:
    """Build a project with a theme.

    :param folder: where everything goes.
    :param overrides: values of conf.py.
    """
    built = Built(folder / "html", folder / "comments.db")
    runner.run(
        project,
        built.pages,
        folder / "doctrees",
        confoverrides={"html_theme": theme, **OVERRIDES.get(theme, {}), **overrides},
        storage=f"sqlite:///{built.database}",
    )
    return built


@contextmanager
def serving(
    pages: Path,
    database: Path,
    *,
    allow_anonymous: bool = True,
    policy: str | None = STRICT_POLICY,
    markup: str = "rst",
    search: str | None = None,
    **settings: Any,
) -> Iterator[Running]:
    """Serve built pages and their comments; what is set is the service's."""
    support = WebSupport(
        datadir=database.parent,
        storage=f"sqlite:///{database}",
        allow_anonymous_comments=allow_anonymous,
        markup=markup,
        search=search,
    )
    session = Session("a key for tests", moderator="Mona")
    settings.setdefault("document_url", "/{docname}.html")
    app = Site(pages, WSGIApp(support, session=session, **settings), policy=policy)
    with support, hosted(app) as server:
        yield Running(server, support, session)
