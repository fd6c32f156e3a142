"""Nobody is shown another's answer, and nobody is sent twice what he has."""

from __future__ import annotations

from datetime import UTC, datetime

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


def test_what_is_current_is_not_even_read(
    client: Client, support: WebSupport, monkeypatch: pytest.MonkeyPatch
) -> None:
    support.add_comment("One.", node_id="n1", username="ada")
    addresses = ["/nodes/n1", "/documents/usage/install"]
    tags = [client.get(address).headers["ETag"] for address in addresses]

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("the store was read")

    for verb in ("get_page", "get_data", "get_metadata", "get_nodes", "get_retired"):
        monkeypatch.setattr(support.storage, verb, fail)
    for address, tag in zip(addresses, tags, strict=True):
        again = client.get(address, headers={"If-None-Match": tag})
        assert (again.status_code, again.headers["ETag"]) == (304, tag)


def test_a_store_that_stamps_nothing_is_answered_304_as_well(
    client: Client, support: WebSupport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for verb in ("get_version", "get_document_version"):
        monkeypatch.setattr(support.storage, verb, lambda *_: None)
    for address in ("/nodes/n1", "/documents/usage/install"):
        tag = client.get(address).headers["ETag"]
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    support.add_comment("One.", node_id="n1")
    assert client.get("/nodes/n1", headers={"If-None-Match": tag}).status_code == 200


def test_every_reader_and_every_page_has_tags_of_its_own(
    client: Client, support: WebSupport
) -> None:
    for number in range(51):
        support.storage.add_comment(
            f"<p>{number}</p>", True, None, datetime.now(UTC), None, "n1", None, False
        )
    after = read(client.get("/nodes/n1"))["next"]
    tags = {
        client.get(address, headers=headers).headers["ETag"]
        for address in ("/nodes/n1", f"/nodes/n1?after={after}", "/documents/usage/install")
        for headers in (user(""), user("ada"), user("ben"), user("ada", moderator=True))
    }
    assert len(tags) == 12
