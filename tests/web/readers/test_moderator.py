"""The moderator: a link that works once in whatever process, and a password."""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport.backends.filesystem import FileSystemJsonBackend
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.errors import InvalidInputError, SettingsError
from sphinxcontrib_websupport.web.readers import links
from sphinxcontrib_websupport.web.readers.links import OneTimeLinks
from sphinxcontrib_websupport.web.readers.passwords import check_hash, hash_password, is_password
from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import HERE, read

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def client(support: WebSupport, hashed: str) -> Client:
    session = Session("key", moderator="Mona", password_hash=hashed, home="/index.html")
    return Client(WSGIApp(support, session=session))


def who(client: Client) -> object:
    return read(client.get("/session"))


MONA = {"username": "Mona", "moderator": True}
NOBODY = {"username": "", "moderator": False}


# -- links ---------------------------------------------------------------------------------------


def test_a_link_works_once_in_another_process_that_has_the_key(tmp_path: Path) -> None:
    token = OneTimeLinks("key", VolatileBackend()).create("Mona")
    used = FileSystemJsonBackend(tmp_path)
    assert OneTimeLinks("key", used).redeem(token) == "Mona"
    assert OneTimeLinks("key", FileSystemJsonBackend(tmp_path)).redeem(token) is None


def test_a_link_of_another_key_or_of_long_ago_is_worth_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = OneTimeLinks("key", VolatileBackend())
    assert mine.redeem(OneTimeLinks("another", VolatileBackend()).create("Mona")) is None
    token = mine.create("Mona")
    monkeypatch.setattr(links, "LINK_SECONDS", -1)
    assert mine.redeem(token) is None


def follow(folder: Path, token: str, together: Barrier) -> bool:
    mine = OneTimeLinks("key", FileSystemJsonBackend(folder))
    together.wait(30)
    return mine.redeem(token) is not None


def test_of_processes_that_follow_a_link_at_once_one_gets_in(tmp_path: Path) -> None:
    token = OneTimeLinks("key", VolatileBackend()).create("Mona")
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(4) as pool:
        together = manager.Barrier(4)
        got_in = pool.starmap(follow, [(tmp_path, token, together)] * 4)
    assert sorted(got_in) == [False, False, False, True]


# -- the password --------------------------------------------------------------------------------


def test_a_hash_is_salted_and_tells_only_its_own_password(hashed: str) -> None:
    assert hashed.startswith("scrypt:")
    assert hashed != hash_password(PASSWORD)
    assert is_password(PASSWORD, hashed)
    assert not is_password(PASSWORD + "x", hashed)
    assert not is_password("", hashed)


@pytest.mark.parametrize("password", ["", "1234567", "a" * 1025])
def test_a_password_is_neither_short_nor_endless(password: str) -> None:
    with pytest.raises(InvalidInputError, match="8 to 1024"):
        hash_password(password)


@pytest.mark.parametrize("text", ["", "correct horse", "plain$text$here", "scrypt:32768:8:1"])
def test_what_is_no_hash_is_refused_at_once_and_not_repeated(text: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        check_hash(text)
    assert not text or text not in str(refusal.value)


def test_name_and_password_make_a_moderator(client: Client) -> None:
    body = {"name": "Mona", "password": PASSWORD}
    assert client.put("/session", json=body, headers=HERE).status_code == 200
    assert who(client) == MONA


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Mona"},
        {"name": "Mona", "password": ""},
        {"name": "Mona", "password": PASSWORD.upper()},
        {"name": "mona", "password": PASSWORD},
        {"name": "Ada", "password": PASSWORD},
    ],
)
def test_nothing_else_does(client: Client, body: dict[str, str]) -> None:
    answer = client.put("/session", json=body, headers=HERE)
    assert answer.status_code == 403
    assert PASSWORD not in answer.text
    assert who(client) == NOBODY


def test_without_a_hash_no_password_is_right(support: WebSupport) -> None:
    client = Client(WSGIApp(support, session=Session("key", moderator="Mona")))
    body = {"name": "Mona", "password": ""}
    assert client.put("/session", json=body, headers=HERE).status_code == 403


def test_a_form_takes_them_without_scripts(client: Client) -> None:
    page = client.get("/sign-in")
    assert page.status_code == 200
    assert 'type="password"' in page.text
    answer = client.post("/sign-in", data={"name": "Mona", "password": PASSWORD}, headers=HERE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/index.html")
    assert who(client) == MONA


def test_the_moderators_pages_lead_there(client: Client, support: WebSupport) -> None:
    for path, root in (("/moderation", ""), ("/moderation/detached", "../")):
        assert f'<a href="{root}sign-in">' in client.get(path).text
    without = Client(WSGIApp(support, session=Session("key", moderator="Mona")))
    assert "sign-in" not in without.get("/moderation").text


@pytest.mark.parametrize("name", ["Mona", "Ada", '"><script>', ""])
def test_the_form_says_what_was_wrong_and_keeps_the_name_only(client: Client, name: str) -> None:
    form = {"name": name, "password": "wrong password"}
    answer = client.post("/sign-in", data=form, headers=HERE)
    assert answer.status_code in {400, 403}
    assert 'role="alert"' in answer.text
    assert "wrong password" not in answer.text
    assert "<script>" not in answer.text
    assert who(client) == NOBODY


def test_another_site_cannot_sign_a_reader_in_by_the_form(client: Client) -> None:
    """Who is signed in as somebody else would write in that name."""
    form = {"name": "Mona", "password": PASSWORD}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post("/sign-in", data=form, headers=headers).status_code == 403
    assert who(client) == NOBODY
