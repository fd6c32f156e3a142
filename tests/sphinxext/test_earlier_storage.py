"""The earlier package's own ``SQLAlchemyStorage``, from its release, as somebody else's store."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from sphinxcontrib_websupport import WebSupport
from sphinxcontrib_websupport.errors import CommentNotAllowedError, UserNotAuthorizedError
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from tests.earlier import fetch, with_our_imports

PAGE = "Title\n=====\n\nBoats and their moorings.\n\nThe weather in the north.\n"

# It compares a column by identity, and a time that SQLite gives without a zone with one that has
# one: neither runs with the libraries of today.
MENDED = {
    "Comment.displayed is True": "Comment.displayed == True",
    "datetime.now(tz=timezone.utc) - self.time": (
        "datetime.now(tz=timezone.utc) - self.time.replace(tzinfo=timezone.utc)"
    ),
}


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """What opens the store, its imports changed and its two faults mended."""
    folder = fetch(tmp_path) / "sphinxcontrib" / "websupport" / "storage"
    modules = tmp_path / "modules"
    modules.mkdir()
    for name in ("sqlalchemystorage", "sqlalchemy_db"):
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        text = text.replace("sphinxcontrib.websupport.storage.sqlalchemy_db", "earlier_db")
        for fault, mended in MENDED.items():
            text = text.replace(fault, mended)
        target = "earlier_db" if name == "sqlalchemy_db" else "earlier_storage"
        (modules / f"{target}.py").write_text(with_our_imports(text), encoding="utf-8")
    monkeypatch.syspath_prepend(str(modules))
    storages: list[Any] = []

    def open_storage() -> Any:
        kind = importlib.import_module("earlier_storage").SQLAlchemyStorage
        assert issubclass(kind, StorageBackend)
        storages.append(kind(f"sqlite:///{tmp_path / 'earlier.db'}"))
        return storages[-1]

    yield open_storage
    for storage in storages:
        storage.engine.dispose()
    for name in ("earlier_storage", "earlier_db"):
        sys.modules.pop(name, None)


def test_builds_comments_votes_and_moderation(opened: Callable[[], Any], tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "conf.py").write_text('project = "Probe"\n')

    def build(page: str) -> WebSupport:
        (source / "index.rst").write_text(page)
        support = WebSupport(source, tmp_path / "out", storage=opened(), status=None, warning=None)
        support.build()
        return support

    def shown(support: WebSupport, moderator: bool = False) -> list[Any]:
        return list(support.get_data(boats, "ann", moderator)["comments"])

    support = build(PAGE)
    boats = next(iter(support.get_metadata("index")))
    first = support.add_comment("Nice", node_id=boats, username="ann")
    reply = support.add_comment("Yes", parent_id=first["id"])
    support.process_vote(first["id"], "ann", 1)
    assert reply["username"] == "Anonymous"
    again = build(PAGE)  # unchanged
    assert [c["rating"] for c in shown(again)] == [1]
    edited = build(PAGE.replace("their moorings", "all their moorings"))
    [comment] = shown(edited)
    assert (comment["text"], comment["vote"]) == (first["text"], 1)
    assert [child["id"] for child in comment["children"]] == [reply["id"]]
    assert f'id="s{boats}"' in edited.get_document("index")["body"]

    waiting = edited.add_comment("Spam?", node_id=boats, displayed=False)
    assert len(shown(edited)) == 1
    assert len(shown(edited, moderator=True)) == 2
    with pytest.raises(CommentNotAllowedError):
        edited.add_comment("No", parent_id=waiting["id"])
    edited.accept_comment(waiting["id"], moderator=True)
    assert len(shown(edited)) == 2
    with pytest.raises(UserNotAuthorizedError):
        edited.delete_comment(first["id"], "bob")
    assert edited.delete_comment(waiting["id"], "mona", moderator=True) is True
    assert edited.delete_comment(first["id"], "ann") is False
    assert shown(edited)[0]["text"] == "[deleted]"
    edited.update_username("ann", "anna")

    fresh = WebSupport(builddir=tmp_path / "out", storage=opened(), status=None, warning=None)
    client = Client(WSGIApp(fresh, lambda request: Viewer("mona", moderator=True)))
    assert client.get("/documents/index").status_code == 200
    posted = client.post(f"/nodes/{boats}/comments", json={"text": "Over HTTP"})
    assert posted.status_code == 201, posted.text
    assert client.put(f"/comments/{reply['id']}/vote", json={"value": 1}).status_code == 204
    assert client.delete(f"/comments/{reply['id']}").status_code == 200
