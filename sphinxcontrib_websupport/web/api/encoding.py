"""Threads as JSON, however deeply their replies are nested."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from sphinxcontrib_websupport.model import Comment, Thread
from sphinxcontrib_websupport.web.messages import JSON, Response, encode

# What changes while nobody does anything: a thread is not new because a minute has passed,
# and the browser tells the time from ``time.iso`` itself.
VOLATILE = frozenset({"age", "time"})


def thread_response(thread: Thread, etag: str | None = None) -> Response:
    """Answer with a thread, or a page of one, without recursion.

    :func:`json.dumps` recurses twice for each nested reply and gives up at about 500 of them.
    The entity tag covers everything but the age of the comments.

    :param etag: the tag, where it is known by other means.
    """
    if etag is not None:
        try:
            return Response(200, encode(thread), JSON, etag=etag)
        except RecursionError:
            pass  # replies to replies to replies: below it is done without
    digest = blake2b(digest_size=16)
    head = encode({name: value for name, value in thread.items() if name != "comments"})
    parts = [head[:-1], b',"comments":[']
    digest.update(head)
    pending: list[Comment | bytes] = []
    _push(pending, thread["comments"], b"]}")
    while pending:
        item = pending.pop()
        if isinstance(item, bytes):
            parts.append(item)
            digest.update(item)
            continue
        stable = {n: v for n, v in item.items() if n not in VOLATILE and n != "children"}
        piece = encode(stable)
        digest.update(piece)
        parts += (piece[:-1], b",", encode({n: item.get(n) for n in ("age", "time")})[1:-1])
        parts.append(b',"children":[')
        _push(pending, item["children"], b"]}")
    return Response(200, b"".join(parts), JSON, etag=etag or digest.hexdigest())


def _push(pending: list[Comment | bytes], comments: Sequence[Comment], close: bytes) -> None:
    pending.append(close)
    for number in range(len(comments) - 1, -1, -1):
        pending.append(comments[number])
        if number:
            pending.append(b",")
