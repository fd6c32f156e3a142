"""The adapter of Whoosh, under the name that the earlier package documented."""

from sphinxcontrib_websupport.search.whoosh import WhooshSearch

__all__ = ["WhooshSearch"]
