"""A sign-in of the service's own, for sites without an application that knows its users.

A reader chooses a name and is believed; there is no password. The moderator's name alone is to be
had only by a link that the operator hands out, and that works once, or by a password. Who signed
in is kept in a signed cookie, so that nobody becomes somebody else by editing it; a page on
another origin, which gets no cookie, is given a signed token to keep itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NotRequired, TypedDict
from urllib.parse import quote, urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.http import dump_cookie

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.errors import (
    InvalidInputError,
    UserNotAuthorizedError,
    WebSupportError,
)
from sphinxcontrib_websupport.model import DELETED, MAX_NAME_LENGTH, Viewer
from sphinxcontrib_websupport.web.api.fields import Field
from sphinxcontrib_websupport.web.messages import HTML, Request, Response, json_response
from sphinxcontrib_websupport.web.pages.rendering import page, page_policy
from sphinxcontrib_websupport.web.problems import SignInExpiredError
from sphinxcontrib_websupport.web.readers.bearer import BearerTokens, token_of
from sphinxcontrib_websupport.web.readers.chain import Identity
from sphinxcontrib_websupport.web.readers.links import OneTimeLinks
from sphinxcontrib_websupport.web.readers.names import clean_name, fold, mixes_alphabets
from sphinxcontrib_websupport.web.readers.passwords import LONGEST, check_hash, is_password
from sphinxcontrib_websupport.web.routing import Call, Route, Takes
from sphinxcontrib_websupport.web.security.crossorigin import clean_origin
from sphinxcontrib_websupport.web.security.forgery import SAFE_METHODS

COOKIE = "websupport_session"
COOKIE_SECONDS = 180 * 24 * 60 * 60

LANDING = "#websupport-token="
"""What an address ends in, before the token, that hands one to a page on another origin."""


class SessionAnswer(TypedDict):
    """Who the reader is."""

    username: str
    moderator: bool
    token: NotRequired[str]
    """For a page on another origin: what it sends as ``Authorization: Bearer`` from now on."""


class Session:
    """Readers under names of their own choice, and a moderator.

    :param secret_key: what cookies and tokens are signed with; another key signs everyone out.
        Several processes have the same.
    :param moderator: a name that only a link from :meth:`link`, or the password, gives.
    :param password_hash: the moderator's, as ``python -m sphinxcontrib_websupport password``
        prints it; without one there are links only.
    :param used: where it is noted that a link was used; by default in this process's memory.
    :param home: where a moderator who signed in is led, such as ``/`` or, where pages are on
        another origin, ``https://docs.example.org/``.
    :param secure: whether the site is served over HTTPS only.
    :param names: whether readers may choose a name; else the moderator alone signs in.
    :raises SettingsError: the hash is none, or ``home`` is on no origin.
    """

    def __init__(
        self,
        secret_key: str | bytes,
        moderator: str | None = None,
        *,
        password_hash: str | None = None,
        used: Backend | None = None,
        home: str = "/",
        secure: bool = False,
        names: bool = True,
    ) -> None:
        self._cookies = URLSafeTimedSerializer(secret_key, salt="websupport-session")
        self._tokens = BearerTokens(secret_key)
        self._links = OneTimeLinks(secret_key, used or VolatileBackend())
        self._moderator = None if moderator is None else clean_name(moderator)
        self._password_hash = None if password_hash is None else check_hash(password_hash)
        self._reserved = {fold(name) for name in (DELETED, "Anonymous", moderator) if name}
        self._home = home
        parts = urlsplit(home)
        self._home_origin = clean_origin(f"{parts.scheme}://{parts.netloc}") if parts.netloc else ""
        self._secure = secure
        self.names = names
        self.takes_password = self._password_hash is not None
        self.routes = self._routes()

    def _routes(self) -> tuple[Route, ...]:
        name = Field(str, "The name to go by.", required=True, max_length=MAX_NAME_LENGTH)
        password = Field(str, "The moderator's; nobody else has one.", max_length=LONGEST)
        link = Field(str, "What a moderator's link holds.")
        token = Field(str, "The form's token.")
        return (
            Route(
                "GET",
                "session",
                self.get,
                "Tell who the reader is.",
                query={"token": link},
                answers=SessionAnswer,
                errors=(303,),
            ),
            Route(
                "GET",
                "link",
                self.get_link,
                "Show the moderator who followed a link a button to sign in.",
                query={"token": link},
                media_type=HTML,
                attempts=True,
                errors=(403,),
            ),
            Route(
                "POST",
                "link",
                self.post_link,
                "Take a moderator's link, once, and lead to the site's home.",
                takes=Takes.FORM,
                body={"link": link, "token": token},
                media_type=HTML,
                attempts=True,
                status=303,
                errors=(403,),
            ),
            Route(
                "PUT",
                "session",
                self.put,
                "Sign in under a name.",
                takes=Takes.JSON,
                body={"name": name, "password": password},
                answers=SessionAnswer,
                attempts=True,
                errors=(403,),
            ),
            Route("DELETE", "session", self.delete, "Sign out.", status=204),
            Route(
                "GET",
                "sign-in",
                self.get_form,
                "Show the moderator a form to sign in with the password.",
                media_type=HTML,
            ),
            Route(
                "POST",
                "sign-in",
                self.post_form,
                "Take that form, and lead to the site's home.",
                takes=Takes.FORM,
                body={"name": name, "password": password, "token": token},
                media_type=HTML,
                attempts=True,
                status=303,
                errors=(403,),
            ),
        )

    # -- who is reading ----------------------------------------------------------------------

    def identify(self, request: Request) -> Identity | None:
        """Return the reader whom the request's token, or else its cookie, names.

        :raises SignInExpiredError: the token is worth nothing, and the request is to change
            something: what its author believes to sign is not to come without a name.
        """
        token = token_of(request)
        if token is not None:
            viewer = self._checked(self._tokens.read(token))
            if viewer is None and request.method not in SAFE_METHODS and request.path != "session":
                raise SignInExpiredError("Your sign-in has expired. Sign in again.")
            return Identity(viewer or Viewer(), is_ambient=False)
        cookie = request.cookies.get(COOKIE)
        viewer = None if cookie is None else self._checked(self._read_cookie(cookie))
        return None if viewer is None else Identity(viewer)

    def _read_cookie(self, cookie: str) -> Viewer | None:
        try:
            name, is_moderator = self._cookies.loads(cookie, COOKIE_SECONDS)
        except (BadData, TypeError, ValueError):
            return None
        return Viewer(name, is_moderator is True) if isinstance(name, str) else None

    def _checked(self, viewer: Viewer | None) -> Viewer | None:
        """Return who signed in, as that counts today: the moderator may be another by now."""
        if viewer is None:
            return None
        is_moderator = viewer.moderator and viewer.username == self._moderator
        if fold(viewer.username) in self._reserved and not is_moderator:
            return None
        return Viewer(viewer.username, is_moderator)

    # -- links -------------------------------------------------------------------------------

    def link(self, address: str, prefix: str) -> str:
        """Return a link that signs the moderator in, once, and soon.

        :param address: the site's address, such as ``http://127.0.0.1:8000/``.
        :param prefix: the path under which the service is mounted.
        :raises InvalidInputError: there is no moderator.
        """
        if self._moderator is None:
            raise InvalidInputError("No moderator was named.")
        token = quote(self._links.create(self._moderator), safe="")
        return f"{address.rstrip('/')}{prefix}/link?token={token}"

    # -- addresses ---------------------------------------------------------------------------

    def get(self, call: Call) -> Response:
        """Tell who the reader is; a link from before leads to its page."""
        token = call.query.get("token")
        if token is None:
            return json_response(_answer(call.viewer))
        return Response(303, headers={"Location": f"./link?token={quote(token, safe='')}"})

    def get_link(self, call: Call) -> Response:
        """Show a button: programs that look at links in mail follow them, and press nothing."""
        token = call.query.get("token", "")
        return self._link_page(call, token, self._links.look(token))

    def post_link(self, call: Call) -> Response:
        """Take a moderator's link."""
        name = self._links.redeem(call.body.get("link", ""))
        if name is None or name != self._moderator:
            return self._link_page(call, "", None)
        return self._welcome(call)

    def _link_page(self, call: Call, link: str, name: str | None) -> Response:
        is_good = name is not None and name == self._moderator
        answer = page(
            call, "link.html", 200 if is_good else 403, name=name if is_good else "", link=link
        )
        return self._leading_home(call, answer)

    def put(self, call: Call) -> Response:
        """Sign in under a name that is not the moderator's, or with the password."""
        name = clean_name(call.body["name"])
        viewer = call.viewer
        if not (viewer.moderator and name == viewer.username):
            viewer = self._admit(name, call.body.get("password"))
        answer = _answer(viewer)
        if call.settings.cross_origin.is_elsewhere(call.request):
            answer["token"] = self._tokens.create(viewer)
            return json_response(answer)
        return json_response(answer, headers={"Set-Cookie": self._cookie(call, viewer)})

    def delete(self, call: Call) -> Response:
        """Sign out; a token is worth nothing when the page has forgotten it."""
        return Response(204, headers={"Set-Cookie": self._cookie(call, None)})

    def get_form(self, call: Call) -> Response:
        """Show the form."""
        return self._form(call)

    def post_form(self, call: Call) -> Response:
        """Take the form, or show what was wrong with it."""
        try:
            self._admit(clean_name(call.body["name"]), call.body.get("password", ""))
        except (UserNotAuthorizedError, InvalidInputError) as error:
            return self._form(call, call.body["name"], error)
        return self._welcome(call)

    def _form(self, call: Call, name: str = "", error: WebSupportError | None = None) -> Response:
        answer = page(
            call,
            "sign-in.html",
            200 if error is None else error.status,
            name=name,
            error="" if error is None else str(error),
        )
        return self._leading_home(call, answer)

    def _leading_home(self, call: Call, answer: Response) -> Response:
        """Let a form's answer lead to the site's home, which may be on another origin."""
        if self._home_origin not in call.settings.cross_origin.origins:
            return answer
        policy = {"Content-Security-Policy": page_policy(self._home_origin)}
        return replace(answer, headers={**answer.headers, **policy})

    def _admit(self, name: str, password: str | None) -> Viewer:
        """Return the reader who may go by a name.

        :raises UserNotAuthorizedError: it is not to be had, or not by this password.
        """
        if password is not None:
            if (
                name == self._moderator
                and self._password_hash is not None
                and is_password(password, self._password_hash)
            ):
                return Viewer(name, moderator=True)
            raise UserNotAuthorizedError("Name and password do not belong together.")
        if not self.names:
            raise UserNotAuthorizedError("Names are not to be chosen here.")
        if fold(name) in self._reserved:
            raise UserNotAuthorizedError("This name is taken.")
        if mixes_alphabets(name):
            raise InvalidInputError("The name mixes letters of several alphabets in one word.")
        return Viewer(name)

    def _welcome(self, call: Call) -> Response:
        """Lead the moderator home, signed in."""
        viewer = Viewer(self._moderator or "", moderator=True)
        if self._home_origin in call.settings.cross_origin.origins:
            # Behind the "#": no server sees it, and the page takes it out of its address.
            location = f"{self._home}{LANDING}{quote(self._tokens.create(viewer), safe='')}"
            return Response(303, b"", HTML, {"Location": location})
        cookie = self._cookie(call, viewer)
        return Response(303, b"", HTML, {"Location": self._home, "Set-Cookie": cookie})

    def _cookie(self, call: Call, viewer: Viewer | None) -> str:
        value = "" if viewer is None else self._cookies.dumps([viewer.username, viewer.moderator])
        return dump_cookie(
            COOKIE,
            value if isinstance(value, str) else value.decode(),
            max_age=COOKIE_SECONDS if viewer else 0,
            path=f"{call.request.prefix}/",
            httponly=True,
            samesite="Lax",
            secure=self._secure,
        )


def _answer(viewer: Viewer) -> SessionAnswer:
    return {"username": viewer.username, "moderator": viewer.moderator}
