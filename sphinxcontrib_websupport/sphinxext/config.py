"""conf.py's values: each declared once, with its type, default, meaning and check."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

from sphinxcontrib_websupport.settings import from_conf, gather

PREFIX = "websupport_"

_site = re.compile(r"[\w][\w.+/-]*")
_url = re.compile(r"(https?://[^\s/\"'<>]+)?/[^\s\"'<>]*|https?://[^\s/\"'<>]+")

NODES = frozenset(
    """
    admonition attention caution danger error hint important note seealso tip todo_node
    versionmodified warning

    block_quote attribution bullet_list enumerated_list list_item definition_list term
    definition field_list field_name field_body option_list description line_block line

    paragraph title section rubric topic sidebar compound container centered legend
    literal_block doctest_block math_block productionlist

    figure table row entry footnote citation

    desc desc_signature desc_content
    """.split()
)
"""The names of nodes that HTML shows as one element that carries the node's ids.

Others have none (a definition_list_item) or two (a figure's caption).
"""


def _storage(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("is a URL such as 'sqlite:////var/lib/comments.db', or a store's name")
    return value


def _search(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("is a URL such as 'sqlite:////var/lib/search.db'")
    return value


def _address(value: object) -> str:
    if not isinstance(value, str) or not _url.fullmatch(value):
        raise ValueError("is a path such as '/_comments', or an http(s) address")
    return value.rstrip("/")


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple, set, frozenset)) or not all(
        isinstance(word, str) for word in value
    ):
        raise ValueError("is a list of texts")
    return tuple(word for word in map(str.strip, value) if word)


def _yes_or_no(value: object) -> bool:
    if value not in (True, False, "1", "0"):  # the command line has texts only
        raise ValueError("is True or False")
    return value in (True, "1")


def _name_of_site(value: object) -> str:
    if not isinstance(value, str) or (value and not _site.fullmatch(value)):
        raise ValueError("is a name of letters, digits and any of . _ + / -")
    return value


def _option(default: Any, check: Callable[[object], Any], rebuild: str, help_text: str) -> Any:
    return field(
        default=default, metadata={"check": check, "rebuild": rebuild, "description": help_text}
    )


@dataclass(frozen=True, slots=True)
class WebSupportConfig:
    """The values, checked; each field ``x`` is ``websupport_x`` in conf.py."""

    storage: str = _option(
        "", _storage, "", "The comment store: a URL or a name; by default SQLite beside conf.py."
    )
    url: str = _option(
        "/_comments", _address, "html", "Where the browser finds the comment service."
    )
    credentials: bool = _option(
        False, _yes_or_no, "html", "Whether cookies are sent to a service on another origin."
    )
    # Sphinx reads documents anew when this changes: what is noted depends on it.
    commentable: tuple[str, ...] = _option(
        ("paragraph",), _words, "env", "Which docutils nodes can be commented on."
    )
    exclude: tuple[str, ...] = _option(
        (), _words, "html", "Documents without comments, as glob patterns."
    )
    search: str = _option("", _search, "", "The search index: a URL; by default there is none.")
    site: str = _option("", _name_of_site, "html", "Tells this site from others in the same store.")


def register(app: Sphinx) -> None:
    """Declare the values to Sphinx."""
    for option in fields(WebSupportConfig):
        # Any type: the checks below say more than "has type `int', defaults to `str'", and
        # they do it before a store was touched.
        # A list, for Sphinx takes no text from the command line for a tuple.
        default = list(option.default) if isinstance(option.default, tuple) else option.default
        app.add_config_value(
            PREFIX + option.name,
            default,
            option.metadata["rebuild"],
            Any,
            option.metadata["description"],
        )
    app.connect("config-inited", check)


def check(app: Sphinx, config: Config) -> None:
    """Refuse wrong values before anything is read.

    :raises ConfigError: a sentence that names the value and what it may be.
    """
    values = read(config)
    unknown = sorted(set(values.commentable) - _commentable_names(app))
    if unknown:
        raise ConfigError(
            f"{PREFIX}commentable names what cannot be commented on: {', '.join(unknown)} "
            "(it takes docutils node names such as paragraph, literal_block, figure, table)"
        )


def read(config: Config) -> WebSupportConfig:
    """Return the values as they are to be used.

    :raises ConfigError: one of them is wrong.
    """
    checked = {}
    for option in fields(WebSupportConfig):
        value = config[PREFIX + option.name]
        try:
            checked[option.name] = option.metadata["check"](value)
        except ValueError as wrong:
            raise ConfigError(f"{PREFIX}{option.name} {wrong}, not {value!r}") from None
    return WebSupportConfig(**checked)


def _commentable_names(app: Sphinx) -> frozenset[str]:
    """Return the names of all nodes that can be commented on."""
    # Of another extension's node we know that it has an HTML form, not which.
    return NODES | app.registry.translation_handlers.get("html", {}).keys()


def settings(app: Sphinx) -> dict[str, Any]:
    """Return the settings of stores: the command line's, else the environment's, else conf.py's.

    conf.py may name any of them, such as ``websupport_redis_url``; Sphinx has no public name for
    values that nobody declared.
    """
    values = {**getattr(app.config, "_raw_config", {}), **app.config.overrides}
    return {**from_conf(values), **gather(), **from_conf(app.config.overrides)}
