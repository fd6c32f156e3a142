"""The settings of stores: where they come from, and what is missing.

A setting has one name, such as ``REDIS_URL``, wherever it comes from: a mapping, the environment
(``WEBSUPPORT_REDIS_URL``), a TOML, JSON or Python file (``REDIS_URL = "redis://localhost"``) or
conf.py (``websupport_redis_url`` or ``REDIS_URL``). A name that looks like a setting and is none is
an error: what was meant by it would otherwise be lost without a word.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from sphinxcontrib_websupport import settingsfile
from sphinxcontrib_websupport.errors import SettingsError

logger = logging.getLogger(__name__)

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


def _text(value: object) -> None:
    if not isinstance(value, str):
        raise ValueError("is a text")


def _yes_or_no(value: object) -> None:
    try:
        is_true(value)
    except SettingsError:
        raise ValueError("is yes or no") from None


def _words(value: object) -> None:
    if not isinstance(value, (str, list, tuple)) or not all(isinstance(v, str) for v in value):
        raise ValueError("is a list of texts, or one text with commas or spaces")


def _key(value: object) -> None:
    if len(str(value)) < SHORTEST_KEY:
        raise ValueError(f"is too short to keep a secret: {SHORTEST_KEY} characters at least")


def _keys(value: object) -> None:
    if not isinstance(value, (str, bytes, list, tuple)):
        raise ValueError("is a key, or a list of keys")


def _hash(value: object) -> None:
    text = str(value)
    if text.startswith(("scrypt", "pbkdf2")) and text.count("$") != 2:
        raise ValueError(
            "has lost what stood after a $: a shell takes $… for a variable; put the hash in "
            "single quotes (and write $$ for $ in a Compose file)"
        )
    if not text.startswith(("scrypt:", "pbkdf2:")):
        raise ValueError("is no hash: make one with `python -m sphinxcontrib_websupport password`")


def _document_url(value: object) -> None:
    if not isinstance(value, str) or "{docname}" not in value:
        raise ValueError("is an address with {docname} in it, such as '/{docname}.html'")


SHORTEST_KEY = 16
"""The shortest signing key, in characters."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that somebody knows."""

    meaning: str
    check: Callable[[object], None] = _text
    """Raises ``ValueError("is …")`` where a value is not of the setting's type."""
    secret: bool = False
    """Whether an error must not repeat the value."""


