"""``GET search``: results over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport import WebSupport
from sphinxcontrib_websupport.testing.search import HOSTILE, build, page
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    support = WebSupport(builddir=tmp_path, search="sqlite", docroot="docs")
    pages = {f"p{n:02}": page(f"Apple & {n}.", title=f"Page <{n}>") for n in range(12)}
    build(support.search, pages)
    yield Client(WSGIApp(support, secret_key="a key for tests"))
    support.close()


def test_results_are_values_and_a_page(client: Client) -> None:
    answer = client.get("/search?q=apple")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["total"] == 12
    assert answer.json["next"] == 10
    first = answer.json["results"][0]
    assert first == {
        "path": "p00.html#page-0",
        "title": "Page <0>",
        "heading": "",
        "context": "<mark>Apple</mark> &amp; 0.",
        "rank": 1,
        "kind": "page",
        "node": None,
        "comment": None,
    }
    assert '<a href="/docs/p00.html#page-0">Page &lt;0&gt;</a>' in answer.json["body"]
    assert '<a rel="next" href="?q=apple&amp;start=10">Next</a>' in answer.json["body"]


def test_the_next_page_of_results(client: Client) -> None:
    answer = client.get("/search?q=apple&start=10")
    assert answer.json is not None
    assert [result["rank"] for result in answer.json["results"]] == [11, 12]
    assert answer.json["next"] is None
    assert '<a rel="prev" href="?q=apple&amp;start=0">Previous</a>' in answer.json["body"]


@pytest.mark.parametrize("start", ["-1", "x", "1.5", "9" * 400, "٣"])
def test_another_start_is_refused(client: Client, start: str) -> None:
    assert client.get(f"/search?q=apple&start={quote(start)}").status_code == 400


def test_any_text_is_a_query(client: Client) -> None:
    # The service refuses NUL in whatever it is sent.
    for q in (q for q in HOSTILE if "\x00" not in q):
        answer = client.get(f"/search?q={quote(q.encode('utf-8', 'replace'))}")
        assert answer.status_code == 200, q
        assert answer.json is not None
        assert "<b>" not in answer.json["body"]
