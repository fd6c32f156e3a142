"""The edit of a comment: one atomic change of the segment that holds the comment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sphinxcontrib_websupport.errors import CommentNotFoundError
from sphinxcontrib_websupport.model import Edit, Original, StoredComment, Viewer
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.keyvalue import layout
from sphinxcontrib_websupport.storage.keyvalue.comments import as_stored
from sphinxcontrib_websupport.storage.keyvalue.headers import Header
from sphinxcontrib_websupport.storage.keyvalue.layout import CommentId
from sphinxcontrib_websupport.storage.keyvalue.nodes import Entry
from sphinxcontrib_websupport.storage.keyvalue.segments import Said, Segment
from sphinxcontrib_websupport.storage.keyvalue.site import Published, Snapshot
from sphinxcontrib_websupport.storage.keyvalue.threads import Threads


class Editor:
    """Changes what comments say."""

    def __init__(self, threads: Threads, published: Published) -> None:
        self._threads = threads
        self._published = published

    def edit(self, id: CommentId, comment_id: str, edit: Edit, viewer: Viewer) -> StoredComment:
        """Change a comment.

        :param comment_id: the id as the reader knows it.
        :raises CommentNotFoundError: there is no such comment.
        :raises UserNotAuthorizedError: this user may not.
        """
        document, entry = self._place(id, comment_id, viewer)
        time = rules.microseconds(edit.time)
        change: rules.Proposal | None = None

        def revise(said: Said) -> Said:
            nonlocal change
            # Looked at again: it may have been deleted meanwhile.
            rules.check_edit(viewer, comment_id, said.username, said.deleted)
            change = rules.edited_proposal(edit, entry.source, said.proposal, said.diff, said.base)
            return said._replace(
                text=edit.text,
                original=edit.original,
                markup=edit.markup,
                edited=time,
                displayed=said.displayed and edit.displayed,
                proposal=change and change.text,
                diff=change and change.html,
                base=change and change.base,
            )

        def edited(segment: Segment) -> tuple[Said, Callable[[int], str]]:
            return segment.edit(id.seq, revise), segment.ids(id.thread, id.segment)

        if edit.displayed:
            revised: list[tuple[Said, Callable[[int], str]]] = []

            def work(segment: Segment) -> None:
                revised[:] = [edited(segment)]

            self._threads.adjust(id.thread, id.segment, work)
            said, named = revised[0]
        else:
            # It hides what readers saw, which changes counts.
            said, named = self._threads.change_known(id, edited)
        return as_stored(named, said, document, entry, change, viewer.username)

    def original(self, id: CommentId, comment_id: str, viewer: Viewer) -> Original:
        """Return what a comment's author typed.

        :raises CommentNotFoundError: there is no such comment.
        :raises UserNotAuthorizedError: this user may not change it.
        """
        said = self._threads.segment(id.thread, id.segment).find(id.seq)
        rules.check_edit(viewer, comment_id, said.username, said.deleted)
        return {
            "text": said.original,
            "markup": said.markup,
            "proposal": said.proposal,
            "base": said.base,
        }

    def _place(self, id: CommentId, comment_id: str, viewer: Viewer) -> tuple[str, Entry]:
        """Return the document and the node of a comment, for those who may change it.

        Who may not writes nothing.
        """
        header_key = layout.header_key(id.thread)
        segment_key = layout.segment_key(id.thread, id.segment)

        def look(snapshot: Snapshot, loaded: dict[str, Any]) -> tuple[str, Entry]:
            said = Segment.read(segment_key, loaded.get(segment_key)).find(id.seq)
            rules.check_edit(viewer, comment_id, said.username, said.deleted)
            found = snapshot.find(Header.read(header_key, loaded.get(header_key)).node)
            if found is None:
                raise CommentNotFoundError("there is no such comment")
            return found

        return self._published.read(look, header_key, segment_key)
