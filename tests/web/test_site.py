"""A folder of pages with the service mounted: what ``serve`` runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from sphinxcontrib_websupport.serve.site import PREFIX, Site
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "html"
    (folder / "usage").mkdir(parents=True)
    (folder / "_static").mkdir()
    (folder / ".doctrees").mkdir()
    (folder / "index.html").write_text("<h1>Start</h1>")
    (folder / "page.html").write_text("<h1>Page</h1>")
    (folder / "usage" / "index.html").write_text("<h1>Usage</h1>")
    (folder / "_static" / "websupport-comments.js").write_text("// script")
    (folder / "_static" / "websupport.css").write_text("/* style */")
    (folder / ".buildinfo").write_text("hidden")
    (folder / ".doctrees" / "index.doctree").write_text("hidden")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


class ReadingClient(Client):
    """A client that reads and closes the files it is given, as a server does."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True, **kwargs})


@pytest.fixture
def client(folder: Path, support: WebSupport) -> Client:
    return ReadingClient(Site(folder, WSGIApp(support)))


@pytest.mark.parametrize(
    ("path", "kind", "text"),
    [
        ("/", "text/html", "Start"),
        ("/page.html", "text/html", "Page"),
        ("/usage/", "text/html", "Usage"),
        ("/_static/websupport-comments.js", "text/javascript", "// script"),
        ("/_static/websupport.css", "text/css", "/* style */"),
    ],
)
def test_pages_and_files_have_their_types(client: Client, path: str, kind: str, text: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == kind
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert text in answer.text


def test_a_folder_without_its_slash_leads_to_it(client: Client) -> None:
    answer = client.get("/usage")
    assert (answer.status_code, answer.location) == (302, "usage/")


def test_the_service_is_mounted(client: Client) -> None:
    assert read(client.get(f"{PREFIX}/documents/usage/install"))["nodes"]["n1"] == {"count": 0}


@pytest.mark.parametrize(
    "path",
    [
        "/nothing.html",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/usage/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/.buildinfo",
        "/.doctrees/index.doctree",
        "/page.html%00.txt",
        "/%ff",
    ],
)
def test_nothing_else_is_served(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text
    assert "hidden" not in answer.text


def test_a_project_may_have_a_404_page_of_its_own(client: Client, folder: Path) -> None:
    assert "There is no such page" in client.get("/nothing").text
    (folder / "404.html").write_text("<h1>Lost?</h1>")
    answer = client.get("/nothing")
    assert (answer.status_code, answer.text) == (404, "<h1>Lost?</h1>")


def test_a_page_that_was_built_anew_is_served_anew(client: Client, folder: Path) -> None:
    first = client.get("/page.html")
    (folder / "page.html").write_text("<h1>Page, second edition</h1>")
    (folder / "new.html").write_text("<h1>New</h1>")
    again = client.get("/page.html", headers={"If-None-Match": first.headers.get("ETag", "")})
    assert "second edition" in again.text
    assert "New" in client.get("/new.html").text


def test_a_page_that_did_not_change_is_not_sent_twice(client: Client) -> None:
    first = client.get("/page.html")
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert client.get("/page.html", headers=since).status_code == 304


def test_other_names_of_a_loopback_address_are_not_answered(
    folder: Path, support: WebSupport
) -> None:
    """A name of the attacker's that resolves to this machine (DNS rebinding)."""
    client = ReadingClient(Site(folder, WSGIApp(support), hosts={"127.0.0.1:8000"}))
    for path in ("/", f"{PREFIX}/nodes/n1"):
        assert client.get(path, headers={"Host": "127.0.0.1:8000"}).status_code == 200
        for host in ("evil.example", "evil.example:8000", "127.0.0.1", ""):
            assert client.get(path, headers={"Host": host}).status_code == 421


def test_pages_may_be_given_a_policy(folder: Path, support: WebSupport) -> None:
    client = ReadingClient(Site(folder, WSGIApp(support), policy="default-src 'self'"))
    for path in ("/", "/nothing"):
        assert client.get(path).headers["Content-Security-Policy"] == "default-src 'self'"
    own = client.get(f"{PREFIX}/health").headers["Content-Security-Policy"]
    assert own.startswith("default-src 'none'"), "the service keeps its own"
