"""The adapter of Xapian, under the name that the earlier package documented."""

from sphinxcontrib_websupport.search.xapian import XapianSearch

__all__ = ["XapianSearch"]
