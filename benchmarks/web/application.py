"""The service as an application has it that knows its readers: here, by a header."""

from __future__ import annotations

import os

from werkzeug.wrappers import Request

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport


def identify(request: Request) -> Viewer:
    """Believe the load generator."""
    return Viewer(request.environ.get("HTTP_X_READER", ""))


application = WSGIApp(
    WebSupport(storage=os.environ["WEBSUPPORT_STORAGE"]), identify, secret_key="for a benchmark"
)
