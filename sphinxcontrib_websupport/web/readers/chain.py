"""Ways to tell who reads, and the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from sphinxcontrib_websupport.inputs import is_anonymous
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.messages import Request


@dataclass(frozen=True, slots=True)
class Identity:
    """Who reads, and what that was told from."""

    viewer: Viewer = field(default_factory=Viewer)
    is_ambient: bool = True
    """Whether the browser sends the proof by itself, as it does cookies.

    Then a page of another site could use it, and
    :mod:`~sphinxcontrib_websupport.web.security.forgery` looks closer.
    """


class Way(Protocol):
    """One way to tell who reads."""

    def identify(self, request: Request) -> Identity | None:
        """Return who reads; ``None`` where this way cannot tell, and the next is asked."""


class HostApplication:
    """Readers as the host application knows them.

    :param identify: the function that it gave, of its own request object.
    """

    def __init__(self, identify: Callable[[Any], Viewer]) -> None:
        self._identify = identify

    def identify(self, request: Request) -> Identity:
        """Ask the host application."""
        return Identity(self._identify(request.native))


class Chain:
    """Several ways as one: the first that can tell decides."""

    def __init__(self, ways: Sequence[Way]) -> None:
        self._ways = tuple(ways)

    def identify(self, request: Request) -> Identity:
        """Return who reads; nobody in particular where no way can tell."""
        for way in self._ways:
            if (identity := way.identify(request)) is not None:
                # Nobody has the name by which readers without one are called.
                is_named = not is_anonymous(identity.viewer.username)
                return (
                    identity
                    if is_named
                    else replace(identity, viewer=replace(identity.viewer, username=""))
                )
        return Identity()
