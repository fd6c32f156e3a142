"""The five addresses as the front end of the earlier package calls them, through jQuery."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import FIRST, read, user

# What jQuery sends with each request to its own site.
JQUERY = {
    "X-Requested-With": "XMLHttpRequest",
    "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
}


def as_user(name: str, moderator: bool = False) -> dict[str, str]:
    return {**user(name, moderator), **JQUERY}


def test_comments_are_given_with_the_source(client: Client, support: WebSupport) -> None:
    for number in range(60):
        support.add_comment(f"Comment {number}.", node_id="n1")
    answer = read(client.get("/_get_comments", query_string={"node": "n1"}))
    assert set(answer) == {"source", "comments"}
    assert answer["source"] == FIRST
    assert len(answer["comments"]) == 60, "earlier front ends know no pages"


def test_a_comment_comes_back_under_its_key(client: Client) -> None:
    form = {"node": "n1", "parent": "", "text": "Good.", "proposal": ""}
    answer = client.post("/_add_comment", data=form, headers=as_user("ada"))
    assert answer.status_code == 200
    comment = read(answer)["comment"]
    assert comment["username"] == "ada"
    assert comment["proposal_diff"] is None
    assert {"delta", "iso"} <= set(comment["time"])
    assert comment["node"] == "n1"


def test_so_does_a_reply(client: Client, support: WebSupport) -> None:
    parent = support.add_comment("One.", node_id="n1")["id"]
    form = {"node": "", "parent": parent, "text": "Two.", "proposal": "undefined"}
    answer = client.post("/_add_comment", data=form, headers=as_user("ada"))
    assert read(answer)["comment"]["parent"] == parent


def test_a_vote_is_counted(client: Client, support: WebSupport) -> None:
    comment = support.add_comment("One.", node_id="n1")["id"]
    form = {"comment_id": comment, "value": "-1"}
    assert client.post("/_process_vote", data=form, headers=as_user("ada")).text == "OK"
    assert support.get_data("n1", "ada")["comments"][0]["vote"] == -1


def test_a_moderator_accepts(client: Client, support: WebSupport) -> None:
    comment = support.add_comment("One.", node_id="n1", displayed=False)["id"]
    refused = client.post("/_accept_comment", data={"id": comment}, headers=as_user("ada"))
    assert refused.status_code == 403
    mona = as_user("mona", moderator=True)
    assert client.post("/_accept_comment", data={"id": comment}, headers=mona).status_code == 200
    assert len(support.get_data("n1")["comments"]) == 1


@pytest.mark.parametrize(("moderator", "word"), [(True, "delete"), (False, "OK")])
def test_what_is_said_of_a_deletion_tells_what_to_take_away(
    client: Client, support: WebSupport, moderator: bool, word: str
) -> None:
    comment = support.add_comment("One.", node_id="n1", username="ada")["id"]
    headers = as_user("ada", moderator)
    assert client.post("/_delete_comment", data={"id": comment}, headers=headers).text == word
