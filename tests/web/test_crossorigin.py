"""Pages on other origins: which may use the service, and what a browser is told of it."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport.errors import SettingsError
from sphinxcontrib_websupport.web.security.crossorigin import CrossOrigin, clean_origin
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import identify, read

DOCS = "https://docs.example.org"
FROM_DOCS = {"Origin": DOCS, "Sec-Fetch-Site": "cross-site"}
ELSEWHERE = [
    "https://evil.example",
    "http://docs.example.org",
    "https://docs.example.org:8443",
    "https://docs.example.org.evil.example",
    "https://evil.example/https://docs.example.org",
    "HTTPS://DOCS.EXAMPLE.ORG",
    "null",
    "*",
    "",
]


@pytest.fixture
def client(support: WebSupport) -> Client:
    return Client(WSGIApp(support, identify, cross_origin=CrossOrigin([DOCS])))


@pytest.fixture
def with_credentials(support: WebSupport) -> Client:
    others = CrossOrigin([DOCS], credentials=True)
    return Client(WSGIApp(support, identify, cross_origin=others))


def asking(method: str, origin: str = DOCS) -> dict[str, str]:
    """Return the headers of a preflight."""
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }


# -- who is answered ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/documents/usage/install", "/nodes/none", "/nowhere"])
def test_a_named_origin_may_read_answers_and_errors(client: Client, path: str) -> None:
    answer = client.get(path, headers=FROM_DOCS)
    assert answer.headers["Access-Control-Allow-Origin"] == DOCS
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_so_is_what_the_browser_has_already(client: Client) -> None:
    first = client.get("/nodes/n1", headers=FROM_DOCS)
    again = client.get("/nodes/n1", headers={**FROM_DOCS, "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers["Access-Control-Allow-Origin"] == DOCS


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_an_unknown_origin_gets_nothing(client: Client, origin: str) -> None:
    answers = [
        client.get("/documents/usage/install", headers={"Origin": origin}),
        client.options("/nodes/n1/comments", headers=asking("POST", origin)),
    ]
    for answer in answers:
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answers[1].status_code == 405


@pytest.mark.parametrize("headers", [{}, FROM_DOCS, {"Origin": "https://evil.example"}])
def test_caches_keep_the_answers_to_different_origins_apart(
    client: Client, headers: dict[str, str]
) -> None:
    vary = client.get("/nodes/n1", headers=headers).headers["Vary"]
    assert {"Origin", "Cookie", "Authorization"} <= set(vary.split(", "))


def test_without_named_origins_there_is_nothing_of_all_this(support: WebSupport) -> None:
    client = Client(WSGIApp(support))
    answer = client.get("/nodes/n1", headers=FROM_DOCS)
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    assert "Origin" not in answer.headers["Vary"]


# -- what a browser asks first -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "method"),
    [("/nodes/n1/comments", "POST"), ("/comments/1/vote", "PUT"), ("/comments/1", "DELETE")],
)
def test_a_preflight_names_methods_headers_and_for_how_long(
    client: Client, path: str, method: str
) -> None:
    answer = client.options(path, headers=asking(method))
    assert answer.status_code == 204
    assert answer.data == b""
    assert answer.headers["Access-Control-Allow-Origin"] == DOCS
    assert method in answer.headers["Access-Control-Allow-Methods"].split(", ")
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type"} <= set(allowed)
    assert 0 < int(answer.headers["Access-Control-Max-Age"]) <= 7200
    assert "Origin" in answer.headers["Vary"].split(", ")


def test_a_preflight_lists_no_method_that_the_address_does_not_take(client: Client) -> None:
    answer = client.options("/comments/1/vote", headers=asking("DELETE"))
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT"


def test_an_options_that_is_no_preflight_is_a_method_like_another(client: Client) -> None:
    assert client.options("/nodes/n1", headers={"Origin": DOCS}).status_code == 405
    assert client.options("/nowhere", headers=asking("GET")).status_code == 404


# -- in whose name -------------------------------------------------------------------------------


def test_a_page_elsewhere_may_post_in_nobodys_name(client: Client) -> None:
    posted = client.post("/nodes/n1/comments", json={"text": "Hi"}, headers=FROM_DOCS)
    assert posted.status_code == 201


def test_without_credentials_what_the_browser_adds_by_itself_does_not_count(
    client: Client,
) -> None:
    signed_in = {**FROM_DOCS, "X-Test-User": "ada"}
    answer = client.post("/nodes/n1/comments", json={"text": "Hi"}, headers=signed_in)
    assert answer.status_code == 403
    form = {"node": "n1", "text": "Hi"}
    assert client.post("/_add_comment", data=form, headers=signed_in).status_code == 403


def test_with_credentials_it_does(with_credentials: Client) -> None:
    signed_in = {**FROM_DOCS, "X-Test-User": "ada"}
    posted = with_credentials.post("/nodes/n1/comments", json={"text": "Hi"}, headers=signed_in)
    assert posted.status_code == 201
    assert posted.headers["Access-Control-Allow-Credentials"] == "true"
    assert read(posted)["username"] == "ada"


@pytest.mark.parametrize("origin", ELSEWHERE[:-1])
def test_with_credentials_other_origins_get_nothing_either(
    with_credentials: Client, origin: str
) -> None:
    headers = {"Origin": origin, "X-Test-User": "ada"}
    answer = with_credentials.post("/nodes/n1/comments", json={"text": "Hi"}, headers=headers)
    assert answer.status_code == 403
    assert "Access-Control-Allow-Credentials" not in answer.headers


# -- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://docs.example.org/", "https://docs.example.org"),
        (" HTTPS://Docs.Example.org:443 ", "https://docs.example.org"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_compared_as_browsers_write_it(written: str, meant: str) -> None:
    assert clean_origin(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "null",
        "",
        "docs.example.org",
        "https://*.example.org",
        "https://docs.example.org/manual",
        "https://docs.example.org?x",
        "https://ada@docs.example.org",
        "ftp://docs.example.org",
        "https://docs.example.org:port",
        "https://",
    ],
)
def test_what_is_no_origin_is_refused_at_once(text: str) -> None:
    with pytest.raises(SettingsError, match="no origin"):
        CrossOrigin([text], credentials=True)
