"""How long it takes to identify a large manual and a large page."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from time import process_time

from benchmarks.identity_corpus import paragraphs
from benchmarks.identity_generated import Editor
from sphinxcontrib_websupport.identity import Paragraph, match
from sphinxcontrib_websupport.model import Node

PARAGRAPHS = 75_000
PAGE = 1_300
RUNS = 5


def large_manual(*, distinct: bool) -> list[Paragraph]:
    """Return 75,000 paragraphs: Django's manual in three volumes.

    :param distinct: let each volume name itself in its texts; otherwise every text is there
        three times, which is harder.
    """
    manual = paragraphs("django", "5.2")
    volumes = [
        Paragraph(
            f"volume{number}/{each.document}",
            f"{each.source} (volume {number})" if distinct else each.source,
        )
        for number in range(1, 4)
        for each in manual
    ]
    return volumes[:PARAGRAPHS]


def report() -> bool:
    """Print processor times; tell if all are within their bounds."""
    print(f"Speed: processor time on one core, median of {RUNS} runs\n")
    reached = True
    for distinct in (True, False):
        kind = "distinct" if distinct else "each text three times"
        manual = large_manual(distinct=distinct)
        ids = match([], manual).ids
        old = [Node(id, each.document, each.source) for id, each in zip(ids, manual, strict=True)]
        edited = Editor(manual, paragraphs("sphinx", "9.0.4"), 1, one_in=20).revise().new
        reached &= _line(f"{len(manual):,} unchanged, {kind}", 2.0, old, manual)
        reached &= _line(f"{len(manual):,}, 5 % edited, {kind}", 10.0, old, edited)
    page = [replace(each, document="page") for each in paragraphs("sphinx", "9.0.4")[:PAGE]]
    old = [
        Node(id, each.document, each.source)
        for id, each in zip(match([], page).ids, page, strict=True)
    ]
    inserted = [Paragraph("page", "One sentence, inserted at the top."), *page]
    reached &= _line(f"page of {PAGE:,}, one inserted", 0.05, old, inserted)
    print()
    return reached


def _line(title: str, bound: float, old: list[Node], new: list[Paragraph]) -> bool:
    times = []
    for _ in range(RUNS):
        start = process_time()
        match(old, new)
        times.append(process_time() - start)
    took = median(times)
    print(f"{title:<46}{took * 1000:>9.1f} ms of {bound * 1000:,.0f} ms allowed")
    return took <= bound
