"""What holds at every address that there is, and at every one to come: all follow the one list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import Client, EnvironBuilder, TestResponse, run_wsgi_app

from sphinxcontrib_websupport.web.api.routes import ROUTES
from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.routing import Route, Takes
from sphinxcontrib_websupport.web.security.crossorigin import CrossOrigin
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import HERE, identify, read, user

SESSION = Session("a key for tests", moderator="Mona")
EVERY = (*ROUTES, *SESSION.routes)
UNSAFE = [route for route in EVERY if route.method != "GET"]
VARIABLE = [route for route in EVERY if "{" in route.path]

FORM = "application/x-www-form-urlencoded"


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.fixture
def client(support: WebSupport) -> Client:
    support.add_comment("One.", node_id="n1", username="ada")
    app = WSGIApp(
        support, identify, session=SESSION, cross_origin=CrossOrigin(["https://a.example"])
    )
    return Client(app, use_cookies=False)


def address(route: Route) -> str:
    """Return an address of the route, of things that there are."""
    known = {"node": "n1", "comment": "1", "docname": "usage/install", "name": "websupport.css"}
    path = re.sub(r"\{(\w+)(:path)?\}", lambda variable: known[variable[1]], route.path)
    query = {name: "1" for name, field in route.query.items() if field.required}
    return f"/{path}?{urlencode(query)}" if query else f"/{path}"


def values(route: Route) -> dict[str, object]:
    """Return a body that the route can read."""
    known: dict[str, object] = {"node": "n1", "to": "n2", "parent": "", "verdict": "accept"}
    given = {
        name: known.get(name, field.choices[-1] if field.choices else "1")
        for name, field in route.body.items()
    }
    given.pop("token", None)
    return given


def send(client: Client, route: Route, headers: dict[str, str]) -> TestResponse:
    if route.takes is Takes.JSON:
        return client.open(address(route), method=route.method, json=values(route), headers=headers)
    data = values(route) if route.takes is Takes.FORM else None
    return client.open(address(route), method=route.method, data=data, headers=headers)


# -- forged --------------------------------------------------------------------------------------

ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://a.example"},
    {"Origin": "https://a.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example", "X-Requested-With": "XMLHttpRequest"},
    {"Origin": "https://evil.example", "Authorization": "Basic YWRhOmFkYQ=="},
    {"Origin": "https://evil.example", "Authorization": "Bearer of.another"},
]


@pytest.mark.parametrize("route", UNSAFE, ids=name_of)
def test_no_other_site_acts_in_a_readers_name(
    client: Client, support: WebSupport, route: Route
) -> None:
    before = support.get_data("n1", moderator=True)["comments"][0]
    for headers in ELSEWHERE:
        forged = {**headers, "X-Test-User": "ada", "X-Test-Moderator": "1"}
        assert send(client, route, forged).status_code == 403, headers
    [after] = support.get_data("n1", moderator=True)["comments"]
    assert (after["text"], after["rating"]) == (before["text"], 0)


@pytest.mark.parametrize("route", [r for r in UNSAFE if r.takes is Takes.FORM], ids=name_of)
def test_a_form_of_nobody_knows_where_needs_its_token(client: Client, route: Route) -> None:
    assert send(client, route, {}).status_code == 403
    headers = {"Content-Type": FORM}
    data = urlencode({**values(route), "token": "made-up"})
    assert client.post(address(route), data=data, headers=headers).status_code == 403


ODD_TYPES = [
    None,
    "",
    "text/plain",
    FORM,
    "multipart/form-data; boundary=x",
    "application/jsonp",
    "application/json, text/plain",
    "text/plain; application/json",
    "application/json; charset=utf-7",
    "APPLICATION/JSON; charset=utf-16",
]


@pytest.mark.parametrize("route", [r for r in UNSAFE if r.takes is Takes.JSON], ids=name_of)
def test_what_any_site_could_send_is_no_json(client: Client, route: Route) -> None:
    for kind in ODD_TYPES:
        answer = client.open(address(route), method=route.method, data=b"{}", content_type=kind)
        assert answer.status_code == 415, kind


# -- malformed -----------------------------------------------------------------------------------

NO_OBJECTS = [
    b"{",
    b"null",
    b"[]",
    b"1",
    b'"text"',
    b"[{}]",
    b"{}{}",
    b"{'text': 1}",
    b'{"text": NaN}',
    b'{"text": Infinity}',
    b'{"text": 1e999}',
    b'{"unknown": 1}',
    b'{"__proto__": {}}',
    b'{"text": "\xff"}',
    b'{"text": "\xed\xa0\x80"}',
    b'{"text": "\\ud800", "to": "\\ud800", "name": "\\ud800", "value": "\\ud800", "x": 1}',
    b"\xef\xbb\xbf{}",
    b"\x00",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"text":' * 50_000 + b"1" + b"}" * 50_000,
    b'{"value":' + b"9" * 5000 + b"}",
    b'{"value": ' + b"-" * 1000 + b"1}",
]


@pytest.mark.parametrize("route", [r for r in UNSAFE if r.takes is Takes.JSON], ids=name_of)
def test_a_body_that_makes_no_sense_is_a_400(client: Client, route: Route) -> None:
    for body in NO_OBJECTS:
        answer = client.open(
            address(route),
            method=route.method,
            data=body,
            content_type="application/json",
            headers=user("ada", moderator=True),
        )
        assert answer.status_code == 400, body[:60]
        assert read(answer)["detail"]


def wrong(route: Route) -> Iterator[dict[str, object]]:
    """Yield the route's body with each value in turn of each wrong type."""
    for name, field in route.body.items():
        for value in (None, True, 1.5, [], {}, ["1"], {"a": "1"}, 1 if field.type is str else "1"):
            if not (value is None and field.nullable):
                yield {**values(route), name: value}