KNOWN: dict[str, Setting] = {
    "SETTINGS": Setting("the file of the other settings (environment only)"),
    # The stores.
    "STORAGE": Setting("the comment store: a URL, or the name of a store", secret=True),
    "STORAGE_BACKEND": Setting(
        "the key-value store, by name or URL; the comment store where STORAGE is not set",
        secret=True,
    ),
    "SEARCH": Setting("the search index: a name or a URL", secret=True),
    "FILE_DIR": Setting("the folder of the store `file`"),
    "FILE_DURABLE": Setting("whether the store `file` waits for the disk", _yes_or_no),
    "REDIS_URL": Setting("the server of the store `redis`", secret=True),
    "COUCHBASE_URL": Setting("the cluster and bucket of the store `couchbase`", secret=True),
    "COUCHBASE_USER": Setting("its user, unless the URL has it"),
    "COUCHBASE_PASSWORD": Setting("its password, unless the URL has it", secret=True),
    "S3_BUCKET": Setting("the bucket of the store `s3`"),
    "S3_REGION": Setting("its region"),
    "S3_ENDPOINT_URL": Setting("where it is, when it is not Amazon's"),
    "S3_PREFIX": Setting("what its keys begin with"),
    "SECRET_KEY": Setting("encrypts a key-value store", _keys, secret=True),
    "SECRET_KEY_FALLBACKS": Setting("keys that values may still be read with", _keys, secret=True),
    "READ_UNENCRYPTED": Setting("whether values from before are read, too", _yes_or_no),
    # The service.
    "DOCUMENT_URL": Setting("where a document is to be read", _document_url),
    "LANGUAGE": Setting("the language of the service's own pages"),
    "MARKUP": Setting("what comments are written in: rst or markdown"),
    "ALLOW_ANONYMOUS": Setting("whether readers without a name may write", _yes_or_no),
    "METRICS_TOKEN": Setting("lets Prometheus read the figures", secret=True),
    "SIGNING_KEY": Setting("signs forms, sessions and links", _key, secret=True),
    "SIGN_IN": Setting("whether readers choose a name themselves", _yes_or_no),
    "MODERATOR": Setting("the name that the moderator writes under"),
    "PASSWORD_HASH": Setting("the hash of the moderator's password", _hash, secret=True),
    "LINKS": Setting("the key-value store that notes the links that were used", secret=True),
    "HOME": Setting("where the reader goes after signing in"),
    "SECURE": Setting("whether cookies go over HTTPS alone", _yes_or_no),
    "PROXIES": Setting("the addresses of trusted proxies", _words),
    "USER_HEADER": Setting("the header in which a proxy names the reader"),
    "USER_HEADER_SECRET": Setting("what the proxy writes before the name", secret=True),
    "MODERATORS": Setting("who of these moderates", _words),
    "ORIGINS": Setting("the site's own origins", _words),
    "OTHER_ORIGINS": Setting("further origins whose pages may use the service", _words),
    "CREDENTIALS": Setting("whether these may send cookies", _yes_or_no),
    "LIMITS": Setting("whether there are limits at all", _yes_or_no),
    "LIMITS_STORE": Setting("where they are counted", secret=True),
    "LIMIT_READING": Setting("how often somebody may read, such as 100/minute"),
    "LIMIT_WRITING": Setting("how often somebody may write"),
    "LIMIT_SIGN_IN": Setting("how often somebody may try to sign in"),
}
"""Every setting of this package; contributed stores have further ones."""


