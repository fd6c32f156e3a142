"""Who may read, write and how often, from settings: the environment, a file or a mapping.

``WSGIApp(support, **service_options(gather()))`` is a service that is configured from outside.
"""

from __future__ import annotations

import re
from typing import TypedDict

from sphinxcontrib_websupport.errors import SettingsError
from sphinxcontrib_websupport.registry import open_backend
from sphinxcontrib_websupport.settings import RequiredSetting, Settings, is_true, require
from sphinxcontrib_websupport.web.readers.chain import Way
from sphinxcontrib_websupport.web.readers.proxies import ProxyUsers, TrustedProxies
from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.security.crossorigin import CrossOrigin
from sphinxcontrib_websupport.web.security.limits import Limits

SIGNING: tuple[RequiredSetting, ...] = (
    {
        "name": "SIGNING_KEY",
        "obtain_at": "Make one with: python -c 'import secrets; print(secrets.token_hex())'. All "
        "processes of a site have the same.",
    },
)
MODERATING: tuple[RequiredSetting, ...] = (
    {"name": "MODERATOR", "obtain_at": "Choose the name that the moderator writes under."},
)

SHORTEST_KEY = 16
"""The shortest signing key, in characters."""

_LIMITS = {"LIMIT_READING": "reading", "LIMIT_WRITING": "writing", "LIMIT_SIGN_IN": "sign_in"}


class ServiceOptions(TypedDict, total=False):
    """What :class:`~sphinxcontrib_websupport.web.service.Service` takes of all this."""

    session: Session
    ways: list[Way]
    origins: list[str]
    cross_origin: CrossOrigin
    limits: Limits
    secret_key: str


def service_options(settings: Settings) -> ServiceOptions:
    """Return the arguments of a service, or of any shell around one, that settings ask for.

    :raises SettingsError: one is missing, or cannot be understood.
    """
    options: ServiceOptions = {}
    if key := _signing_key(settings):
        options["secret_key"] = key
    if (session := open_session(settings)) is not None:
        options["session"] = session
    proxies = TrustedProxies(_words(settings, "PROXIES"))
    if header := settings.get("USER_HEADER"):
        moderators = _words(settings, "MODERATORS")
        options["ways"] = [ProxyUsers(proxies, str(header), moderators=moderators)]
    if origins := _words(settings, "ORIGINS"):
        options["origins"] = origins
    if others := _words(settings, "OTHER_ORIGINS"):
        credentials = is_true(settings.get("CREDENTIALS", False))
        options["cross_origin"] = CrossOrigin(others, credentials=credentials)
    if is_true(settings.get("LIMITS", True)):
        given = {argument: str(settings[n]) for n, argument in _LIMITS.items() if settings.get(n)}
        store = str(settings.get("LIMITS_STORE") or "memory://")
        options["limits"] = Limits(store, proxies=proxies, **given)
    return options


def open_session(settings: Settings) -> Session | None:
    """Return the sign-in that settings ask for, if they do.

    :raises SettingsError: one is missing, or cannot be understood.
    """
    moderator = settings.get("MODERATOR")
    names = is_true(settings.get("SIGN_IN", False))
    if not moderator and not names:
        return None
    require(settings, SIGNING, "session", "sign-in")
    links = settings.get("LINKS")
    return Session(
        _signing_key(settings),
        str(moderator) if moderator else None,
        password_hash=str(settings["PASSWORD_HASH"]) if settings.get("PASSWORD_HASH") else None,
        used=open_backend(str(links)) if links else None,
        home=str(settings.get("HOME") or "/"),
        secure=is_true(settings.get("SECURE", False)),
        names=names,
    )


def _signing_key(settings: Settings) -> str:
    key = str(settings.get("SIGNING_KEY") or "")
    if key and len(key) < SHORTEST_KEY:
        raise SettingsError(f"SIGNING_KEY is too short to keep a secret: {SHORTEST_KEY} at least")
    return key


def _words(settings: Settings, name: str) -> list[str]:
    """Return a setting of several words: a list, or a text with commas or spaces."""
    value = settings.get(name) or ()
    if isinstance(value, str):
        value = re.split(r"[\s,]+", value)
    if not isinstance(value, (list, tuple)):
        raise SettingsError(f"{name} is a list of texts, not {value!r:.80}")
    return [str(word) for word in value if str(word)]
