"""Who may read, write and how often, from settings: the environment, a file or a mapping.

``WSGIApp(WebSupport(**support_options(settings)), **service_options(settings))``, with settings
from :func:`~sphinxcontrib_websupport.settings.gather`, is a service that is set from outside.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

from sphinxcontrib_websupport.errors import SettingsError
from sphinxcontrib_websupport.languages import available
from sphinxcontrib_websupport.registry import MARKUPS, open_backend
from sphinxcontrib_websupport.settings import (
    RequiredSetting,
    Settings,
    chosen,
    faults,
    is_true,
    require,
    suggest,
)
from sphinxcontrib_websupport.web.metrics import Metrics
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

logger = logging.getLogger(__name__)

_LIMITS = {"LIMIT_READING": "reading", "LIMIT_WRITING": "writing", "LIMIT_SIGN_IN": "sign_in"}


NO_PROXIES = TrustedProxies([])


class ServiceOptions(TypedDict, total=False):
    """What :class:`~sphinxcontrib_websupport.web.service.Service` takes of all this."""

    session: Session
    ways: list[Way]
    origins: list[str]
    cross_origin: CrossOrigin
    limits: Limits
    secret_key: str
    metrics: Metrics
    document_url: str
    language: str


class SupportOptions(TypedDict, total=False):
    """What :class:`~sphinxcontrib_websupport.websupport.WebSupport` takes of all this."""

    storage: Settings
    search: str
    markup: str
    allow_anonymous_comments: bool


def support_options(settings: Settings) -> SupportOptions:
    """Return the arguments of a ``WebSupport`` that settings ask for.

    :raises SettingsError: a setting of it or of the service is missing or wrong; names them all.
    """
    missing = [] if chosen(settings)["STORAGE"] else [_NO_STORAGE]
    _check(settings, missing)
    options: SupportOptions = {"storage": settings}
    if search := settings.get("SEARCH"):
        options["search"] = str(search)
    if markup := settings.get("MARKUP"):
        options["markup"] = str(markup)
    if settings.get("ALLOW_ANONYMOUS") not in (None, ""):
        options["allow_anonymous_comments"] = is_true(settings["ALLOW_ANONYMOUS"])
    return options


def service_options(settings: Settings) -> ServiceOptions:
    """Return the arguments of a service, or of any shell around one, that settings ask for.

    :raises SettingsError: settings are missing or wrong; names them all.
    """
    _check(settings)
    options: ServiceOptions = {}
    if not settings.get("SIGNING_KEY") and has_several_processes(os.environ, sys.argv):
        logger.warning(
            "there are several processes and no SIGNING_KEY: each signs with a key of its own, and "
            "what one of them gave out the others refuse. %s",
            SIGNING[0]["obtain_at"],
        )
    if token := settings.get("METRICS_TOKEN"):
        options["metrics"] = Metrics(str(token))
    if address := settings.get("DOCUMENT_URL"):
        options["document_url"] = str(address)
    if language := settings.get("LANGUAGE"):
        options["language"] = str(language)
    if key := _signing_key(settings):
        options["secret_key"] = key
    if (session := open_session(settings)) is not None:
        options["session"] = session
    proxies = _proxies(settings)
    if header := settings.get("USER_HEADER"):
        moderators = _words(settings, "MODERATORS")
        secret = str(settings.get("USER_HEADER_SECRET") or "")
        users = ProxyUsers(proxies, str(header), moderators=moderators, secret=secret)
        options["ways"] = [users]
    if origins := _words(settings, "ORIGINS"):
        options["origins"] = origins
    if (cross_origin := _cross_origin(settings)) is not None:
        options["cross_origin"] = cross_origin
    if is_true(settings.get("LIMITS", True)):
        options["limits"] = _limits(
            settings, proxies, str(settings.get("LIMITS_STORE") or "memory://")
        )
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
        secure=_is_secure(settings),
        names=names,
    )


def _signing_key(settings: Settings) -> str:
    return str(settings.get("SIGNING_KEY") or "")


def _proxies(settings: Settings) -> TrustedProxies:
    return TrustedProxies(_words(settings, "PROXIES"))


def _cross_origin(settings: Settings) -> CrossOrigin | None:
    others = _words(settings, "OTHER_ORIGINS")
    credentials = is_true(settings.get("CREDENTIALS", False))
    return CrossOrigin(others, credentials=credentials) if others else None


def _limits(
    settings: Settings, proxies: TrustedProxies = NO_PROXIES, store: str = "memory://"
) -> Limits:
    given = {argument: str(settings[n]) for n, argument in _LIMITS.items() if settings.get(n)}
    return Limits(store, proxies=proxies, **given)


_NO_STORAGE = (
    "STORAGE is missing: set it to the URL of the comment store that the builds write to, such as "
    "sqlite:////var/lib/comments.db"
)


def _check(settings: Settings, wrong: Sequence[str] = ()) -> None:
    """Check every setting of a service.

    :param wrong: what is known to be wrong already.
    :raises SettingsError: one error that names all that is wrong.
    """
    badly_typed = faults(settings)
    wrong = [*wrong, *badly_typed.values()]
    for name, known in (("LANGUAGE", available()), ("MARKUP", list(MARKUPS))):
        value = settings.get(name)
        if value and value not in known:
            wrong.append(f"{name} is not {value!r}: {suggest(str(value), known)}")
    sound = {name: value for name, value in settings.items() if name not in badly_typed}
    attempts: tuple[Callable[[Settings], object], ...] = (_proxies, _cross_origin, _limits)
    for attempt in attempts:
        try:
            attempt(sound)
        except SettingsError as error:
            wrong.append(str(error))
    signs_in = settings.get("MODERATOR") or str(settings.get("SIGN_IN", "")).lower() in _YES
    if signs_in and not settings.get("SIGNING_KEY"):
        wrong.append(f"SIGNING_KEY is missing, and sign-in needs it. {SIGNING[0]['obtain_at']}")
    if len(wrong) == 1:
        raise SettingsError(wrong[0])
    if wrong:
        raise SettingsError("\n- ".join(["settings are missing or wrong:", *wrong]))


_YES = {"1", "true", "yes", "on"}


def _is_secure(settings: Settings) -> bool:
    """Tell whether cookies go over HTTPS alone: as ``SECURE`` says, else as the site's origins."""
    if settings.get("SECURE") not in (None, ""):
        return is_true(settings["SECURE"])
    origins = _words(settings, "ORIGINS")
    return bool(origins) and all(origin.lower().startswith("https://") for origin in origins)