def gather(
    mapping: Settings | None = None,
    *,
    file: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return settings from all sources; the mapping wins over the environment over the file.

    :param file: a TOML file, or by its suffix a JSON or Python one; by default the one that
        ``WEBSUPPORT_SETTINGS`` names, if any.
    :param environ: instead of the process's own environment.
    :raises SettingsError: the file cannot be read; or a name in it is no setting's, or one in the
        environment is close to a setting's.
    """
    found = from_environ(os.environ if environ is None else environ)
    named = found.pop("SETTINGS", None)
    path = file if file is not None else named
    return {**(from_file(path) if path else {}), **found, **(mapping or {})}


def from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that the environment holds under ``WEBSUPPORT_…``.

    :raises SettingsError: a name is no setting's, but close to one. Other names are told in a
        line of the log: containers and CI set variables for purposes of their own.
    """
    found = {
        name.removeprefix(PREFIX): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and value
    }
    strangers = unknown(found)
    if wrong := [name for name in strangers if _close(name, _CLOSE)]:
        raise SettingsError(_unknown_sentence("the environment", wrong, PREFIX))
    if strangers:
        _tell(tuple(strangers))
    return found


def from_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the settings that a TOML, JSON or Python file (``.py``) holds.

    A name may have the environment's prefix. A Python file is never executed.

    :raises SettingsError: it cannot be read, or a name in it is no setting's.
    """
    path = Path(path)

    def is_setting(name: str) -> bool:
        plain = name.removeprefix(PREFIX)
        # Without our prefix, a name of a Python file may be the application's own.
        return name.startswith(PREFIX) or not unknown([plain]) or bool(_typo(name))

    raw = settingsfile.read(path, is_setting)
    settings = {name.removeprefix(PREFIX): value for name, value in raw.items()}
    if wrong := unknown(settings):
        raise SettingsError(_unknown_sentence(f"the settings file {path}", wrong))
    return settings


def from_conf(values: Settings) -> dict[str, Any]:
    """Return the settings that a conf.py holds, as ``websupport_redis_url`` or ``REDIS_URL``.

    :param values: the names that conf.py defines.
    """
    plain = {name: value for name, value in values.items() if name.isupper()}
    prefixed = {
        name.upper().removeprefix(PREFIX): value
        for name, value in values.items()
        if name.upper().startswith(PREFIX) and value is not None
    }
    return {**plain, **prefixed}


def chosen(settings: Settings) -> dict[str, Any]:
    """Return settings in which ``STORAGE`` names the comment store, if anything does.

    ``STORAGE_BACKEND`` chooses it where ``STORAGE`` does not. Where both are set and differ,
    ``STORAGE`` wins: an application may have a key-value store of its own.
    """
    storage, backend = settings.get("STORAGE"), settings.get("STORAGE_BACKEND")
    return {**settings, "STORAGE": storage or backend or ""}


def unknown(names: Iterable[str]) -> list[str]:
    """Return the names that are no setting's, neither of this package nor of a contributed store.

    A contributed store's are its ``required_settings`` and what begins with its own name, such as
    ``GREAT_TIMEOUT`` for ``great``.
    """
    strangers = sorted(name for name in names if name not in KNOWN)
    if not strangers:
        return []
    # Looked for when there is a need only: this imports others' modules.
    required, beginnings = _contributed()
    return [n for n in strangers if n not in required and not n.startswith(beginnings)]


def _contributed() -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the settings that contributed stores require, and what their others begin with."""
    names: set[str] = set()
    beginnings = []
    for group in ("storage", "backends"):
        for point in entry_points(group=f"sphinxcontrib_websupport.{group}"):
            beginnings.append(re.sub(r"\W", "_", point.name).upper() + "_")
            try:
                required = getattr(point.load(), "required_settings", ())
            except Exception as error:  # noqa: BLE001 - another's module may fail in any way
                logger.debug("the settings of the store %s are not known: %s", point.name, error)
                continue
            names.update(setting["name"] for setting in required)
    return frozenset(names), tuple(beginnings)


_CLOSE = 0.8
"""How much alike a name in the environment is to a setting's to be a typing mistake of it."""


def _close(name: str, likeness: float = 0.6) -> str | None:
    known = KNOWN.keys() | _contributed()[0]
    return next(iter(get_close_matches(name.upper(), known, 1, likeness)), None)


def _typo(name: str) -> str | None:
    return _close(name, 0.85) if name.isupper() else None


def unknown_name(name: str, prefix: str = "", known: Iterable[str] | None = None) -> str:
    """Return a sentence's part about a name that is no setting's.

    :param prefix: what the names that it might have been begin with.
    """
    if known is not None:
        close: str | None = next(iter(get_close_matches(name, list(known), 1)), None)
    else:
        close = _close(name)
    return f"{prefix}{name}" + (f" (did you mean {prefix}{close}?)" if close else "")


def _unknown_sentence(place: str, names: Iterable[str], prefix: str = "") -> str:
    return f"{place} has settings that nobody knows: " + ", ".join(
        unknown_name(name, prefix) for name in names
    )


@cache
def _tell(names: tuple[str, ...]) -> None:
    logger.info(
        "the environment has names that are no settings: %s",
        ", ".join(PREFIX + name for name in names),
    )


def faults(settings: Settings) -> dict[str, str]:
    """Return a sentence for each setting, by its name, whose value is not of its type."""
    wrong = {}
    for name, setting in KNOWN.items():
        value = settings.get(name)
        if value is None or value == "":
            continue
        try:
            setting.check(value)
        except ValueError as error:
            shown = "" if setting.secret else f", not {value!r:.80}"
            wrong[name] = f"{name} {error}{shown} ({setting.meaning})"
    return wrong


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
        # What was written in several lines, as a list of steps is, is shown in its lines.
        steps = [line.strip() for line in setting["obtain_at"].strip().splitlines()]
        lines.append("\n  ".join([f"- {name}{hint}: {steps[0] if steps else ''}", *steps[1:]]))
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
