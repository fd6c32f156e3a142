"""When what happens in a build: register after reading, mark while writing, publish at the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.environment import BuildEnvironment
from sphinx.errors import ConfigError, SphinxError
from sphinx.util import logging
from sphinx.util.matching import Matcher

from sphinxcontrib_websupport.build import config, indexing, pages
from sphinxcontrib_websupport.build.collector import Note, read_notes
from sphinxcontrib_websupport.build.conditions import Conditions
from sphinxcontrib_websupport.build.embedding import embedding_of
from sphinxcontrib_websupport.build.record import PageRecord
from sphinxcontrib_websupport.build.registration import (
    Registration,
    is_of_site,
    register,
    registered_name,
)
from sphinxcontrib_websupport.errors import BuildConflictError, SettingsError, WebSupportError
from sphinxcontrib_websupport.registry import open_storage, without_password
from sphinxcontrib_websupport.storage.base import StorageBackend

logger = logging.getLogger(__name__)

_FIRST, _LAST = -1000, 1000
_ATTEMPTS = 3


class CommentStoreError(SphinxError):
    """The comment store failed, or another build was faster."""

    category = "Comment store error"


def connect(app: Sphinx) -> None:
    """Take part in the builds of this application."""
    app.connect("builder-inited", begin, priority=_LAST)


def begin(app: Sphinx) -> None:
    """Open the store before anything is read, if this builder has readers.

    Other builders (LaTeX, gettext, linkcheck) share the environment and nothing else.
    """
    if not pages.has_readers_online(app):
        app.connect("doctree-resolved", lambda app, doctree, docname: pages.clear(doctree))
        return
    build = OnlineBuild(app)
    app.connect("env-updated", build.register, priority=_LAST)
    app.connect("write-started", build.start_writing)
    app.connect("doctree-resolved", build.remember, priority=_FIRST)
    app.connect("doctree-resolved", build.mark, priority=_LAST)
    app.connect("html-page-context", build.complete_page, priority=_LAST)
    app.connect("build-finished", build.fail, priority=_FIRST)
    app.connect("build-finished", build.finish, priority=_LAST)
    indexing.connect(app, _has_failed)


class OnlineBuild:
    """One build of pages that readers comment on."""

    def __init__(self, app: Sphinx) -> None:
        self._app = app
        self._config = config.read(app.config)
        given = embedding_of(app).storage
        self._is_own = given is None
        self._storage = given or _open(app)
        self._record = PageRecord(Path(app.outdir))
        self._ids: dict[str, list[str | None]] = {}
        self._marks = pages.Marks(self._ids, pages.thread_links(app, self._config))
        self._is_news = False
        self._has_written = False

    # -- after reading ---------------------------------------------------------------------

    def register(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Give all paragraphs their ids; return the pages that carry others."""
        with _as_sphinx_error():
            registration, ids = self._compare(env)
            self._is_news = registration.is_news
            if registration.is_news:
                registration.stage(self._storage)
                self._report(registration)
            else:
                self._storage.discard_build()
        self._ids.update(ids)
        return sorted(self._record.outdated(self._ids))

    def _compare(self, env: BuildEnvironment) -> tuple[Registration, dict[str, list[str | None]]]:
        """Compare all notes with the store; return the difference, and an id for each note.

        Neither is kept for the time of writing: the texts of all paragraphs are in them.
        """
        # Begun before the store is read: what another build publishes in between is a
        # conflict then, and not missed.
        self._storage.pre_build()
        site = self._config.site
        visible = self._visible(env)
        today = {
            registered_name(site, docname): [note for note in notes if note]
            for docname, notes in visible.items()
        }
        registration = register(self._storage, today, lambda document: is_of_site(site, document))
        by_note: dict[str, list[str | None]] = {}
        for docname, notes in visible.items():
            ids = iter(registration.ids[registered_name(site, docname)])
            by_note[docname] = [next(ids) if note else None for note in notes]
        return registration, by_note

    def _visible(self, env: BuildEnvironment) -> dict[str, list[Note | None]]:
        """Return all notes, with ``None`` for what no reader of this build sees."""
        conditions = Conditions(self._app)
        excluded = Matcher(self._config.exclude)
        visible: dict[str, list[Note | None]] = {}
        for docname, notes in read_notes(env):
            if docname not in env.all_docs:
                continue
            silent = excluded(docname) or _is_silent(env.metadata[docname])
            visible[docname] = [
                note if not silent and conditions.hold(note.conditions) else None for note in notes
            ]
        return visible

    def _report(self, registration: Registration) -> None:
        gone = registration.detached(self._storage)
        if gone:
            places = ", ".join(f"{document} ({count})" for document, count in sorted(gone.items()))
            logger.warning(
                "%d discussion(s) set apart, because their paragraphs are gone: %s",
                gone.total(),
                places,
                type="websupport",
                subtype="detached",
            )

    # -- while writing ---------------------------------------------------------------------

    def start_writing(self, app: Sphinx, builder: Builder) -> None:
        """Prepare the output folder."""
        self._has_written = True
        if self._record.outdated(self._ids):
            self._record.forget()
        pages.copy_assets(app)

    def remember(self, app: Sphinx, doctree: nodes.document, docname: str) -> None:
        """See a page before other extensions change it."""
        self._marks.remember(doctree)

    def mark(self, app: Sphinx, doctree: nodes.document, docname: str) -> None:
        """Mark a page's paragraphs."""
        self._marks.apply(doctree, docname)

    def complete_page(
        self,
        app: Sphinx,
        pagename: str,
        templatename: str,
        context: dict[str, Any],
        doctree: nodes.document | None,
    ) -> None:
        """Add the front end to a page that has paragraphs to comment on."""
        if doctree is not None:
            pages.add_assets(app, self._config, context, doctree)

    # -- at the end ------------------------------------------------------------------------

    def fail(self, app: Sphinx, exception: Exception | None) -> None:
        """Forget what a failed build registered.

        First of all, for a handler that raised is called once more and raises again.
        """
        if exception is not None:
            self._end()

    def finish(self, app: Sphinx, exception: Exception | None) -> None:
        """Publish what a build registered that succeeded, also in what others do at its end."""
        if exception is not None:
            return
        if not _has_failed(app):
            with _as_sphinx_error():
                self._publish()
        if self._has_written:
            self._record.save(self._ids, self._marks.written)
        self._end()

    def _end(self) -> None:
        self._storage.discard_build()
        self._is_news = False
        if self._is_own:
            self._storage.close()

    def _publish(self) -> None:
        if not self._is_news:
            return
        for _ in range(_ATTEMPTS):
            try:
                self._storage.post_build()
            except BuildConflictError:
                self._storage.discard_build()
                fresh, ids = self._compare(self._app.env)
                if ids != self._ids:
                    raise
                if not fresh.is_news:
                    return
                fresh.stage(self._storage)
            else:
                return
        raise BuildConflictError("other builds keep publishing to the same store")


