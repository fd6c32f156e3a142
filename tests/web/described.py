"""Answers held against the OpenAPI description of the service that gave them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from sphinxcontrib_websupport.web.api.openapi import describe
from sphinxcontrib_websupport.web.messages import BODILESS, Request, Response
from sphinxcontrib_websupport.web.routing import Route
from sphinxcontrib_websupport.web.service import Service


class Described:
    """The description of some routes, stricter than it is published: no member is left out."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._patterns = [(route, route.pattern()) for route in routes]
        self._whole = deepcopy(describe(routes))
        for schema in self._whole["components"]["schemas"].values():
            schema["additionalProperties"] = False
        self._validator = cache(self._make_validator)

    def check(self, request: Request, response: Response) -> None:
        """Fail if this answer is not what the description says of such a request."""
        method = "GET" if request.method == "HEAD" else request.method
        route = self._route(method, request.path)
        status = response.status
        if route is None:
            assert status in {204, 404, 405}, "a preflight, or a mistake"
            return
        told = f"{route.method} {route.path} answered {status}"
        described = self._responses(route)
        assert str(status) in described, f"{told}, which is not described"
        content = described[str(status)].get("content")
        if content is None:
            assert status in BODILESS or response.body == b"", f"{told} with a body"
            return
        kind = response.media_type.partition(";")[0]
        assert kind in content, f"{told} as {kind}, which is not described"
        if kind.endswith("json"):
            self._validator(route.method, route.path, status, kind).validate(_value(response))

    def _route(self, method: str, path: str) -> Route | None:
        return next(
            (r for r, pattern in self._patterns if r.method == method and pattern.fullmatch(path)),
            None,
        )

    def _responses(self, route: Route) -> Mapping[str, Any]:
        address = "/" + route.path.replace(":path", "")
        responses: dict[str, Any] = self._whole["paths"][address][route.method.lower()]["responses"]
        return responses

    def _make_validator(self, method: str, path: str, status: int, kind: str) -> OAS31Validator:
        route = next(r for r, _ in self._patterns if (r.method, r.path) == (method, path))
        schema = self._responses(route)[str(status)]["content"][kind]["schema"]
        return OAS31Validator({**schema, "components": self._whole["components"]})


def _value(response: Response) -> Any:
    is_packed = response.headers.get("Content-Encoding") == "gzip"
    return json.loads(gzip.decompress(response.body) if is_packed else response.body)


@pytest.fixture(autouse=True)
def described(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold all that any service of this process answers against its description."""
    known: dict[int, tuple[Sequence[Route], Described]] = {}
    wrong: list[str] = []
    answer = Service.__call__

    def checked(self: Service, request: Request) -> Response:
        response = answer(self, request)
        routes = self.settings.routes
        if id(routes) not in known:
            known[id(routes)] = routes, Described(routes)
        try:
            known[id(routes)][1].check(request, response)
        except RecursionError:
            pass  # the validator's own, on replies to replies to …
        except Exception as error:  # noqa: BLE001 - told below, for a server's thread keeps it
            wrong.append(str(error))
        return response

    monkeypatch.setattr(Service, "__call__", checked)
    yield
    if wrong:
        pytest.fail("\n".join(wrong))
