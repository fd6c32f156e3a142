"""A service that is configured from outside."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from werkzeug.test import Client, TestResponse

from sphinxcontrib_websupport.cli import main
from sphinxcontrib_websupport.errors import SettingsError
from sphinxcontrib_websupport.settings import gather
from sphinxcontrib_websupport.storage.keyvalue import KeyValueStorage
from sphinxcontrib_websupport.web.readers.passwords import hash_password
from sphinxcontrib_websupport.web.settings import (
    has_several_processes,
    service_options,
    support_options,
)
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.settingsfiles import KINDS, settings_file
from tests.web.conftest import HERE, read

KEY = "a key of some length"
DOCS = "https://docs.example.org"


def client_of(support: WebSupport, **settings: object) -> Client:
    return Client(WSGIApp(support, **service_options(settings)))


def post(client: Client, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/nodes/n1/comments", json={"text": "Hi"}, headers={**HERE, **named})


def test_without_settings_readers_have_no_names_and_limits(support: WebSupport) -> None:
    client = client_of(support)
    assert client.get("/session").status_code == 404
    assert read(post(client, X_Remote_User="ada"))["username"] == "Anonymous"
    assert {post(client).status_code for _ in range(20)} == {201, 429}


def test_all_of_it_comes_from_the_environment(support: WebSupport, tmp_path: Path) -> None:
    environ = {
        "WEBSUPPORT_SIGNING_KEY": KEY,
        "WEBSUPPORT_MODERATOR": "Mona",
        "WEBSUPPORT_PASSWORD_HASH": hash_password("correct horse"),
        "WEBSUPPORT_LINKS": f"file://{tmp_path / 'links'}",
        "WEBSUPPORT_HOME": f"{DOCS}/",
        "WEBSUPPORT_OTHER_ORIGINS": f"{DOCS}, https://www.example.org",
        "WEBSUPPORT_CREDENTIALS": "yes",
        "WEBSUPPORT_PROXIES": "127.0.0.0/8 unix",
        "WEBSUPPORT_USER_HEADER": "X-Remote-User",
        "WEBSUPPORT_MODERATORS": "ben",
        "WEBSUPPORT_LIMIT_WRITING": "1/day",
    }
    client = client_of(support, **gather(environ=environ))
    assert read(post(client, X_Remote_User="ada"))["username"] == "ada"
    assert post(client, X_Remote_User="ada").status_code == 429
    seen = read(client.get("/documents/usage/install", headers={"X-Remote-User": "ben"}))["viewer"]
    assert (seen["username"], seen["moderator"], seen["may_sign_in"]) == ("ben", True, False)
    answer = client.get("/session", headers={"Origin": "https://www.example.org"})
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    refusal = client.put("/session", json={"name": "Ada"}, headers=HERE)
    assert (refusal.status_code, read(refusal)["detail"]) == (
        403,
        "Names are not to be chosen here.",
    )
    body = {"name": "Mona", "password": "correct horse"}
    assert read(client.put("/session", json=body, headers=HERE))["moderator"] is True


def test_names_on_trust_are_a_setting(support: WebSupport) -> None:
    client = client_of(support, SIGN_IN=True, SIGNING_KEY=KEY)
    assert client.put("/session", json={"name": "Ada"}, headers=HERE).status_code == 200
    assert read(post(client))["username"] == "Ada"


def test_limits_can_be_left_to_the_server_in_front(support: WebSupport) -> None:
    client = client_of(support, LIMITS="no")
    assert {post(client).status_code for _ in range(30)} == {201}


def test_a_list_of_a_settings_file_is_as_good_as_a_text(support: WebSupport) -> None:
    client = client_of(support, OTHER_ORIGINS=[DOCS])
    answer = client.get("/nodes/n1", headers={"Origin": DOCS})
    assert answer.headers["Access-Control-Allow-Origin"] == DOCS


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"MODERATOR": "Mona"}, "SIGNING_KEY"),
        ({"SIGN_IN": "yes"}, "SIGNING_KEY"),
        ({"SIGNING_KEY": "short"}, "too short"),
        ({"SIGN_IN": "perhaps"}, "yes or no"),
        ({"OTHER_ORIGINS": "*"}, "no origin"),
        ({"OTHER_ORIGINS": 5}, "OTHER_ORIGINS is a list"),
        ({"PROXIES": "my proxy"}, "no proxy"),
        ({"LIMIT_WRITING": "often"}, "no limit"),
        ({"LIMITS_STORE": "etcd://x"}, "cannot be opened"),
        ({"MODERATOR": "Mona", "SIGNING_KEY": KEY, "PASSWORD_HASH": "hunter2"}, "is no hash"),
    ],
)
def test_what_cannot_be_right_is_refused_at_once(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        service_options(settings)


# -- the command line ----------------------------------------------------------------------------


def test_password_prints_a_hash_that_the_service_takes(support: WebSupport) -> None:
    done = CliRunner().invoke(main, ["password"], input="correct horse\n")
    assert done.exit_code == 0
    hashed = done.output.strip()
    client = client_of(support, MODERATOR="Mona", SIGNING_KEY=KEY, PASSWORD_HASH=hashed)
    body = {"name": "Mona", "password": "correct horse"}
    assert client.put("/session", json=body, headers=HERE).status_code == 200


def test_password_refuses_a_short_one_and_does_not_repeat_it() -> None:
    done = CliRunner().invoke(main, ["password"], input="hunter2\n")
    assert done.exit_code == 2
    assert "8 to 1024 characters" in done.output
    assert "hunter2" not in done.output


def test_link_prints_one_that_works_once(
    support: WebSupport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    links = f"file://{tmp_path}"
    first, second = (
        client_of(support, MODERATOR="Mona", SIGNING_KEY=KEY, LINKS=links) for _ in range(2)
    )
    monkeypatch.setenv("WEBSUPPORT_MODERATOR", "Mona")
    monkeypatch.setenv("WEBSUPPORT_SIGNING_KEY", KEY)
    done = CliRunner().invoke(main, ["link", "https://comments.example.net"])
    address, found, path = done.output.strip().partition("https://comments.example.net")
    assert (address, bool(found)) == ("", True)
    form = {"link": unquote(path.partition("token=")[2])}
    assert first.post("/link", data=form, headers=HERE).status_code == 303
    assert read(first.get("/session"))["moderator"] is True
    assert second.get(path).status_code == 403


@pytest.mark.parametrize("kind", KINDS)
def test_link_reads_a_file_of_settings(support: WebSupport, tmp_path: Path, kind: str) -> None:
    settings = settings_file(tmp_path, kind, MODERATOR="Mona", SIGNING_KEY=KEY)
    given = ["link", "https://comments.example.net", "--settings", str(settings)]
    done = CliRunner().invoke(main, given)
    assert done.exit_code == 0, done.output
    client = client_of(support, MODERATOR="Mona", SIGNING_KEY=KEY)
    form = {"link": unquote(done.output.strip().partition("token=")[2])}
    assert client.post("/link", data=form, headers=HERE).status_code == 303
    assert read(client.get("/session"))["moderator"] is True


def test_link_says_all_that_it_needs() -> None:
    done = CliRunner().invoke(main, ["link", "https://comments.example.net"])
    assert done.exit_code == 2
    assert "SIGNING_KEY" in done.output
    assert "MODERATOR" in done.output


def test_one_error_lists_all_that_is_wrong() -> None:
    settings = {
        "MODERATOR": "Mona",
        "PASSWORD_HASH": "scrypt:32768:8:1abc",
        "SECURE": "perhaps",
        "LANGUAGE": "xx",
        "MARKUP": "bbcode",
        "PROXIES": "my proxy",
        "LIMIT_WRITING": "often",
        "DOCUMENT_URL": "/docs/",
    }
    with pytest.raises(SettingsError) as refused:
        support_options(settings)
    first, *lines = str(refused.value).splitlines()
    assert first == "settings are missing or wrong:"
    for beginning in (
        "STORAGE is missing",
        "PASSWORD_HASH has lost what stood after a $",
        "SECURE is yes or no, not 'perhaps' (whether cookies",
        "LANGUAGE is not 'xx'",
        "MARKUP is not 'bbcode'",
        "DOCUMENT_URL is an address with {docname}",
        "SIGNING_KEY is missing",
    ):
        assert any(line.startswith(f"- {beginning}") for line in lines), beginning
    assert any("no proxy" in line for line in lines)
    assert any("no limit" in line for line in lines)
    assert "scrypt" not in str(refused.value)


def test_support_takes_markup_anonymity_and_the_store_from_settings(tmp_path: Path) -> None:
    settings = {
        "STORAGE_BACKEND": "file",
        "FILE_DIR": str(tmp_path / "values"),
        "MARKUP": "markdown",
        "ALLOW_ANONYMOUS": "no",
    }
    with closing(WebSupport(datadir=tmp_path, **support_options(settings))) as support:
        assert support.allow_anonymous_comments is False
        assert isinstance(support.storage, KeyValueStorage)


@pytest.mark.parametrize(
    ("settings", "secure"),
    [
        ({}, False),
        ({"ORIGINS": DOCS}, True),
        ({"ORIGINS": "http://docs.example.org"}, False),
        ({"ORIGINS": f"{DOCS} http://localhost:8000"}, False),
        ({"ORIGINS": DOCS, "SECURE": "no"}, False),
        ({"SECURE": "yes"}, True),
    ],
)
def test_cookies_are_secure_where_the_site_s_origin_is_https(
    support: WebSupport, settings: dict[str, Any], secure: bool
) -> None:
    session = service_options({"SIGN_IN": "yes", "SIGNING_KEY": KEY, **settings})["session"]
    assert session._secure is secure


@pytest.mark.parametrize(
    ("environ", "arguments", "several"),
    [
        ({}, ["gunicorn", "site:application"], False),
        ({"WEB_CONCURRENCY": "4"}, [], True),
        ({"WEB_CONCURRENCY": "1"}, [], False),
        ({"GRANIAN_WORKERS": "2"}, [], True),
        ({}, ["/venv/bin/gunicorn", "-w", "2", "site:application"], True),
        ({}, ["/venv/bin/granian", "--workers=3", "site:application"], True),
        ({}, ["/venv/bin/uvicorn", "--workers", "1", "site:application"], False),
        ({}, ["pytest", "--workers", "2"], False),
    ],
)
def test_several_processes_are_seen(
    environ: dict[str, str], arguments: list[str], several: bool
) -> None:
    assert has_several_processes(environ, arguments) is several


def test_several_processes_without_a_signing_key_are_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    service_options({"SIGNING_KEY": KEY})
    assert caplog.messages == []
    service_options({})
    (line,) = caplog.messages
    assert "several processes and no SIGNING_KEY" in line
