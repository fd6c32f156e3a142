"""Pages and discussions under words: adapters that find them.

``BaseSearch`` can be imported from here, as the earlier package documented it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinxcontrib_websupport.search.base import BaseSearch

__all__ = ["BaseSearch"]


def __getattr__(name: str) -> Any:
    """Import the contract when it is asked for."""
    if name == "BaseSearch":
        from sphinxcontrib_websupport.search.base import BaseSearch

        return BaseSearch
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
