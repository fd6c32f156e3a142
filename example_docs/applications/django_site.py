"""A Django project with its users, its documentation, and the discussions in it, in one file."""

import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

LOGIN = "<form method=post>{% csrf_token %}{{ form }}<button>Sign in</button></form>"
PAGES = Path("_build/html").resolve()

settings.configure(
    SECRET_KEY=os.environ["SITE_SECRET"],
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.db"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    ("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN})
                ]
            },
        }
    ],
    LOGIN_REDIRECT_URL="page",
)
django.setup()

# Django's models, and views that use them, can be imported from here on.
from django.contrib.auth.views import LoginView  # noqa: E402
from django.views.static import serve  # noqa: E402

from sphinxcontrib_websupport.model import Viewer  # noqa: E402
from sphinxcontrib_websupport.web.shells.django import urlpatterns as comments  # noqa: E402
from sphinxcontrib_websupport.websupport import WebSupport  # noqa: E402

# -- The project as it was --------------------------------------------------------------------

urlpatterns = [
    path("login/", LoginView.as_view()),
    path("docs/", serve, {"path": "index.html", "document_root": PAGES}, name="page"),
    path("docs/<path:path>", serve, {"document_root": PAGES}),
]

# -- The discussions --------------------------------------------------------------------------


def identify(request):
    return Viewer(request.user.get_username(), moderator=request.user.is_staff)


support = WebSupport(storage="sqlite:///comments.db")
service = comments(support, identify, secret_key=settings.SECRET_KEY)
urlpatterns += [path("_comments/", include(service))]

# ---------------------------------------------------------------------------------------------

application = get_wsgi_application()
asgi_application = get_asgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
