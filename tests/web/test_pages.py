"""A thread without scripts: a page with a form that works."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import DEPTH, FIRST, HERE, identify, user


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def test_the_page_shows_the_paragraph_and_its_comments(client: Client, support: WebSupport) -> None:
    first = support.add_comment("*Good.*", node_id="n1", username="ada")
    support.add_comment("Yes.", parent_id=first["id"])
    page = client.get("/threads/n1")
    assert page.content_type == "text/html; charset=utf-8"
    assert FIRST in page.text
    assert "<em>Good.</em>" in page.text
    assert "answers ada" in page.text
    assert "<script" not in page.text


def test_its_form_posts_and_leads_back(client: Client, support: WebSupport) -> None:
    form = {"text": "Hello.", "parent": "", "token": ""}
    answer = client.post("/threads/n1", data=form, headers=user("ada"))
    [comment] = support.get_data("n1")["comments"]
    assert answer.status_code == 303
    assert answer.location == f"./n1#comment-{comment['id']}"
    assert comment["username"] == "ada"
    assert f'id="comment-{comment["id"]}"' in client.get("/threads/n1").text


def test_a_reply_is_written_in_the_same_form(client: Client, support: WebSupport) -> None:
    first = support.add_comment("One.", node_id="n1", username="ada")["id"]
    page = client.get(f"/threads/n1?reply={first}").text
    assert "Reply to ada" in page
    form = {"text": "Two.", "parent": hidden(page, "parent")}
    client.post("/threads/n1", data=form, headers=user("ben"))
    assert len(support.get_data("n1")["comments"][0]["children"]) == 1


def test_a_browser_that_names_no_origin_needs_the_forms_token(
    client: Client, support: WebSupport
) -> None:
    token = hidden(client.get("/threads/n1", headers={"X-Test-User": "ada"}).text, "token")
    form = {"text": "Hello."}
    as_ada = {"X-Test-User": "ada"}
    assert client.post("/threads/n1", data=form, headers=as_ada).status_code == 403
    value, _, signature = token.rpartition(".")
    other = "A" if signature[0] != "A" else "B"  # not the last: some of its bits mean nothing
    forged = {**form, "token": f"{value}.{other}{signature[1:]}"}
    assert client.post("/threads/n1", data=forged, headers=as_ada).status_code == 403
    borrowed = {"X-Test-User": "ben"}
    form["token"] = token
    assert client.post("/threads/n1", data=form, headers=borrowed).status_code == 403
    assert client.post("/threads/n1", data=form, headers=as_ada).status_code == 303
    assert len(support.get_data("n1")["comments"]) == 1


def test_a_token_is_no_use_to_another_site(client: Client) -> None:
    token = hidden(client.get("/threads/n1").text, "token")
    headers = {"Origin": "https://evil.example"}
    form = {"text": "Hello.", "token": token}
    assert client.post("/threads/n1", data=form, headers=headers).status_code == 403


def test_what_is_wrong_is_said_and_the_text_is_kept(client: Client) -> None:
    text = "a" * 20_001
    page = client.post("/threads/n1", data={"text": text}, headers=HERE)
    assert page.status_code == 400
    assert text in page.text
    assert 'role="alert"' in page.text


def test_a_comment_that_waits_is_said_to_wait(support: WebSupport) -> None:
    client = Client(WSGIApp(support, identify, must_wait=lambda viewer: True))
    answer = client.post("/threads/n1", data={"text": "Hm."}, headers=HERE)
    assert answer.location == "./n1?waiting=1#write"
    page = client.get("/threads/n1?waiting=1").text
    assert "waits for a moderator" in page
    assert "No comments yet" in page


def test_a_long_thread_comes_in_pages(client: Client, support: WebSupport) -> None:
    for number in range(51):
        support.add_comment(f"Number {number}.", node_id="n1")
    first = client.get("/threads/n1").text
    more = re.search(r'href="(\?after=[^"]+)"', first)
    assert more
    assert "Number 50." not in first
    assert "Number 50." in client.get(f"/threads/n1{more[1]}").text


def test_a_thousand_nested_replies_are_a_page(deep: WebSupport) -> None:
    page = Client(WSGIApp(deep)).get("/threads/n1")
    assert page.text.count('role="listitem"') == DEPTH
    assert 'data-depth="6"' not in page.text


@pytest.mark.parametrize("name", ['"><script>alert(1)</script>', "</title><script>alert(1)"])
def test_names_and_sources_are_escaped(support: WebSupport, name: str) -> None:
    storage = support.storage
    storage.pre_build()
    storage.add_node("evil", "page", name)
    storage.post_build()
    support.add_comment("Hi.", node_id="evil", username=name)
    client = Client(WSGIApp(support, identify))
    assert "<script" not in client.get("/threads/evil").text


def test_where_anonymous_readers_may_not_write_there_is_no_form(support: WebSupport) -> None:
    support.allow_anonymous_comments = False
    client = Client(WSGIApp(support, identify))
    assert "<form" not in client.get("/threads/n1").text
    assert "<form" in client.get("/threads/n1", headers=user("ada")).text
    assert client.post("/threads/n1", data={"text": "Hi."}, headers=HERE).status_code == 403


def test_the_pages_styles_are_served_beside_them(client: Client) -> None:
    page = client.get("/threads/n1").text
    assert 'href="../static/websupport.css"' in page
    styles = client.get("/static/websupport.css")
    assert styles.content_type == "text/css; charset=utf-8"
    assert ".websupport-comment" in styles.text


def test_the_page_leads_back_to_where_the_reader_comes_from(support: WebSupport) -> None:
    client = Client(WSGIApp(support, identify, document_url="/docs/{docname}.html"))
    back = 'href="/docs/usage/install.html#sn1"'
    assert back not in client.get("/threads/n1").text
    assert back in client.get("/threads/n1?document=usage/install").text
    answer = client.post("/threads/n1?document=usage/install", data={"text": "Hi."}, headers=HERE)
    assert answer.location.startswith("./n1?document=usage%2Finstall#comment-")


@pytest.mark.parametrize("document", ["//evil.example/", "javascript:alert(1)", "other", "\\evil"])
def test_it_leads_nowhere_else(support: WebSupport, document: str) -> None:
    client = Client(WSGIApp(support, identify, document_url="{docname}.html"))
    page = client.get("/threads/n1", query_string={"document": document}).text
    assert "Back to the page" not in page


def test_a_page_is_in_the_language_that_the_browser_asks_for(client: Client) -> None:
    page = client.get("/threads/n1", headers={"Accept-Language": "ar-EG, en;q=0.5"})
    assert '<html lang="ar" dir="rtl">' in page.text
    assert "التعليقات على هذه الفقرة" in page.text
    assert page.headers["Content-Language"] == "ar"
    assert "Accept-Language" in page.headers["Vary"]


def test_a_site_can_have_one_language(support: WebSupport) -> None:
    client = Client(WSGIApp(support, identify, language="de_AT"))
    page = client.get("/threads/n1", headers={"Accept-Language": "fr"})
    assert "Kommentare zu diesem Absatz" in page.text


def test_what_goes_wrong_is_said_in_that_language(client: Client) -> None:
    page = client.get("/threads/nothing", headers={"Accept-Language": "fr"})
    assert page.status_code == 404
    assert "<h1>Il n’y a rien ici</h1>" in page.text
