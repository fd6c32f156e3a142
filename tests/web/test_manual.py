"""The manual's application runs, and its table of addresses is whole."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport.web.routes import ROUTES
from sphinxcontrib_websupport.web.session import Session
from tests.web.conftest import HERE, read

MANUAL = Path(__file__).parents[2] / "example_docs" / "embedding.rst"


def first_program(text: str) -> str:
    block = re.search(r"code-block:: python\n   :caption: .*\n\n((?:(?:   .*)?\n)+)", text)
    assert block
    return textwrap.dedent(block[1])


def test_the_application_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pages = tmp_path / "_build" / "html"
    pages.mkdir(parents=True)
    (pages / "index.html").write_text("<h1>Start</h1>")
    program: dict[str, Any] = {}
    exec(first_program(MANUAL.read_text(encoding="utf-8")), program)
    storage = program["support"].storage
    storage.pre_build()
    storage.add_node("n1", "index", "Text.")
    storage.post_build()
    client = Client(program["application"])
    assert "Start" in client.get("/", buffered=True).text
    comment = client.post(
        "/_comments/nodes/n1/comments",
        json={"text": "Hi."},
        headers=HERE,
        environ_base={"REMOTE_USER": "mona"},
    )
    assert read(comment)["username"] == "mona"
    program["support"].close()


def test_every_address_is_in_the_table() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    named = set(re.findall(r"``((?:GET|POST|PUT|DELETE) [\w./{}]+)", text))
    routes = (*ROUTES, *Session("key").routes)
    assert named == {f"{route.method} {route.path.replace(':path', '')}" for route in routes}
