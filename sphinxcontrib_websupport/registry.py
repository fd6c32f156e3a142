"""Names and URL schemes to classes; the one place where drivers are imported, when asked for.

Stores, backends and search adapters of others are found by entry points, in the groups
``sphinxcontrib_websupport.storage`` and ``.backends`` (by URL scheme or name) and ``.search``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sphinxcontrib_websupport.errors import MissingDriverError, SettingsError
from sphinxcontrib_websupport.settings import (
    REQUIRED,
    Settings,
    chosen,
    gather,
    is_true,
    require,
    suggest,
)

if TYPE_CHECKING:
    from sphinxcontrib_websupport.backends.base import Backend
    from sphinxcontrib_websupport.search.base import BaseSearch
    from sphinxcontrib_websupport.storage.base import StorageBackend

_PACKAGE = "sphinxcontrib_websupport"

logger = logging.getLogger(__name__)

STORAGES = {
    "sqlite": "sphinxcontrib_websupport.storage.sql.storage:SQLAlchemyStorage",
    "postgresql": "sphinxcontrib_websupport.storage.sql.storage:SQLAlchemyStorage",
    "mysql": "sphinxcontrib_websupport.storage.sql.storage:SQLAlchemyStorage",
    "mariadb": "sphinxcontrib_websupport.storage.sql.storage:SQLAlchemyStorage",
    "memory": "sphinxcontrib_websupport.storage.keyvalue:KeyValueStorage",
    "file": "sphinxcontrib_websupport.storage.keyvalue:KeyValueStorage",
    "redis": "sphinxcontrib_websupport.storage.keyvalue:KeyValueStorage",
    "rediss": "sphinxcontrib_websupport.storage.keyvalue:KeyValueStorage",
    "redis+cluster": "sphinxcontrib_websupport.storage.keyvalue:KeyValueStorage",
    "rediss+cluster": "sphinxcontrib_websupport.storage.keyvalue:KeyValueStorage",
    "couchbase": "sphinxcontrib_websupport.storage.keyvalue:KeyValueStorage",
    "couchbases": "sphinxcontrib_websupport.storage.keyvalue:KeyValueStorage",
    "s3": "sphinxcontrib_websupport.storage.keyvalue:KeyValueStorage",
}
"""URL scheme (without ``+driver``) to the class that opens it with ``from_url``."""

BACKENDS = {
    "memory": "sphinxcontrib_websupport.backends.memory:VolatileBackend",
    "file": "sphinxcontrib_websupport.backends.filesystem:FileSystemJsonBackend",
    "redis": "sphinxcontrib_websupport.backends.redis:RedisBackend",
    "couchbase": "sphinxcontrib_websupport.backends.couchbase:CouchbaseBackend",
    "s3": "sphinxcontrib_websupport.backends.s3:S3JsonBackend",
}
"""Name to the class that opens it with ``from_settings``, or ``from_url``."""

SCHEMES = {
    "rediss": "redis",
    "redis+cluster": "redis",
    "rediss+cluster": "redis",
    "couchbases": "couchbase",
}
"""URL schemes of backends that are not their names."""

SEARCHES = {
    "sqlite": "sphinxcontrib_websupport.search.sqlite:SQLiteSearch",
    "postgresql": "sphinxcontrib_websupport.search.postgresql:PostgreSQLSearch",
    "whoosh": "sphinxcontrib_websupport.search.whoosh:WhooshSearch",
    "xapian": "sphinxcontrib_websupport.search.xapian:XapianSearch",
    "null": "sphinxcontrib_websupport.search.null:NullSearch",
}
"""Name to search adapter."""

MARKUPS = {
    "rst": "sphinxcontrib_websupport.markup.restructuredtext:render",
    "markdown": "sphinxcontrib_websupport.markup.markdown:render",
}
"""Name to the function that turns what a reader wrote into safe HTML."""

EXTRAS = {
    "boto3": "s3",
    "botocore": "s3",
    "couchbase": "couchbase",
    "cryptography": "encryption",
    "markdown_it": "markdown",
    "psycopg": "postgresql",
    "pymysql": "mysql",
    "redis": "redis",
    "whoosh": "whoosh",
}
"""Driver to the extra that installs it."""

DEBIAN_PACKAGES = {"xapian": "python3-xapian"}
"""Driver that pip cannot install to the package of Debian that does."""


def open_storage(source: str | Settings) -> StorageBackend:
    """Open a comment store.

    With ``SECRET_KEY`` in the settings, a store of values keeps them encrypted.

    :param source: settings of which ``STORAGE``, or without it ``STORAGE_BACKEND``, is a URL, such
        as ``sqlite:///comments.db``, or the name of a store, such as ``redis``, with the settings
        that it needs. Where both are set and differ, ``STORAGE`` wins. Or that URL or
        name alone: the other settings are those of the environment and of the file that it names.
    :raises SettingsError: no store has this scheme or name, or settings are missing.
    :raises MissingDriverError: its driver is not installed.
    """
    if isinstance(source, str):
        settings = gather({"STORAGE": source})  # an argument wins without a word
    else:
        _warn_of_two(source)
        settings = chosen(source)
    place = str(settings.get("STORAGE") or "")
    name = place.partition("://")[0]
    if not place:
        raise SettingsError(
            "STORAGE is missing: set it to the URL of a comment store, such as "
            "sqlite:////var/lib/comments.db, or to the name of one"
        )
    if "://" not in place and not (_STORAGES.knows(name) or _BACKENDS.knows(name)):
        hint = suggest(place, _STORAGES.names() | _BACKENDS.names())
        raise SettingsError(
            f"a URL such as sqlite://… or the name of a store is expected, not {place!r}; {hint}"
        )
    if _BACKENDS.knows(name) and not _STORAGES.knows(name):
        # Whoever contributes a store of values gets the comments over it for nothing.
        store = _STORAGES.by_name("memory")
    elif "://" in place:
        name, store = _STORAGES.by_scheme(place)
    else:
        store = _STORAGES.by_name(name)
    with _drivers(name):
        storage: StorageBackend
        if hasattr(store, "from_settings"):
            storage = store.from_settings(settings)
        elif "://" in place:
            storage = store.from_url(place)
        else:
            raise SettingsError(f"the store {name!r} is chosen by a URL, such as {name}://…")
    return storage


def _warn_of_two(settings: Settings) -> None:
    storage, backend = settings.get("STORAGE"), settings.get("STORAGE_BACKEND")
    if storage and backend and storage != backend:
        logger.warning(
            "STORAGE (%s) and STORAGE_BACKEND (%s) differ: comments go to STORAGE",
            without_password(str(storage)),
            without_password(str(backend)),
        )


def missing_place(source: str | Settings) -> str | None:
    """Return the whole path of the file or folder that a store on this machine lacks to be there.

    ``None``: it is there, or is not kept in a file or folder.

    :param source: as for :func:`open_storage`.
    """
    settings = gather({"STORAGE": source}) if isinstance(source, str) else chosen(source)
    place = str(settings.get("STORAGE") or "")
    scheme, _, rest = place.partition("://")
    path = rest.partition("?")[0]
    if scheme.partition("+")[0] == "sqlite" and path not in {"", "/", "/:memory:"}:
        path = path.removeprefix("/")
    elif scheme == "file" and rest:
        path = unquote(urlsplit(place).path)
    elif place == "file" and settings.get("FILE_DIR"):
        path = str(settings["FILE_DIR"])
    else:
        return None
    return None if Path(path).exists() else str(Path(path).absolute())


def is_database(url: str) -> bool:
    """Tell whether a URL names a database of rows, and not a store of values under keys."""
    scheme = url.partition("://")[0].partition("+")[0]
    return scheme in STORAGES and scheme not in BACKENDS and scheme not in SCHEMES


def open_backend(source: str | Settings | None = None) -> Backend:
    """Open the store of values that settings choose by ``STORAGE_BACKEND``.

    Everything that it needs is looked for before its driver is touched. With ``SECRET_KEY``,
    values are encrypted; those that were encrypted with one of ``SECRET_KEY_FALLBACKS`` (a list,
    or separated by blanks) can be read too, and with ``READ_UNENCRYPTED`` also those from
    before.

    :param source: settings; or a URL, such as ``redis://localhost``; or ``None`` for the
        settings of the environment and of the file that it names.
    :raises SettingsError: no store has this name, or settings are missing: names all.
    :raises MissingDriverError: its driver is not installed.
    """
    if isinstance(source, str):
        return _open_backend_at(source)
    settings = gather() if source is None else source
    name = settings.get("STORAGE_BACKEND")
    if not name:
        known = ", ".join(BACKENDS)
        raise SettingsError(f"STORAGE_BACKEND is missing: set it to the name of a store: {known}")
    if "://" in str(name):
        backend = _open_backend_at(str(name))
    else:
        require(settings, REQUIRED.get(name, ()), name)
        store = _BACKENDS.by_name(name)
        require(settings, getattr(store, "required_settings", ()), name)
        with _drivers(name):
            backend = store.from_settings(settings)
    return _encrypted(backend, settings)


def open_search(name: str, folder: Path | None = None) -> BaseSearch:
    """Open the search adapter of this name, or at a URL such as ``sqlite:///search.db``.

    :param folder: where an adapter that is opened by its name keeps its files.
    :raises SettingsError: there is none.
    :raises MissingDriverError: its driver is not installed.
    """
    search: BaseSearch
    if "://" in name:
        scheme, adapter = _SEARCHES.by_scheme(name)
        with _drivers(scheme):
            search = adapter.from_url(name)
    else:
        adapter = _SEARCHES.by_name(name)
        with _drivers(name):
            search = adapter() if folder is None else adapter.from_folder(folder)
    return search


def open_markup(name: str) -> Callable[[str], str]:
    """Return the renderer of this name.

    :raises SettingsError: there is none.
    :raises MissingDriverError: its library is not installed.
    """
    render: Callable[[str], str] = _MARKUPS.by_name(name)
    return render


def open_stemmer(algorithm: str) -> Callable[[str], str]:
    """Return what reduces a word to its stem, by the name of a Snowball algorithm."""
    # Imported when asked for: it brings forty languages, and most processes never search.
    stem: Callable[[str], str] = import_module("snowballstemmer").stemmer(algorithm).stemWord
    return stem


def load(name: str, place: str) -> Any:
    """Import what stands at a place, written ``module:attribute``.

    :param name: what people call it.
    :raises MissingDriverError: its driver is not installed.
    """
    module, _, attribute = place.partition(":")
    with _drivers(name):
        return getattr(import_module(module), attribute)


def without_password(url: str) -> str:
    """Return a URL with its password left out, to show it; its options may hold one, too."""
    shown = re.sub(r"(?<=://)([^/@:]*):[^/]*@", r"\1:***@", url)
    return re.sub(r"(?i)([?&][^=&]*(?:passw|secret|token|key)[^=&]*=)[^&]*", r"\1***", shown)


def shown_place(url: str) -> str:
    """Return a store's URL or name as an operator is told it: without a password.

    A SQLite file is named by its whole path: nobody sees from a relative one which file it is.
    """
    scheme, found, rest = url.partition(":///")
    path, query, options = rest.partition("?")
    is_sqlite = bool(found) and scheme.partition("+")[0] == "sqlite"
    if is_sqlite and path and not path.startswith((":", "file:")):
        url = f"{scheme}:///{Path(path).absolute().as_posix()}{query}{options}"
    return without_password(url)


@dataclass(frozen=True)
class _Table:
    """What is known by name: this package's own first, then what entry points add."""

    kind: str
    own: Mapping[str, str]
    group: str | None = None
    schemes: Mapping[str, str] | None = None

    def by_name(self, name: object) -> Any:
        """Return what a name stands for.

        :raises SettingsError: nothing.
        """
        if isinstance(name, str) and name in self.own:
            return load(name, self.own[name])
        contributed = self._contributed()
        if isinstance(name, str) and name in contributed:
            with _drivers(name, contributed[name].module.partition(".")[0]):
                return contributed[name].load()
        hint = suggest(str(name), {*self.own, *contributed})
        raise SettingsError(f"no {self.kind} is named {name!r}; {hint}")

    def by_scheme(self, url: str) -> tuple[str, Any]:
        """Return the scheme of a URL, as far as it counts, and what it stands for.

        :raises SettingsError: nothing.
        """
        full, separator, _ = url.partition("://")
        if not separator:
            example = f"{next(iter(self.own))}://…"
            raise SettingsError(f"a URL such as {example} is expected, not {url!r}")
        schemes = self.schemes or {}
        known = self.names()
        # `postgresql+psycopg` names a driver, `redis+cluster` a scheme of its own.
        scheme = full if full in known else full.partition("+")[0]
        if scheme not in known:
            shown = without_password(url)
            hint = suggest(full, known)
            raise SettingsError(f"no {self.kind} knows the scheme of {shown!r}; {hint}")
        return scheme, self.by_name(schemes.get(scheme, scheme))

    def names(self) -> set[str]:
        """Return all names and schemes."""
        return {*self.own, *(self.schemes or {}), *self._contributed()}

    def knows(self, name: str) -> bool:
        """Tell whether something has this name, or is found by this scheme."""
        return name in self.names() or name.partition("+")[0] in self.names()

    def _contributed(self) -> dict[str, Any]:
        if self.group is None:
            return {}
        return {point.name: point for point in entry_points(group=f"{_PACKAGE}.{self.group}")}


