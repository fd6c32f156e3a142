"""One conversation with the service, the same behind every shell."""

from __future__ import annotations

import gzip
import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sphinxcontrib_websupport.web.messages import MAX_BODY
from tests.web.conftest import HERE, user
from tests.web.shells.hosts import PREFIX

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ADA = user("ada")
MONA = user("mona", moderator=True)
EVIL = {"Origin": "https://evil.example", "X-Test-User": "ada"}


@dataclass(frozen=True)
class Step:
    """A request, and what must come of it whatever the shell."""

    name: str
    method: str
    path: str
    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: HERE)
    body: bytes | None = None
    expected: Mapping[str, str] = field(default_factory=dict)
    """Headers of the answer."""
    after: str = ""
    """The step whose entity tag and cookie are sent along."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def comparable(self) -> tuple[int, dict[str, str], Any]:
        """Return what must be the same behind every shell: neither moments nor tokens."""
        headers = {name: self.headers[name] for name in self.headers if name not in OTHERS}
        if "set-cookie" in headers:
            headers["set-cookie"] = SIGNED.sub("", headers["set-cookie"])
        if "etag" in headers:
            headers["etag"] = "present"  # a page holds a token, and each store has its own stamps
        if self.headers.get("content-type", "").startswith("text/html"):
            return self.status, headers, TOKEN.sub("", self.body.decode())
        if self.headers.get("content-type", "").endswith("json") and self.body:
            is_packed = self.headers.get("content-encoding") == "gzip"
            text = gzip.decompress(self.body) if is_packed else self.body
            return self.status, headers, _without_moments(json.loads(text))
        return self.status, headers, self.body


# The server's own, and what follows from moments in the body.
OTHERS = {"server", "date", "connection", "keep-alive", "content-length"}
TOKEN = re.compile(r'name="token" value="[^"]+"|<time.*?</time>', re.DOTALL)


def converse(port: int) -> dict[str, Answer]:
    """Take all steps, and return their answers by name."""
    answers: dict[str, Answer] = {}
    for step in STEPS:
        before = answers[step.after].headers if step.after else {}
        headers = dict(step.headers)
        for name, sent in (("etag", "If-None-Match"), ("set-cookie", "Cookie")):
            if name in before:
                headers[sent] = before[name].partition(";")[0]
        answers[step.name] = ask(port, step, headers)
    return answers


def ask(port: int, step: Step, headers: Mapping[str, str]) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(step.method, PREFIX + step.path, step.body, dict(headers))
        answer = connection.getresponse()
        received = {name.lower(): value for name, value in answer.getheaders()}
        assert len(received) == len(answer.getheaders()), "no header comes twice"
        return Answer(answer.status, received, answer.read())
    finally:
        connection.close()


SIGNED = re.compile(r"(?<=^websupport_session=)[^;]+|(?<=Expires=)[^;]+")


def _without_moments(value: Any) -> Any:
    if isinstance(value, dict):
        kept = value.keys() - {"age", "time", "token"}
        return {name: _without_moments(value[name]) for name in kept}
    return [_without_moments(item) for item in value] if isinstance(value, list) else value


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _get(name: str, path: str, status: int = 200, **headers: str) -> Step:
    return Step(name, "GET", path, status, {**HERE, **headers})


PROBLEM = {"content-type": "application/problem+json"}
TEXT = "“Grüße” 🚢"

STEPS = (
    # Reading.
    _get("counts", "/documents/usage/install"),
    _get("counts, the slash encoded", "/documents/usage%2Finstall"),
    _get("other letters", "/documents/gr%C3%B6%C3%9Fe/seite"),
    _get("a node with other letters", "/nodes/%C3%BC%20n%2B1"),
    _get("a slash within an id", "/nodes/n1%2Fx", 404),
    _get("two slashes", "/documents//usage/install"),
    _get("a slash behind", "/nodes/n1/", 404),
    _get("dots", "/documents/usage/%2E%2E/install"),
    _get("a line break", "/documents/a%0Ab"),
    _get("a percent sign twice", "/documents/usage%252Finstall"),
    _get("a NUL", "/nodes/%00", 404),
    _get("no text", "/nodes/%ff%fe", 404),
    _get("a surrogate", "/comments/%ed%a0%80", 404),
    _get("a query", "/nodes/n1?after=&other=1&ü=%C3%BC".replace("ü", "%C3%BC"), 400),
    _get("a query that is no text", "/nodes/n1?after=%ff", 400),
    Step("HEAD", "HEAD", "/nodes/n1", 200),
    Step("HEAD of a problem", "HEAD", "/nodes/nothing", 404),
    _get("nothing", "/nothing", 404),
    _get("nothing at all", "/", 404),
    Step("another method", "POST", "/nodes/n1", 405, expected={"allow": "GET"}),
    Step("a method of nobody's", "BREW", "/nodes/n1/comments", 405, expected={"allow": "POST"}),
    Step("PATCH", "PATCH", "/comments/1/vote", 405, expected={"allow": "PUT"}),
    # Writing.
    Step(
        "a comment", "POST", "/nodes/n1/comments", 201, {**ADA, **JSON}, _json({"text": TEXT}),
        {"location": "../../comments/1", "content-type": "application/json"},
    ),
    Step(
        "a reply", "POST", "/comments/1/replies", 201, {**HERE, **JSON}, _json({"text": "Yes."})
    ),
    Step("a vote", "PUT", "/comments/1/vote", 204, {**MONA, **JSON}, b'{"value": 1}'),
    Step("a vote without a name", "PUT", "/comments/1/vote", 403, {**HERE, **JSON}, b'{"value":1}'),
    Step("a forged comment", "POST", "/nodes/n1/comments", 403, {**EVIL, **JSON}, b'{"text":"x"}'),
    Step("a forged deletion", "DELETE", "/comments/1", 403, EVIL),
    Step("no JSON", "POST", "/nodes/n1/comments", 400, {**ADA, **JSON}, b"{"),
    Step("no UTF-8", "POST", "/nodes/n1/comments", 400, {**ADA, **JSON}, b'{"text": "\xff"}'),
    Step("no type", "POST", "/nodes/n1/comments", 415, ADA, b'{"text": "x"}'),
    Step("no body", "POST", "/nodes/n1/comments", 400, {**ADA, **JSON}),
    Step(
        "a body that is too long", "POST", "/nodes/n1/comments", 413, {**ADA, **JSON},
        b" " * (MAX_BODY + 1), PROBLEM,
    ),
    # Forms.
    Step(
        "an earlier front end's comment", "POST", "/_add_comment", 200, {**ADA, **FORM},
        urlencode({"node": "n2", "text": TEXT, "parent": "", "proposal": ""}).encode(),
    ),
    Step(
        "an earlier front end's vote", "POST", "/_process_vote", 200, {**MONA, **FORM},
        b"comment_id=3&value=1", {"content-type": "text/plain; charset=utf-8"},
    ),
    Step("a forged form", "POST", "/_add_comment", 403, {**EVIL, **FORM}, b"node=n1&text=x"),
    Step("a form without where it is from", "POST", "/_add_comment", 403, FORM, b"node=n1&text=x"),
    Step(
        "the page's form", "POST", "/threads/n1?document=usage%2Finstall", 303, {**ADA, **FORM},
        urlencode({"text": "From the page."}).encode(),
        {"location": "./n1?document=usage%2Finstall#comment-4"},
    ),
    # Cookies, for this address alone.
    Step("a sign-in", "PUT", "/session", 200, {**HERE, **JSON}, b'{"name": "Zo\xc3\xab"}'),
    Step("who is signed in", "GET", "/session", 200, after="a sign-in"),
    Step("a sign-out", "DELETE", "/session", 204, after="a sign-in"),
    # Reading what was written.
    _get("the thread", "/nodes/n1"),
    Step("the thread again", "GET", "/nodes/n1", 304, after="the thread"),
    Step("HEAD again", "HEAD", "/nodes/n1", 304, after="the thread"),
    Step("the styles, packed", "GET", "/static/websupport.css", 200, {"Accept-Encoding": "gzip"}),
    _get("the thread as HTML", "/threads/n1?document=usage%2Finstall"),
    _get("the thread that the form gave", "/_get_comments?node=n2"),
    _get("an unknown thread as HTML", "/threads/nothing", 404),
    _get("the styles", "/static/websupport.css"),
    _get("a search", "/search?q=x", 501),
    _get("health", "/health"),
    Step("a deletion", "DELETE", "/comments/3", 200, ADA),
    Step("a moderator's deletion", "DELETE", "/comments/1", 200, MONA),
    _get("what is gone", "/comments/1", 404),
)  # fmt: skip
