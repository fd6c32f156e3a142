"""The comment store of one build: given by the application, or opened when it is needed."""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ConfigError, SphinxError

from sphinxcontrib_websupport.errors import (
    BuildConflictError,
    SettingsError,
    ThirdPartyStoreError,
    UnsupportedError,
    WebSupportError,
)
from sphinxcontrib_websupport.registry import open_storage, shown_place
from sphinxcontrib_websupport.settings import Settings, chosen
from sphinxcontrib_websupport.sphinxext import config
from sphinxcontrib_websupport.sphinxext.embedding import embedding_of
from sphinxcontrib_websupport.storage.adapter import adapted
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.commentstore import CommentStore
from sphinxcontrib_websupport.storage.sql.generation import generation_of_file


class CommentStoreError(SphinxError):
    """The comment store failed, or another build was faster."""

    category = "Comment store error"


class BuildStore:
    """Opens a store, and closes what it opened.

    :param published: the generation of what this build's pages were written for last. A SQLite file
        that still says so is not opened before it is needed: SQLAlchemy takes longer to import
        than an unchanged build takes to look around.
    """

    def __init__(self, app: Sphinx, published: str | None) -> None:
        self._app = app
        given = embedding_of(app).storage
        self._record = Path(app.outdir) / ".websupport-nodes.jsonl"
        self._given = None if given is None else adapted(given, self._record)
        self._opened: CommentStore | None = None
        if self._given is None and not self.has_published(published):
            # A store that does not answer ends the build before anything is read.
            self.storage()

    def storage(self) -> CommentStore:
        """Return the store."""
        if self._given is not None:
            return self._given
        if self._opened is None:
            self._opened = adapted(_open(self._app), self._record)
        return self._opened

    def has_published(self, generation: str | None) -> bool:
        """Tell whether a build is still the one that was published last."""
        if generation is None:
            return False
        if self._given is None and self._opened is None:
            return generation_of_file(str(chosen(_settings(self._app))["STORAGE"])) == generation
        storage = self.storage()
        storage.pre_build()
        return storage.get_generation() == generation

    def describe(self) -> str | None:
        """Name the store for who builds, unless it is not open."""
        storage = self._given or self._opened
        return None if storage is None else storage.describe()

    def discard_build(self) -> None:
        """Forget what was staged."""
        storage = self._given or self._opened
        if storage is not None:
            storage.discard_build()

    def close(self) -> None:
        """Close the store, unless it is the application's."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


class as_sphinx_error:  # noqa: N801 - reads as what it does
    """Turns a store's error into one that Sphinx shows as a sentence, with the store's name."""

    def __init__(self, store: BuildStore) -> None:
        self._store = store

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BuildConflictError):
            raise CommentStoreError(
                f"{error}; the pages that were written carry ids that it does not have. "
                "Nothing was published: build again."
            ) from error
        if isinstance(error, WebSupportError):
            place = self._store.describe()
            # Errors of third-party stores name theirs.
            is_named = place is None or isinstance(error, ThirdPartyStoreError | UnsupportedError)
            where = "" if is_named else f" (the comment store is {place})"
            raise CommentStoreError(f"{error}{where}") from error


def _open(app: Sphinx) -> StorageBackend:
    settings = _settings(app)
    try:
        return open_storage(settings)
    except SettingsError as wrong:
        raise ConfigError(f"websupport_storage: {wrong}") from wrong
    except WebSupportError as failed:
        shown = shown_place(str(chosen(settings)["STORAGE"]))
        raise CommentStoreError(f"{failed} (websupport_storage is {shown!r})") from failed


def _settings(app: Sphinx) -> Settings:
    try:
        settings = config.settings(app)
    except SettingsError as wrong:
        raise ConfigError(f"websupport_storage: {wrong}") from wrong
    if chosen(settings)["STORAGE"]:
        return settings
    return {**settings, "STORAGE": _default_url(app)}


def _default_url(app: Sphinx) -> str:
    """Return the URL of a SQLite file in a folder of its own beside conf.py.

    Comments are no product of a build. A file beside the doctrees would be deployed with the
    pages (``sphinx-build`` keeps doctrees in the output folder) or go with ``make clean``,
    which deletes the whole build folder.
    """
    folder = Path(app.confdir) / ".websupport"
    try:
        folder.mkdir(exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("# Readers' comments belong in no repository.\n*\n", encoding="utf-8")
    except OSError as failed:
        raise ConfigError(
            f"no comment store can be kept in {folder} ({failed.strerror}): "
            "set websupport_storage to the URL of one"
        ) from failed
    return f"sqlite:///{(folder / 'comments.db').as_posix()}"
