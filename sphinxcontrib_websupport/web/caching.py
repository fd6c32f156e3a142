"""Entity tags: what a browser has is not sent again, and where a store stamps, not even read."""

from __future__ import annotations

from hashlib import blake2b

from werkzeug.http import parse_etags

from sphinxcontrib_websupport import __version__
from sphinxcontrib_websupport.web.messages import Request, Response


def stamped(stamp: str | None, *circumstances: object) -> str | None:
    """Return the entity tag of an answer that has not been read.

    :param stamp: what changes with what is stored.
    :param circumstances: all else that the answer depends on, the age of things excepted.
    :returns: ``None`` without a stamp: then the answer's own bytes decide.
    """
    if stamp is None:
        return None
    # Another version may say the same in other words.
    known = repr((__version__, stamp, circumstances))
    return blake2b(known.encode("utf-8", "replace"), digest_size=16).hexdigest()


def is_known(request: Request, etag: str | None) -> bool:
    """Tell whether the browser says that it has an answer with this tag."""
    given = request.headers.get("if-none-match")
    if given is None or etag is None:
        return False
    return given == quoted(etag) or parse_etags(given).contains_weak(etag)


def not_modified(etag: str | None) -> Response:
    """Answer that what the browser has is current."""
    return Response(304, etag=etag)


def quoted(etag: str) -> str:
    """Return a tag as the header has it.

    It is a weak one: answers with the same tag may differ in the age of comments, and in how
    they are compressed.
    """
    return f'W/"{etag}"'
