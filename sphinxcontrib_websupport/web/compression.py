"""Gzip, for the answers in which it can give nothing away.

A compressed answer that holds both a secret and a text that somebody else chose tells that
somebody something of the secret, by its length (the BREACH attack). So only routes that say so
are compressed: their answers hold no token of any kind. What is left are comments that wait for a
moderator, beside comments that anyone may post; to measure them, a page of another site must let
the moderator's browser ask for them, and what a browser says comes from another site is not
compressed, unless that site is one that was named.

Servers and frameworks have middlewares for it, each its own; none of them can tell which answers
hold a secret.
"""

from __future__ import annotations

import gzip
from dataclasses import replace

from werkzeug.http import parse_accept_header

from sphinxcontrib_websupport.web.messages import Request, Response

LEAST = 1024
"""From how many bytes on: below, it saves no packet."""

LEVEL = 5
"""Level 9 takes much longer and saves hardly anything more of a thread."""


def compressed(request: Request, response: Response) -> Response:
    """Return an answer compressed, if the browser takes it so."""
    if len(response.body) < LEAST or not _takes_gzip(request):
        return response
    # The same bytes for the same answer: no time, no name.
    body = gzip.compress(response.body, LEVEL, mtime=0)
    headers = {**response.headers, "Content-Encoding": "gzip"}
    return replace(response, body=body, headers=headers)


def _takes_gzip(request: Request) -> bool:
    given = request.headers.get("accept-encoding", "")
    if "gzip" not in given and "*" not in given:
        return False
    return parse_accept_header(given).quality("gzip") > 0
