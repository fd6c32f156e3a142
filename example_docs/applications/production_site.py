"""The service with all that a public site needs, set from outside."""

import logging

from sphinxcontrib_websupport.settings import gather
from sphinxcontrib_websupport.web.settings import service_options, support_options
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport

logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
logging.getLogger("sphinxcontrib_websupport").setLevel(logging.INFO)

settings = {"DOCUMENT_URL": "/{docname}.html", **gather()}
support = WebSupport(**support_options(settings))
application = WSGIApp(support, **service_options(settings))
