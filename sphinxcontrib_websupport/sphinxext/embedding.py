"""What an application decides about a build and conf.py cannot say."""

from __future__ import annotations

from dataclasses import dataclass

from sphinx.application import Sphinx

from sphinxcontrib_websupport.documents.store import Documents
from sphinxcontrib_websupport.search.base import BaseSearch
from sphinxcontrib_websupport.storage.base import StorageBackend


@dataclass(frozen=True, slots=True)
class Embedding:
    """The choices of :func:`sphinxcontrib_websupport.sphinxext.runner.run`."""

    storage: StorageBackend | None = None
    """A store that the application opened, and closes; ``None``: conf.py names one."""
    docroot: str | None = None
    """The URL path under which pages are served; ``None``: who serves them decides."""
    staticroot: str | None = None
    """The same for static files."""
    documents: Documents | None = None
    """Where the ``websupport`` builder keeps pages; ``None``: files beside its output."""
    search: BaseSearch | None = None
    """An adapter that the application opened, and closes; ``None``: conf.py may name one."""


class EmbeddedSphinx(Sphinx):
    """A Sphinx application that has this extension, whatever conf.py lists."""

    def __init__(self, embedding: Embedding, *args: object, **kwargs: object) -> None:
        self.embedding = embedding
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Sphinx's own parameters

    def preload_builder(self, name: str) -> None:
        """Load the extension behind conf.py's own, before configuration is complete.

        Here every Sphinx from 7.4 on has loaded what conf.py lists and has not told anyone
        the configuration yet, so that our handlers hear all events, and ``extensions`` is
        untouched. A conf.py that lists the extension itself loads it once.
        """
        self.setup_extension("sphinxcontrib_websupport")
        super().preload_builder(name)


def embedding_of(app: Sphinx) -> Embedding:
    """Return the application's choices; the defaults in an ordinary ``sphinx-build``."""
    return app.embedding if isinstance(app, EmbeddedSphinx) else Embedding()
