"""A FastAPI application with users of its own, its documentation, and the discussions in it."""

import os

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel
from starlette.middleware.sessions import SessionMiddleware
from starlette.staticfiles import StaticFiles
from werkzeug.security import check_password_hash, generate_password_hash

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.shells.asgi import ASGIApp
from sphinxcontrib_websupport.websupport import WebSupport

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key=os.environ["SITE_SECRET"])

# -- The application as it was ----------------------------------------------------------------

USERS = {name: generate_password_hash(f"{name}'s password") for name in ("ada", "mona")}
MODERATORS = {"mona"}


class Login(BaseModel):
    username: str
    password: str


@app.post("/login")
def login(request: Request, given: Login) -> dict[str, str]:
    known = USERS.get(given.username)
    if known is None or not check_password_hash(known, given.password):
        raise HTTPException(403)
    request.session["user"] = given.username
    return {"username": given.username}


app.mount("/docs", StaticFiles(directory="_build/html", html=True))

# -- The discussions --------------------------------------------------------------------------


def identify(scope):
    name = scope["session"].get("user", "")
    return Viewer(name, moderator=name in MODERATORS)


support = WebSupport(storage="sqlite:///comments.db")
service = ASGIApp(support, identify, secret_key=os.environ["SITE_SECRET"])
app.mount("/_comments", service)
