"""What Granian runs in the tests: the service over the store in the folder where it is."""

from __future__ import annotations

from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.shells.hosts import KEY, of_flask_or_django

support = WebSupport(storage="sqlite:///comments.db")
app = WSGIApp(support, of_flask_or_django, session=Session(KEY), secret_key=KEY)
