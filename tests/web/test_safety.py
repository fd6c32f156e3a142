"""Hostile requests: forged, malformed, oversized; and what every answer carries."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client, EnvironBuilder, TestResponse, run_wsgi_app

from sphinxcontrib_websupport.errors import StorageError
from sphinxcontrib_websupport.web.messages import MAX_BODY, Request
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import HERE, identify, read, user

FORM = "application/x-www-form-urlencoded"
UNSAFE = [
    ("POST", "/nodes/n1/comments"),
    ("POST", "/comments/1/replies"),
    ("PUT", "/comments/1/vote"),
    ("POST", "/comments/1/accept"),
    ("POST", "/nodes/n1/attach"),
    ("DELETE", "/comments/1"),
    ("POST", "/threads/n1"),
    ("POST", "/_add_comment"),
    ("POST", "/_process_vote"),
    ("POST", "/_accept_comment"),
    ("POST", "/_delete_comment"),
]
FORMS = [path for method, path in UNSAFE if path.startswith(("/_", "/threads"))]
COMPLETE_FORM = {"text": "Hi", "node": "n1", "id": "1", "comment_id": "1", "value": "1"}


def stored(support: WebSupport) -> int:
    return sum(support.get_metadata("usage/install", moderator=True).values())


# -- forged in another site's page -------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), UNSAFE)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "https://evil.example", "Host": "localhost", "X-Forwarded-Host": "evil.example"},
        {"Origin": "https://evil.example", "X-Requested-With": "XMLHttpRequest"},
        {"Origin": "http://[broken"},
    ],
)
def test_another_site_cannot_act_in_a_readers_name(
    client: Client, support: WebSupport, method: str, path: str, headers: dict[str, str]
) -> None:
    support.add_comment("Mine.", node_id="n1", username="ada")
    body: dict[str, Any] = {"json": {"text": "Hi"}}
    if path in FORMS:
        body = {"data": COMPLETE_FORM}
    answer = client.open(path, method=method, headers={"X-Test-User": "ada", **headers}, **body)
    assert answer.status_code == 403
    assert stored(support) == 1


@pytest.mark.parametrize("path", FORMS)
def test_a_form_of_unknown_origin_is_refused(client: Client, path: str) -> None:
    assert client.post(path, data=COMPLETE_FORM).status_code == 403


@pytest.mark.parametrize("kind", [None, "", "text/plain", FORM, "multipart/form-data; boundary=x"])
@pytest.mark.parametrize(
    "path", [path for method, path in UNSAFE if path not in FORMS and method != "DELETE"]
)
def test_json_under_another_type_is_refused(client: Client, path: str, kind: str | None) -> None:
    """Any site may send these types without asking first."""
    method = "PUT" if path.endswith("vote") else "POST"
    answer = client.open(path, method=method, data=b'{"text": "Hi"}', content_type=kind)
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "headers",
    [
        HERE,
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost:8000", "Host": "localhost:8000"},
        {"Origin": "http://docs.example.org", "Host": "Docs.Example.ORG"},
        {"Origin": "http://docs.example.org", "Host": "docs.example.org:80"},
        {"Origin": "https://docs.example.org", "Host": "docs.example.org:443"},
        {"Origin": "http://[::1]:8000", "Host": "[::1]:8000"},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_the_page_itself_may_send_forms(client: Client, headers: dict[str, str]) -> None:
    answer = client.post("/_add_comment", data={"node": "n1", "text": "Hi"}, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://docs.example.org:8080", "docs.example.org"),
        ("https://docs.example.org:8443", "DOCS.example.org"),
    ],
)
def test_a_host_without_the_page_s_port_is_explained(
    client: Client, origin: str, host: str
) -> None:
    """Nginx leaves it out with ``$host``."""
    headers = {"Origin": origin, "Host": host}
    answer = client.post("/nodes/n1/comments", json={"text": "Hi"}, headers=headers)
    assert answer.status_code == 403
    assert "$http_host" in read(answer)["detail"]
    assert "ORIGINS" in read(answer)["detail"]


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.example", "docs.example.org"),
        ("http://evil.example:8080", "docs.example.org"),
        ("http://docs.example.org", "docs.example.org:8080"),
        ("http://docs.example.org:8080", "docs.example.org:8081"),
        ("https://docs.example.org", "docs.example.org:80"),
        ("http://docs.example.org.evil.example", "docs.example.org"),
        ("file://docs.example.org", "docs.example.org"),
        ("null", "null"),
        ("http://", ":80"),
    ],
)
def test_another_address_is_another_site(client: Client, origin: str, host: str) -> None:
    headers = {"Origin": origin, "Host": host}
    answer = client.post("/nodes/n1/comments", json={"text": "Hi"}, headers=headers)
    assert answer.status_code == 403
    assert "another site" in read(answer)["detail"]


def test_with_own_origins_the_host_is_not_asked(support: WebSupport) -> None:
    client = Client(WSGIApp(support, origins=["https://Docs.example.org:443/"]))
    form = {"node": "n1", "text": "Hi"}
    own = {"Origin": "https://docs.example.org", "Host": "backend:9000"}
    assert client.post("/_add_comment", data=form, headers=own).status_code == 200
    agreeing = {"Origin": "http://backend:9000", "Host": "backend:9000"}
    assert client.post("/_add_comment", data=form, headers=agreeing).status_code == 403


def test_a_programme_that_is_no_browser_may_use_json(client: Client) -> None:
    assert client.post("/nodes/n1/comments", json={"text": "Hi"}).status_code == 201


# -- malformed ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [0.5, 1.0, True, False, "1", "1 ", None, [1], {}, 2, -2, 10**30, 1e400]
)
def test_a_vote_is_one_of_three_integers(
    client: Client, support: WebSupport, value: object
) -> None:
    first = support.add_comment("One.", node_id="n1")["id"]
    answer = client.put(f"/comments/{first}/vote", json={"value": value}, headers=user("ada"))
    assert answer.status_code == 400
    assert support.get_data("n1")["comments"][0]["rating"] == 0


@pytest.mark.parametrize("value", ["0.5", "True", "1 ", "", "2", "١", "1e0"])
def test_so_is_a_vote_in_a_form(client: Client, support: WebSupport, value: str) -> None:
    first = support.add_comment("One.", node_id="n1")["id"]
    form = {"comment_id": first, "value": value}
    assert client.post("/_process_vote", data=form, headers=user("ada")).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"text": 1}',
        b'{"text": null}',
        b'{"text": ["a"]}',
        b'{"text": ""}',
        b'{"text": " \\n"}',
        b'{"text": "a", "proposal": 1}',
        b'{"text": "a", "displayed": true}',
        b'{"text": "a", "username": "root"}',
        b'{"text": NaN}',
        b'{"text": "\\ud800"}',
        b'{"text": "\\u0000"}',
        b'{"text": "\xff"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"text": ' + b"9" * 5000 + b"}",
        b"\xef\xbb\xbf{}",
        json.dumps({"text": "a" * 20_001}).encode(),
    ],
)
def test_a_body_that_makes_no_sense_is_a_400(
    client: Client, support: WebSupport, body: bytes
) -> None:
    answer = client.post(
        "/nodes/n1/comments", data=body, content_type="application/json", headers=user("ada")
    )
    assert answer.status_code == 400
    assert read(answer)["detail"]
    assert stored(support) == 0


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=UTF-8"])
def test_json_may_name_its_charset(client: Client, kind: str) -> None:
    answer = client.post("/nodes/n1/comments", data=b'{"text": "a"}', content_type=kind)
    assert answer.status_code == 201


def test_json_in_another_charset_is_refused(client: Client) -> None:
    body = '{"text": "a"}'.encode("utf-16")
    kind = "application/json; charset=utf-16"
    assert client.post("/nodes/n1/comments", data=body, content_type=kind).status_code == 415


@pytest.mark.parametrize(
    "body", [b"text=%ff", b"text=%ed%a0%80", b"text=\xff", b"text=%00", b"a=1&" * 50]
)
def test_a_form_that_makes_no_sense_is_a_400(client: Client, body: bytes) -> None:
    answer = client.post("/_add_comment", data=body, content_type=FORM, headers=user("ada"))
    assert answer.status_code == 400


@pytest.mark.parametrize("query", ["q=%ff", "q=%00", "", "a=1&" * 50])
def test_a_query_that_makes_no_sense_is_a_400(client: Client, query: str) -> None:
    assert client.get(f"/search?{query}").status_code == 400


@pytest.mark.parametrize(
    ("address", "kind", "body"),
    [
        ("/nodes/n1/comments", "application/json", b'{"text": "Hi."}'),
        ("/threads/n1?document=usage%2Finstall", "application/x-www-form-urlencoded", b"text=Hi"),
        ("/_add_comment", "application/x-www-form-urlencoded", b"node=n1&text=Hi&parent="),
    ],
)
def test_a_body_that_breaks_off_is_not_stored(
    client: Client, support: WebSupport, address: str, kind: str, body: bytes
) -> None:
    """Some servers say that a body is at its end, whatever ended it."""
    answer = client.post(
        address,
        data=body,
        content_type=kind,
        headers=HERE,
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": "500"},
    )
    assert answer.status_code == 400
    assert support.get_data("n1", moderator=True)["comments"] == []


@pytest.mark.parametrize("name", ["X-Forwarded-For", "If-None-Match", "X"])
def test_headers_that_are_too_long_are_refused(client: Client, name: str) -> None:
    def status(value: str) -> int:
        key = f"HTTP_{name.upper().replace('-', '_')}"
        return client.get("/nodes/n1", environ_overrides={key: value}).status_code

    assert status('a="' + '\\"' * 20_000) == 431
    assert status("a" * 8_000) == 200


@pytest.mark.parametrize(
    "header",
    [
        'a="' + '\\"' * 15_000,
        "a" * 30_000,
        ";" * 30_000,
        "a=" + " " * 30_000,
        "=" * 30_000,
        "\xff=",
    ],
)
def test_cookies_are_parsed_in_linear_time(header: str) -> None:
    request = Request("GET", "", headers={"cookie": f"{header}; last=1"})
    began = time.thread_time()
    assert isinstance(request.cookies, dict)
    assert time.thread_time() - began < 1  # milliseconds, as measured


def test_a_body_that_is_too_long_is_not_read(client: Client) -> None:
    body = b'{"text": "' + b"a" * MAX_BODY + b'"}'
    answer = client.post("/nodes/n1/comments", data=body, content_type="application/json")
    assert answer.status_code == 413


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]),
    path=st.lists(
        st.sampled_from(
            ["nodes", "comments", "vote", "threads", "documents", "n1", "..", "", "%2e"]
        )
        | st.text(max_size=8),
        max_size=4,
    ),
    body=st.binary(max_size=40) | st.just(b'{"text": "a"}'),
    kind=st.sampled_from(["application/json", FORM, "x/y", ""]),
)
def test_nothing_that_is_sent_breaks_the_service(
    client: Client, method: str, path: list[str], body: bytes, kind: str
) -> None:
    builder = EnvironBuilder(method=method, data=body, content_type=kind)
    builder.headers.update(user("ada"))
    environ = builder.get_environ()
    # Past client and builder, which would take "//[" for the beginning of a whole URL.
    environ["PATH_INFO"] = ("/" + "/".join(path)).encode().decode("latin-1")
    _, status, _ = run_wsgi_app(client.application, environ)
    assert int(status.split()[0]) < 500


# -- what every answer carries -----------------------------------------------------------------


def answers(client: Client) -> list[TestResponse]:
    return [
        client.get("/documents/usage/install"),
        client.get("/nodes/none"),
        client.get("/threads/n1"),
        client.get("/threads/none"),
        client.post("/_add_comment", data={}),
    ]


def test_every_answer_forbids_scripts_and_framing(client: Client) -> None:
    for answer in answers(client):
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';")
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_an_error_of_the_store_tells_the_reader_nothing_of_it(
    support: WebSupport, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise StorageError("connection to db.internal refused for user admin")

    monkeypatch.setattr(support.storage, "check", fail)
    with caplog.at_level(logging.ERROR):
        answer = Client(WSGIApp(support)).get("/health")
    assert answer.status_code == 503
    assert "internal" not in answer.text
    assert "db.internal" in caplog.text


def test_an_operator_learns_from_the_log_in_which_store_a_node_is_missing(
    support: WebSupport, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(WSGIApp(support))
    for address in ("/nodes/nobody", "/threads/nobody", "/_get_comments?node=nobody"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert str(tmp_path) not in answer.text
    place = f"sqlite:///{(tmp_path / 'comments.db').as_posix()}"
    [warning] = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert "no build has registered such a node" in warning
    assert warning.endswith(f"the comment store is {place}")


def test_an_error_nobody_thought_of_tells_the_reader_nothing(
    support: WebSupport, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(support, "get_page", fail)
    client = Client(WSGIApp(support, identify))
    for address in ("/nodes/n1", "/threads/n1"):
        answer = client.get(address)
        assert answer.status_code == 500
        assert "secret" not in answer.text
    assert "ZeroDivisionError: secret" in caplog.text


def test_what_a_reader_wrote_is_never_markup_of_an_error(client: Client) -> None:
    answer = client.get("/threads/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert answer.status_code == 404
    assert "<script" not in answer.text
