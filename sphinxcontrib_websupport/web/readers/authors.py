"""Authors without a name: a signed token, given with the comment, proves whose it is.

It is worth nothing for any other comment. Nothing of it is stored: who loses it has an anonymous
comment like any other.
"""

from __future__ import annotations

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from sphinxcontrib_websupport.errors import UserNotAuthorizedError
from sphinxcontrib_websupport.web.messages import Request

HEADER = "Comment-Token"
"""The header that shows such a token."""

EDIT_SECONDS = 15 * 60
"""How long the author may change the comment; it can be deleted for ever."""


class AuthorTokens:
    """Tokens that each prove who wrote one comment.

    :param secret_key: what they are signed with; another key makes all of them worthless.
    """

    def __init__(self, secret_key: str | bytes) -> None:
        self._serializer = URLSafeTimedSerializer(secret_key, salt="websupport-author")

    def create(self, comment_id: str) -> str:
        """Return the token of a comment that was posted just now."""
        signed = self._serializer.dumps(comment_id)
        return signed if isinstance(signed, str) else signed.decode()

    def proves(self, request: Request, comment_id: str, *, seconds: int | None = None) -> bool:
        """Tell whether a request shows the token of this comment.

        :param seconds: for how long the token counts; ``None`` for ever.
        :raises UserNotAuthorizedError: it does, and the time is over.
        """
        token = request.headers.get(HEADER.lower())
        if token is None:
            return False
        try:
            return bool(self._serializer.loads(token, seconds) == comment_id)
        except SignatureExpired as error:
            minutes = EDIT_SECONDS // 60
            raise UserNotAuthorizedError(
                f"A comment without a name can be changed for {minutes} minutes."
            ) from error
        except BadSignature:
            return False
