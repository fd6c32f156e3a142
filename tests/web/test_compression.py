"""Long answers travel compressed, and tell nothing by their length."""

from __future__ import annotations

import gzip
import json
import random

import pytest
from werkzeug.test import Client, TestResponse

from sphinxcontrib_websupport.web.compression import LEAST
from sphinxcontrib_websupport.web.security.crossorigin import CrossOrigin
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import user

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def encoding(answer: TestResponse) -> str | None:
    return answer.headers.get("Content-Encoding")


@pytest.fixture
def talk(support: WebSupport) -> WebSupport:
    """A store with a thread that is longer than a page, in words that differ."""
    chance = random.Random(3)
    for _ in range(60):
        words = ["".join(chance.choices("aeiounrstlmd", k=6)) for _ in range(40)]
        support.add_comment(" ".join(words), node_id="n1", username="ada")
    return support


@pytest.fixture
def reader(talk: WebSupport) -> Client:
    return Client(WSGIApp(talk, secret_key="a key for tests"))


def test_a_browser_that_takes_gzip_is_sent_gzip(reader: Client) -> None:
    plain, packed = reader.get("/nodes/n1"), reader.get("/nodes/n1", headers=GZIP)
    assert (encoding(plain), encoding(packed)) == (None, "gzip")
    assert len(packed.data) == int(packed.headers["Content-Length"]) < len(plain.data) / 2
    threads = [json.loads(gzip.decompress(packed.data)), json.loads(plain.data)]
    ids = [[c["id"] for c in thread["comments"]] for thread in threads]
    assert ids[0] == ids[1]
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_a_page_of_a_thread_is_small(reader: Client) -> None:
    assert len(reader.get("/nodes/n1", headers=GZIP).data) < 40 * 1024


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip;q=0.0, *", "identity", "xgzip"])
def test_others_are_not(reader: Client, accepted: str) -> None:
    answer = reader.get("/nodes/n1", headers={"Accept-Encoding": accepted})
    assert encoding(answer) is None
    assert json.loads(answer.data)["comments"]


@pytest.mark.parametrize("accepted", ["*", "gzip", "br;q=1.0, gzip;q=0.1"])
def test_all_ways_of_saying_so_count(reader: Client, accepted: str) -> None:
    assert encoding(reader.get("/nodes/n1", headers={"Accept-Encoding": accepted})) == "gzip"


def test_the_tag_is_the_same_and_good_for_both(reader: Client) -> None:
    plain, packed = reader.get("/nodes/n1"), reader.get("/nodes/n1", headers=GZIP)
    assert plain.headers["ETag"] == packed.headers["ETag"]
    again = reader.get("/nodes/n1", headers={**GZIP, "If-None-Match": packed.headers["ETag"]})
    assert (again.status_code, again.data, encoding(again)) == (304, b"", None)


def test_a_head_has_the_headers_of_the_get(reader: Client) -> None:
    packed, head = reader.get("/nodes/n1", headers=GZIP), reader.head("/nodes/n1", headers=GZIP)
    assert head.data == b""
    assert encoding(head) == "gzip"
    assert head.headers["ETag"] == packed.headers["ETag"]


def test_short_answers_stay_as_they_are(client: Client) -> None:
    answer = client.get("/nodes/n1", headers=GZIP)
    assert len(answer.data) < LEAST
    assert encoding(answer) is None


@pytest.mark.parametrize("address", ["/threads/n1", "/health"])
def test_what_may_hold_a_secret_is_never_compressed(reader: Client, address: str) -> None:
    """The page's form holds a token, beside words that anybody may have written."""
    assert encoding(reader.get(address, headers=GZIP)) is None


def test_what_is_posted_is_answered_as_it_is(reader: Client) -> None:
    headers = {**GZIP, **user("ada")}
    answer = reader.post("/nodes/n1/comments", json={"text": "word " * 500}, headers=headers)
    assert len(answer.data) > LEAST
    assert encoding(answer) is None


def test_a_page_of_another_site_cannot_measure(talk: WebSupport) -> None:
    elsewhere = {**GZIP, "Sec-Fetch-Site": "cross-site"}
    named = {**elsewhere, "Origin": "https://docs.example.org"}
    cross_origin = CrossOrigin(["https://docs.example.org"])
    reader = Client(WSGIApp(talk, cross_origin=cross_origin))
    assert encoding(reader.get("/nodes/n1", headers=elsewhere)) is None
    assert encoding(reader.get("/nodes/n1", headers=named)) == "gzip"
