"""The service over a real store with a few paragraphs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.described import described

__all__ = ["described"]

HERE = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a request from the page itself."""

FIRST = "First sentence of the page."
SECOND = "Second sentence of the page."

DEPTH = 1000


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two paragraphs, made once: tests work on copies."""
    path = tmp_path_factory.mktemp("store") / "comments.db"
    support = WebSupport(builddir=path.parent, storage=f"sqlite:///{path}")
    storage = support.storage
    storage.pre_build()
    storage.add_node("n1", "usage/install", FIRST)
    storage.add_node("n2", "usage/install", SECOND)
    storage.post_build()
    support.close()
    return path


@pytest.fixture
def support(database: Path, tmp_path: Path) -> Iterator[WebSupport]:
    path = shutil.copy(database, tmp_path / "comments.db")
    support = WebSupport(builddir=tmp_path, storage=f"sqlite:///{path}")
    yield support
    support.close()


@pytest.fixture(scope="session")
def deep(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSupport]:
    """A store in which one comment has a chain of replies, :data:`DEPTH` comments long."""
    folder = tmp_path_factory.mktemp("deep")
    path = shutil.copy(database, folder / "comments.db")
    support = WebSupport(builddir=folder, storage=f"sqlite:///{path}")
    parent = None
    for number in range(DEPTH):
        node = None if parent else "n1"
        # Past WebSupport, so that not each of them is rendered.
        parent = support.storage.add_comment(
            f"<p>{number}</p>", True, None, datetime.now(UTC), None, node, parent, False
        )["id"]
    yield support
    support.close()


def identify(request: Request) -> Viewer:
    """Believe two headers: a host application would ask its session."""
    name = request.headers.get("X-Test-User", "")
    return Viewer(name, moderator="X-Test-Moderator" in request.headers)


@pytest.fixture
def app(support: WebSupport) -> WSGIApp:
    return WSGIApp(support, identify, secret_key="a key for tests")


@pytest.fixture
def client(app: WSGIApp) -> Client:
    return Client(app)


def user(name: str, moderator: bool = False) -> dict[str, str]:
    """Return the headers of a browser in which this reader is signed in."""
    headers = {**HERE, "X-Test-User": name}
    return {**headers, "X-Test-Moderator": "1"} if moderator else headers


def read(answer: TestResponse) -> Any:
    """Return an answer's JSON; a test then says what it must hold."""
    return answer.get_json()
