"""Every JSON address, as a front end uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport.web.api.handlers import MAX_DEPTH
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import DEPTH, FIRST, HERE, identify, read, user


def comment(client: Client, text: str = "Good.", name: str = "ada", **body: object) -> str:
    """Post a comment on the first paragraph and return its id."""
    answer = client.post("/nodes/n1/comments", json={"text": text, **body}, headers=user(name))
    assert answer.status_code == 201, answer.text
    return str(read(answer)["id"])


def test_one_request_tells_a_page_all_its_counts(client: Client) -> None:
    comment(client)
    answer = client.get("/documents/usage/install")
    assert read(answer)["nodes"] == {"n1": {"count": 1}, "n2": {"count": 0}}
    assert read(answer)["viewer"] == {
        "username": "",
        "moderator": False,
        "may_comment": True,
        "may_vote": False,
        "may_sign_in": False,
    }
    assert read(answer)["detached"] == []


def test_an_unknown_document_has_no_nodes(client: Client) -> None:
    assert read(client.get("/documents/no/such/page"))["nodes"] == {}


def detach(support: WebSupport, node: str) -> None:
    """Let a build find that a paragraph is gone."""
    support.storage.pre_build()
    support.storage.retire_node(node)
    support.storage.post_build()


def test_a_discussion_whose_paragraph_is_gone_is_listed_beside_what_is_most_like_it(
    client: Client, support: WebSupport
) -> None:
    comment(client)
    detach(support, "n1")
    answer = read(client.get("/documents/usage/install"))
    assert answer["detached"] == [
        {
            "node": "n1",
            "source": FIRST,
            "document": "usage/install",
            "count": 1,
            "nearest": {
                "node": "n2",
                "source_diff": "<del>First</del><ins>Second</ins> sentence of the page.",
            },
        }
    ]
    assert "n1" not in answer["nodes"]


def test_a_discussion_beside_nothing_alike_has_no_nearest(
    client: Client, support: WebSupport
) -> None:
    comment(client)
    detach(support, "n1")
    detach(support, "n2")  # nobody spoke of it: it is forgotten
    [detached] = read(client.get("/documents/usage/install"))["detached"]
    assert (detached["node"], detached["nearest"]) == ("n1", None)


def test_a_moderator_attaches_a_discussion(client: Client, support: WebSupport) -> None:
    first = comment(client)
    detach(support, "n1")
    mona = user("mona", moderator=True)
    answer = client.post("/nodes/n1/attach", json={"to": "n2"}, headers=mona)
    assert (answer.status_code, answer.get_data()) == (204, b"")
    page = read(client.get("/documents/usage/install"))
    assert (page["nodes"], page["detached"]) == ({"n2": {"count": 1}}, [])
    assert read(client.get(f"/comments/{first}"))["node"] == "n2"


@pytest.mark.parametrize(
    ("name", "node", "to", "status"),
    [
        ("ada", "n1", "n2", 403),
        ("mona", "none", "n2", 404),
        ("mona", "n1", "none", 404),
        ("mona", "n2", "n1", 400),  # its paragraph is still there
    ],
)
def test_what_cannot_be_attached_stays_where_it_was(
    client: Client, support: WebSupport, name: str, node: str, to: str, status: int
) -> None:
    comment(client)
    detach(support, "n1")
    before = read(client.get("/documents/usage/install"))
    headers = user(name, moderator=name == "mona")
    answer = client.post(f"/nodes/{node}/attach", json={"to": to}, headers=headers)
    assert answer.status_code == status
    assert read(client.get("/documents/usage/install")) == before


def test_a_comment_is_posted_and_read(client: Client) -> None:
    answer = client.post("/nodes/n1/comments", json={"text": "*Good.*"}, headers=user("ada"))
    assert answer.status_code == 201
    assert answer.location == f"../../comments/{read(answer)['id']}"
    assert read(answer)["original_text"] == "*Good.*"
    thread = read(client.get("/nodes/n1"))
    assert thread["source"] == FIRST
    assert [c["id"] for c in thread["comments"]] == [read(answer)["id"]]
    assert "<em>Good.</em>" in thread["comments"][0]["text"]


def test_a_reply_stands_under_its_comment(client: Client) -> None:
    first = comment(client)
    answer = client.post(f"/comments/{first}/replies", json={"text": "Yes."}, headers=user("ben"))
    assert answer.status_code == 201
    [parent] = read(client.get("/nodes/n1"))["comments"]
    assert [child["username"] for child in parent["children"]] == ["ben"]


def test_a_proposal_comes_with_its_difference(client: Client) -> None:
    comment(client, proposal="First word of the page.")
    [proposed] = read(client.get("/nodes/n1"))["comments"]
    assert "<del>" in proposed["proposal_diff"]


def test_a_thread_comes_in_pages(client: Client) -> None:
    ids = [comment(client, f"Comment {number}.") for number in range(51)]
    first = read(client.get("/nodes/n1"))
    assert [c["id"] for c in first["comments"]] == ids[:50]
    last = read(client.get("/nodes/n1", query_string={"after": first["next"]}))
    assert [c["id"] for c in last["comments"]] == ids[50:]
    assert last["next"] is None


def test_a_thread_of_a_thousand_nested_replies_is_sent(deep: WebSupport) -> None:
    body = Client(WSGIApp(deep)).get("/nodes/n1").get_data(as_text=True)
    # Python's own decoder would give up at this depth.
    assert body.count('"children":[') == DEPTH
    assert body.count("{") == body.count("}")
    assert body.endswith("]}" * (DEPTH + 1))


def test_the_answer_is_what_json_dumps_would_give(client: Client, support: WebSupport) -> None:
    first = comment(client, "One.")
    client.post(f"/comments/{first}/replies", json={"text": "“Two.”"}, headers=user("ben"))
    comment(client, "Three.")
    sent = read(client.get("/nodes/n1"))
    kept = json.loads(json.dumps(support.get_page("n1")))
    for thread in (sent, kept):
        for item in (*thread["comments"], *thread["comments"][0]["children"]):
            item["age"] = item["time"]["delta"] = None
    assert sent == kept


def test_replies_are_nested_only_so_deep(deep: WebSupport) -> None:
    client = Client(WSGIApp(deep))
    levels = list(chain(deep))
    path, refused = (f"/comments/{levels[n - 1]}/replies" for n in (MAX_DEPTH - 1, MAX_DEPTH))
    answer = client.post(refused, json={"text": "Hi."}, headers=HERE)
    assert answer.status_code == 403
    assert "400 deep" in read(answer)["detail"]
    form = {"parent": levels[-1], "text": "Hi."}
    assert client.post("/_add_comment", data=form, headers=HERE).status_code == 403
    posted = client.post(path, json={"text": "Hi."}, headers=HERE)
    assert posted.status_code == 201
    deep.delete_comment(read(posted)["id"], moderator=True)


def chain(support: WebSupport) -> Iterator[str]:
    """Yield the ids of a chain of replies, from its top."""
    comments = support.get_data("n1")["comments"]
    while comments:
        [comment] = comments
        yield comment["id"]
        comments = comment["children"]


def test_a_comment_knows_its_paragraph(client: Client) -> None:
    first = comment(client)
    reply = client.post(f"/comments/{first}/replies", json={"text": "Yes."}, headers=HERE)
    answer = client.get(f"/comments/{read(reply)['id']}")
    assert read(answer) == {"id": read(reply)["id"], "node": "n1", "waiting": False}


@pytest.mark.parametrize("value", [1, 0, -1])
def test_a_vote_is_counted(client: Client, value: int) -> None:
    first = comment(client)
    answer = client.put(f"/comments/{first}/vote", json={"value": value}, headers=user("ben"))
    assert answer.status_code == 204
    [voted] = read(client.get("/nodes/n1", headers=user("ben")))["comments"]
    assert (voted["rating"], voted["vote"]) == (value, value)


def test_a_vote_needs_a_name(client: Client) -> None:
    first = comment(client)
    answer = client.put(f"/comments/{first}/vote", json={"value": 1}, headers=HERE)
    assert answer.status_code == 403
    assert read(answer)["detail"] == "Voting needs a name."


def test_a_waiting_comment_is_seen_when_a_moderator_accepts_it(support: WebSupport) -> None:
    client = Client(WSGIApp(support, must_wait=lambda viewer: not viewer.username))
    waiting = read(client.post("/nodes/n1/comments", json={"text": "Hm."}, headers=HERE))
    assert waiting["displayed"] is False
    assert read(client.get("/nodes/n1"))["comments"] == []
    address = f"/comments/{waiting['id']}/accept"
    assert client.post(address, json={}, headers=HERE).status_code == 403


def test_a_moderator_accepts(client: Client, support: WebSupport) -> None:
    waiting = support.add_comment("Hm.", node_id="n1", displayed=False)["id"]
    mona = user("mona", moderator=True)
    assert len(read(client.get("/nodes/n1", headers=mona))["comments"]) == 1
    assert client.post(f"/comments/{waiting}/accept", json={}, headers=mona).status_code == 204
    assert len(read(client.get("/nodes/n1"))["comments"]) == 1


def test_an_author_changes_a_comment(client: Client) -> None:
    first = comment(client, "*Goood.*", proposal="First word of the page.")
    original = read(client.get(f"/comments/{first}/original", headers=user("ada")))
    assert original == {
        "text": "*Goood.*",
        "markup": "rst",
        "proposal": "First word of the page.",
        "base": "First sentence of the page.",
    }
    answer = client.put(f"/comments/{first}", json={"text": "*Good.*"}, headers=user("ada"))
    assert answer.status_code == 200
    [changed] = read(client.get("/nodes/n1"))["comments"]
    assert "<em>Good.</em>" in changed["text"]
    assert changed["edited"] == read(answer)["edited"] is not None
    assert changed["proposal_diff"] == read(answer)["proposal_diff"] is not None
    body = {"text": "Good.", "proposal": ""}
    client.put(f"/comments/{first}", json=body, headers=user("mona", moderator=True))
    [changed] = read(client.get("/nodes/n1"))["comments"]
    assert (changed["username"], changed["proposal_diff"]) == ("ada", None)


@pytest.mark.parametrize("name", ["ben", ""])
def test_nobody_else_changes_a_comment_or_sees_what_was_typed(client: Client, name: str) -> None:
    for first in (comment(client), comment(client, name="")):
        address = f"/comments/{first}"
        assert client.put(address, json={"text": "No."}, headers=user(name)).status_code == 403
        assert client.get(f"{address}/original", headers=user(name)).status_code == 403
    assert {c["text"] for c in read(client.get("/nodes/n1"))["comments"]} == {"<p>Good.</p>\n"}


def test_a_changed_comment_waits_where_comments_wait(support: WebSupport) -> None:
    app = WSGIApp(support, identify, must_wait=lambda viewer: True)
    client, mona = Client(app), user("mona", moderator=True)
    first = comment(client, name="ada")
    client.post(f"/comments/{first}/accept", json={}, headers=mona)
    assert len(read(client.get("/nodes/n1"))["comments"]) == 1
    changed = client.put(f"/comments/{first}", json={"text": "Ha!"}, headers=user("ada"))
    assert read(changed)["displayed"] is False
    assert read(client.get("/nodes/n1"))["comments"] == []
    client.post(f"/comments/{first}/accept", json={}, headers=mona)
    client.put(f"/comments/{first}", json={"text": "Calm."}, headers=mona)
    assert len(read(client.get("/nodes/n1"))["comments"]) == 1


def test_an_author_empties_a_comment_and_a_moderator_removes_it(client: Client) -> None:
    first = comment(client)
    assert client.delete(f"/comments/{first}", headers=user("ben")).status_code == 403
    assert read(client.delete(f"/comments/{first}", headers=user("ada"))) == {"removed": False}
    [emptied] = read(client.get("/nodes/n1"))["comments"]
    assert emptied["text"] == emptied["username"] == "[deleted]"
    mona = user("mona", moderator=True)
    assert read(client.delete(f"/comments/{first}", headers=mona)) == {"removed": True}
    assert read(client.get("/nodes/n1"))["comments"] == []


def test_search_without_an_adapter_is_said_plainly(client: Client) -> None:
    answer = client.get("/search?q=(")
    assert answer.status_code == 501
    assert answer.content_type == "application/problem+json"


def test_health(client: Client) -> None:
    assert read(client.get("/health")) == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nodes/none"),
        ("GET", "/comments/99"),
        ("GET", "/comments/" + "9" * 400),
        ("GET", "/threads/none"),
        ("GET", "/"),
        ("GET", "/nodes/"),
        ("GET", "/nodes/n1/nothing"),
        ("GET", "/static/../service.py"),
        ("GET", "/static/service.py"),
        ("DELETE", "/comments/99"),
        ("GET", "/comments/99/original"),
    ],
)
def test_what_is_not_there_is_a_404(client: Client, method: str, path: str) -> None:
    assert client.open(path, method=method, headers=user("ada")).status_code == 404


def test_another_method_is_told_which_ones_work(client: Client) -> None:
    answer = client.post("/nodes/n1", json={}, headers=HERE)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET"


def test_head_is_a_get_without_a_body(client: Client) -> None:
    answer = client.head("/nodes/n1")
    assert answer.status_code == 200
    assert answer.get_data() == b""
    assert answer.headers["ETag"] == client.get("/nodes/n1").headers["ETag"]
