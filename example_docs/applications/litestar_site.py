"""A Litestar application with users of its own, its documentation, and the discussions in it."""

import os
from dataclasses import dataclass

from litestar import Litestar, Request, asgi, post
from litestar.exceptions import PermissionDeniedException
from litestar.middleware.session.server_side import ServerSideSessionConfig
from litestar.static_files import create_static_files_router
from litestar.types import Receive, Scope, Send
from werkzeug.security import check_password_hash, generate_password_hash

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.shells.asgi import ASGIApp
from sphinxcontrib_websupport.websupport import WebSupport

# -- The application as it was ----------------------------------------------------------------

USERS = {name: generate_password_hash(f"{name}'s password") for name in ("ada", "mona")}
MODERATORS = {"mona"}


@dataclass
class Login:
    username: str
    password: str


@post("/login")
async def login(request: Request, data: Login) -> dict[str, str]:
    known = USERS.get(data.username)
    if known is None or not check_password_hash(known, data.password):
        raise PermissionDeniedException
    request.set_session({"user": data.username})
    return {"username": data.username}


pages = create_static_files_router(path="/docs", directories=["_build/html"], html_mode=True)

# -- The discussions --------------------------------------------------------------------------


async def identify(scope):  # plain or async, as the application's own users need it
    name = (scope.get("session") or {}).get("user", "")
    return Viewer(name, moderator=name in MODERATORS)


support = WebSupport(storage="sqlite:///comments.db")
service = ASGIApp(support, identify, prefix="/_comments", secret_key=os.environ["SITE_SECRET"])


@asgi("/_comments", is_mount=True, copy_scope=True)
async def comments(scope: Scope, receive: Receive, send: Send) -> None:
    await service(scope, receive, send)


# ---------------------------------------------------------------------------------------------

app = Litestar([login, pages, comments], middleware=[ServerSideSessionConfig().middleware])
