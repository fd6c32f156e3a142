"""conf.py's values: each declared once, with its type, default, meaning and check."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

from sphinxcontrib_websupport.settings import KNOWN, from_conf, gather, unknown, unknown_name

PREFIX = "websupport_"

_site = re.compile(r"[\w][\w.+/-]*")
# Two slashes at the beginning, or a backslash for one of them, lead browsers to another host.
_url = re.compile(r"https?://[^\s/\\\"'<>]+(/[^\s\"'<>]*)?|/(?![/\\])[^\s\"'<>]*")

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
    storage_backend: str = _option(
        "", _storage, "", "The comment store where websupport_storage names none."
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
    _refuse_unknown(app)
    values = read(config)
    strangers = sorted(set(values.commentable) - _commentable_names(app))
    if strangers:
        raise ConfigError(
            f"{PREFIX}commentable names what cannot be commented on: {', '.join(strangers)} "
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


def _refuse_unknown(app: Sphinx) -> None:
    """Refuse names with our prefix that nobody knows: what they say would be lost.

    :raises ConfigError: names all of them.
    """
    names = {
        name
        for name in (*_raw(app), *app.config.overrides)
        if name.lower().startswith(PREFIX) and name.lower() not in app.config
    }
    plain = {name.upper().removeprefix(PREFIX.upper()): name for name in names}
    known = [*(PREFIX + option.name for option in fields(WebSupportConfig))]
    known += [PREFIX + name.lower() for name in KNOWN]
    wrong = [unknown_name(plain[name], known=known) for name in unknown(plain)]
    if wrong:
        raise ConfigError(f"conf.py has settings that nobody knows: {', '.join(wrong)}")


def _raw(app: Sphinx) -> dict[str, Any]:
    """Return all that conf.py defines; Sphinx has no public name for what nobody declared.

    :raises ConfigError: this Sphinx does not tell. The settings that conf.py holds for the store
        would be missed: comments would go to another one, or unencrypted.
    """
    values = getattr(app.config, "_raw_config", None)
    if not isinstance(values, dict):
        raise ConfigError(
            "this version of Sphinx does not tell which settings conf.py holds for the comment "
            "store; use another version, and report this to sphinx-websupport"
        )
    return values


def settings(app: Sphinx) -> dict[str, Any]:
    """Return the settings of stores: the command line's, else the environment's, else conf.py's.

    conf.py may name any of them, such as ``websupport_redis_url``. What an extension or conf.py's
    own ``setup()`` gave a declared one later counts.

    :raises ConfigError: a SQLite file that conf.py names is at the place of an earlier version.
    """
    overrides = app.config.overrides
    declared = {
        name: value
        for name in (PREFIX + "storage", PREFIX + "storage_backend")
        if name not in overrides and (value := app.config[name])
    }
    raw = {name: value for name, value in _raw(app).items() if value not in ("", None)}
    conf = from_conf({**raw, **declared})
    outside = {**gather(), **from_conf(overrides)}
    for name in ("STORAGE", "STORAGE_BACKEND"):
        if name in conf and name not in outside:
            conf[name] = in_folder_of_conf(app, name.lower(), conf[name])
    return {**conf, **outside}


def search_url(app: Sphinx) -> str:
    """Return the URL of the search index, from where the store's settings come; ``""``: none.

    :raises ConfigError: as for :func:`settings`.
    """
    own = read(app.config).search
    if PREFIX + "search" in app.config.overrides:
        return own
    outside = str(gather().get("SEARCH") or "")
    if "://" in outside:  # a name alone is that of an index beside an application's data
        return outside
    return str(in_folder_of_conf(app, "search", own))


def in_folder_of_conf(app: Sphinx, name: str, url: Any) -> Any:
    """Return the URL of a SQLite file with its path made absolute, from the folder of conf.py.

    :param name: the setting's, for the message.
    :raises ConfigError: the file is in the working folder, where it was looked for earlier.
    """
    scheme, found, rest = str(url).partition(":///")
    path, query, options = rest.partition("?")
    if not found or scheme.partition("+")[0] != "sqlite" or not path or path.startswith(":"):
        return url
    new, old = Path(app.confdir, path), Path(path).absolute()
    if old.exists() and not new.exists():
        raise ConfigError(
            f"{PREFIX}{name} is relative to the folder of conf.py: it names {new}, which is not "
            f"there, while {old} is, where earlier versions looked. Move that file, or write its "
            "whole path"
        )
    return f"{scheme}:///{new.as_posix()}{query}{options}"
