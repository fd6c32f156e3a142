"""How long scripts keep a reader's browser busy: marking a page, and opening a long thread.

``python -m benchmarks frontend`` builds a page of 300 paragraphs, 40 of them with comments, one of
these with 1,000, and opens it in Chromium. It prints the median of several runs, in milliseconds:
of the profiler's samples in the front end's functions and what they call, and of the browser's own
counters. Each run begins with a fresh browser context.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, sync_playwright

from sphinxcontrib_websupport.serve.site import PREFIX
from tests.browser import sites
from tests.browser.sites import Running

PARAGRAPHS, THREADS, COMMENTS = 300, 40, 1000
RUNS = 9
SCRIPT = "script of the front end"
OURS = "/_static/websupport"
COUNTERS = ("LayoutDuration", "RecalcStyleDuration", "TaskDuration")
"""The browser's own: for layout, for styles, and for all that its main thread did."""

Times = dict[str, float]


def main(arguments: list[str]) -> int:
    """Measure, and print what was measured."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch)
        _write_project(folder / "source")
        built = sites.build(folder / "build", "alabaster", folder / "source")
        browser = playwright.chromium.launch(executable_path=sites.CHROMIUM, args=sites.FLAGS)
        with sites.serving(built.pages, built.database) as site:
            _comment(site)
            runs = [_run(browser, site) for _ in range(RUNS)]
        print(
            f"{PARAGRAPHS} paragraphs, {THREADS} threads; one of {COMMENTS} comments; {RUNS} runs"
        )
        for number, what in enumerate(("a page is marked", "the long thread opens")):
            print(f"{what}:")
            for name in (SCRIPT, *COUNTERS):
                median = statistics.median(run[number][name] for run in runs)
                print(f"  {name.removesuffix('Duration')}: {median:.1f} ms")
        browser.close()
    return 0


def _write_project(folder: Path) -> None:
    folder.mkdir()
    (folder / "conf.py").write_text('project = "Long"\nextensions = ["sphinxcontrib_websupport"]\n')
    text = "It says what it says, in three lines or so, with *emphasis* and ``code`` in it. "
    paragraphs = (f"Paragraph {number}. {text * 4}" for number in range(PARAGRAPHS))
    (folder / "index.rst").write_text("Long\n====\n\n" + "\n\n".join(paragraphs) + "\n")


def _comment(site: Running) -> None:
    start = datetime.now(UTC) - timedelta(days=2)
    nodes = list(site.support.storage.get_nodes(["index"]))
    step = PARAGRAPHS // THREADS
    for node in nodes[: THREADS * step : step]:
        for number in range(COMMENTS if node is nodes[0] else 3):
            # Past WebSupport, so that not each of them is rendered.
            site.support.storage.add_comment(
                f"<p>Comment {number}, with <em>emphasis</em>.</p>",
                True,
                f"reader {number % 7}",
                start + timedelta(minutes=number),
                None,
                node.id,
                None,
                False,
            )


def _run(browser: Browser, site: Running) -> tuple[Times, Times]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    held: list[Route] = []
    page.route(f"**{PREFIX}/documents/*", lambda route: held.append(route))
    page.goto(f"{site.address}/index.html", wait_until="load")
    while not held:
        page.wait_for_timeout(10)
    marked = _measure(
        page,
        held[0].continue_,
        f"document.querySelectorAll('button.websupport-marker').length === {PARAGRAPHS}",
    )
    click = "document.querySelector('button.websupport-marker').click()"
    opened = _measure(
        page,
        lambda: page.evaluate(click),
        "document.querySelectorAll('.websupport-comment').length === 50 && "
        "document.querySelector('.websupport-form')",
    )
    context.close()
    return marked, opened


def _measure(page: Page, act: Callable[[], object], until: str) -> Times:
    """Return how long the browser's main thread was busy, in milliseconds by what with."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("Profiler.enable")
    session.send("Profiler.setSamplingInterval", {"interval": 100})

    def read() -> Times:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return {metric["name"]: metric["value"] * 1000 for metric in metrics}

    before = read()
    session.send("Profiler.start")
    act()
    # Looks seldom: looking is script, too.
    while not page.evaluate(f"Boolean({until})"):
        page.wait_for_timeout(50)
    page.wait_for_timeout(200)
    profile = session.send("Profiler.stop")["profile"]
    after = read()
    return {SCRIPT: _own_time(profile)} | {name: after[name] - before[name] for name in COUNTERS}


def _own_time(profile: dict[str, Any]) -> float:
    """Return the milliseconds in which the front end, or what it had called, was running."""
    own: set[int] = set()
    nodes = {node["id"]: node for node in profile["nodes"]}
    pending = [node["id"] for node in nodes.values() if OURS in node["callFrame"]["url"]]
    while pending:
        id = pending.pop()
        if id not in own:
            own.add(id)
            pending.extend(nodes[id].get("children", ()))
    samples = zip(profile["samples"], profile["timeDeltas"], strict=True)
    return float(sum(delta for id, delta in samples if id in own)) / 1000


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
