"""The description is made from the list of routes, validates, and is what is answered."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from werkzeug.test import Client

from sphinxcontrib_websupport.web.api.routes import ROUTES
from sphinxcontrib_websupport.web.messages import Request, Response, json_response
from sphinxcontrib_websupport.websupport import WebSupport
from tests.web.conftest import read, user
from tests.web.described import Described


@pytest.fixture
def description(client: Client) -> dict[str, Any]:
    answer: dict[str, Any] = read(client.get("/openapi.json"))
    return answer


def test_it_validates(description: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(description).validate()


def test_it_has_every_route_and_no_other(description: dict[str, Any]) -> None:
    described = {
        (method.upper(), path)
        for path, operations in description["paths"].items()
        for method in operations
    }
    assert described == {(r.method, "/" + r.path.replace(":path", "")) for r in ROUTES}


@pytest.mark.parametrize(
    ("method", "path", "route", "body"),
    [
        ("GET", "/documents/usage/install", "/documents/{docname}", None),
        ("GET", "/nodes/n1", "/nodes/{node}", None),
        ("POST", "/nodes/n1/comments", "/nodes/{node}/comments", {"text": "Hi.", "proposal": None}),
        ("POST", "/comments/1/replies", "/comments/{comment}/replies", {"text": "Hi."}),
        ("POST", "/nodes/n1/attach", "/nodes/{node}/attach", {"to": "n2"}),
        ("GET", "/comments/1", "/comments/{comment}", None),
        ("PUT", "/comments/1/vote", "/comments/{comment}/vote", {"value": 1}),
        ("PUT", "/comments/1/vote", "/comments/{comment}/vote", {"value": 2}),
        ("PUT", "/comments/1", "/comments/{comment}", {"text": "Two.", "proposal": ""}),
        ("PUT", "/comments/99", "/comments/{comment}", {"text": "Two."}),
        ("GET", "/comments/1/original", "/comments/{comment}/original", None),
        ("DELETE", "/comments/1", "/comments/{comment}", None),
        ("DELETE", "/comments/99", "/comments/{comment}", None),
        ("POST", "/comments/1/accept", "/comments/{comment}/accept", {}),
        ("GET", "/health", "/health", None),
        ("GET", "/_get_comments?node=n1", "/_get_comments", None),
        ("GET", "/search?q=x", "/search", None),
    ],
)
def test_what_is_answered_is_what_is_described(
    client: Client,
    support: WebSupport,
    description: dict[str, Any],
    method: str,
    path: str,
    route: str,
    body: object,
) -> None:
    assert support.add_comment("One.", node_id="n1", username="ada")["id"] == "1"
    headers = user("ada")
    if body is None:
        answer = client.open(path, method=method, headers=headers)
    else:
        answer = client.open(path, method=method, headers=headers, json=body)
    described = description["paths"][route][method.lower()]["responses"]
    assert str(answer.status_code) in described
    content = described[str(answer.status_code)].get("content")
    if content is None:
        assert answer.get_data() == b""
    else:
        schema = {**content[answer.mimetype]["schema"], "components": description["components"]}
        OAS31Validator(schema).validate(read(answer))


def test_forms_are_described_as_forms(description: dict[str, Any]) -> None:
    body = description["paths"]["/_add_comment"]["post"]["requestBody"]
    assert list(body["content"]) == ["application/x-www-form-urlencoded"]


class TestEveryAnswerOfTheseTests:
    """Each service that a test talks to is watched; so are the watchers, here."""

    request = Request("GET", "health")

    @pytest.mark.parametrize(
        ("answer", "complaint"),
        [
            (json_response({"status": "ok"}, 201), "answered 201, which is not described"),
            (json_response({"status": "ok", "host": "db1"}), "'host'"),
            (json_response({}), "'status' is a required property"),
            (Response(200, b"ok", "text/plain"), "as text/plain, which is not described"),
            (Response(304, b"", "text/html"), ""),
        ],
    )
    def test_is_held_against_the_description(self, answer: Response, complaint: str) -> None:
        described = Described(ROUTES)
        if not complaint:
            described.check(self.request, answer)
            return
        with pytest.raises(Exception, match=complaint):
            described.check(self.request, answer)
