"""The sign-in on trust: names, links for the moderator, and what a cookie is worth."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import Client, TestResponse

from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.web.readers.names import clean_name
from sphinxcontrib_websupport.web.readers.session import COOKIE, Session
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import HERE, read

NOBODY = {"username": "", "moderator": False}


@pytest.fixture
def session() -> Session:
    return Session("a key for tests", moderator="Mona")


@pytest.fixture
def client(support: WebSupport, session: Session) -> Client:
    return Client(WSGIApp(support, session=session))


def sign_in(client: Client, name: str) -> int:
    return client.put("/session", json={"name": name}, headers=HERE).status_code


def test_a_reader_takes_a_name_and_gives_it_up(client: Client) -> None:
    assert read(client.get("/session")) == NOBODY
    assert sign_in(client, "  Ada   Lovelace ") == 200
    assert read(client.get("/session")) == {"username": "Ada Lovelace", "moderator": False}
    posted = read(client.post("/nodes/n1/comments", json={"text": "Hi."}, headers=HERE))
    assert posted["username"] == "Ada Lovelace"
    assert client.delete("/session", headers=HERE).status_code == 204
    assert read(client.get("/session")) == NOBODY


def test_the_page_learns_that_names_can_be_had_here(client: Client) -> None:
    viewer = read(client.get("/documents/usage/install"))["viewer"]
    assert viewer["may_sign_in"] is True
    assert viewer["may_vote"] is False


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: Client) -> None:
    answer = client.put("/session", json={"name": "Ada"}, headers=HERE)
    attributes = answer.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)


def test_a_secure_site_has_a_secure_cookie(support: WebSupport) -> None:
    client = Client(WSGIApp(support, session=Session("key", secure=True)))
    answer = client.put("/session", json={"name": "Ada"}, headers=HERE, base_url="https://x")
    assert "Secure" in answer.headers["Set-Cookie"].split("; ")


@pytest.mark.parametrize(
    "name", ["Mona", "mona", " MONA ", "Ｍｏｎａ", "[deleted]", "[DELETED]", "anonymous"]
)
def test_some_names_are_not_to_be_had(client: Client, name: str) -> None:
    assert sign_in(client, name) == 403


@pytest.mark.parametrize("name", ["", "  ", "a" * 65, "a\u202eb", "a\u200bb", "a\x07b", "\ufeff"])
def test_a_name_can_be_seen(client: Client, name: str) -> None:
    assert sign_in(client, name) == 400


def test_a_name_is_composed(client: Client) -> None:
    assert clean_name("Jose\u0301") == "José"


def follow(client: Client, link: str) -> TestResponse:
    """Press the button of a link's page."""
    token = link.partition("token=")[2]
    return client.post("/link", data={"link": unquote(token)}, headers=HERE)


def test_a_link_makes_a_moderator_once(client: Client, session: Session) -> None:
    link = session.link("http://localhost/", "").removeprefix("http://localhost")
    assert "<button" in client.get(link).text
    assert read(client.get("/session")) == NOBODY
    answer = follow(client, link)
    assert answer.status_code == 303
    assert answer.location == "/"
    assert read(client.get("/session")) == {"username": "Mona", "moderator": True}
    other = Client(client.application)
    for again in (other.get(link), follow(other, link)):
        assert again.status_code == 403
        assert "This link has been used" in again.text
        assert "<button" not in again.text
    assert read(other.get("/session")) == NOBODY


def test_a_link_from_before_leads_to_its_page(client: Client, session: Session) -> None:
    link = session.link("", "")
    answer = client.get(link.replace("/link?", "/session?"))
    assert (answer.status_code, answer.location) == (303, f".{link}")
    assert read(client.get("/session")) == NOBODY


def test_a_moderator_may_confirm_the_name(client: Client, session: Session) -> None:
    follow(client, session.link("", ""))
    assert sign_in(client, "Mona") == 200
    assert read(client.get("/session"))["moderator"] is True


def test_without_a_moderator_there_is_no_link() -> None:
    with pytest.raises(InvalidInputError):
        Session("key").link("http://localhost/", "")


def test_a_made_up_token_is_refused(client: Client) -> None:
    assert client.get("/link").status_code == 403
    assert client.get("/link?token=guess").status_code == 403
    assert client.post("/link", data={"link": "guess"}, headers=HERE).status_code == 403


def test_a_forged_cookie_is_nobody(client: Client) -> None:
    sign_in(client, "Ada")
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    other_key = URLSafeTimedSerializer("another key", salt="websupport-session")
    for value in (
        "",
        "x",
        cookie.value[:-2],
        "W10" + cookie.value[3:],
        other_key.dumps(["Mona", True]),
    ):
        client.set_cookie(COOKIE, value)
        assert read(client.get("/session")) == NOBODY, value


@pytest.mark.parametrize("value", [["Mona", True], ["Ada"], "Ada", None, [1, 2]])
def test_a_cookie_of_another_time_is_nobody(support: WebSupport, value: object) -> None:
    """The moderator has changed, or the form of the cookie."""
    client = Client(WSGIApp(support, session=Session("key", moderator="Nora")))
    serializer = URLSafeTimedSerializer("key", salt="websupport-session")
    if value == ["Mona", True]:
        client.set_cookie(COOKIE, serializer.dumps(["Nora", False]))
        assert read(client.get("/session")) == NOBODY, "Nora was a reader's name before"
        client.set_cookie(COOKIE, serializer.dumps(["Mona", True]))
        assert read(client.get("/session"))["moderator"] is False
    else:
        client.set_cookie(COOKIE, serializer.dumps(value))
        assert read(client.get("/session")) == NOBODY


def test_another_site_cannot_sign_a_reader_in_or_out(client: Client) -> None:
    sign_in(client, "Ada")
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert client.put("/session", json={"name": "Eve"}, headers=elsewhere).status_code == 403
    assert client.delete("/session", headers=elsewhere).status_code == 403
    assert read(client.get("/session"))["username"] == "Ada"
