"""Readers discuss, vote on and propose changes to any paragraph of a Sphinx site.

As an extension: ``extensions = ["sphinxcontrib_websupport"]`` in conf.py. In an application:
``from sphinxcontrib_websupport import WebSupport``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from sphinxcontrib_websupport.backends.base import Backend
    from sphinxcontrib_websupport.model import Viewer
    from sphinxcontrib_websupport.search.base import BaseSearch
    from sphinxcontrib_websupport.serve.site import Site
    from sphinxcontrib_websupport.storage.base import StorageBackend
    from sphinxcontrib_websupport.web.readers.proxies import ProxyUsers, TrustedProxies
    from sphinxcontrib_websupport.web.readers.session import Session
    from sphinxcontrib_websupport.web.security.crossorigin import CrossOrigin
    from sphinxcontrib_websupport.web.security.limits import Limits
    from sphinxcontrib_websupport.web.shells.asgi import ASGIApp
    from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
    from sphinxcontrib_websupport.websupport import WebSupport

__all__ = [
    "ASGIApp",
    "Backend",
    "BaseSearch",
    "CrossOrigin",
    "Limits",
    "ProxyUsers",
    "Session",
    "Site",
    "StorageBackend",
    "TrustedProxies",
    "Viewer",
    "WSGIApp",
    "WebSupport",
    "__version__",
    "setup",
]

__version__ = "3.0.0.dev0"

_MODULES = {
    "ASGIApp": "web.shells.asgi",
    "Backend": "backends.base",
    "BaseSearch": "search.base",
    "CrossOrigin": "web.security.crossorigin",
    "Limits": "web.security.limits",
    "ProxyUsers": "web.readers.proxies",
    "Session": "web.readers.session",
    "Site": "serve.site",
    "StorageBackend": "storage.base",
    "TrustedProxies": "web.readers.proxies",
    "Viewer": "model",
    "WSGIApp": "web.shells.wsgi",
    "WebSupport": "websupport",
}
"""Where each public name is defined; modules of this package import it from there."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension with Sphinx; called by Sphinx for a name in ``extensions``."""
    from sphinxcontrib_websupport.sphinxext.extension import setup as register

    return register(app)


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for: a build needs nothing of the web's side."""
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List what can be imported."""
    return sorted(__all__)
