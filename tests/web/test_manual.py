"""The manual's table of addresses is whole; its applications run in ``shells``."""

from __future__ import annotations

import re
from pathlib import Path

from sphinxcontrib_websupport.web.api.routes import ROUTES
from sphinxcontrib_websupport.web.readers.session import Session

MANUAL = Path(__file__).parents[2] / "example_docs" / "embedding.rst"


def test_every_address_is_in_the_table() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    named = set(re.findall(r"``((?:GET|POST|PUT|DELETE) [\w./{}-]+)", text))
    routes = (*ROUTES, *Session("key").routes)
    assert named == {f"{route.method} {route.path.replace(':path', '')}" for route in routes}
