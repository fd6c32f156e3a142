"""Readers discuss, vote on and propose changes to any paragraph of a Sphinx site.

As an extension: ``extensions = ["sphinxcontrib_websupport"]`` in conf.py. In an application:
``from sphinxcontrib_websupport import WebSupport``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from sphinxcontrib_websupport.websupport import WebSupport

__all__ = ["WebSupport", "__version__", "setup"]

__version__ = "3.0.0.dev0"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx; called by Sphinx for a name in ``extensions``."""
    from sphinxcontrib_websupport.sphinxext.extension import setup as register

    return register(app)


def __getattr__(name: str) -> Any:
    """Import ``WebSupport`` when it is asked for: a build needs nothing of the web's side."""
    if name == "WebSupport":
        from sphinxcontrib_websupport.websupport import WebSupport

        return WebSupport
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
