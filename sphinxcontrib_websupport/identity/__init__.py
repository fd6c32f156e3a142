"""Which paragraph of a new build is which node of the old one.

A comment belongs to a paragraph, and a paragraph has no name: it is known by its text and by
what stands around it. :func:`match` takes the nodes of the last build and the paragraphs of
the new one and says which is which; the manual's page on identity says how.
"""

from __future__ import annotations

from sphinxcontrib_websupport.identity.matching import Matching, Paragraph, Retirement, match
from sphinxcontrib_websupport.identity.text import (
    DISTINCT,
    ELSEWHERE,
    IN_PAGE,
    IN_PLACE,
    LONG,
    WHOLE,
    normalise,
    similarity,
)

__all__ = [
    "DISTINCT",
    "ELSEWHERE",
    "IN_PAGE",
    "IN_PLACE",
    "LONG",
    "WHOLE",
    "Matching",
    "Paragraph",
    "Retirement",
    "match",
    "normalise",
    "similarity",
]
