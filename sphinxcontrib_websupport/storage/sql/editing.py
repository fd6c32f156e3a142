"""The edit of a comment, within one transaction: what was typed, and what becomes of it."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, update

from sphinxcontrib_websupport.errors import CommentNotFoundError
from sphinxcontrib_websupport.model import Edit, Original, StoredComment, Viewer
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.sql import queries, rows
from sphinxcontrib_websupport.storage.sql.schema import comments

_REVISE = (
    update(comments)
    .where(comments.c.id == bindparam("comment"))
    .values(
        text=bindparam("text"),
        original=bindparam("original"),
        markup=bindparam("markup"),
        edited=bindparam("edited"),
        proposal=bindparam("proposal"),
        proposal_diff=bindparam("proposal_diff"),
        base=bindparam("base"),
    )
)


def edit(connection: Connection, comment_id: str, edit: Edit, viewer: Viewer) -> StoredComment:
    """Change a comment.

    :raises CommentNotFoundError: no such comment.
    :raises UserNotAuthorizedError: this user may not.
    """
    comment, edited = queries.located(connection, comment_id), rules.microseconds(edit.time)
    row = rows.locked(connection, comment)
    rules.check_edit(viewer, comment_id, row.username, row.deleted)
    old = connection.execute(queries.CONTENT, {"comment": comment}).one()
    change = rules.edited_proposal(edit, row.source, old.proposal, old.proposal_diff, old.base)
    values = {
        "comment": comment,
        "text": edit.text,
        "original": edit.original,
        "markup": edit.markup,
        "edited": edited,
        "proposal": change and change.text,
        "proposal_diff": change and change.html,
        "base": change and change.base,
    }
    connection.execute(_REVISE, values)
    if row.displayed and not edit.displayed:
        rows.display(connection, row, False)
    else:
        rows.touch(connection, row.node_id)
    own = {"comment": comment, "name": viewer.username}
    revised = rules.CommentRow(
        id=row.known_as or comment,
        parent=old.parent_known_as or old.parent_id,
        node=row.node_id,
        time=old.time,
        text=edit.text,
        displayed=row.displayed and edit.displayed,
        deleted=False,
        username=row.username,
        rating=old.rating,
        proposal_diff=change and change.html,
        vote=connection.scalar(rows.OWN_VOTE, own),
        edited=edited,
    )
    return {
        **rules.as_comment(revised, rules.now()),
        "document": row.document,
        "proposal_diff_text": change and change.plain,
    }


def original(connection: Connection, comment_id: str, viewer: Viewer) -> Original:
    """Return what a comment's author typed.

    :raises CommentNotFoundError: no such comment.
    :raises UserNotAuthorizedError: this user may not change it.
    """
    comment = queries.located(connection, comment_id)
    row = connection.execute(queries.COMMENT, {"comment": comment}).first()
    content = connection.execute(queries.CONTENT, {"comment": comment}).first()
    if row is None or content is None:
        raise CommentNotFoundError("there is no such comment")
    rules.check_edit(viewer, comment_id, row.username, row.deleted)
    return {
        "text": content.original,
        "markup": content.markup,
        "proposal": content.proposal,
        "base": content.base,
    }
