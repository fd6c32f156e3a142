"""The adapter of no search, under the name that the earlier package documented."""

from sphinxcontrib_websupport.search.null import NullSearch

__all__ = ["NullSearch"]
