"""The shell for Django: a URLconf, for WSGI and ASGI deployments alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, re_path
from django.views.decorators.csrf import csrf_exempt

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.messages import MAX_BODY, Request
from sphinxcontrib_websupport.web.service import Service, nobody
from sphinxcontrib_websupport.websupport import WebSupport


def urlpatterns(
    support: WebSupport,
    identify: Callable[[HttpRequest], Viewer] = nobody,
    *,
    name: str = "websupport",
    **settings: Any,
) -> list[URLPattern]:
    """Return the service as URL patterns, for ``path("_comments/", include(…))``.

    Django's own CSRF middleware lets the service's addresses pass: the service tells forged
    requests by itself.

    :param support: what all calls go to.
    :param identify: who the reader is, told from Django's request, with its ``user`` and
        ``session``. It may query the database: under ASGI, too, it runs in a thread.
    :param name: the URL pattern's name.
    :param settings: as :class:`~sphinxcontrib_websupport.web.service.Service` takes them.
    """
    service = Service(support, identify, **settings)

    @csrf_exempt
    def answer(request: HttpRequest, path: str) -> HttpResponse:
        response = service(_read(request, path))
        content = response.content(request.method or "")
        answer = HttpResponse(content, status=response.status, headers=dict(response.fields()))
        if "Content-Type" not in dict(response.fields()):
            del answer.headers["Content-Type"]  # Django's default
        return answer

    return [re_path(r"^(?P<path>[\s\S]*)$", answer, name=name)]


def _read(native: HttpRequest, path: str) -> Request:
    return Request(
        method=native.method or "",
        path=path,
        query=native.META.get("QUERY_STRING", ""),
        headers={name.lower(): value for name, value in native.headers.items()},
        body=_body(native),
        address=native.META.get("REMOTE_ADDR", ""),
        prefix=native.path.removesuffix(path).rstrip("/"),
        native=native,
    )


def _body(native: HttpRequest) -> bytes | None:
    length = native.META.get("CONTENT_LENGTH") or ""
    if not length:
        # A chunked body, which only ASGI has; reading it so keeps it from filling the memory.
        body = native.read(MAX_BODY + 1)
    elif not length.isdecimal() or int(length) > MAX_BODY:
        return None
    else:
        try:
            body = native.body
        except RequestDataTooBig:
            return None
    return None if len(body) > MAX_BODY else body
