"""The one gate between HTML that somebody else wrote and a page of ours."""

from __future__ import annotations

import nh3

TAGS = frozenset(
    "a abbr blockquote br cite code dd del dl dt em hr ins kbd li ol p pre q s samp small strong "
    "sub sup table tbody td th thead tr ul var".split()
)
"""What a comment may be made of. No headings (they would enter the page's outline), no images
(a remote one tells a third party who reads what), no containers to style."""

ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
"""Attributes by tag. No ``id`` (it could shadow one of the page), no ``class``, no ``style``."""

SCHEMES = frozenset({"http", "https", "mailto"})

REL = "nofollow ugc noopener"

_GONE_WITH_THEIR_CONTENT = frozenset(
    {"script", "style", "iframe", "object", "template", "svg", "math"}
)

# Built once: a cleaner made for every call costs more than the cleaning.
_cleaner = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=set(_GONE_WITH_THEIR_CONTENT),
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    url_schemes=set(SCHEMES),
    link_rel=REL,
    strip_comments=True,
)


def clean(html: str) -> str:
    """Return ``html`` reduced to the allow-list; the result is safe to embed in any page.

    What is not allowed is left out, its text stays (that of scripts and styles does not).
    Cleaning a cleaned text changes nothing.
    """
    return _cleaner.clean(html)
