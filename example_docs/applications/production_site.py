"""The service with all that a public site needs, set from outside."""

import logging

from sphinxcontrib_websupport.settings import gather
from sphinxcontrib_websupport.web.metrics import Metrics
from sphinxcontrib_websupport.web.settings import service_options
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport

logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
logging.getLogger("sphinxcontrib_websupport").setLevel(logging.INFO)

settings = gather()
support = WebSupport(storage=settings["STORAGE"])
application = WSGIApp(
    support,
    metrics=Metrics(settings["METRICS_TOKEN"]),
    document_url="/{docname}.html",
    **service_options(settings),
)