_STORAGES = _Table("comment store", STORAGES, "storage")
_BACKENDS = _Table("store", BACKENDS, "backends", SCHEMES)
_SEARCHES = _Table("search adapter", SEARCHES, "search")
_MARKUPS = _Table("markup", MARKUPS)


def _open_backend_at(url: str) -> Backend:
    scheme, store = _BACKENDS.by_scheme(url)
    with _drivers(scheme):
        backend: Backend = store.from_url(url)
    return backend


def _encrypted(backend: Backend, settings: Settings) -> Backend:
    key = settings.get("SECRET_KEY")
    if not key:
        return backend
    keys = [key] if isinstance(key, str | bytes) else list(key)
    old = settings.get("SECRET_KEY_FALLBACKS") or ()
    keys += old.split() if isinstance(old, str) else list(old)
    with _drivers("encryption"):
        module = import_module("sphinxcontrib_websupport.backends.encrypted")
        encrypted: Backend = module.Encrypted(
            backend, keys, read_unencrypted=is_true(settings.get("READ_UNENCRYPTED", False))
        )
    return encrypted


@contextmanager
def _drivers(name: str, package: str = _PACKAGE) -> Iterator[None]:
    """Say in one sentence that a driver is not installed.

    A module that is missing from the package of the store itself is a fault, not a driver.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        module = (missing.name or "").partition(".")[0]
        if module in EXTRAS:
            install = f'pip install "sphinx-websupport[{EXTRAS[module]}]"'
        elif module in DEBIAN_PACKAGES:
            install = f"apt install {DEBIAN_PACKAGES[module]}"
        elif package not in {_PACKAGE, module} and module:
            install = f"pip install {module}"
        else:
            raise
        raise MissingDriverError(
            f"{name} needs the package {module}, which is not installed: {install}"
        ) from missing
