"""No search: the adapter of a site that configured none."""

from __future__ import annotations

from collections.abc import Iterable

from sphinxcontrib_websupport.errors import NullSearchException
from sphinxcontrib_websupport.search.base import BaseSearch


class NullSearch(BaseSearch):
    """Refuse every query, and take in nothing."""

    def add_document(self, pagename: str, filename: str, title: str, text: str) -> None:
        """Forget the page."""

    def handle_query(self, q: str) -> Iterable[tuple[str, str, str]]:
        """Refuse.

        :raises NullSearchException: always.
        """
        raise NullSearchException("no search adapter is configured")
