"""A call: one request on its way through one route."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from re import Pattern
from typing import Any

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.api.fields import Fields
from sphinxcontrib_websupport.web.messages import HTML, JSON, Request, Response
from sphinxcontrib_websupport.web.readers.authors import AuthorTokens
from sphinxcontrib_websupport.web.security.crossorigin import CrossOrigin
from sphinxcontrib_websupport.web.security.forgery import FormTokens
from sphinxcontrib_websupport.web.security.limits import Budget
from sphinxcontrib_websupport.websupport import WebSupport


def _nobody_operates(request: Request) -> bool:
    return False


def _nobody_waits(viewer: Viewer) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the embedding application decides."""

    form_tokens: FormTokens
    author_tokens: AuthorTokens
    cross_origin: CrossOrigin
    """The other origins whose pages may use the service."""
    must_wait: Callable[[Viewer], bool] = _nobody_waits
    """Whether a reader's comments wait for a moderator before others see them."""
    document_url: str | None = None
    """Where a document is to be read, such as ``"/{docname}.html"``."""
    language: str | None = None
    """The language of the service's own pages; ``None``: what the browser asks for."""
    may_sign_in: bool = False
    """Whether readers can choose a name with ``PUT session``."""
    is_operator: Callable[[Request], bool] = _nobody_operates
    """Whether a request comes from who runs the service, whom ``health`` tells of the store."""
    takes_password: bool = False
    """Whether a moderator can sign in at ``sign-in``."""
    routes: Sequence[Route] = ()
    """Everything that this service answers."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler gets: the request, read and checked as the route says."""

    support: WebSupport
    settings: Settings
    request: Request
    viewer: Viewer
    path: Mapping[str, str]
    """The variable parts of the path."""
    query: Mapping[str, str]
    body: Mapping[str, Any]


Handler = Callable[[Call], Response]


class Takes(Enum):
    """What kind of body an address reads."""

    NOTHING = "nothing"
    JSON = "application/json"
    FORM = "application/x-www-form-urlencoded"


_VARIABLE = re.compile(r"\\{(\w+)(:path)?\\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One method at one address: all that shells, the service and its description know."""

    method: str
    path: str
    """With variable parts: ``{node}`` is without slashes, ``{docname:path}`` with."""
    handler: Handler
    about: str
    """One sentence in the imperative."""
    takes: Takes = Takes.NOTHING
    body: Fields = field(default_factory=dict)
    query: Fields = field(default_factory=dict)
    answers: Any = None
    """A TypedDict, for JSON; ``None`` for anything else."""
    media_type: str = JSON
    status: int = 200
    errors: tuple[int, ...] = ()
    """What can go wrong besides what can go wrong everywhere."""
    is_open: bool = False
    """Whether no answer holds a token or anything else that its length must not tell: such are
    compressed."""
    attempts: bool = False
    """Whether somebody could use it to guess how to sign in."""

    @property
    def budget(self) -> Budget:
        """What a request here is counted with."""
        if self.attempts:
            return Budget.SIGN_IN
        return Budget.READING if self.method == "GET" else Budget.WRITING

    @property
    def is_page(self) -> bool:
        """Whether a person reads the answer."""
        return self.media_type == HTML

    def pattern(self) -> Pattern[str]:
        """Return a pattern that matches this address and names its variable parts."""
        return re.compile(_VARIABLE.sub(_group, re.escape(self.path)), re.DOTALL)


def _group(variable: re.Match[str]) -> str:
    return f"(?P<{variable[1]}>{'.+' if variable[2] else '[^/]+'})"
