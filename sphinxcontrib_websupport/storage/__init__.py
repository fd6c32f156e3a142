"""Nodes, comments and votes: the contract of a comment store, and stores.

``StorageBackend`` can be imported from here, as the earlier package documented it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinxcontrib_websupport.storage.base import StorageBackend

__all__ = ["StorageBackend"]


def __getattr__(name: str) -> Any:
    """Import the contract when it is asked for."""
    if name == "StorageBackend":
        from sphinxcontrib_websupport.storage.base import StorageBackend

        return StorageBackend
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
