"""Authors without a name: for 15 minutes they change what they wrote, and they can delete it."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport.web.api import handlers
from sphinxcontrib_websupport.web.readers.authors import AuthorTokens
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import HERE, identify, read, user

NEW = {"text": "Better."}


def post(client: Client, headers: dict[str, str] = HERE) -> tuple[str, dict[str, str]]:
    """Post a comment; return its address and the headers that prove whose it is."""
    posted = read(client.post("/nodes/n1/comments", json={"text": "Hi."}, headers=headers))
    shown = {"Comment-Token": posted["token"]} if "token" in posted else {}
    return f"/comments/{posted['id']}", {**HERE, **shown}


def first(client: Client) -> str:
    text: str = read(client.get("/nodes/n1"))["comments"][0]["text"]
    return text


def test_the_author_changes_and_deletes_a_comment_without_a_name(client: Client) -> None:
    address, mine = post(client)
    assert read(client.get(f"{address}/original", headers=mine))["text"] == "Hi."
    assert client.put(address, json=NEW, headers=mine).status_code == 200
    assert first(client) == "<p>Better.</p>\n"
    assert read(client.delete(address, headers=mine)) == {"removed": False}
    assert client.delete(address, headers=mine).status_code == 403, "it is deleted already"


def test_a_reply_has_a_token_too(client: Client) -> None:
    address, _ = post(client)
    reply = read(client.post(f"{address}/replies", json={"text": "Re"}, headers=HERE))
    mine = {**HERE, "Comment-Token": reply["token"]}
    assert client.put(f"/comments/{reply['id']}", json=NEW, headers=mine).status_code == 200


def test_nobody_else_does(client: Client) -> None:
    address, _ = post(client)
    _, of_another = post(client)
    forged = AuthorTokens("another key").create(address.rpartition("/")[2])
    for headers in (
        HERE,
        user("ada"),
        of_another,
        {**HERE, "Comment-Token": forged},
        {**HERE, "Comment-Token": ""},
        {**HERE, "Comment-Token": "x" * 10_000},
    ):
        assert client.put(address, json=NEW, headers=headers).status_code == 403
        assert client.get(f"{address}/original", headers=headers).status_code == 403
        assert client.delete(address, headers=headers).status_code == 403
    assert first(client) == "<p>Hi.</p>\n"


def test_after_that_time_it_can_only_be_deleted(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, mine = post(client)
    monkeypatch.setattr(handlers, "EDIT_SECONDS", -1)
    refusal = client.put(address, json=NEW, headers=mine)
    assert refusal.status_code == 403
    assert "15 minutes" in read(refusal)["detail"]
    assert first(client) == "<p>Hi.</p>\n"
    assert client.delete(address, headers=mine).status_code == 200


def test_a_comment_with_a_name_has_no_token_and_needs_none(client: Client) -> None:
    address, headers = post(client, user("ada"))
    assert "Comment-Token" not in headers
    assert client.put(address, json=NEW, headers=user("ada")).status_code == 200


def test_a_token_does_not_open_a_comment_with_a_name(client: Client, app: WSGIApp) -> None:
    address, _ = post(client, user("ada"))
    token = app.service.settings.author_tokens.create(address.rpartition("/")[2])
    headers = {**HERE, "Comment-Token": token}
    assert client.put(address, json=NEW, headers=headers).status_code == 403
    assert client.delete(address, headers=headers).status_code == 403


def test_nobody_else_is_told_the_token(client: Client) -> None:
    post(client)
    assert "token" not in client.get("/nodes/n1").text


def test_what_is_changed_waits_once_more_where_comments_wait(support: WebSupport) -> None:
    app = WSGIApp(support, identify, secret_key="key", must_wait=lambda viewer: True)
    client = Client(app)
    address, mine = post(client)
    client.post(f"{address}/accept", json={}, headers=user("mona", moderator=True))
    assert read(client.put(address, json=NEW, headers=mine))["displayed"] is False
    assert read(client.get("/nodes/n1"))["comments"] == []


def test_the_author_alone_is_told_that_a_comment_waits(support: WebSupport) -> None:
    app = WSGIApp(support, identify, secret_key="key", must_wait=lambda viewer: True)
    client = Client(app)
    address, mine = post(client)
    named, _ = post(client, user("ada"))
    place = {"id": address.rpartition("/")[2], "node": "n1", "waiting": True}
    assert read(client.get(address, headers=mine)) == place
    assert read(client.get(named, headers=user("ada")))["waiting"] is True
    assert read(client.get(named, headers=user("mona", moderator=True)))["waiting"] is True
    for headers in (HERE, user("ben"), mine):
        assert client.get(named, headers=headers).status_code == 404
    assert client.get(address, headers=user("ada")).status_code == 404

    client.post(f"{address}/accept", json={}, headers=user("mona", moderator=True))
    assert read(client.get(address)) == {**place, "waiting": False}
    client.delete(named, headers=user("ada"))
    assert client.get(named, headers=user("ada")).status_code == 404, "nothing of it is left"
