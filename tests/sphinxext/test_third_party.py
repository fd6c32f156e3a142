"""Stores written from the published pages alone: real builds, real requests."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from sphinxcontrib_websupport import WebSupport
from sphinxcontrib_websupport.errors import BuildError, StorageError, UnsupportedError
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from tests.storage.published import ElevenCalls, NineCalls

PAGE = """
Title
=====

First paragraph, about boats and their moorings.

Second paragraph, about the weather in the north.
"""


class Site:
    """A project whose store is somebody else's."""

    def __init__(self, folder: Path, kind: type[NineCalls]) -> None:
        self.folder, self.kind = folder, kind
        self.source = folder / "source"
        self.source.mkdir()
        (self.source / "conf.py").write_text('project = "Probe"\n')
        self.write(PAGE)
        self.warnings = ""

    def write(self, text: str, name: str = "index") -> None:
        (self.source / f"{name}.rst").write_text(dedent(text))

    def opened(self, **options: Any) -> tuple[WebSupport, Any]:
        """Return a new object and a new store, as another process has them."""
        store = self.kind(self.folder / "store.db")
        support = WebSupport(
            self.source, self.folder / "out", storage=store, status=None, warning=None, **options
        )
        return support, store

    def build(self, **options: Any) -> Any:
        """Build once; return the store."""
        support, store = self.opened(**options)
        warning = support.warning = io.StringIO()
        try:
            support.build()
        finally:
            self.warnings = warning.getvalue()
        return store

    def ids(self) -> dict[str, str]:
        """Return the id of each source text in the store."""
        store = self.kind(self.folder / "store.db")
        with store.open() as database:
            return {row["source"]: row["id"] for row in database.execute("SELECT * FROM node")}

    def id_of(self, words: str) -> str:
        """Return the id of the paragraph that begins so."""
        return next(id for source, id in self.ids().items() if source.startswith(words))

    def on_page(self, id: str) -> bool:
        """Tell whether the built page carries a node's id."""
        support, _ = self.opened()
        return f'id="s{id}"' in support.get_document("index")["body"]


@pytest.fixture(params=[NineCalls, ElevenCalls])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    return Site(tmp_path, request.param)


# -- builds ------------------------------------------------------------------------------------


def test_build_calls_pre_build_and_post_build_once(site: Site) -> None:
    store = site.build()
    calls = [call for call in store.calls if call != "get_data"]
    assert calls == ["pre_build", "add_node", "add_node", "post_build"]


def test_second_build_adds_nothing(site: Site) -> None:
    site.build()
    again = site.build()
    assert "add_node" not in again.calls
    assert again.stored("node") == 2


def test_build_of_changed_page_keeps_the_comment_on_its_paragraph(site: Site) -> None:
    site.build()
    first = site.id_of("First")
    support, _ = site.opened()
    support.add_comment("Nice boats", node_id=first, username="ann")
    site.write(PAGE.replace("their moorings", "their many moorings") + "\nThird, quite new.\n")
    store = site.build()
    assert store.stored("node") == 3
    assert site.on_page(first)
    assert support.get_data(first)["comments"][0]["username"] == "ann"
    assert "the record of earlier builds" not in site.warnings


def test_build_after_make_clean_adds_nothing_and_says_once_what_is_lost(site: Site) -> None:
    site.build()
    first = site.id_of("First")
    shutil.rmtree(site.folder / "out")
    store = site.build()
    assert "add_node" not in store.calls
    assert site.on_page(first)
    assert site.warnings.count("the record of earlier builds") == 1
    site.build()
    assert "the record of earlier builds" not in site.warnings


def test_record_elsewhere_survives_make_clean(site: Site) -> None:
    record = site.folder / "kept" / "nodes.jsonl"
    site.build(record=record)
    first = site.id_of("First")
    shutil.rmtree(site.folder / "out")
    site.write(PAGE.replace("their moorings", "their many moorings"))
    site.build(record=record)
    assert site.on_page(first)
    assert "the record of earlier builds" not in site.warnings


def test_record_of_a_store_that_was_emptied_is_none(site: Site) -> None:
    site.build()
    (site.folder / "store.db").unlink()
    store = site.build()
    assert store.stored("node") == 2


def test_first_build_does_not_speak_of_a_record(site: Site) -> None:
    site.build()
    assert "record" not in site.warnings


@pytest.mark.parametrize("when", ["add_node", "post_build"])
@pytest.mark.parametrize("is_stored", [False, True])
def test_build_after_a_killed_one_adds_each_node_once(
    site: Site, when: str, is_stored: bool
) -> None:
    """SIGKILL in the second node or at the end, with a store that commits at once or not."""
    program = f"""
        import os, signal
        from pathlib import Path
        from tests.sphinxext.test_third_party import Site
        from tests.storage.published import {site.kind.__name__} as Kind

        class Dying(Kind):
            def add_node(self, id, document, source):
                super().add_node(id, document, source)
                if {is_stored}:
                    self.build.commit()
                if {when == "add_node"} and self.calls.count("add_node") == 2:
                    os.kill(os.getpid(), signal.SIGKILL)
            def post_build(self):
                os.kill(os.getpid(), signal.SIGKILL)

        Dying.__qualname__, Dying.__module__ = Kind.__qualname__, Kind.__module__
        site = Site.__new__(Site)
        site.folder, site.kind = Path({str(site.folder)!r}), Dying
        site.source = site.folder / "source"
        site.build()
    """
    done = subprocess.run([sys.executable, "-c", dedent(program)], cwd=Path.cwd())
    assert done.returncode == -signal.SIGKILL
    store = site.build()
    assert store.stored("node") == 2
    assert "add_node" not in site.build().calls


