"""Search over Sphinx's own documentation: whether the right page is found, and what it costs.

``python -m benchmarks search`` builds Sphinx's ``doc/``, asks 40 written-down queries of our
adapter and of the search of Sphinx's own html builder (its page, in Chromium), and times indexing
and queries.

``--adapter URL``
    Another adapter than ``sqlite``.
``--only quality`` or ``--only speed``
    One part.
``--keep FOLDER``
    Build into a folder that is kept, and use what is there.
"""

from __future__ import annotations

import argparse
import http.server
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

from benchmarks.corpus import corpus
from benchmarks.search_queries import QUERIES
from sphinxcontrib_websupport.registry import open_search
from sphinxcontrib_websupport.search.base import BaseSearch
from sphinxcontrib_websupport.sphinxext.runner import run

RELEASE = "9.0.4"
FIRST = 3
ROUNDS = 20
LONG = ("word " * 2_000, "(a+)+$" * 1_500, '"' * 10_000, "a* " * 3_000, "-sphinx " * 1_000)
CHROMIUM = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()

# Exactly what the page itself does with a query, up to the list that it then shows from its end.
ASK = "q => Search._performSearch(...Search._parseQuery(q)).map(r => r[0]).reverse()"


def main(argv: list[str]) -> None:
    """Print quality and cost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks search")
    parser.add_argument("--adapter", metavar="URL")
    parser.add_argument("--only", choices=("quality", "speed"))
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        search = open_search(options.adapter or f"sqlite:///{folder}/search.db")
        try:
            build(folder, search)
            if options.only != "speed":
                report_quality(folder, search)
            if options.only != "quality":
                report_queries(search)
                report_indexing(folder)
        finally:
            search.close()


def build(folder: Path, search: BaseSearch | None, *, fresh: bool = False) -> float:
    """Build Sphinx's documentation; return the CPU seconds of this process."""
    start = time.process_time()
    run(
        corpus("sphinx", RELEASE),
        folder / "html",
        folder / "doctrees",
        storage=f"sqlite:///{folder}/comments.db",
        search=search,
        freshenv=fresh,
    )
    return time.process_time() - start


# -- quality -------------------------------------------------------------------------------------


def report_quality(folder: Path, search: BaseSearch) -> None:
    """Print for each query where the expected page is, here and there."""
    ours = [our_pages(search, q) for q, _ in QUERIES]
    with sphinx_page(folder / "html") as page:
        theirs = [list(dict.fromkeys(page.evaluate(ASK, q))) for q, _ in QUERIES]
    print(
        f"{'query':44} {'here':>5} {'Sphinx':>7}   (place of the expected page, - for none in 10)"
    )
    for (q, expected), here, there in zip(QUERIES, ours, theirs, strict=True):
        print(f"{q:44} {place(expected, here):>5} {place(expected, there):>7}")
    for name, pages in (("this package", ours), ("Sphinx's own search", theirs)):
        found = sum(is_found(e, p) for (_, e), p in zip(QUERIES, pages, strict=True))
        print(f"{name}: {found} of {len(QUERIES)} among the first {FIRST} pages")


def our_pages(search: BaseSearch, q: str) -> list[str]:
    paths = [result.path.partition("#")[0] for result in search.search(q).results]
    return list(dict.fromkeys(path.removesuffix(".html") for path in paths))


def place(expected: Sequence[str], pages: Sequence[str]) -> str:
    return next((str(n) for n, page in enumerate(pages[:10], 1) if page in expected), "-")


def is_found(expected: Sequence[str], pages: Sequence[str]) -> bool:
    return not set(expected).isdisjoint(pages[:FIRST])


@contextmanager
def sphinx_page(html: Path) -> Iterator[Page]:
    """Open Sphinx's search page in a browser, its index loaded."""
    handler = partial(_Quiet, directory=str(html))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=CHROMIUM
                )
                page = browser.new_context().new_page()
                page.goto(f"http://127.0.0.1:{server.server_port}/search.html")
                page.wait_for_function("typeof Search !== 'undefined' && Search.hasIndex()")
                check_shown(page, QUERIES[0][0])
                yield page
                browser.close()
        finally:
            server.shutdown()


def check_shown(page: Page, q: str) -> None:
    """Make sure that a reader is shown what we count."""
    counted = page.evaluate(ASK, q)
    shown = page.context.new_page()
    shown.goto(page.url + "?q=" + quote(q))
    shown.wait_for_selector("ul.search li a")
    first = shown.locator("ul.search li a").first.get_attribute("href") or ""
    assert first.partition("#")[0] == f"{counted[0]}.html", (first, counted[0])
    shown.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


# -- cost ----------------------------------------------------------------------------------------


def report_queries(search: BaseSearch) -> None:
    """Print how long queries take, a page of ten results each.

    Beside the clock, the processor's time: others may be using the machine.
    """
    clock: list[float] = []
    by_query: dict[str, float] = {}
    for q, _ in QUERIES:
        rounds = [timed(partial(search.search, q)) for _ in range(ROUNDS)]
        clock += [wall for wall, _ in rounds]
        by_query[q] = statistics.median(cpu for _, cpu in rounds)
    clock.sort()
    slowest = max(by_query, key=lambda q: by_query[q])
    print(
        f"a query: median {statistics.median(clock):.1f} ms, "
        f"95 % within {clock[len(clock) * 95 // 100]:.1f} ms by the clock; "
        f"median {statistics.median(by_query.values()):.1f} ms of CPU, "
        f"slowest {by_query[slowest]:.1f} ms ({slowest!r}); {len(QUERIES)} queries, {ROUNDS} times"
    )
    hostile = {q[:12]: min(timed(partial(search.search, q)) for _ in range(5)) for q in LONG}
    slowest = max(hostile, key=lambda q: hostile[q])
    print(
        f"a hostile query of 10,000 characters: at most {hostile[slowest][0]:.1f} ms ({slowest!r})"
    )


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Return what a call takes by the clock and of the processor, in milliseconds."""
    clock, cpu = time.perf_counter(), time.process_time()
    call()
    return (time.perf_counter() - clock) * 1000, (time.process_time() - cpu) * 1000


def report_indexing(folder: Path) -> None:
    """Print what indexing adds to a build of everything, in CPU seconds.

    The calls of the adapter are timed within one build: two builds differ by more than that.
    """
    search = open_search(f"sqlite:///{folder}/fresh.db")
    spent = 0.0

    def time_calls(name: str) -> None:
        call = getattr(search, name)

        def timed_call(*arguments: object) -> object:
            nonlocal spent
            start = time.process_time()
            try:
                return call(*arguments)
            finally:
                spent += time.process_time() - start

        setattr(search, name, timed_call)

    for name in ("prepare", "names", "init_indexing", "feed", "prune", "finish_indexing"):
        time_calls(name)
    try:
        total = build(folder, search, fresh=True)
    finally:
        search.close()
    share = spent / (total - spent) * 100
    print(f"a build: {total - spent:.1f} s of CPU; indexing adds {spent:.2f} s, {share:.1f} %")
