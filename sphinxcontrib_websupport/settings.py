"""The settings of stores: where they come from, and what is missing.

A setting has one name, such as ``REDIS_URL``, wherever it comes from: a mapping, the environment
(``WEBSUPPORT_REDIS_URL``), a TOML or JSON file (``REDIS_URL = "redis://localhost"``) or conf.py
(``websupport_redis_url`` or ``REDIS_URL``).
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from sphinxcontrib_websupport.errors import SettingsError

PREFIX = "WEBSUPPORT_"
"""What the name of a setting begins with in the environment."""

Settings = Mapping[str, Any]
"""Settings by name."""


class RequiredSetting(TypedDict):
    """A setting without which a store cannot be opened."""

    name: str
    obtain_at: str
    """Where to get it, for people."""
    unless: NotRequired[str]
    """The setting that makes this one unnecessary."""


REQUIRED: dict[str, tuple[RequiredSetting, ...]] = {
    "memory": (),
    "file": (
        {
            "name": "FILE_DIR",
            "obtain_at": "Choose a folder that only the service writes to, such as "
            "/var/lib/websupport; it is made when it is not there.",
        },
    ),
    "redis": (
        {
            "name": "REDIS_URL",
            "obtain_at": "Install a Redis server (Debian: apt install redis-server), which "
            "listens at redis://localhost:6379/0; a hosted one shows its URL in its console.",
        },
    ),
    "couchbase": (
        {
            "name": "COUCHBASE_URL",
            "obtain_at": "Make a bucket and a user in the Couchbase console (port 8091) and write "
            "them as couchbase://user:password@host1,host2/bucket.",
        },
    ),
    "s3": (
        {
            "name": "S3_BUCKET",
            "obtain_at": "Make a bucket in the S3 console or with: aws s3 mb s3://NAME",
        },
        {
            "name": "S3_REGION",
            "obtain_at": "It stands beside the bucket in the S3 console, such as eu-central-1; "
            "with S3_ENDPOINT_URL, for a store that is not Amazon's, it can be left out.",
            "unless": "S3_ENDPOINT_URL",
        },
    ),
}
"""What each store of this package needs. It stands here, and not with the stores, so that it can
be checked before a driver is imported."""


def gather(
    mapping: Settings | None = None,
    *,
    file: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return settings from all sources; the mapping wins over the environment over the file.

    :param file: a TOML file, or a JSON one by its suffix; by default the one that
        ``WEBSUPPORT_SETTINGS`` names, if any.
    :param environ: instead of the process's own environment.
    :raises SettingsError: the file cannot be read.
    """
    found = from_environ(os.environ if environ is None else environ)
    path = file if file is not None else found.pop("SETTINGS", None)
    return {**(from_file(path) if path else {}), **found, **(mapping or {})}


def from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that the environment holds under ``WEBSUPPORT_…``."""
    return {
        name.removeprefix(PREFIX): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and value
    }


def from_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the settings that a TOML or JSON file holds.

    :raises SettingsError: it cannot be read.
    """
    path = Path(path)
    parse: Callable[[str], Any] = json.loads if path.suffix == ".json" else tomllib.loads
    try:
        settings = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"the settings file {path} cannot be read: {error}") from error
    if not isinstance(settings, dict):
        raise SettingsError(f"the settings file {path} holds no table of names and values")
    return settings


def from_conf(values: Settings) -> dict[str, Any]:
    """Return the settings that a conf.py holds, as ``websupport_redis_url`` or ``REDIS_URL``.

    :param values: the names that conf.py defines.
    """
    prefix = PREFIX.lower()
    plain = {name: value for name, value in values.items() if name.isupper()}
    prefixed = {
        name.removeprefix(prefix).upper(): value
        for name, value in values.items()
        if name.startswith(prefix) and value is not None
    }
    return {**plain, **prefixed}


def require(
    settings: Settings, required: Iterable[RequiredSetting], store: str, what: str = "store"
) -> None:
    """Check that all settings that a store, or something else, needs are there.

    :param store: its name, for the message.
    :param what: what it is, for the message.
    :raises SettingsError: names every missing one, each with where to obtain it.
    """
    missing = [
        setting
        for setting in required
        if not settings.get(setting["name"])
        and not ("unless" in setting and settings.get(setting["unless"]))
    ]
    if not missing:
        return
    lines = [f"the {what} {store!r} needs settings that are missing:"]
    for setting in missing:
        name = setting["name"]
        typo = get_close_matches(name, [given for given in settings if given != name], 1, 0.85)
        hint = f" ({typo[0]} is set: did you mean {name}?)" if typo else ""
        lines.append(f"- {name}{hint}: {' '.join(setting['obtain_at'].split())}")
    raise SettingsError("\n".join(lines))


def is_true(value: object) -> bool:
    """Tell whether a setting, perhaps a text from a URL or the environment, means yes.

    :raises SettingsError: it means neither yes nor no.
    """
    word = str(value).strip().lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"0", "false", "no", "off", "", "none"}:
        return False
    raise SettingsError(f"yes or no is expected, not {value!r}")


def suggest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean …?`` for a name that is not known, or what is known."""
    choices = sorted(known)
    close = get_close_matches(name, choices, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known are {', '.join(choices)}"
