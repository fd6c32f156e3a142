"""Requests that Schemathesis makes up from the description, to a real server.

``WEBSUPPORT_TEST_EFFORT`` multiplies their number, and gives them another seed each time.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sphinxcontrib_websupport.web.observing import Answered
from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.shells.hosts import HOSTS, PREFIX

EFFORT = int(os.environ.get("WEBSUPPORT_TEST_EFFORT", "1"))
EXAMPLES = 4 * EFFORT
SEED = 1 if EFFORT == 1 else random.randrange(2**32)
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)

# Ids that are there, so that more is reached than what is said of unknown ones.
KNOWN = """
[parameters]
"path.node" = "n1"
"path.comment" = "1"
"path.docname" = "usage/install"
"path.name" = "websupport.css"

[[operations]]
include-name = "POST /nodes/{node}/attach"
[operations.parameters]
"path.node" = "gone"

[[operations]]
include-name = "DELETE /comments/{comment}"
[operations.parameters]
"path.comment" = "2"
"""


@pytest.fixture
def support(database: Path, tmp_path: Path) -> Iterator[WebSupport]:
    path = shutil.copy(database, tmp_path / "comments.db")
    index = f"sqlite:///{tmp_path / 'search.db'}"
    support = WebSupport(builddir=tmp_path, storage=f"sqlite:///{path}", search=index)
    yield support
    support.close()


@contextmanager
def running(support: WebSupport, answers: list[Answered]) -> Iterator[str]:
    storage = support.storage
    storage.pre_build()
    storage.add_node("gone", "usage/install", "Old text.")
    storage.post_build()
    for number in range(3):
        support.add_comment(f"Comment {number}.", node_id="n1", username="ada")
    support.add_comment("Of what is gone.", node_id="gone")
    storage.pre_build()
    storage.retire_node("gone")
    storage.post_build()
    session = Session("a key for tests", moderator="Mona")
    with HOSTS["wsgi"](support, session=session, observers=[answers.append]) as port:
        yield f"http://127.0.0.1:{port}{PREFIX}"


@pytest.mark.parametrize("settings", ["", KNOWN], ids=["any id", "ids that are there"])
def test_nothing_fails_and_nothing_is_answered_that_is_not_described(
    support: WebSupport, tmp_path: Path, settings: str
) -> None:
    answers: list[Answered] = []
    (tmp_path / "schemathesis.toml").write_text(settings)
    with running(support, answers) as url:
        done = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                *("--config-file", "schemathesis.toml", "run", f"{url}/openapi.json"),
                *("--url", url, "--no-color", "--continue-on-failure"),
                *("--checks", ",".join(CHECKS)),
                *("--max-examples", str(EXAMPLES), "--seed", str(SEED)),
                *("--generation-database", "none"),
                *("-H", "Sec-Fetch-Site: same-origin"),
                *("-H", "X-Test-User: ada", "-H", "X-Test-Moderator: 1"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    statuses = defaultdict(set)
    for answered in answers:
        if answered.route is not None:
            statuses[answered.route.method, answered.route.path].add(answered.response.status)
    assert {status for found in statuses.values() for status in found if status >= 500} == set()
    if settings:
        unreached = {route for route, found in statuses.items() if min(found) >= 400}
        assert unreached <= HARD_TO_GUESS


# What takes an id in a body or a query, or a secret.
HARD_TO_GUESS = {
    ("GET", "link"),
    ("POST", "link"),
    ("GET", "_get_comments"),
    ("POST", "_add_comment"),
    ("POST", "_process_vote"),
    ("POST", "_accept_comment"),
    ("POST", "_delete_comment"),
    ("POST", "moderation"),
    ("POST", "moderation/detached"),
    ("POST", "nodes/{node}/attach"),
    ("POST", "sign-in"),
    ("PUT", "session"),
}
