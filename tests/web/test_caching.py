"""Nobody is shown another's answer, and nobody is sent twice what he has."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import HERE, read, user

ADDRESSES = [
    "/documents/usage/install",
    "/nodes/n1",
    "/threads/n1",
    "/health",
    "/openapi.json",
    "/_get_comments?node=n1",
    "/static/websupport.css",
]


@pytest.mark.parametrize("address", [a for a in ADDRESSES if "threads" not in a])
def test_every_get_is_answered_304_when_nothing_is_new(client: Client, address: str) -> None:
    etag = client.get(address).headers["ETag"]
    again = client.get(address, headers={"If-None-Match": f'"other", {etag}'})
    assert again.status_code == 304
    assert again.get_data() == b""
    assert again.headers["ETag"] == etag
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_answer_is_shared_between_readers(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Vary"].startswith("Cookie, Authorization")


def test_a_comment_or_a_vote_makes_a_new_etag_and_time_does_not(
    client: Client, support: WebSupport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def etag(name: str = "") -> str:
        return client.get("/nodes/n1", headers=user(name)).headers["ETag"]

    first = support.add_comment("One.", node_id="n1", username="ada")["id"]
    seen = etag()
    monkeypatch.setattr("sphinxcontrib_websupport.storage.rules.now", lambda: 4_000_000_000_000_000)
    assert read(client.get("/nodes/n1"))["comments"][0]["age"] > 60_000_000
    assert etag() == seen
    support.process_vote(first, "ben", 1)
    after_vote = etag()
    support.add_comment("Two.", parent_id=first)
    assert len({seen, after_vote, etag()}) == 3
    assert etag() != etag("ben"), "ben sees his own vote"


def test_what_is_refused_has_no_etag(client: Client) -> None:
    answer = client.get("/nodes/none", headers=HERE)
    assert "ETag" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-cache"
