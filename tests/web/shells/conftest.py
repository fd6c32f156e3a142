"""A fresh store for each shell, and what all of them answered."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.shells.conversation import Answer, converse
from tests.web.shells.hosts import HOSTS, KEY

Recorded = Callable[[str], dict[str, Answer]]


@pytest.fixture(scope="session")
def furnished(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store like the others' with a node whose id and page have other letters."""
    path = Path(shutil.copy(database, tmp_path_factory.mktemp("furnished") / "comments.db"))
    support = WebSupport(builddir=path.parent, storage=f"sqlite:///{path}")
    support.storage.pre_build()
    for node in support.storage.get_nodes():
        support.storage.add_node(node.id, node.document, node.source)
    support.storage.add_node("ü n+1", "größe/seite", "Text.")
    support.storage.post_build()
    support.close()
    return path


@pytest.fixture(scope="session")
def recorded(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Tell what a shell answered in the conversation, which is held once."""
    known: dict[str, dict[str, Answer]] = {}

    def record(shell: str) -> dict[str, Answer]:
        if shell not in known:
            folder = tmp_path_factory.mktemp(shell)
            path = shutil.copy(furnished, folder / "comments.db")
            with ExitStack() as stack:
                support = WebSupport(builddir=folder, storage=f"sqlite:///{path}")
                stack.callback(support.close)
                settings = {"session": Session(KEY), "secret_key": KEY}
                port = stack.enter_context(HOSTS[shell](support, **settings))
                known[shell] = converse(port)
        return known[shell]

    return record


@pytest.fixture(params=HOSTS)
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name
