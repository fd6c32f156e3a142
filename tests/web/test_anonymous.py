"""Nobody has the name by which readers without one are called, in whatever way it is claimed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage
from sphinxcontrib_websupport.storage.transfer.records import CommentRecord
from sphinxcontrib_websupport.web.readers.bearer import BearerTokens
from sphinxcontrib_websupport.web.readers.proxies import ProxyUsers, TrustedProxies
from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import HERE, read

KEY = "a key for tests"
NAMES = ["Anonymous", "anonymous", "ANONYMOUS", " Anonymous "]


def by_host(support: WebSupport, name: str) -> tuple[WSGIApp, Mapping[str, str]]:
    return WSGIApp(support, lambda request: Viewer(name)), HERE


def by_bearer(support: WebSupport, name: str) -> tuple[WSGIApp, Mapping[str, str]]:
    token = BearerTokens(KEY).create(Viewer(name))
    app = WSGIApp(support, session=Session(KEY, moderator="Mona"))
    return app, {**HERE, "Authorization": f"Bearer {token}"}


def by_proxy(support: WebSupport, name: str) -> tuple[WSGIApp, Mapping[str, str]]:
    users = ProxyUsers(TrustedProxies(["127.0.0.1"]))
    return WSGIApp(support, ways=[users]), {**HERE, "X-Remote-User": name}


Claim = Callable[[WebSupport, str], tuple[WSGIApp, Mapping[str, str]]]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("claim", [by_host, by_bearer, by_proxy])
def test_reader_who_is_called_anonymous_is_nobody(
    support: WebSupport, claim: Claim, name: str
) -> None:
    """Neither votes, nor changes or deletes what somebody without a name wrote."""
    strangers = support.add_comment("From a stranger.", "n1")["id"]
    storage = support.storage
    assert isinstance(storage, SQLAlchemyStorage)
    person = CommentRecord("77", None, 1, "<p>From before</p>\n", name, True, False, None, None)
    storage.write_discussions({"n2": [person]})
    app, headers = claim(support, name)
    client = Client(app, use_cookies=False)
    who = read(client.get("/documents/usage/install", headers=headers))["viewer"]
    assert (who["username"], who["may_vote"]) == ("", False)
    for id in (strangers, "77"):
        vote = client.put(f"/comments/{id}/vote", json={"value": 1}, headers=headers)
        edit = client.put(f"/comments/{id}", json={"text": "Mine"}, headers=headers)
        gone = client.delete(f"/comments/{id}", headers=headers)
        # A token in a reserved name is worth nothing, and says so.
        assert {answer.status_code for answer in (vote, edit, gone)} <= {401, 403}
    posted = client.post("/nodes/n1/comments", json={"text": "Hi"}, headers=headers)
    if posted.status_code != 401:
        assert read(posted)["username"] == "Anonymous"
        assert read(posted)["token"], "only a proof makes it theirs"
    [kept] = read(client.get("/nodes/n2", headers=headers))["comments"]
    assert (kept["text"], kept["username"]) == ("<p>From before</p>\n", name)


@pytest.mark.parametrize("name", NAMES)
def test_nobody_signs_in_as_anonymous(support: WebSupport, name: str) -> None:
    client = Client(WSGIApp(support, session=Session(KEY, moderator="Mona")))
    refused = client.put("/session", json={"name": name}, headers=HERE)
    assert refused.status_code == 403
    assert read(client.get("/session"))["username"] == ""


@pytest.mark.parametrize("name", [None, "", *NAMES])
def test_view_of_the_earlier_package_hands_the_name_back(
    support: WebSupport, name: str | None
) -> None:
    comment = support.add_comment("Hi", "n1", username=name)
    assert comment["username"] == "Anonymous"
    support.allow_anonymous_comments = False
    with pytest.raises(Exception, match="a comment needs a user name here"):
        support.add_comment("Hi", "n1", username=name)
    with pytest.raises(Exception, match="a vote needs a user name"):
        support.process_vote(comment["id"], name or "", 1)
