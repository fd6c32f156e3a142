"""Signing in from a page on another origin: a token in the page's own storage."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.readers import bearer
from sphinxcontrib_websupport.web.readers.bearer import BearerTokens
from sphinxcontrib_websupport.web.readers.session import COOKIE, LANDING, Session
from sphinxcontrib_websupport.web.security.crossorigin import CrossOrigin
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import HERE, read

KEY = "a key for tests"
DOCS = "https://docs.example.org"
FROM_DOCS = {"Origin": DOCS, "Sec-Fetch-Site": "cross-site"}
NOBODY = {"username": "", "moderator": False}


@pytest.fixture
def session() -> Session:
    return Session(KEY, moderator="Mona", home="https://Docs.example.org:443/manual/")


@pytest.fixture
def client(support: WebSupport, session: Session) -> Client:
    app = WSGIApp(support, session=session, cross_origin=CrossOrigin([DOCS]))
    return Client(app, use_cookies=False)


def sign_in(client: Client, name: str = "Ada") -> dict[str, str]:
    """Return the headers of the page's later requests."""
    answer = client.put("/session", json={"name": name}, headers=FROM_DOCS)
    return {**FROM_DOCS, "Authorization": f"Bearer {read(answer)['token']}"}


def test_a_page_elsewhere_is_given_a_token_and_no_cookie(client: Client) -> None:
    answer = client.put("/session", json={"name": "Ada"}, headers=FROM_DOCS)
    assert read(answer)["username"] == "Ada"
    assert read(answer)["token"]
    assert "Set-Cookie" not in answer.headers


def test_the_page_itself_is_given_a_cookie_and_no_token(client: Client) -> None:
    for headers in (HERE, {**HERE, "Origin": DOCS}):
        answer = client.put("/session", json={"name": "Ada"}, headers=headers)
        assert "token" not in read(answer)
        assert COOKIE in answer.headers["Set-Cookie"]


def test_who_shows_the_token_posts_and_votes_under_its_name(client: Client) -> None:
    ada, ben = sign_in(client), sign_in(client, "Ben")
    posted = read(client.post("/nodes/n1/comments", json={"text": "Hi"}, headers=ada))
    assert posted["username"] == "Ada"
    path = f"/comments/{posted['id']}/vote"
    assert client.put(path, json={"value": 1}, headers=ben).status_code == 204
    thread = read(client.get("/nodes/n1", headers=ben))
    assert (thread["comments"][0]["rating"], thread["comments"][0]["vote"]) == (1, 1)
    assert read(client.get("/nodes/n1", headers=ada))["comments"][0]["vote"] == 0


def test_a_token_is_no_cookie_and_a_cookie_no_token(client: Client, session: Session) -> None:
    token = sign_in(client)["Authorization"].removeprefix("Bearer ")
    as_cookie = {**HERE, "Cookie": f"{COOKIE}={token}"}
    assert read(client.get("/session", headers=as_cookie)) == NOBODY
    cookie = client.put("/session", json={"name": "Ada"}, headers=HERE).headers["Set-Cookie"]
    value = cookie.partition("=")[2].partition(";")[0]
    for token in (value, f"websupport.{value}"):
        shown = {"Authorization": f"Bearer {token}"}
        assert read(client.get("/session", headers=shown)) == NOBODY


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_of_any_case(client: Client, scheme: str) -> None:
    token = sign_in(client)["Authorization"].removeprefix("Bearer ")
    answer = client.get("/session", headers={"Authorization": f"{scheme} {token}"})
    assert read(answer)["username"] == "Ada"


def worthless() -> dict[str, str]:
    good = BearerTokens(KEY).create(Viewer("Ada"))
    return {
        "of another key": BearerTokens("another").create(Viewer("Mona", moderator=True)),
        "cut off": good[:-3],
        "changed": good.replace("websupport.", "websupport.W10", 1),
        "empty": "websupport.",
        "a moderator of another time": BearerTokens(KEY).create(Viewer("Nora", moderator=True)),
        "a reserved name": BearerTokens(KEY).create(Viewer("Mona")),
    }


@pytest.mark.parametrize("kind", worthless())
def test_a_worthless_token_makes_nobody_a_moderator(client: Client, kind: str) -> None:
    shown = {"Authorization": f"Bearer {worthless()[kind]}"}
    assert read(client.get("/session", headers=shown))["moderator"] is False


def test_what_is_to_be_signed_does_not_come_without_a_name(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = sign_in(client)
    monkeypatch.setattr(bearer, "TOKEN_SECONDS", -1)
    answer = client.post("/nodes/n1/comments", json={"text": "Hi"}, headers=ada)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert answer.headers["Access-Control-Allow-Origin"] == DOCS
    viewer = read(client.get("/documents/usage/install", headers=ada))["viewer"]
    assert viewer["username"] == ""
    assert client.delete("/session", headers=ada).status_code == 204
    assert client.put("/session", json={"name": "Ada"}, headers=ada).status_code == 200


def test_tokens_of_the_host_application_are_left_to_it(support: WebSupport) -> None:
    def identify(request: object) -> Viewer:
        return Viewer("Host")

    client = Client(WSGIApp(support, identify, session=Session(KEY)))
    shown = {"Authorization": "Bearer eyJhbGciOi.host.own", **HERE}
    posted = client.post("/nodes/n1/comments", json={"text": "Hi"}, headers=shown)
    assert read(posted)["username"] == "Host"


def test_a_request_with_a_token_is_not_forged_wherever_it_comes_from(client: Client) -> None:
    """No page of another site has the token, and a browser asks before it sends it."""
    token = sign_in(client)["Authorization"]
    for headers in ({}, {"Origin": DOCS}, {"Sec-Fetch-Site": "none"}):
        shown = {**headers, "Authorization": token}
        posted = client.post("/nodes/n1/comments", json={"text": "Hi"}, headers=shown)
        assert posted.status_code == 201
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert client.options("/nodes/n1/comments", headers=asked).status_code == 405


def test_a_cookie_beside_a_worthless_token_does_not_count(support: WebSupport) -> None:
    """Else a made-up token would be a way around the checks of cookies."""
    client = Client(WSGIApp(support, session=Session(KEY)))
    client.put("/session", json={"name": "Ada"}, headers=HERE)
    forged = {"Origin": "https://evil.example", "Authorization": "Bearer websupport.x"}
    answer = client.post("/nodes/n1/comments", json={"text": "Hi"}, headers=forged)
    assert answer.status_code == 401
    assert read(client.get("/session", headers=forged)) == NOBODY


def test_a_moderators_link_hands_the_page_a_token_behind_the_hash(
    client: Client, session: Session
) -> None:
    link = session.link("", "")
    policy = client.get(link).headers["Content-Security-Policy"]
    assert "form-action 'self' https://docs.example.org" in policy
    form = {"link": unquote(link.partition("token=")[2])}
    answer = client.post("/link", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    home, found, token = answer.headers["Location"].partition(LANDING)
    assert answer.status_code == 303
    assert (home, found) == ("https://Docs.example.org:443/manual/", LANDING)
    assert "Set-Cookie" not in answer.headers
    shown = {**FROM_DOCS, "Authorization": f"Bearer {token}"}
    assert read(client.get("/session", headers=shown)) == {"username": "Mona", "moderator": True}
