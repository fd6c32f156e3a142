"""When what happens in a build: register after reading, mark while writing, publish at the end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.matching import Matcher

from sphinxcontrib_websupport.errors import BuildConflictError
from sphinxcontrib_websupport.sphinxext import config, indexing, marks
from sphinxcontrib_websupport.sphinxext.collector import Note, read_notes
from sphinxcontrib_websupport.sphinxext.conditions import Conditions
from sphinxcontrib_websupport.sphinxext.plan import (
    Registration,
    is_of_site,
    register,
    registered_name,
)
from sphinxcontrib_websupport.sphinxext.record import PageRecord, Published
from sphinxcontrib_websupport.sphinxext.store import BuildStore, as_sphinx_error

logger = logging.getLogger(__name__)

_FIRST, _LAST = -1000, 1000
_ATTEMPTS = 3


def connect(app: Sphinx) -> None:
    """Take part in the builds of this application."""
    app.connect("builder-inited", begin, priority=_LAST)


def begin(app: Sphinx) -> None:
    """Open the store before anything is read, if this builder has readers.

    Other builders (LaTeX, gettext, linkcheck) share the environment and nothing else.
    """
    if not marks.has_readers_online(app):
        app.connect("doctree-resolved", lambda app, doctree, docname: marks.clear(doctree))
        return
    build = OnlineBuild(app)
    try:
        indexing.connect(app, _has_failed)
    except BaseException:
        # Sphinx tells of the end of a build only if the build has begun.
        build.close()
        raise
    app.connect("env-updated", build.register, priority=_LAST)
    app.connect("write-started", build.start_writing)
    app.connect("doctree-resolved", build.remember, priority=_FIRST)
    app.connect("doctree-resolved", build.mark, priority=_LAST)
    app.connect("html-page-context", build.complete_page, priority=_LAST)
    app.connect("build-finished", build.fail, priority=_FIRST)
    app.connect("build-finished", build.finish, priority=_LAST)


class OnlineBuild:
    """One build of pages that readers comment on."""

    def __init__(self, app: Sphinx) -> None:
        self._app = app
        self._config = config.read(app.config)
        self._record = PageRecord(Path(app.outdir))
        known = self._record.published
        self._store = BuildStore(app, known.generation if known else None)
        self._notes = ""
        self._generation: str | None = None
        self._ids: dict[str, Sequence[str | None]] = {}
        self._marks = marks.Marks(self._ids, marks.thread_links(app, self._config))
        self._is_news = False
        self._has_written = False

    # -- after reading ---------------------------------------------------------------------

    def register(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Give all paragraphs their ids; return the pages that carry others."""
        with as_sphinx_error(self._store):
            visible = self._visible(env)
            self._notes = _digest(visible, self._config.site)
            known = self._record.published
            if (
                known
                and known.are_of(visible, self._notes)
                and self._store.has_published(known.generation)
            ):
                self._ids.update(known.ids)
                self._generation = known.generation
            else:
                registration, ids = self._compare(visible)
                self._ids.update(ids)
                self._is_news = registration.is_news
                if self._is_news:
                    self._report(registration)
            self._store.discard_build()
        return sorted(self._record.outdated(self._ids))

    def _compare(
        self, visible: Mapping[str, Sequence[Note | None]]
    ) -> tuple[Registration, dict[str, list[str | None]]]:
        """Compare all notes with the store; return the difference, and an id for each note.

        Neither notes nor difference are kept for the time of writing: the texts of all paragraphs
        are in them.
        """
        # Begun before the store is read: what another build publishes in between is a
        # conflict then, and not missed.
        storage = self._store.storage()
        storage.pre_build()
        self._generation = storage.get_generation()
        site = self._config.site
        today = {
            registered_name(site, docname): [note for note in notes if note]
            for docname, notes in visible.items()
        }
        registration = register(storage, today, lambda document: is_of_site(site, document))
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
        gone = registration.detached(self._store.storage())
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
        marks.copy_assets(app)

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
            marks.add_assets(app, self._config, context, doctree)

    # -- at the end ------------------------------------------------------------------------

    def fail(self, app: Sphinx, exception: Exception | None) -> None:
        """Forget what a failed build registered.

        First of all, for a handler that raised is called once more and raises again.
        """
        if exception is not None:
            self.close()

    def finish(self, app: Sphinx, exception: Exception | None) -> None:
        """Publish what a build registered that succeeded, also in what others do at its end."""
        if exception is not None:
            return
        if not _has_failed(app):
            with as_sphinx_error(self._store):
                self._publish()
        if self._has_written:
            published = Published(
                None if self._is_news else self._generation, self._notes, self._ids
            )
            self._record.save(published, self._marks.written)
        self.close()

    def close(self) -> None:
        """Forget what was not published, and close the store."""
        self._store.discard_build()
        self._store.close()
        self._is_news = False

    def _publish(self) -> None:
        if not self._is_news:
            return
        storage = self._store.storage()
        for _ in range(_ATTEMPTS):
            # Compared anew: what is to be staged are the texts of all paragraphs, and while pages
            # are written Sphinx needs the memory.
            registration, ids = self._compare(self._visible(self._app.env))
            if ids != self._ids:
                raise BuildConflictError("another build was published since this one began")
            with suppress(BuildConflictError):
                if registration.is_news:
                    registration.stage(storage)
                    storage.post_build()
                    if storage.notice:
                        logger.warning(storage.notice, type="websupport", subtype="record")
                    self._generation = storage.get_generation()
                self._is_news = False
                return
        raise BuildConflictError("other builds keep publishing to the same store")


def _digest(visible: Mapping[str, Sequence[Note | None]], site: str) -> str:
    """Return what is the same as long as the same is to be registered."""
    digest = sha256(site.encode())
    for docname, notes in sorted(visible.items()):
        digest.update(json.dumps([docname, notes]).encode())
    return digest.hexdigest()


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
