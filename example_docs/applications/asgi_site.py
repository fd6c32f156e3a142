"""The service alone as an ASGI application; a server in front of it sends the built pages."""

import os

from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.shells.asgi import ASGIApp
from sphinxcontrib_websupport.websupport import WebSupport

support = WebSupport(storage="sqlite:///comments.db")
session = Session(os.environ["SITE_SECRET"])
application = ASGIApp(support, session=session, secret_key=os.environ["SITE_SECRET"])