class Broken(NineCalls):
    def add_node(self, id: str, document: str, source: str) -> None:
        assert self.build is not None
        self.build.close()
        raise RuntimeError("disk on fire, password hunter2")

    def get_data(self, node_id: str, username: str | None, moderator: bool) -> Any:
        raise RuntimeError("disk on fire, password hunter2")


def test_build_names_the_store_and_the_call_that_failed(tmp_path: Path) -> None:
    site = Site(tmp_path, Broken)
    with pytest.raises(BuildError, match=r"the comment store Broken failed in add_node") as error:
        site.build()
    assert "Handler" not in str(error.value)


# -- comments ----------------------------------------------------------------------------------


def test_store_gets_what_the_earlier_release_passed(site: Site) -> None:
    site.build()
    support, store = site.opened()
    first = site.id_of("First")
    comment = support.add_comment("One", node_id=first)
    moment = datetime(2020, 5, 17, 12)
    support.add_comment("Two", parent_id=comment["id"], username="ann", time=moment)
    (username, time, proposal, node, parent, moderator), second = store.arguments
    assert (username, time, proposal, node, parent) == ("Anonymous", None, None, first, "")
    assert moderator is False
    assert second == ("ann", moment, None, "", 1, False)


def test_returned_comment_is_the_stored_one(site: Site) -> None:
    site.build()
    support, _ = site.opened()
    first = site.id_of("First")
    comment = support.add_comment("*One*", node_id=first, username="ann", proposal="Better")
    assert (comment["id"], comment["username"], comment["node"]) == ("1", "ann", first)
    assert comment["document"] == "index"
    assert comment["proposal_diff_text"]
    assert support.get_data(first)["comments"][0]["text"] == comment["text"]


def client(support: WebSupport) -> Client:
    """Return a client whose every request is Mona's, a moderator."""
    return Client(WSGIApp(support, lambda request: Viewer("mona", moderator=True)))


def answered(response: TestResponse) -> Any:
    """Return what an answer says."""
    return json.loads(response.text)


@pytest.fixture
def http(site: Site) -> Client:
    site.build()
    return client(site.opened()[0])


@pytest.mark.parametrize("is_fresh", [False, True])
def test_integer_ids_over_http(site: Site, http: Client, is_fresh: bool) -> None:
    """Comment, reply, form, vote and deletion, each in the same process or in a new one."""

    def next_client() -> Client:
        return client(site.opened()[0]) if is_fresh else http

    first = site.id_of("First")
    posted = next_client().post(f"/nodes/{first}/comments", json={"text": "One"})
    assert posted.status_code == 201, posted.text
    id = answered(posted)["id"]
    reply = next_client().post(f"/comments/{id}/replies", json={"text": "Two"})
    assert reply.status_code == 201, reply.text
    assert answered(reply)["parent"] == id
    browser = next_client()
    page = browser.get(f"/threads/{first}").text
    token = page.split('name="token" value="')[1].split('"')[0]
    form = browser.post(f"/threads/{first}", data={"text": "Three", "token": token})
    assert form.status_code == 303, form.text
    voted = next_client().put(f"/comments/{id}/vote", json={"value": 1})
    assert voted.status_code == 204, voted.text
    [one, three] = answered(next_client().get(f"/nodes/{first}"))["comments"]
    assert (one["rating"], one["vote"], three["rating"]) == (1, 1, 0)
    assert [child["id"] for child in one["children"]] == [answered(reply)["id"]]
    gone = next_client().delete(f"/comments/{answered(reply)['id']}")
    assert gone.status_code == 200, gone.text
    _, store = site.opened()
    assert store.stored() == 2
    assert next_client().put("/comments/99/vote", json={"value": 1}).status_code == 404
    assert next_client().post("/comments/99/replies", json={"text": "x"}).status_code == 404
    assert store.stored() == 2


def test_counts_of_a_page_are_asked_for_once_a_minute(tmp_path: Path) -> None:
    site = Site(tmp_path, NineCalls)
    site.write("Title\n=====\n\n" + "\n\n".join(f"Paragraph number {n}." for n in range(200)))
    site.build()
    support, store = site.opened()
    browser = client(support)
    assert len(answered(browser.get("/documents/index"))["nodes"]) == 200
    asked = store.calls.count("get_data")
    assert asked <= 201
    browser.get("/documents/index")
    assert store.calls.count("get_data") == asked


def test_store_without_an_ability_answers_501_with_a_sentence(site: Site, http: Client) -> None:
    first = site.id_of("First")
    id = answered(http.post(f"/nodes/{first}/comments", json={"text": "One"}))["id"]
    answer = http.put(f"/comments/{id}", json={"text": "Two"})
    assert answer.status_code == 501
    assert "store" in json.loads(answer.text)["detail"]
    support, _ = site.opened()
    with pytest.raises(UnsupportedError):
        support.edit_comment(id, "Two", "mona", True)


def test_failing_store_answers_503_and_names_itself_and_the_call_alone(tmp_path: Path) -> None:
    Site(tmp_path, NineCalls).build()
    site = Site.__new__(Site)
    site.folder, site.kind, site.source = tmp_path, Broken, tmp_path / "source"
    support, _ = site.opened()
    answer = client(support).get("/nodes/any")
    assert answer.status_code == 503
    detail = json.loads(answer.text)["detail"]
    assert detail == "the comment store Broken failed in get_data"
    with pytest.raises(StorageError):
        support.get_data("any")
