"""Pictures of everything, in every theme, for a person to look at.

``python -m tests.browser.screenshots [FOLDER]`` writes them into a folder (``screenshots``), and
all of them on one sheet, ``sheet.html`` and ``sheet.png``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from sphinxcontrib_websupport.serve.site import PREFIX
from tests.browser import sites
from tests.browser.sites import Running

Scheme = Literal["light", "dark"]

THEMES: dict[str, tuple[Scheme, ...]] = {
    "alabaster": ("light",),
    "sphinx_rtd_theme": ("light",),
    "furo": ("light", "dark"),
    "pydata_sphinx_theme": ("light", "dark"),
    "sphinx_book_theme": ("light", "dark"),
}
"""The themes, and the colour schemes that they have."""

WIDTHS = {"phone": 360, "tablet": 768, "desk": 1440}


class Scene(NamedTuple):
    """What is done before a picture is taken."""

    name: str
    play: Callable[[Running, Page], None]


def main(arguments: list[str]) -> int:
    """Take all pictures."""
    folder = Path(arguments[0] if arguments else "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    taken: list[Path] = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        browser = playwright.chromium.launch(executable_path=sites.CHROMIUM, args=sites.FLAGS)
        for theme, schemes in THEMES.items():
            home = Path(scratch) / theme
            built = sites.build(home, theme)
            with sites.serving(built.pages, built.database, policy=None) as site:
                furnish(site)
                for scheme in schemes:
                    taken += _scenes(browser, site, folder, theme, scheme)
        for language in ("en", "ar"):
            built = sites.build(Path(scratch) / language, "furo", language=language)
            with sites.serving(built.pages, built.database, policy=None, language=language) as site:
                furnish(site)
                if language == "ar":
                    taken += _scenes(browser, site, folder, "furo-ar", "light")
                _lose_a_paragraph(site)
                for scheme in ("light", "dark"):
                    taken += _scenes(browser, site, folder, f"service-{language}", scheme, PAGES)
        _sheet(browser, folder, taken)
        browser.close()
    sys.stdout.write(f"{len(taken)} pictures, all on {folder / 'sheet.html'}\n")
    return 0


def furnish(site: Running) -> None:
    """Fill a site with discussions to look at."""
    now = datetime.now(UTC)
    add = site.support.add_comment
    ships, fee = site.node("Ships of up to forty"), site.node("The fee is due")
    text = "Is the inner quay *really* deep enough for forty metres? See `the chart <https://example.org/>`_."
    first = add(text, node_id=ships.id, username="Ada", time=now - timedelta(days=3))
    text = "It was dredged last year; ``4.5 m`` at low water."
    answer = add(text, parent_id=first["id"], username="Ben", time=now - timedelta(days=2))
    add("Thank you!", parent_id=answer["id"], username="Ada", time=now - timedelta(hours=20))
    proposal = ships.source.replace("forty\nmetres", "forty-five\nmetres").replace(
        "before you enter", "half an hour before you enter"
    )
    proposed = add("The quay was lengthened.", node_id=ships.id, username="Mona", proposal=proposal)
    waits = "Buy anchors, cheap!"
    add(waits, node_id=fee.id, displayed=False, time=now - timedelta(minutes=9))
    for name in ("Ada", "Ben", "Cleo"):
        site.support.process_vote(proposed["id"], name, 1)
    site.support.process_vote(first["id"], "Ben", 1)
    signal = site.node("The signal can be asked for")
    add("By telephone, too.", node_id=signal.id, username="Cleo", time=now - timedelta(hours=3))


def _lose_a_paragraph(site: Running) -> None:
    """Build again without one, and with another that is much like it."""
    storage = site.support.storage
    gone = site.node("The signal can be asked for")
    storage.pre_build()
    for node in storage.get_nodes(["index"]):
        if node.id != gone.id:
            like = node.source.startswith("Between May")
            source = gone.source.replace("by radio, too,", "by radio") if like else node.source
            storage.add_node(node.id, "index", source)
    storage.retire_node(gone.id)
    storage.post_build()


def _open(site: Running, page: Page, beginning: str, document: str = "index") -> None:
    page.goto(f"{site.address}/{document}.html")
    paragraph = page.locator("p.sphinx-has-comment", has_text=beginning)
    paragraph.hover()
    paragraph.locator(".websupport-marker").evaluate("(marker) => marker.click()")
    page.locator(".websupport-thread textarea").first.wait_for()


def _page(site: Running, page: Page) -> None:
    page.goto(f"{site.address}/index.html")
    page.locator(".websupport-marker").first.wait_for(state="attached")
    page.locator("p", has_text="The fee is due").hover()


def _thread(site: Running, page: Page) -> None:
    _open(site, page, "Ships of up to forty")


def _form(site: Running, page: Page) -> None:
    _open(site, page, "The fee is due")
    page.locator("form [aria-expanded]").click()
    field = page.locator(".websupport-proposal textarea")
    field.fill(field.input_value().replace("on arrival", "before you leave"))
    page.locator(".websupport-thread .websupport-primary").click()
    page.locator(".websupport-error:not(:empty)").first.wait_for()


def _moderation(site: Running, page: Page) -> None:
    site.sign_in(page)
    page.goto(f"{site.address}{PREFIX}/moderation")


def _detached(site: Running, page: Page) -> None:
    site.sign_in(page)
    page.goto(f"{site.address}{PREFIX}/moderation/detached")


def _plain(site: Running, page: Page) -> None:
    node = site.node("Ships of up to forty").id
    page.goto(f"{site.address}{PREFIX}/threads/{node}?document=index")


def _sign_in(site: Running, page: Page) -> None:
    page.goto(f"{site.address}{PREFIX}/sign-in")


SCENES = (Scene("page", _page), Scene("thread", _thread), Scene("form", _form))
PAGES = (
    Scene("plain", _plain),
    Scene("moderation", _moderation),
    Scene("detached", _detached),
    Scene("sign-in", _sign_in),
)
"""The service's own, which have no theme."""


def _scenes(
    browser: Browser,
    site: Running,
    folder: Path,
    name: str,
    scheme: Scheme,
    scenes: Sequence[Scene] = SCENES,
) -> Iterator[Path]:
    for width_name, width in WIDTHS.items():
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
            locale="en-GB",
            has_touch=width < 400,
        )
        for scene in scenes:
            page = context.new_page()
            scene.play(site, page)
            page.evaluate("document.fonts.ready")
            path = folder / f"{name}-{scheme}-{width_name}-{scene.name}.png"
            page.screenshot(path=path)
            page.close()
            yield path
        context.close()


def _sheet(browser: Browser, folder: Path, pictures: list[Path]) -> None:
    figures = "".join(
        f'<figure><a href="{escape(path.name)}"><img src="{escape(path.name)}"></a>'
        f"<figcaption>{escape(path.stem)}</figcaption></figure>"
        for path in pictures
    )
    styles = (
        "body{display:flex;flex-wrap:wrap;gap:8px;font:11px sans-serif;background:#888;margin:8px}"
        "figure{margin:0}img{height:300px;display:block}"
    )
    html = f"<!doctype html><title>Screenshots</title><style>{styles}</style>{figures}"
    sheet = folder / "sheet.html"
    sheet.write_text(html, encoding="utf-8")
    page = browser.new_page(viewport={"width": 2400, "height": 900})
    page.goto(sheet.resolve().as_uri())
    page.screenshot(path=folder / "sheet.png", full_page=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
