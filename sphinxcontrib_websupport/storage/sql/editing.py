"""An author's second thoughts, within one transaction: what was typed, and what becomes of it."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, update

from sphinxcontrib_websupport.errors import CommentNotFoundError
from sphinxcontrib_websupport.model import Original, StoredComment
from sphinxcontrib_websupport.storage import rules
from sphinxcontrib_websupport.storage.revisions import Asker, Revision
from sphinxcontrib_websupport.storage.sql import queries, rows
from sphinxcontrib_websupport.storage.sql.schema import comments

_REVISE = (
    update(comments)
    .where(comments.c.id == bindparam("comment"))
    .values(
        text=bindparam("text"),
        original=bindparam("original"),
        edited=bindparam("edited"),
        proposal=bindparam("proposal"),
        proposal_diff=bindparam("proposal_diff"),
    )
)


def edit(connection: Connection, comment: int, given: Revision, asker: Asker) -> StoredComment:
    """Change a comment.

    :raises CommentNotFoundError: no such comment.
    :raises UserNotAuthorizedError: this user may not.
    """
    row = rows.locked(connection, comment)
    asker.check(row.username, row.deleted)
    old = connection.execute(queries.CONTENT, {"comment": comment}).one()
    change = given.change(row.source, old.proposal, old.proposal_diff)
    values = {
        "comment": comment,
        "text": given.text,
        "original": given.original,
        "edited": given.time,
        "proposal": change and change.text,
        "proposal_diff": change and change.html,
    }
    connection.execute(_REVISE, values)
    if row.displayed and not given.displayed:
        rows.display(connection, row, False)
    else:
        rows.touch(connection, row.node_id)
    own = {"comment": comment, "name": asker.username or ""}
    revised = rules.CommentRow(
        id=row.known_as or comment,
        parent=old.parent_known_as or old.parent_id,
        node=row.node_id,
        time=old.time,
        text=given.text,
        displayed=row.displayed and given.displayed,
        deleted=False,
        username=row.username,
        rating=old.rating,
        proposal_diff=change and change.html,
        vote=connection.scalar(rows.OWN_VOTE, own),
        edited=given.time,
    )
    return {
        **rules.as_comment(revised, rules.now()),
        "document": row.document,
        "proposal_diff_text": change and change.plain,
    }


def original(connection: Connection, comment: int, asker: Asker) -> Original:
    """Return what a comment's author typed.

    :raises CommentNotFoundError: no such comment.
    :raises UserNotAuthorizedError: this user may not change it.
    """
    row = connection.execute(queries.COMMENT, {"comment": comment}).first()
    content = connection.execute(queries.CONTENT, {"comment": comment}).first()
    if row is None or content is None:
        raise CommentNotFoundError("there is no such comment")
    asker.check(row.username, row.deleted)
    return {"text": content.original, "proposal": content.proposal}
