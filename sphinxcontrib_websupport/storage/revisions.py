"""What holds in every store when a comment is changed: who may, and what becomes of it."""

from __future__ import annotations

from typing import NamedTuple, Self

from sphinxcontrib_websupport.errors import UserNotAuthorizedError
from sphinxcontrib_websupport.model import Edit
from sphinxcontrib_websupport.storage import rules


class Asker(NamedTuple):
    """Who wants to change a comment."""

    username: str | None
    moderator: bool
    author: bool
    """Whether it was proved that an anonymous comment is theirs."""

    def check(self, comment: str | None, deleted: bool) -> None:
        """Refuse who may not.

        :param comment: the name of the comment's author.
        :param deleted: whether its author deleted it.
        :raises UserNotAuthorizedError: neither its author nor a moderator, or it is deleted.
        """
        if not rules.may_edit(self.username, self.moderator, comment, deleted, self.author):
            raise UserNotAuthorizedError("only its author or a moderator may change a comment")


class Revision(NamedTuple):
    """A comment as its author gave it the second time, checked."""

    text: str
    original: str | None
    displayed: bool
    time: int
    """Microseconds since 1970, in UTC."""
    proposal: str | None

    @classmethod
    def of(cls, edit: Edit) -> Self:
        """Return an edit as stores keep it.

        :raises InvalidInputError: it cannot be stored.
        """
        return cls(
            rules.storable("the text", edit.text),
            None if edit.original is None else rules.storable("the text", edit.original),
            edit.displayed,
            rules.microseconds(edit.time),
            None if edit.proposal is None else rules.storable("the proposal", edit.proposal),
        )

    def change(self, source: str, proposal: str | None, diff: str | None) -> rules.Proposal | None:
        """Return the proposal of the comment as it becomes.

        One that stays as it is keeps its difference: the source may have changed since.

        :param source: the node's source as it is now.
        :param proposal: the proposal that the comment has.
        :param diff: the difference that it has, as HTML.
        """
        if proposal is None or diff is None:
            return rules.proposed(source, self.proposal)
        if self.proposal is not None and self.proposal.replace("\r\n", "\n") != proposal:
            return rules.proposed(source, self.proposal)
        today = rules.proposed(source, proposal)
        return rules.Proposal(proposal, diff, today.plain if today else "")
