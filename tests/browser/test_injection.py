"""Nothing that a reader writes runs: text, names, proposals and sources, in page and thread."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from sphinxcontrib_websupport.web.site import PREFIX
from tests.browser.conftest import Complaints
from tests.browser.sites import Running

PAYLOADS = [
    "<script>boom()</script>",
    "<img src=x onerror=boom()>",
    "<svg/onload=boom()>",
    '"><iframe srcdoc="<script>parent.boom()</script>">',
    "</script><script>boom()</script>",
    "`x <javascript:boom()>`_",
    ".. image:: javascript:boom()",
    ".. figure:: x\n   :target: javascript:boom()",
    ".. raw:: html\n\n   <script>boom()</script>",
    ":math:`\\href{javascript:boom()}{x}`",
    "{{ boom() }}${boom()}",
    "--><script>boom()</script><!--",
]


@pytest.fixture
def armed(page: Page) -> Page:
    """A page in which a payload that runs is noticed, and every link is tried."""
    page.add_init_script("window.booms = 0; window.boom = () => { window.booms += 1; };")
    return page


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_only_text(
    site: Running, armed: Page, complaints: Complaints, payload: str
) -> None:
    node = site.node("Ships of up to forty")
    site.support.add_comment(payload, node_id=node.id, username=payload.splitlines()[0][:64])
    site.support.add_comment("See.", node_id=node.id, proposal=payload)
    armed.goto(f"{site.address}/index.html")
    armed.locator(".websupport-marker").first.click()
    expect(armed.locator(".websupport-comment")).to_have_count(2)
    expect(armed.locator(".websupport-name").first).to_have_text(payload.splitlines()[0][:64])
    for link in armed.locator(".websupport-text a").all():
        assert not (link.get_attribute("href") or "").startswith("javascript")
    assert armed.evaluate("window.booms") == 0
    assert armed.locator(".websupport-thread :is(script, iframe, svg, img, object)").count() == 0
    assert complaints == []

    armed.goto(f"{site.address}{PREFIX}/threads/{node.id}")
    expect(armed.locator(".websupport-comment")).to_have_count(2)
    assert armed.evaluate("window.booms") == 0
    assert armed.locator("main :is(script, iframe, svg, img, object)").count() == 0


def test_a_payload_typed_into_the_forms_is_only_text(site: Running, armed: Page) -> None:
    armed.goto(f"{site.address}/index.html")
    armed.locator(".websupport-marker").first.click()
    thread = armed.locator(".websupport-thread")
    thread.get_by_role("button", name="Propose a change").click()
    thread.get_by_label("The text as it should be:").fill(PAYLOADS[1])
    thread.get_by_label("Add a comment").fill(PAYLOADS[0])
    thread.get_by_label("Name").fill(PAYLOADS[2])
    thread.get_by_role("button", name="Post").click()
    expect(thread.locator(".websupport-name")).to_have_text(PAYLOADS[2])
    assert armed.evaluate("window.booms") == 0