_SERVERS = re.compile(r"(gunicorn|granian|uvicorn|hypercorn)")
_WORKERS = re.compile(r"(?:--workers|-w)(?:=|$)(.*)")


def has_several_processes(environ: Mapping[str, str], arguments: Sequence[str]) -> bool:
    """Tell whether a server was asked for several processes, as far as a worker can see.

    By ``WEB_CONCURRENCY`` (Gunicorn, Uvicorn) or ``GRANIAN_WORKERS``, or by ``--workers`` on the
    command line of one of these servers. Processes that are started one by one are not seen.
    """
    counts = [environ.get("WEB_CONCURRENCY", ""), environ.get("GRANIAN_WORKERS", "")]
    if arguments and _SERVERS.search(arguments[0]):
        for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
            if found := _WORKERS.fullmatch(argument):
                counts.append(found[1] or following)
    return any(count.isdecimal() and int(count) > 1 for count in counts)


def _words(settings: Settings, name: str) -> list[str]:
    """Return a setting of several words: a list, or a text with commas or spaces."""
    value = settings.get(name) or ()
    if isinstance(value, str):
        value = re.split(r"[\s,]+", value)
    if not isinstance(value, (list, tuple)):
        raise SettingsError(f"{name} is a list of texts, not {value!r:.80}")
    return [str(word) for word in value if str(word)]
