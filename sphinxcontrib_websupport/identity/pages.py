"""Which page of the new build continues which page of the old one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from sphinxcontrib_websupport.identity.sides import Side

RENAMED = 0.5
"""The share of the smaller page's paragraphs that a renamed page has in common with it."""

COMMONPLACE = 4
"""A text that stands on more pages than this says nothing about a page."""

SAME_NAME = 2
"""How many times its paragraphs count for a page that kept its name."""


def counterparts(old: Side, new: Side) -> dict[str, str]:
    """Return, for old pages, the new page that continues each; both at most once.

    A page that kept its name is its own counterpart, unless another page has taken the
    greater part of what stood there (pages swapped, or one renamed and replaced).
    """
    standing = (_standing(old), _standing(new))
    size = (_telling(standing[0]), _telling(standing[1]))
    shared = _shared(*standing)

    def strength(pages: tuple[str, str]) -> int:
        return shared[pages] * (SAME_NAME if pages[0] == pages[1] else 1)

    found: dict[str, str] = {}
    taken: set[str] = set()

    def accept(pairs: Iterable[tuple[str, str]]) -> None:
        for before, now in pairs:
            if before not in found and now not in taken:
                found[before] = now
                taken.add(now)

    strongest = sorted(shared, key=lambda pages: (-strength(pages), pages))
    accept(
        (before, now)
        for before, now in strongest
        if before == now or shared[before, now] >= RENAMED * min(size[0][before], size[1][now])
    )
    accept((name, name) for name in old.pages if name in new.pages)
    accept(_renamed_whole(old, new))
    return found


def _standing(side: Side) -> dict[int, Counter[str]]:
    """Return how often each text stands on which pages, commonplaces apart."""
    places: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for token, page in zip(side.tokens, side.page_of, strict=True):
        places[token][page] += 1
    return {token: pages for token, pages in places.items() if len(pages) <= COMMONPLACE}


def _telling(standing: dict[int, Counter[str]]) -> Counter[str]:
    """Count each page's paragraphs that are no commonplaces."""
    size: Counter[str] = Counter()
    for pages in standing.values():
        size.update(pages)
    return size


def _shared(
    before: dict[int, Counter[str]], now: dict[int, Counter[str]]
) -> Counter[tuple[str, str]]:
    """Count the paragraphs that pairs of pages have in common, commonplaces apart."""
    shared: Counter[tuple[str, str]] = Counter()
    for token, old_pages in before.items():
        for new_page, times in now.get(token, Counter()).items():
            for old_page, old_times in old_pages.items():
                shared[old_page, new_page] += min(old_times, times)
    return shared


def _renamed_whole(old: Side, new: Side) -> Iterable[tuple[str, str]]:
    """Yield removed and added pages with the very same paragraphs, commonplace or not."""
    removed = _by_content(old, old.pages.keys() - new.pages.keys())
    added = _by_content(new, new.pages.keys() - old.pages.keys())
    for content, before in removed.items():
        now = added.get(content, [])
        if len(before) == len(now) == 1:
            yield before[0], now[0]


def _by_content(side: Side, names: Iterable[str]) -> dict[tuple[int, ...], list[str]]:
    contents: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
    for name in sorted(names):
        page = side.pages[name]
        contents[tuple(side.tokens[page.start : page.stop])].append(name)
    return contents