@pytest.mark.parametrize(
    "route", [r for r in UNSAFE if r.takes is Takes.JSON and r.body], ids=name_of
)
def test_a_value_of_another_type_is_a_400(client: Client, route: Route) -> None:
    for body in wrong(route):
        answer = client.open(
            address(route), method=route.method, json=body, headers=user("ada", moderator=True)
        )
        assert answer.status_code == 400, body


NO_IDS = [
    b"0",
    b"-1",
    b"00",
    b"01",
    b"+1",
    b"1 ",
    b" 1",
    b"1.0",
    b"1e0",
    b"0x1",
    b"9" * 30,
    b"9" * 5000,
    b"a" * 10_000,
    b"null",
    b"None",
    b"{}",
    b"[1]",
    b"1\x00",
    b"\x00",
    b"1\r\n2",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    "١".encode(),
    "１".encode(),
    b"n1'--",
    b"n1%' OR '1'='1",
    b"..",
    b"*",
]


@pytest.mark.parametrize("route", [r for r in VARIABLE if "docname" not in r.path], ids=name_of)
def test_what_is_no_id_is_a_4xx(client: Client, route: Route) -> None:
    for id in NO_IDS:
        path = re.sub(r"\{\w+\}", lambda _: id.decode("latin-1"), route.path)  # noqa: B023
        body, query = values(route), address(route).partition("?")[2]
        builder = EnvironBuilder(
            method=route.method,
            query_string=query,
            headers=Headers(user("ada", moderator=True)),
            json=body if route.takes is Takes.JSON else None,
            data=body if route.takes is Takes.FORM else None,
        )
        environ = builder.get_environ()
        environ["PATH_INFO"] = f"/{path}"
        _, status, _ = run_wsgi_app(client.application, environ)
        assert 400 <= int(status.split()[0]) < 500, (id[:40], status)


# -- what every answer carries -------------------------------------------------------------------


def look_at(answer: TestResponse) -> None:
    headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert set(re.split(r",\s*", headers["Cache-Control"])) & {"private", "no-store"}
    assert "public" not in headers["Cache-Control"]
    assert {"Cookie", "Authorization", "Origin"} <= set(headers["Vary"].split(", "))
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("route", EVERY, ids=name_of)
def test_every_answer_keeps_scripts_frames_and_caches_out(client: Client, route: Route) -> None:
    answers = [
        send(client, route, user("ada")),
        send(client, route, user("mona", moderator=True)),
        send(client, route, {**HERE, "Authorization": "Bearer websupport.nonsense"}),
        client.open(address(route), method="BREW"),
        client.open(address(route) + "/x/y", method=route.method),
    ]
    for answer in answers:
        look_at(answer)
    first = answers[0]
    if first.status_code == 200 and route.method == "GET":
        again = {**user("ada"), "If-None-Match": first.headers["ETag"]}
        current = client.open(address(route), method="GET", headers=again)
        if current.status_code == 304:
            look_at(current)


def test_one_readers_answer_is_never_anothers(client: Client) -> None:
    """Neither a cache's nor a browser's that two readers share."""
    vote = {"value": 1}
    assert client.put("/comments/1/vote", json=vote, headers=user("ada")).status_code == 204
    adas = client.get("/nodes/n1", headers=user("ada"))
    bens = client.get("/nodes/n1", headers={**user("ben"), "If-None-Match": adas.headers["ETag"]})
    assert bens.status_code == 200
    assert read(bens)["comments"][0]["vote"] == 0
    counts = client.get("/documents/usage/install", headers=user("ada"))
    again = {**user("ben"), "If-None-Match": counts.headers["ETag"]}
    seen = client.get("/documents/usage/install", headers=again)
    assert seen.status_code == 200
    assert read(seen)["viewer"]["username"] == "ben"


def test_a_token_is_kept_by_no_cache(client: Client) -> None:
    named = {"name": "Ada"}
    elsewhere = {"Origin": "https://a.example", "Sec-Fetch-Site": "cross-site"}
    for answer in (
        client.put("/session", json=named, headers=elsewhere),
        client.post("/nodes/n1/comments", json={"text": "Hi"}, headers=HERE),
    ):
        assert read(answer)["token"]
        assert "private" in answer.headers["Cache-Control"]
        assert "ETag" not in answer.headers
