"""The OpenAPI 3.1 description of the service, made from its list of routes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from types import NoneType, UnionType
from typing import Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from sphinxcontrib_websupport import __version__
from sphinxcontrib_websupport.web.api.fields import Field, Fields
from sphinxcontrib_websupport.web.api.schemas import Problem
from sphinxcontrib_websupport.web.messages import FORM, JSON, PROBLEM, Response, json_response
from sphinxcontrib_websupport.web.routing import Call, Route, Takes

_PLAIN = {str: "string", int: "integer", bool: "boolean", NoneType: "null"}


def get_description(call: Call) -> Response:
    """Describe the service."""
    return json_response(describe(call.settings.routes))


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the OpenAPI description of some routes."""
    schemas = _Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = "/" + route.path.replace(":path}", "}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Comments on paragraphs",
            "version": __version__,
            "description": "The service of sphinx-websupport.",
        },
        # Relative to the description itself, so that it holds under any prefix.
        "servers": [{"url": "."}],
        "paths": paths,
        "components": {"schemas": schemas.found},
    }


class _Schemas:
    """JSON schemas of types; TypedDicts are collected under their names."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def of(self, kind: Any) -> dict[str, Any]:
        if kind in _PLAIN:
            return {"type": _PLAIN[kind]}
        if is_typeddict(kind):
            return self._reference(kind)
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is NotRequired:
            return self.of(arguments[0])
        if origin is list:
            return {"type": "array", "items": self.of(arguments[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        if origin in {Union, UnionType}:
            return {"anyOf": [self.of(argument) for argument in arguments]}
        return {"type": "object"}

    def _reference(self, kind: Any) -> dict[str, Any]:
        name = kind.__name__
        if name not in self.found:
            self.found[name] = {}  # a comment holds comments: the name must be there first
            # Not __required_keys__: it takes every annotation that is a text for required.
            hints = get_type_hints(kind, include_extras=True)
            required = [key for key, hint in hints.items() if get_origin(hint) is not NotRequired]
            self.found[name] = {
                "type": "object",
                "description": (kind.__doc__ or "").strip(),
                "properties": {key: self.of(hint) for key, hint in hints.items()},
                "required": sorted(required),
            }
        return {"$ref": f"#/components/schemas/{name}"}


def _operation(route: Route, schemas: _Schemas) -> dict[str, Any]:
    in_path = re.findall(r"\{(\w+)", route.path)
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}_{route.path}").strip("_"),
        "summary": route.about,
        "parameters": [
            {"name": n, "in": "path", "required": True, "schema": {"type": "string"}}
            for n in in_path
        ]
        + [
            {
                "name": name,
                "in": "query",
                "required": field.required,
                "description": field.about,
                "schema": _field_schema(field),
            }
            for name, field in route.query.items()
        ],
        "responses": _responses(route, schemas),
    }
    if route.takes is not Takes.NOTHING:
        operation["requestBody"] = _request_body(route)
    return operation


def _responses(route: Route, schemas: _Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if route.answers is not None:
        content[JSON] = {"schema": schemas.of(route.answers)}
    elif route.status == HTTPStatus.OK:
        content[route.media_type.partition(";")[0]] = {"schema": {"type": "string"}}
    good: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
    if content:
        good["content"] = content
    responses = {str(route.status): good}
    statuses = {400, 429, 431, 500, 503, *route.errors}
    if route.method == "GET":
        responses["304"] = {"description": "What the reader has is current."}
    if route.method != "GET":
        statuses |= {401, 403}
    if route.takes is not Takes.NOTHING:
        statuses |= {413, 415}
    problem = schemas.of(Problem)
    for status in sorted(statuses):
        if status < HTTPStatus.BAD_REQUEST:
            responses[str(status)] = {"description": HTTPStatus(status).phrase}
            continue
        kind = route.media_type.partition(";")[0] if route.is_page else PROBLEM
        schema = {"type": "string"} if route.is_page else problem
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {kind: {"schema": schema}},
        }
    return responses


def _request_body(route: Route) -> dict[str, Any]:
    kind = JSON if route.takes is Takes.JSON else FORM
    return {"required": bool(route.body), "content": {kind: {"schema": _body_schema(route.body)}}}


def _body_schema(fields: Fields) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            name: {**_field_schema(field), "description": field.about}
            for name, field in fields.items()
        },
        "required": [name for name, field in fields.items() if field.required],
        "additionalProperties": False,
    }


def _field_schema(field: Field) -> dict[str, Any]:
    kind = _PLAIN[field.type]
    schema: dict[str, Any] = {"type": [kind, "null"] if field.nullable else kind}
    if field.choices:
        schema["enum"] = list(field.choices)
    if field.max_length is not None:
        schema["maxLength"] = field.max_length
    return schema
