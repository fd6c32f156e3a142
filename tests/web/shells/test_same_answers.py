"""One suite of requests through every shell, on real servers, with the same answers."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.web.shells.conftest import Recorded
from tests.web.shells.conversation import STEPS, Step
from tests.web.shells.hosts import PREFIX

EVERY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


# A Mount of Starlette does not match a line break, and answers by itself.
THE_HOSTS_OWN = {("starlette", "a line break"), ("fastapi", "a line break")}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_the_answer_is_right_and_is_wsgis(recorded: Recorded, shell: str, step: Step) -> None:
    answer = recorded(shell)[step.name]
    if (shell, step.name) in THE_HOSTS_OWN:
        assert answer.status == 404
        return
    assert answer.status == step.status, answer.body
    expected = {**EVERY, **step.expected}
    assert {name: answer.headers.get(name) for name in expected} == expected
    assert answer.comparable() == recorded("wsgi")[step.name].comparable()


def test_a_head_is_a_get_without_its_body(recorded: Recorded, shell: str) -> None:
    answers = recorded(shell)
    head, get = answers["HEAD"], answers["counts"]
    assert head.body == b""
    assert int(head.headers["content-length"]) > 0
    assert get.headers["content-length"] == str(len(get.body))
    assert answers["a vote"].headers.get("content-type") is None


def test_a_cookie_is_for_the_services_own_addresses(recorded: Recorded, shell: str) -> None:
    answers = recorded(shell)
    assert f"Path={PREFIX}/" in answers["a sign-in"].headers["set-cookie"]
    assert json.loads(answers["who is signed in"].body)["username"] == "Zoë"
    assert "Max-Age=0" in answers["a sign-out"].headers["set-cookie"]


def test_long_answers_are_packed_for_who_asks(recorded: Recorded, shell: str) -> None:
    packed, plain = recorded(shell)["the styles, packed"], recorded(shell)["the styles"]
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-length"] == str(len(packed.body))
    assert gzip.decompress(packed.body) == plain.body
