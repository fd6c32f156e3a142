"""The difference of two texts, under the name that the earlier package documented."""

from __future__ import annotations

from sphinxcontrib_websupport.differ import as_html, as_text, compare

__all__ = ["CombinedHtmlDiff"]


class CombinedHtmlDiff:
    """The difference of a source and a proposal.

    :param source: the text as it is.
    :param proposal: the text as it is to be.
    """

    def __init__(self, source: str, proposal: str) -> None:
        self._changes = compare(source, proposal)

    def make_html(self) -> str:
        """Return the difference as safe HTML, with ``ins`` and ``del``."""
        return as_html(self._changes)

    def make_text(self) -> str:
        """Return the difference as plain text: ``[-gone-]`` and ``{+new+}``."""
        return as_text(self._changes)