class _as_sphinx_error:  # noqa: N801 - reads as what it does
    """Turns a store's error into one that Sphinx shows as a sentence."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BuildConflictError):
            raise CommentStoreError(
                f"{error}; the pages that were written carry ids that it does not have. "
                "Nothing was published: build again."
            ) from error
        if isinstance(error, WebSupportError):
            raise CommentStoreError(str(error)) from error


def _open(app: Sphinx) -> StorageBackend:
    try:
        settings = config.settings(app)
        place = settings.get("STORAGE") or _default_url(app)
        return open_storage({**settings, "STORAGE": place})
    except SettingsError as wrong:
        raise ConfigError(f"websupport_storage: {wrong}") from wrong
    except WebSupportError as failed:
        shown = without_password(str(place))
        raise CommentStoreError(f"{failed} (websupport_storage is {shown!r})") from failed


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


def _is_silent(metadata: Mapping[str, Any]) -> bool:
    """Tell whether a page's field list says ``:no-comments:``."""
    value = metadata.get("no-comments")
    return value is not None and str(value).strip().lower() not in {"false", "no", "0"}


def _has_failed(app: Sphinx) -> bool:
    """Tell whether the build fails though no exception was raised.

    ``-W`` (before Sphinx 8.1, with ``--keep-going``) turns warnings into a failing exit code
    only after this event; what it looks at is known here already. Sphinx has no public name
    for either.
    """
    fails_on_warnings = getattr(app, "_fail_on_warnings", app.keep_going)
    return app.statuscode != 0 or bool(fails_on_warnings and app._warncount)
