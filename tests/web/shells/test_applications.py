"""The manual's applications, each as a user starts it: on a real server, under a URL prefix."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from sphinxcontrib_websupport.sphinxext import runner
from tests.servers import Server, accepts_connections, free_port

MANUAL = Path(__file__).parents[3] / "example_docs"
APPLICATIONS = MANUAL / "applications"
PREFIX = "/manual"
GRANIAN = ("granian", "--no-ws", "--url-path-prefix", PREFIX, "--interface", "wsgi")
UVICORN = ("uvicorn", "--root-path", PREFIX)

# What Apache does with AuthType Basic: the application is told the name, and nothing more.
FRONT = """\
from werkzeug.wrappers import Request
from wsgi_site import application

def front(environ, start_response):
    given = Request(environ).authorization
    if given is not None and given.password == f"{given.username}'s password":
        environ["REMOTE_USER"] = given.username
    return application(environ, start_response)
"""


@dataclass(frozen=True)
class Application:
    command: tuple[str, ...]
    pages: str = "docs/index.html"
    login: str | None = "form"

    @property
    def prefix(self) -> str:
        """Where it is to be asked: a proxy before uvicorn has taken the prefix away."""
        return "" if self.command[0] == "uvicorn" else PREFIX


WITH_LOGIN = {
    "wsgi": Application((*GRANIAN, "front:front"), "", "basic"),
    "flask": Application((*GRANIAN, "flask_site:app")),
    "django": Application((*GRANIAN, "django_site:application"), login="django"),
    "django-asgi": Application((*UVICORN, "django_site:asgi_application"), login="django"),
    "fastapi": Application((*UVICORN, "fastapi_site:app"), login="json"),
    "litestar": Application((*UVICORN, "litestar_site:app"), login="json"),
}
APPS = {**WITH_LOGIN, "asgi": Application((*UVICORN, "asgi_site:application"), "", None)}


@dataclass
class Browser:
    """Keeps cookies, and says of each request that its own page made it."""

    port: int
    prefix: str
    origin: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {"Origin": self.origin or f"http://127.0.0.1:{self.port}", **self.headers}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, f"{self.prefix}/{path}", body, {**sent, **headers})
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie") or ():
                self.cookies |= {name: m.value for name, m in SimpleCookie(line).items()}
            return answer.status, answer.read()
        finally:
            connection.close()

    def send(self, method: str, path: str, value: object) -> Any:
        kind = {"Content-Type": "application/json"}
        return self.ask(method, path, json.dumps(value).encode(), **kind)

    def post(self, path: str, **values: str) -> Any:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(values).encode(), **kind)

    def sign_in(self, how: str | None, name: str, password: str = "") -> int:
        given = {"username": name, "password": password or f"{name}'s password"}
        if how == "basic":
            pair = f"{name}:{given['password']}".encode()
            self.headers = {"Authorization": f"Basic {b64encode(pair).decode()}"}
            return 200
        if how == "django":
            _, page = self.ask("GET", "login/")
            token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page)
            assert token
            given["csrfmiddlewaretoken"] = token[1].decode()
            status, _ = self.post("login/", **given)
        elif how == "json":
            status, _ = self.send("POST", "login", given)
        else:
            status, _ = self.post("login", **given)
        return int(status)


@dataclass
class Site:
    port: int
    app: Application
    node: str

    def browser(self, **settings: Any) -> Browser:
        return Browser(self.port, self.app.prefix, **settings)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with built pages and the store that the build filled."""
    folder = tmp_path_factory.mktemp("site")
    source = folder / "source"
    source.mkdir()
    (source / "conf.py").write_text('project = "Small"\nhtml_theme = "basic"\n')
    (source / "index.rst").write_text("Small\n=====\n\nA paragraph.\n")
    runner.run(
        source,
        folder / "_build" / "html",
        folder / "doctrees",
        storage=f"sqlite:///{folder / 'comments.db'}",
    )
    (folder / "front.py").write_text(FRONT)
    return folder


