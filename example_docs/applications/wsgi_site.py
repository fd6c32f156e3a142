"""Built pages and their discussions as one WSGI application; its server knows the users."""

from pathlib import Path

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.serve.site import Site
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport

support = WebSupport(storage="sqlite:///comments.db")


def identify(request):
    """Tell who is reading: here, whom the server has let through."""
    name = request.environ.get("REMOTE_USER", "")
    return Viewer(name, moderator=name in {"mona"})


service = WSGIApp(support, identify, document_url="/{docname}.html")
application = Site(Path("_build/html"), service)
