"""A reverse proxy's word, and everybody else's."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport.errors import SettingsError
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.messages import Request
from sphinxcontrib_websupport.web.readers.proxies import ProxyUsers, TrustedProxies
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import HERE, read

PROXIES = TrustedProxies(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"])
USERS = ProxyUsers(PROXIES, moderators=["mona"])


def who(peer: str, **headers: str) -> Viewer | None:
    lower = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    identity = USERS.identify(Request("GET", "", headers=lower, address=peer))
    return None if identity is None else identity.viewer


def came_from(peer: str, forwarded: str | None = None) -> str:
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    return PROXIES.address_of(Request("GET", "", headers=headers, address=peer))


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("peer", ["10.1.2.3", "192.0.2.1", "::ffff:10.1.2.3", "2001:db8::7"])
def test_a_named_proxy_is_believed(peer: str) -> None:
    assert who(peer, X_Remote_User="ada") == Viewer("ada")
    assert who(peer, X_Remote_User="mona") == Viewer("mona", moderator=True)


@pytest.mark.parametrize(
    "peer", ["11.0.0.1", "192.0.2.2", "2001:db9::1", "127.0.0.1", "", "unix", "nonsense", "::1"]
)
def test_nobody_else_is(peer: str) -> None:
    assert who(peer, X_Remote_User="mona") is None
    assert who(peer, X_Remote_User="mona", X_Forwarded_For="10.1.2.3") is None


def test_without_proxies_nobody_is() -> None:
    users = ProxyUsers(TrustedProxies())
    assert users.identify(Request("GET", "", headers={"x-remote-user": "mona"})) is None


def test_a_peer_at_a_unix_socket_can_be_named() -> None:
    users = ProxyUsers(TrustedProxies(["unix"]))
    identity = users.identify(Request("GET", "", headers={"x-remote-user": "ada"}))
    assert identity is not None
    assert identity.viewer == Viewer("ada")


@pytest.mark.parametrize("value", ["", " ", "\u200b", "a" * 65, "\xff\xfe", "[deleted]", "a\x07"])
def test_what_is_no_name_is_nobodys(value: str) -> None:
    assert who("10.1.2.3", X_Remote_User=value) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"x-remote-user": "ada", "x_remote_user": "mona"},
        {"x-remote-user": "ada", "x-remote_user": "mona"},
        {"x-remote-user": "ada,mona"},
        {"x-remote-user": "mona, ada"},
    ],
)
def test_two_names_are_nobodys(headers: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """A reader sent one, the proxy the other."""
    assert USERS.identify(Request("GET", "", headers=headers, address="10.1.2.3")) is None
    assert "came twice" in caplog.text


def test_a_secret_tells_the_proxy_s_value_from_a_reader_s() -> None:
    users = ProxyUsers(PROXIES, moderators=["mona"], secret="s3cret")

    def name(value: str) -> str | None:
        request = Request("GET", "", headers={"x-remote-user": value}, address="10.1.2.3")
        identity = users.identify(request)
        return None if identity is None else identity.viewer.username

    assert name("s3cret:mona") == "mona"
    assert name("s3cret:Zoë".encode().decode("latin-1")) == "Zoë"
    for value in ("mona", "s3cret", "s3cret:", "s3crex:mona", ":mona", "S3cret:mona", "s"):
        assert name(value) is None


def test_a_name_is_utf_8() -> None:
    assert who("10.1.2.3", X_Remote_User="Zoë".encode().decode("latin-1")) == Viewer("Zoë")


def test_over_http_others_read_and_write_without_a_name(support: WebSupport) -> None:
    client = Client(WSGIApp(support, ways=[USERS]))
    for peer, name in (("10.1.2.3", "ada"), ("198.51.100.1", "Anonymous")):
        posted = client.post(
            "/nodes/n1/comments",
            json={"text": "Hi"},
            headers={**HERE, "X-Remote-User": "ada"},
            environ_base={"REMOTE_ADDR": peer},
        )
        assert read(posted)["username"] == name


def test_a_proxys_reader_is_protected_against_forgery(support: WebSupport) -> None:
    """The proxy lets the browser through wherever the request comes from."""
    client = Client(WSGIApp(support, ways=[USERS]))
    answer = client.post(
        "/nodes/n1/comments",
        json={"text": "Hi"},
        headers={"Origin": "https://evil.example", "X-Remote-User": "ada"},
        environ_base={"REMOTE_ADDR": "10.1.2.3"},
    )
    assert answer.status_code == 403


# -- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.1", None, "198.51.100.1"),
        ("198.51.100.1", "203.0.113.9", "198.51.100.1"),
        ("10.1.2.3", None, "10.1.2.3"),
        ("10.1.2.3", "203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", "203.0.113.9, 10.9.9.9", "203.0.113.9"),
        ("10.1.2.3", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", "1.1.1.1, 203.0.113.9 , 192.0.2.1", "203.0.113.9"),
        ("10.1.2.3", "nonsense", "10.1.2.3"),
        ("10.1.2.3", "nonsense, 10.9.9.9", "10.9.9.9"),
        ("10.1.2.3", "", "10.1.2.3"),
        ("10.1.2.3", "::ffff:203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", ", ".join(["10.0.0.1"] * 5000), "10.0.0.1"),
    ],
)
def test_the_last_address_that_is_no_proxys_counts(
    peer: str, forwarded: str | None, address: str
) -> None:
    assert came_from(peer, forwarded) == address


@pytest.mark.parametrize("text", ["", "10.0.0.0/33", "proxy.example", "10.0.0.1/8", "*"])
def test_what_is_no_network_is_refused_at_once(text: str) -> None:
    with pytest.raises(SettingsError, match="no proxy"):
        TrustedProxies([text])