@pytest.fixture(scope="module", params=APPS)
def site(
    request: pytest.FixtureRequest, built: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    app = APPS[request.param]
    folder = tmp_path_factory.mktemp(request.param) / "site"
    shutil.copytree(built, folder)
    environment = {
        **os.environ,
        "SITE_SECRET": "a key for tests, as long as Django likes them to be: 50 letters",
        "PYTHONPATH": os.pathsep.join([str(folder), str(APPLICATIONS), str(MANUAL.parent)]),
    }
    if app.login == "django":
        prepare_django(folder, environment)
    port = free_port()
    server = Server(
        [sys.executable, "-m", *app.command, "--host", "127.0.0.1", "--port", str(port)],
        folder / "server.log",
        lambda: accepts_connections(port),
        folder=folder,
        environment=environment,
    )
    server.start()
    page = (folder / "_build" / "html" / "index.html").read_text()
    node = re.search(r'sphinx-has-comment[^>]*id="s([0-9a-z]+)"', page)
    assert node
    yield Site(port, app, node[1])
    server.stop()


def prepare_django(folder: Path, environment: dict[str, str]) -> None:
    program = (
        "import django_site\n"
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0)\n"
        "from django.contrib.auth.models import User\n"
        "User.objects.create_user('ada', password=\"ada's password\")\n"
        "User.objects.create_user('mona', password=\"mona's password\", is_staff=True)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, check=True)


def signed_in(site: Site, name: str) -> Browser:
    browser = site.browser()
    assert browser.sign_in(site.app.login, name) in {200, 201, 302, 303}
    return browser


@pytest.mark.parametrize("site", WITH_LOGIN, indirect=True)
def test_a_reader_of_the_host_comments_and_a_moderator_deletes(site: Site) -> None:
    status, page = site.browser().ask("GET", site.app.pages)
    assert status == 200
    assert b"A paragraph." in page
    comments = f"_comments/nodes/{site.node}/comments"
    status, body = signed_in(site, "ada").send("POST", comments, {"text": "By Ada"})
    assert status == 201, body
    comment = json.loads(body)
    assert comment["username"] == "ada"
    status, body = site.browser().send("POST", comments, {"text": "By nobody"})
    assert (status, json.loads(body)["username"]) == (201, "Anonymous")
    mona = signed_in(site, "mona")
    vote = f"_comments/comments/{comment['id']}/vote"
    assert mona.send("PUT", vote, {"value": 1})[0] == 204
    status, body = mona.ask("GET", "_comments/documents/index")
    assert json.loads(body)["viewer"]["moderator"] is True
    status, body = mona.ask("DELETE", f"_comments/comments/{comment['id']}")
    assert (status, json.loads(body)) == (200, {"removed": True})


@pytest.mark.parametrize("site", WITH_LOGIN, indirect=True)
def test_a_wrong_password_gives_no_name(site: Site) -> None:
    browser = site.browser()
    browser.sign_in(site.app.login, "ada", "mona's password")
    _, body = browser.ask("GET", "_comments/documents/index")
    assert json.loads(body)["viewer"]["username"] == ""


@pytest.mark.parametrize("site", WITH_LOGIN, indirect=True)
def test_another_site_cannot_use_a_readers_session(site: Site) -> None:
    ada = signed_in(site, "ada")
    ada.origin = "https://evil.example"
    assert ada.post("_comments/_add_comment", node=site.node, text="Spam")[0] == 403
    path = f"_comments/nodes/{site.node}/comments"
    assert ada.send("POST", path, {"text": "Spam"})[0] == 403


@pytest.mark.parametrize("site", ["asgi"], indirect=True)
def test_the_service_alone_keeps_names_itself(site: Site) -> None:
    browser = site.browser()
    assert browser.send("PUT", "session", {"name": "Ada"})[0] == 200
    status, body = browser.send("POST", f"nodes/{site.node}/comments", {"text": "Hi"})
    assert (status, json.loads(body)["username"]) == (201, "Ada")


def test_the_manual_shows_each_application_whole() -> None:
    shown = " ".join(page.read_text(encoding="utf-8") for page in MANUAL.glob("*.rst"))
    for path in APPLICATIONS.glob("*.py"):
        assert f"literalinclude:: applications/{path.name}\n" in shown
