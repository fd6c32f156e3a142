"""The service's own pages: templates, in the reader's language, that run no script."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sphinxcontrib_websupport.errors import WebSupportError
from sphinxcontrib_websupport.languages import Language, choose_language, find_language
from sphinxcontrib_websupport.model import DELETED, Comment
from sphinxcontrib_websupport.web.messages import HTML, Request, Response
from sphinxcontrib_websupport.web.problems import is_internal, problem_response
from sphinxcontrib_websupport.web.routing import Call, Settings

_templates = Environment(
    loader=PackageLoader("sphinxcontrib_websupport", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page_policy(*form_action: str) -> str:
    """Return the Content-Security-Policy of the service's own pages.

    :param form_action: further origins that an answer to a form may lead to.
    """
    targets = " ".join(("'self'", *form_action))
    return (
        f"default-src 'none'; style-src 'self'; img-src 'self'; form-action {targets}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


class Row(NamedTuple):
    """A comment as pages list it."""

    comment: Comment
    text: Markup
    """Its text: HTML that was cleaned when the comment was written."""
    diff: Markup | None
    depth: int = 0
    """How far it is indented."""
    answers: str | None = None
    """The name of the author whom it answers; ``None`` at the top."""


def row(comment: Comment, depth: int = 0, answers: str | None = None) -> Row:
    """Return a comment as pages list it."""
    diff = comment["proposal_diff"]
    text, safe = Markup(comment["text"]), None if diff is None else Markup(diff)  # noqa: S704 - cleaned when written
    return Row(comment, text, safe, depth, answers)


def language_of(request: Request, settings: Settings) -> Language:
    """Return the language to answer in: the site's, or one that the browser asks for."""
    if settings.language is not None:
        return find_language(settings.language)
    return choose_language(request.headers.get("accept-language", ""))


def page(call: Call, template: str, status: int = 200, **values: object) -> Response:
    """Answer with a page.

    :param template: its name.
    :param values: what it shows, besides what every page knows.
    """
    viewer = call.viewer
    token = call.settings.form_tokens.create(viewer)
    return _page(
        call.request, call.settings, template, status, viewer=viewer, token=token, **values
    )


def problem_page(error: WebSupportError, request: Request, settings: Settings) -> Response:
    """Answer with an error as a page for a person."""
    detail = "" if is_internal(error) else str(error)
    answer = _page(request, settings, "problem.html", error.status, detail=detail)
    headers = {**problem_response(error).headers, **answer.headers}
    return Response(error.status, answer.body, HTML, headers)


def document_address(settings: Settings, docname: str, node: str) -> str | None:
    """Return where a paragraph is to be read, if that can be told."""
    if settings.document_url is None:
        return None
    return f"{settings.document_url.format(docname=quote(docname))}#s{quote(node, safe='')}"


def _page(
    request: Request, settings: Settings, template: str, status: int, **values: object
) -> Response:
    language = language_of(request, settings)
    html = _templates.get_template(template).render(
        # Relative to this very address, so that no Host header and no prefix is needed.
        root="../" * request.path.count("/"),
        language=language,
        say=language.say,
        count=language.count,
        deleted=DELETED,
        takes_password=settings.takes_password,
        status=status,
        **values,
    )
    headers = {"Content-Language": language.tag, "Vary": "Accept-Language"}
    return Response(status, html.encode("utf-8", "replace"), HTML, headers)
