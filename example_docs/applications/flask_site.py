"""A Flask application with users of its own, its documentation, and the discussions in it."""

import os

from flask import Flask, Response, abort, redirect, request, send_from_directory, session
from werkzeug.security import check_password_hash, generate_password_hash

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.shells.flask import create_blueprint
from sphinxcontrib_websupport.websupport import WebSupport

app = Flask(__name__)
app.secret_key = os.environ["SITE_SECRET"]
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"

# -- The application as it was ----------------------------------------------------------------

USERS = {name: generate_password_hash(f"{name}'s password") for name in ("ada", "mona")}
MODERATORS = {"mona"}


@app.post("/login")
def login() -> Response:
    name, password = request.form["username"], request.form["password"]
    if name not in USERS or not check_password_hash(USERS[name], password):
        abort(403)
    session["user"] = name
    return redirect("docs/index.html")


@app.get("/docs/<path:name>")
def page(name: str) -> Response:
    return send_from_directory(os.path.abspath("_build/html"), name)  # noqa: PTH100


# -- The discussions --------------------------------------------------------------------------


def identify(request):
    name = session.get("user", "")
    return Viewer(name, moderator=name in MODERATORS)


support = WebSupport(storage="sqlite:///comments.db")
service = create_blueprint(support, identify, secret_key=app.secret_key)
app.register_blueprint(service, url_prefix="/_comments")
