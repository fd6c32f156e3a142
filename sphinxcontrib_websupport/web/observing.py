"""What was answered, told when it is ready to be sent; and the log of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from sphinxcontrib_websupport.web.messages import Request, Response
from sphinxcontrib_websupport.web.routing import Route

ACCESS = "sphinxcontrib_websupport.access"
"""The logger that has a line of level ``INFO`` for each request."""

UNKNOWN = "-"
"""What stands for the route of a request that has none."""

_logger = logging.getLogger(ACCESS)


@dataclass(frozen=True, slots=True)
class Answered:
    """A request with its answer."""

    request: Request
    response: Response
    route: Route | None
    """``None`` where there is nothing at the address, or nothing for the method."""
    seconds: float
    """How long the service took."""

    @property
    def template(self) -> str:
        """The route's path with its variable parts by name: one of a few, whatever is asked."""
        return UNKNOWN if self.route is None else "/" + self.route.path


Observer = Callable[[Answered], object]


def log_answer(answered: Answered) -> None:
    """Write a line of ``name=value`` pairs; the same values are attributes of the record.

    Neither query nor headers are in it: these may hold tokens. Nor is the reader's name or
    address: the server in front logs addresses where they are wanted.
    """
    if not _logger.isEnabledFor(logging.INFO):
        return
    values = {
        "method": quote(answered.request.method),
        "route": answered.template,
        "status": answered.response.status,
        "bytes": len(answered.response.body),
        "milliseconds": round(answered.seconds * 1000, 1),
        # Quoted, so that a line stays a line.
        "path": quote(f"{answered.request.prefix}/{answered.request.path}"),
    }
    line = " ".join(f"{name}={value}" for name, value in values.items())
    _logger.info(line, extra={f"http_{name}": value for name, value in values.items()})
