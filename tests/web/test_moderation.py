"""The moderators' pages: what waits, and discussions without their paragraph."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import FIRST, SECOND, identify, user
from tests.web.test_pages import hidden

MONA = user("mona", moderator=True)


@pytest.fixture
def detached(support: WebSupport) -> WebSupport:
    """A store in which the first paragraph is gone, with a comment on it."""
    support.add_comment("On what?", node_id="n1", username="ada")
    storage = support.storage
    storage.pre_build()
    storage.add_node("n2", "usage/install", SECOND)
    storage.retire_node("n1")
    storage.post_build()
    return support


@pytest.mark.parametrize("path", ["/moderation", "/moderation/detached"])
def test_they_are_for_moderators(client: Client, path: str) -> None:
    assert client.get(path).status_code == 403
    assert client.get(path, headers=user("ada")).status_code == 403
    form = {"comment": "1", "node": "n1", "to": "n2", "verdict": "accept"}
    assert client.post(path, data=form, headers=user("ada")).status_code == 403
    assert client.get(path, headers=MONA).status_code == 200


def test_what_waits_is_listed_with_its_paragraph(client: Client, support: WebSupport) -> None:
    shown = support.add_comment("Shown.", node_id="n1")
    support.add_comment("Buy!", node_id="n2", username="eve", displayed=False)
    support.add_comment("Below.", parent_id=shown["id"], displayed=False, proposal=None)
    page = client.get("/moderation", headers=MONA).text
    assert page.index(FIRST) < page.index("Below.") < page.index(SECOND) < page.index("Buy!")
    assert "Shown." not in page
    assert "<script" not in page
    assert 'href="static/websupport.css"' in page


def test_a_comment_is_accepted_where_it_is_read(client: Client, support: WebSupport) -> None:
    comment = support.add_comment("Good.", node_id="n1", displayed=False)["id"]
    page = client.get("/moderation", headers=MONA).text
    assert hidden(page, "comment") == comment
    form = {"comment": comment, "verdict": "accept"}
    answer = client.post("/moderation", data=form, headers=MONA)
    assert answer.location == "./moderation?done=accept"
    assert [c["id"] for c in support.get_data("n1")["comments"]] == [comment]
    page = client.get("/moderation?done=accept", headers=MONA).text
    assert "Accepted." in page
    assert "Nothing waits." in page


def test_a_comment_is_deleted_where_it_is_read(client: Client, support: WebSupport) -> None:
    comment = support.add_comment("Bad.", node_id="n1", displayed=False)["id"]
    form = {"comment": comment, "verdict": "delete"}
    assert client.post("/moderation", data=form, headers=MONA).status_code == 303
    assert support.get_data("n1", moderator=True)["comments"] == []
    again = client.post("/moderation", data=form, headers=MONA)
    assert again.location == "./moderation?done=gone"


def test_another_verdict_is_refused(client: Client, support: WebSupport) -> None:
    comment = support.add_comment("Hm.", node_id="n1", displayed=False)["id"]
    form = {"comment": comment, "verdict": "keep"}
    assert client.post("/moderation", data=form, headers=MONA).status_code == 400
    assert support.get_data("n1")["comments"] == []


def test_no_other_site_decides(client: Client, support: WebSupport) -> None:
    comment = support.add_comment("Bad.", node_id="n1", displayed=False)["id"]
    token = hidden(client.get("/moderation", headers=MONA).text, "token")
    form = {"comment": comment, "verdict": "accept", "token": token}
    elsewhere = {**MONA, "Sec-Fetch-Site": "cross-site"}
    assert client.post("/moderation", data=form, headers=elsewhere).status_code == 403
    silent = {name: value for name, value in MONA.items() if name != "Sec-Fetch-Site"}
    without = {**form, "token": ""}
    assert client.post("/moderation", data=without, headers=silent).status_code == 403
    assert support.get_data("n1")["comments"] == []
    assert client.post("/moderation", data=form, headers=silent).status_code == 303


def test_a_long_queue_comes_in_pages(client: Client, support: WebSupport) -> None:
    for number in range(51):
        support.add_comment(f"Number {number}.", node_id="n1", displayed=False)
    first = client.get("/moderation", headers=MONA).text
    assert "Number 49." in first
    assert "Number 50." not in first
    more = re.search(r'href="(\?start=50)"', first)
    assert more
    assert "Number 50." in client.get(f"/moderation{more[1]}", headers=MONA).text


def test_a_discussion_is_listed_with_its_old_text_and_place(detached: WebSupport) -> None:
    client = Client(WSGIApp(detached, identify, document_url="/docs/{docname}.html"))
    page = client.get("/moderation/detached", headers=MONA).text
    assert FIRST in page
    assert 'href="/docs/usage/install.html#sn1"' in page
    assert "<del>First</del><ins>Second</ins>" in page
    assert f'<option value="n2">{SECOND}</option>' in page
    assert 'href="../static/websupport.css"' in page


@pytest.mark.parametrize("to", ["n2", "#sn2", "https://docs.example.org/usage/install.html#sn2"])
def test_it_is_attached_with_one_click_or_by_a_link(
    client: Client, detached: WebSupport, to: str
) -> None:
    answer = client.post("/moderation/detached", data={"node": "n1", "to": to}, headers=MONA)
    assert answer.location == "./detached?done=attached"
    assert len(detached.get_data("n2")["comments"]) == 1
    page = client.get("/moderation/detached?done=attached", headers=MONA).text
    assert "Attached." in page
    assert "All comments have their paragraph." in page


def test_it_is_attached_by_a_link_to_a_comment(client: Client, detached: WebSupport) -> None:
    there = detached.add_comment("Here.", node_id="n2")["id"]
    form = {"node": "n1", "to": f"/usage/install.html#comment-{there}"}
    assert client.post("/moderation/detached", data=form, headers=MONA).status_code == 303
    assert len(detached.get_data("n2")["comments"]) == 2


@pytest.mark.parametrize("to", ["nowhere", "#comment-99", "n1", '"><script>'])
def test_what_is_no_paragraph_is_said_beside_the_form(
    client: Client, detached: WebSupport, to: str
) -> None:
    answer = client.post("/moderation/detached", data={"node": "n1", "to": to}, headers=MONA)
    assert answer.status_code == 400
    assert "This is no link to a paragraph." in answer.text
    assert "<script" not in answer.text
    assert len(detached.get_detached(None)) == 1


def test_moderators_are_led_there_from_a_thread(client: Client) -> None:
    assert 'href="../moderation"' in client.get("/threads/n1", headers=MONA).text
    assert "moderation" not in client.get("/threads/n1", headers=user("ada")).text
