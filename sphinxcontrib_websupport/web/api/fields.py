"""What a request may say, and the one place where it is read: strict, and never a surprise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Never
from urllib.parse import parse_qsl

from werkzeug.http import parse_options_header

from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.web.messages import FORM, JSON, Request
from sphinxcontrib_websupport.web.problems import BodyTooLargeError, UnsupportedMediaTypeError

MAX_FIELDS = 20
"""How many fields a form or a query may have."""


@dataclass(frozen=True, slots=True)
class Field:
    """One named value in a body, a query or a form."""

    type: type[str] | type[int]
    about: str
    required: bool = False
    nullable: bool = False
    choices: tuple[int, ...] = ()
    max_length: int | None = None
    """In characters. It describes; the text itself is judged by ``WebSupport``."""


Fields = Mapping[str, Field]


def read_query(request: Request, fields: Fields) -> dict[str, str]:
    """Return the query's values; names that the route does not know are passed over.

    :raises InvalidInputError: a required one is missing, or it is no UTF-8 text.
    """
    return _known(_parse_form(request.query, "query"), fields, "query")


def read_form(request: Request, fields: Fields) -> dict[str, str]:
    """Return a form's values; names that the route does not know are passed over.

    :raises UnsupportedMediaTypeError: the body is no URL-encoded form.
    :raises BodyTooLargeError: it is too long.
    :raises InvalidInputError: a required value is missing, or it is no UTF-8 text.
    """
    body = _body(request, FORM)
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as error:
        raise InvalidInputError("The form is not URL-encoded.") from error
    return _known(_parse_form(text, "form"), fields, "form")


def read_json(request: Request, fields: Fields) -> dict[str, Any]:
    """Return a JSON object's values, of exactly the types that the route says.

    An absent body is an empty object.

    :raises UnsupportedMediaTypeError: the body does not claim to be JSON.
    :raises BodyTooLargeError: it is too long.
    :raises InvalidInputError: it is no JSON object, or a value is missing, unknown or wrong.
    """
    body = _body(request, JSON)
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse) if body else {}
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("The body is not valid JSON.") from error
    if not isinstance(value, dict):
        raise InvalidInputError("The body is not a JSON object.")
    for name in value:
        if name not in fields:
            raise InvalidInputError(f"The body has an unknown member: {_shorten(name)}.")
    for name, expected in fields.items():
        if name in value:
            _check(name, value[name], expected)
        elif expected.required:
            raise InvalidInputError(f"The body has no member {name!r}.")
    return value


def whole_number(text: str) -> int:
    """Return the number from 0 that a query holds.

    :raises InvalidInputError: it is none.
    """
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InvalidInputError("The start of a page of results is a number from 0.")
    return int(text)


def check_text(text: str) -> str:
    """Return a text that every store can hold.

    :raises InvalidInputError: it has a lone surrogate or a NUL.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError("A text holds half of a surrogate pair.") from error
    if "\0" in text:
        raise InvalidInputError("A text holds a NUL character.")
    return text


def _check(name: str, value: object, expected: Field) -> None:
    if value is None and expected.nullable:
        return
    # Not isinstance: True is an int to Python, but no vote.
    if type(value) is not expected.type:
        wanted = "a string" if expected.type is str else "an integer"
        raise InvalidInputError(f"The member {name!r} is not {wanted}.")
    if expected.choices and value not in expected.choices:
        listed = ", ".join(map(str, expected.choices))
        raise InvalidInputError(f"The member {name!r} is none of {listed}.")
    if isinstance(value, str):
        check_text(value)


def _body(request: Request, media_type: str) -> bytes:
    given, parameters = parse_options_header(request.headers.get("content-type"))
    if given.lower() != media_type or parameters.get("charset", "utf-8").lower() != "utf-8":
        raise UnsupportedMediaTypeError(f"The body's Content-Type is not {media_type}.")
    if request.body is None:
        raise BodyTooLargeError("The body is too long.")
    # Some servers hand a body over that broke off as if it were whole.
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and len(request.body) < int(length[:20]):
        raise InvalidInputError("The body ended before it was complete.")
    return request.body


def _parse_form(text: str, where: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise InvalidInputError(f"The {where} cannot be read.") from error
    # The first of a name counts, as everywhere else on the web.
    return {name: check_text(value) for name, value in reversed(pairs)}


def _known(values: dict[str, str], fields: Fields, where: str) -> dict[str, str]:
    for name, expected in fields.items():
        if expected.required and name not in values:
            raise InvalidInputError(f"The {where} has no {name!r}.")
    return {name: value for name, value in values.items() if name in fields}


def _refuse(constant: str) -> Never:
    raise ValueError(constant)  # NaN and Infinity are no JSON


def _shorten(name: str) -> str:
    return ascii(name if len(name) <= 40 else name[:40] + "…")
