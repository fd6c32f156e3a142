"""What travels between stores: nodes as builds know them, and comments with all that is kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sphinxcontrib_websupport.errors import TransferError
from sphinxcontrib_websupport.model import Node

MAX_COMMENT_ID_LENGTH = 255
"""The longest id of a comment, in characters."""


@dataclass(frozen=True, slots=True)
class CommentRecord:
    """A comment with all that a store keeps of it, in no store's own terms."""

    id: str
    """By which every store that holds it finds it."""
    parent: str | None
    """The id of the comment it replies to; ``None`` at the top."""
    time: int
    """Microseconds since 1970, in UTC."""
    text: str
    """Safe HTML."""
    username: str | None
    """``None`` for an anonymous author."""
    displayed: bool
    deleted: bool
    """Whether its author deleted it."""
    proposal: str | None
    proposal_diff: str | None
    """Safe HTML."""
    original: str | None = None
    """What its author typed, where the store kept it."""
    edited: int | None = None
    """When it was last changed, in microseconds since 1970, in UTC."""
    markup: str | None = None
    """What ``original`` is written in, where the store kept it."""
    base: str | None = None
    """The node's source that the proposal was made against, where the store kept it."""
    votes: dict[str, int] = field(default_factory=dict)
    """The last vote of each user, 1 or −1."""

    def is_same_comment(self, other: CommentRecord) -> bool:
        """Tell whether another record is of this comment, perhaps at another time."""
        return (self.id, self.parent, self.time) == (other.id, other.parent, other.time)


Discussions = Mapping[str, Sequence[CommentRecord]]
"""The comments of nodes, by the node's id: in the order of arrival, so parents before replies."""


class Transferable(ABC):
    """A store that gives out all it holds and takes in what another held, ids included.

    An ability beside :class:`~sphinxcontrib_websupport.storage.base.StorageBackend`, which has
    ``get_nodes``: a store of others that wants to be copied derives from both.
    """

    @abstractmethod
    def read_discussions(self, nodes: Sequence[str]) -> Discussions:
        """Return all comments of some nodes; a node without comments is left out.

        :param nodes: ids, of a hundred nodes or so.
        """

    @abstractmethod
    def write_nodes(self, nodes: Iterable[Node]) -> None:
        """Register nodes as they are given, retired ones and positions included: all or none.

        A node that is there is made as it is given; no other is touched. As long as its
        comments did not follow, a retired node may be one that nobody sees.

        :raises InvalidInputError: one cannot be stored.
        :raises BuildConflictError: a build was published meanwhile.
        """

    @abstractmethod
    def write_discussions(self, discussions: Discussions) -> None:
        """Make the comments of registered nodes as they are given, votes included.

        Written once more it changes nothing, so that what was broken off is begun again; each
        comment is there with all its votes, or not at all. Comments that are not given stay.
        From then on every call finds a comment by the id that it is given with, also where
        the store's own ids are of another form, and that id is not given to another comment.

        :raises TransferError: another comment has one of the ids; a parent is missing.
        :raises InvalidInputError: one cannot be stored.
        :raises NodeNotFoundError: there is no such node.
        """


def taken(id: str) -> TransferError:
    """Return the error of an id that another comment has."""
    return TransferError(f"another comment has the id {id!r:.80} already: copy into an empty store")
