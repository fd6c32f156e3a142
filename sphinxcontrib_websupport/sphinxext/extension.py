"""The one list of what is registered with Sphinx."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from sphinxcontrib_websupport import __version__
from sphinxcontrib_websupport.sphinxext import collector, config, hooks, links
from sphinxcontrib_websupport.sphinxext.builder import WebSupportBuilder

ENVIRONMENT_VERSION = 1
"""Changes with the form of the notes: Sphinx then reads all documents again. It also does so
when an environment was made without this extension."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Register values, events and the builder."""
    config.register(app)
    collector.connect(app)
    hooks.connect(app)
    links.connect(app)
    app.add_builder(WebSupportBuilder)
    return {
        "version": __version__,
        "env_version": ENVIRONMENT_VERSION,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
