"""A sign-in on trust, for one's own machine and for intranets.

A reader chooses a name and is believed; there is no password. It is kept in a signed cookie,
so that nobody becomes a moderator by editing it: the moderator's name is to be had only
through a link that the operator hands out, and that works once.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from typing import TypedDict

from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.http import dump_cookie

from sphinxcontrib_websupport.errors import InvalidInputError, UserNotAuthorizedError
from sphinxcontrib_websupport.model import DELETED, MAX_NAME_LENGTH, Viewer
from sphinxcontrib_websupport.web.calls import Call, Route, Takes
from sphinxcontrib_websupport.web.fields import Field
from sphinxcontrib_websupport.web.identify.chain import Identity
from sphinxcontrib_websupport.web.messages import HTML, Request, Response, json_response

COOKIE = "websupport_session"
COOKIE_SECONDS = 180 * 24 * 60 * 60


class SessionAnswer(TypedDict):
    """Who the reader is."""

    username: str
    moderator: bool


class Session:
    """Readers under names of their own choice.

    :param secret_key: what cookies are signed with; another key signs everyone out.
    :param moderator: a name that only a link from :meth:`link` gives.
    :param home: where such a link leads.
    :param secure: whether the site is served over HTTPS only.
    """

    def __init__(
        self,
        secret_key: str | bytes,
        moderator: str | None = None,
        *,
        home: str = "/",
        secure: bool = False,
    ) -> None:
        self._serializer = URLSafeTimedSerializer(secret_key, salt="websupport-session")
        self._moderator = None if moderator is None else clean_name(moderator)
        reserved = (
            (DELETED, "Anonymous") if moderator is None else (DELETED, "Anonymous", moderator)
        )
        self._reserved = {_fold(name) for name in reserved}
        self._home = home
        self._secure = secure
        self._links: set[str] = set()
        self._lock = threading.Lock()
        name = Field(str, "The name to go by.", required=True, max_length=MAX_NAME_LENGTH)
        token = Field(str, "What a moderator's link holds; it leads to the site's home.")
        self.routes = (
            Route(
                "GET",
                "session",
                self.get,
                "Tell who the reader is, or sign a moderator in.",
                query={"token": token},
                answers=SessionAnswer,
                errors=(403,),
            ),
            Route(
                "PUT",
                "session",
                self.put,
                "Sign in under a name.",
                takes=Takes.JSON,
                body={"name": name},
                answers=SessionAnswer,
                errors=(403,),
            ),
            Route("DELETE", "session", self.delete, "Sign out.", status=204),
        )

    def identify(self, request: Request) -> Identity | None:
        """Return the reader that the request's cookie names."""
        cookie = request.cookies.get(COOKIE)
        viewer = None if cookie is None else self._read(cookie)
        return None if viewer is None else Identity(viewer)

    def _read(self, signed: str) -> Viewer | None:
        try:
            name, had_link = self._serializer.loads(signed, COOKIE_SECONDS)
        except (BadData, TypeError, ValueError):
            return None
        if not isinstance(name, str):
            return None
        # The moderator may have changed since the cookie was given.
        is_moderator = had_link is True and name == self._moderator
        if _fold(name) in self._reserved and not is_moderator:
            return None
        return Viewer(name, is_moderator)

    def link(self, address: str, prefix: str) -> str:
        """Return a link that signs the moderator in, once.

        It lives in this process: give it to a server of one process.

        :param address: the site's address, such as ``http://127.0.0.1:8000/``.
        :param prefix: the path under which the service is mounted.
        :raises InvalidInputError: there is no moderator.
        """
        if self._moderator is None:
            raise InvalidInputError("No moderator was named.")
        token = secrets.token_urlsafe()
        with self._lock:
            self._links.add(token)
        return f"{address.rstrip('/')}{prefix}/session?token={token}"

    def get(self, call: Call) -> Response:
        """Tell who the reader is, or take a moderator's link."""
        token = call.query.get("token")
        if token is None:
            return json_response(_answer(call.viewer))
        with self._lock:
            is_known = token in self._links
            self._links.discard(token)
        if not is_known or self._moderator is None:
            raise UserNotAuthorizedError("This link has been used, or was never given.")
        cookie = self._cookie(call, Viewer(self._moderator, moderator=True))
        return Response(303, b"", HTML, {"Location": self._home, "Set-Cookie": cookie})

    def put(self, call: Call) -> Response:
        """Sign in under a name that is not the moderator's."""
        name = clean_name(call.body["name"])
        if call.viewer.moderator and name == call.viewer.username:
            return json_response(_answer(call.viewer))
        if _fold(name) in self._reserved:
            raise UserNotAuthorizedError("This name is taken.")
        viewer = Viewer(name)
        return json_response(_answer(viewer), headers={"Set-Cookie": self._cookie(call, viewer)})

    def delete(self, call: Call) -> Response:
        """Sign out."""
        return Response(204, headers={"Set-Cookie": self._cookie(call, None)})

    def _cookie(self, call: Call, viewer: Viewer | None) -> str:
        value = (
            "" if viewer is None else self._serializer.dumps([viewer.username, viewer.moderator])
        )
        return dump_cookie(
            COOKIE,
            value if isinstance(value, str) else value.decode(),
            max_age=COOKIE_SECONDS if viewer else 0,
            path=f"{call.request.prefix}/",
            httponly=True,
            samesite="Lax",
            secure=self._secure,
        )


def clean_name(name: str) -> str:
    """Return a name as it is shown: composed, with single spaces.

    :raises InvalidInputError: it is empty, too long, or holds characters that cannot be seen.
    """
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise InvalidInputError("The name is empty.")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidInputError(f"The name is longer than {MAX_NAME_LENGTH} characters.")
    if any(unicodedata.category(character).startswith("C") for character in name):
        raise InvalidInputError("The name holds characters that cannot be seen.")
    return name


def _fold(name: str) -> str:
    """Return what two names have in common that readers would take for one another."""
    return unicodedata.normalize("NFKC", name).casefold()


def _answer(viewer: Viewer) -> SessionAnswer:
    return {"username": viewer.username, "moderator": viewer.moderator}
