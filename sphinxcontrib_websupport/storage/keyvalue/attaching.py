"""Moving a node's discussion to another node.

No comment is moved: a thread's header says to which node the thread belongs, and that is changed.
Several headers may have to be, and the nodes' pages: what is being attached is noted in ``site``
first, so that whoever publishes next finishes what a killed one began, and one is finished before
the next begins.
"""

from __future__ import annotations

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.storage.keyvalue import layout, lists
from sphinxcontrib_websupport.storage.keyvalue.drafts import Draft
from sphinxcontrib_websupport.storage.keyvalue.headers import Header
from sphinxcontrib_websupport.storage.keyvalue.site import Snapshot
from sphinxcontrib_websupport.storage.keyvalue.threads import Threads


def give_threads(
    backend: Backend, threads: Threads, snapshot: Snapshot, old: str, new: str
) -> None:
    """Let all threads of one node belong to another; done once more, it changes nothing.

    The first node is closed: no further thread is begun there, so none is overlooked.
    """
    found = snapshot.find(new)
    if found is not None:
        lists.note(backend, layout.talk_key(found[0]), new)
    main = layout.main_thread(old)
    header = threads.header(main)
    # The other node lists them first: once one is its own, readers must find it.
    _adopt(threads, new, [main, *(header.threads if header else [])])

    def close(header: Header | None) -> Header:
        header = header or Header(old, old)
        header.closed = snapshot.site.generation
        return _given(header, old, new)

    closed = threads.update_header(main, close)
    _adopt(threads, new, closed.threads)
    for thread in closed.threads:

        def give(header: Header | None) -> Header:
            return _given(header or Header(old, old), old, new)

        threads.update_header(thread, give)


def forget(draft: Draft, old: str, new: str) -> None:
    """Take a node out of its page; those that it succeeded follow to another."""
    pages = draft.snapshot.manifest.pages
    document = draft.snapshot.documents_of([old]).get(old)
    if document is not None:
        draft.page(document).pop(old, None)
    # Only retired nodes have a successor.
    retired = [document for document, page in pages.items() if page.retired]
    draft.load(retired)
    for document in retired:
        entries = draft.page(document)
        for id, entry in entries.items():
            if entry.successor == old:
                entries[id] = entry._replace(successor=new)


def _adopt(threads: Threads, node: str, adopted: list[str]) -> None:
    main = layout.main_thread(node)

    def list_them(header: Header | None) -> Header:
        header = header or Header(node, node)
        known = {main, *header.threads}
        header.threads += [thread for thread in adopted if thread not in known]
        return header

    threads.update_header(main, list_them)


def _given(header: Header, old: str, new: str) -> Header:
    if header.node == old:
        header.node = new
    return header
