"""A store with one of everything, for the tests that copy stores."""

from __future__ import annotations

from datetime import timedelta

from sphinxcontrib_websupport.model import Edit, Node, Viewer
from sphinxcontrib_websupport.storage.adapter import adapted
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.transfer.copying import StoreStream, transferable
from sphinxcontrib_websupport.testing.storage import NOON, say


def fill(storage: StorageBackend, comments: int = 120) -> list[str]:
    """Build twice and discuss; return the ids of all comments that are left."""
    storage.pre_build()
    for line, (id, document) in enumerate(
        [("n", "index"), ("other", "index"), ("gone", "index"), ("Ünï/code", "guide/start")]
    ):
        source = f"Source of {id}.\r\n🦊"
        node = Node(id, document, source, file=f"{document}.rst", line=line + 1)
        adapted(storage).register_node(node)
    storage.post_build()
    top = say(storage, proposal="Sauce of n.\n🦊", text="<p>Zoë 🦊</p>")["id"]
    hidden = say(storage, parent_id=top, displayed=False, username=None)["id"]
    deleted = say(storage, parent_id=top, username="bob")["id"]
    below = say(storage, parent_id=deleted, time=NOON.replace(microsecond=7))["id"]
    storage.process_vote(top, "ann", 1)
    storage.process_vote(top, "🦊", -1)
    storage.process_vote(below, "O'Hara", -1)
    storage.delete_comment(deleted, "bob", False)
    removed = say(storage)["id"]
    storage.delete_comment(removed, "", True)
    gone = say(storage, node="gone", original="As *typed*.", markup="markdown")["id"]
    edit = Edit(
        text="<p>Edited</p>",
        original="Edited",
        time=NOON + timedelta(days=1),
        proposal="Sauce of n.\n🦊!",
    )
    storage.edit_comment(top, edit, Viewer("ann"))
    uni = say(storage, node="Ünï/code", displayed=False)["id"]
    many = [
        say(storage, node="other", time=NOON + timedelta(seconds=n))["id"] for n in range(comments)
    ]
    storage.pre_build()
    storage.retire_node("gone", "other")
    storage.post_build()
    return [top, hidden, deleted, below, gone, uni, *many]


def everything(storage: StorageBackend) -> object:
    """Return all that a store holds."""
    stream = StoreStream(transferable(storage))
    comments = {
        (node, record.id): record
        for part in stream.parts()
        for node, records in part.discussions.items()
        for record in records
    }
    return {node.id: node for node in stream.nodes()}, comments
