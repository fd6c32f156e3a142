"""Results as HTML; whatever is put in is escaped."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from markupsafe import Markup

from sphinxcontrib_websupport.search.queries import LONGEST
from sphinxcontrib_websupport.search.results import SearchResult, SearchResults

_PAGE = Markup("""\
<h1>Search</h1>
<form role="search" method="get"><input type="search" name="q" value="{q}" aria-label="Search"> \
<button type="submit">Search</button></form>
<div id="search-results">{found}</div>""")

_LIST = Markup("""<p class="search-summary" role="status">{summary}</p>
<ol class="search" start="{start}">{items}</ol>{more}""")

_ITEM = Markup("""<li class="search-{kind}"><a href="{url}">{title}</a>{heading}{mark}\
<p class="context">{context}</p></li>""")

_HEADING = Markup(' <span class="heading">{}</span>')
_COMMENT = Markup(' <span class="kind">Comment</span>')
_LINK = Markup('<a rel="{rel}" href="?{query}">{label}</a>')


def render(q: str, found: SearchResults, limit: int, url: Callable[[str], str]) -> str:
    """Return the body of the search page.

    :param limit: how many results a page of them has.
    :param url: gives the address of a result's path.
    """
    shown = q[:LONGEST].replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")
    if not found.results:
        nothing = Markup('<p class="search-summary" role="status">Nothing was found.</p>')
        return str(_PAGE.format(q=shown, found=nothing if shown.strip() else ""))
    body = _LIST.format(
        summary="1 result" if found.total == 1 else f"{found.total} results",
        start=found.start + 1,
        items=Markup().join(_item(result, url) for result in found.results),
        more=_more(shown, found, limit),
    )
    return str(_PAGE.format(q=shown, found=body))


def _item(result: SearchResult, url: Callable[[str], str]) -> Markup:
    return _ITEM.format(
        kind=result.kind,
        url=url(result.path),
        title=result.title or result.path,
        heading=_HEADING.format(result.heading) if result.heading else "",
        mark=_COMMENT if result.kind == "comment" else "",
        context=Markup(result.context),  # noqa: S704 - safe HTML by contract
    )


def _more(q: str, found: SearchResults, limit: int) -> Markup:
    links = []
    if found.start > 0:
        before = max(found.start - limit, 0)
        links.append(_link("prev", "Previous", q, before))
    if found.next is not None:
        links.append(_link("next", "Next", q, found.next))
    return (
        Markup('<p class="search-more">{}</p>').format(Markup(" ").join(links))
        if links
        else Markup()
    )


def _link(rel: str, label: str, q: str, start: int) -> Markup:
    # Only a query, so that it leads to wherever this page was asked for.
    return _LINK.format(rel=rel, label=label, query=urlencode({"q": q, "start": start}))
