"""The shell for Flask: a blueprint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Request, Response, request
from flask.blueprints import BlueprintSetupState
from werkzeug.datastructures import Headers
from werkzeug.routing import BaseConverter

from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.service import Service, nobody
from sphinxcontrib_websupport.web.shells.wsgi import read_request
from sphinxcontrib_websupport.websupport import WebSupport


def create_blueprint(
    support: WebSupport,
    identify: Callable[[Request], Viewer] = nobody,
    *,
    name: str = "websupport",
    **settings: Any,
) -> Blueprint:
    """Return the service as a blueprint; register it with the ``url_prefix`` of your choice.

    :param support: what all calls go to.
    :param identify: who the reader is, told from Flask's request; ``flask.session`` and
        ``flask.g`` are there as in any view.
    :param name: the blueprint's name.
    :param settings: as :class:`~sphinxcontrib_websupport.web.service.Service` takes them.
    """
    service = Service(support, identify, **settings)
    blueprint = Blueprint(name, __name__)

    def answer(path: str) -> Response:
        # The request itself, for the service's settings may keep it longer than its context.
        native: Request = request._get_current_object()  # type: ignore[attr-defined]
        prefix = native.root_path + native.path.removesuffix(path)
        given = service(read_request(native, path, prefix))
        response = Response(given.body, given.status)  # Werkzeug keeps a body from HEAD
        response.headers = Headers(given.fields())  # without Flask's defaults
        return response

    def register(state: BlueprintSetupState) -> None:
        # Not by add_url_rule: that wants a list of methods and refuses all others itself,
        # while the service answers for every one (and says what it allows).
        endpoint = f"{state.name_prefix}.{state.name}.answer".lstrip(".")
        state.app.url_map.converters.setdefault("websupport_path", _AnyPath)
        rule = state.app.url_rule_class(
            f"{state.url_prefix or ''}/<websupport_path:path>",
            endpoint=endpoint,
            subdomain=state.subdomain,
            merge_slashes=False,
        )
        state.app.url_map.add(rule)
        state.app.view_functions[endpoint] = answer

    blueprint.record(register)
    return blueprint


class _AnyPath(BaseConverter):
    """Everything, slashes and nothing included: what is behind it is the service's to tell."""

    regex = r"[\s\S]*"
    part_isolating = False
