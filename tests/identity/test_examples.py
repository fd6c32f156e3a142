"""What happens to a page's paragraphs, edit by edit.

Each line of the table is a page before and after, and for each paragraph after the position of
the one before that it is (``None``: a new one).
"""

from __future__ import annotations

import pytest

from sphinxcontrib_websupport.identity.text import ELSEWHERE, similarity
from tests.identity.builds import Site, rebuilt

INSTALL = (
    "The package is installed with pip from the Python package index, into a virtual "
    "environment of its own, which keeps it apart from what the system needs."
)
CONFIGURE = (
    "Settings are read from conf.py when a build begins. A value that has the wrong type is "
    "reported together with the line on which it stands."
)
SERVE = (
    "During development the pages are served on a loopback port and are built again whenever "
    "a source file is saved."
)
DEPLOY = (
    "In production any web server that speaks WSGI will do; give it two workers for each "
    "processor and let it restart them now and then."
)
THIRD_CHANGED = (
    "The program is fetched by uv out of a private mirror, into a virtual "
    "environment of its own, which keeps it apart from what the system needs."
)
TYPO = INSTALL.replace("environment", "enviroment")
FIRST, SECOND = CONFIGURE.split(". ")
FIRST += "."


@pytest.mark.parametrize(
    ("before", "after", "which"),
    [
        pytest.param([INSTALL, SERVE], [INSTALL, SERVE], [0, 1], id="nothing"),
        pytest.param([INSTALL, SERVE], [INSTALL, DEPLOY, SERVE], [0, None, 1], id="insert"),
        pytest.param([INSTALL, SERVE], [DEPLOY, INSTALL, SERVE], [None, 0, 1], id="insert on top"),
        pytest.param([INSTALL, DEPLOY, SERVE], [INSTALL, SERVE], [0, 2], id="delete"),
        pytest.param([INSTALL, SERVE], [TYPO, SERVE], [0, 1], id="typo"),
        pytest.param([INSTALL, SERVE], [THIRD_CHANGED, SERVE], [0, 1], id="a third reworded"),
        pytest.param([INSTALL, SERVE], [DEPLOY, SERVE], [None, 1], id="replace by another"),
        pytest.param([INSTALL], [INSTALL.replace(" ", "\n   ")], [0], id="wrapped anew"),
        pytest.param(
            [INSTALL, CONFIGURE, SERVE, DEPLOY],
            [SERVE, DEPLOY, INSTALL, CONFIGURE],
            [2, 3, 0, 1],
            id="sections swapped",
        ),
        pytest.param(
            [INSTALL, CONFIGURE, SERVE, DEPLOY],
            [SERVE, DEPLOY, CONFIGURE, TYPO],
            [2, 3, 1, 0],
            id="moved and edited",
        ),
        pytest.param(
            [INSTALL, CONFIGURE, SERVE],
            [INSTALL, FIRST, SECOND, SERVE],
            [0, 1, None, 2],
            id="split",
        ),
        pytest.param(
            [INSTALL, FIRST, SECOND, SERVE],
            [INSTALL, CONFIGURE, SERVE],
            [0, 2 if len(SECOND) > len(FIRST) else 1, 3],
            id="merge",
        ),
        pytest.param(
            [INSTALL, CONFIGURE],
            [TYPO, DEPLOY, CONFIGURE],
            [0, None, 1],
            id="a new one beside an edited one is no part of it",
        ),
        pytest.param([], [INSTALL], [None], id="page without paragraphs fills"),
        pytest.param([INSTALL], [], [], id="page is emptied"),
    ],
)
def test_long_paragraphs(before: list[str], after: list[str], which: list[int | None]) -> None:
    assert rebuilt(before, after) == which


@pytest.mark.parametrize(
    ("before", "after", "which"),
    [
        pytest.param(
            ["Example:", INSTALL, "Example:", SERVE],
            ["Example:", SERVE, "Example:", INSTALL],
            [2, 3, 0, 1],
            id="a lead-in moves with what follows it",
        ),
        pytest.param(
            ["Example:", INSTALL, "Example:", SERVE],
            ["Example:", DEPLOY, "Example:", INSTALL, "Example:", SERVE],
            [None, None, 0, 1, 2, 3],
            id="an equal lead-in is inserted above",
        ),
        pytest.param(
            ["Foo", "yes", "Bar", "yes"],
            ["Foo", "yes", "Baz", "yes", "Bar", "yes"],
            [0, 1, None, None, 2, 3],
            id="a row is inserted among equal cells",
        ),
        pytest.param(
            ["Example:", INSTALL, "Example:", SERVE, "Example:", DEPLOY],
            ["Example:", TYPO, "Example:", DEPLOY],
            [0, 1, 4, 5],
            id="an edited neighbour tells which of equal ones is gone",
        ),
        pytest.param(["yes"] * 3, ["yes"] * 4, [0, 1, 2, None], id="one more of equal ones"),
        pytest.param(["yes"] * 3, ["yes"] * 2, [0, 1], id="one less of equal ones"),
        pytest.param(["", INSTALL, ""], ["", INSTALL, ""], [0, 1, 2], id="no source"),
        pytest.param(["", INSTALL], [INSTALL, ""], [1, 0], id="no source, moved on its page"),
        pytest.param(
            ["One", "12 May 2025", "Two"],
            ["One", "30 Oct 2024", "Two"],
            [0, None, 2],
            id="another date in the same cell is another text",
        ),
        pytest.param(
            ["Exmaple:", INSTALL], ["Example:", INSTALL], [0, 1], id="typo in a short one"
        ),
    ],
)
def test_repeated_and_short_texts(
    before: list[str], after: list[str], which: list[int | None]
) -> None:
    assert rebuilt(before, after) == which


def test_a_paragraph_that_moves_to_another_page_keeps_its_id() -> None:
    site = Site({"guide": [INSTALL, SERVE], "reference": [CONFIGURE]})
    install, serve = site.ids("guide")
    (configure,) = site.ids("reference")
    site.build({"guide": [SERVE], "reference": [CONFIGURE, INSTALL]})
    assert site.ids("guide") == [serve]
    assert site.ids("reference") == [configure, install]


def test_it_may_be_edited_on_the_way() -> None:
    site = Site({"guide": [INSTALL, SERVE], "reference": [CONFIGURE]})
    install = site.ids("guide")[0]
    site.build({"guide": [SERVE], "reference": [CONFIGURE, TYPO]})
    assert site.ids("reference")[1] == install


MOVED = "Backups are made every night at two, and kept for thirty days on another machine."
CLOSE = MOVED.replace("thirty", "forty")
LESS_CLOSE = MOVED.replace("every night at two", "twice a week at noon")
BETWEEN = CLOSE.replace("every night at two", "every week at noon")


@pytest.mark.parametrize("reference", [[CLOSE, LESS_CLOSE], [LESS_CLOSE, CLOSE]])
def test_of_two_candidates_on_another_page_the_more_alike_is_taken(reference: list[str]) -> None:
    site = Site({"guide": [INSTALL, MOVED], "reference": [CONFIGURE]})
    moved = site.ids("guide")[1]
    site.build({"guide": [INSTALL], "reference": [CONFIGURE, *reference]})
    assert site.ids("reference").index(moved) == 1 + reference.index(CLOSE)


def test_who_lost_the_most_alike_to_another_does_not_take_the_second_best() -> None:
    """The one candidate is most like both; the other is like the loser only: that is a guess."""
    assert similarity(BETWEEN, CLOSE) > similarity(BETWEEN, LESS_CLOSE) > ELSEWHERE
    site = Site({"guide": [INSTALL, MOVED, SERVE, BETWEEN], "reference": [CONFIGURE]})
    _, moved, _, loser = site.ids("guide")
    site.build({"guide": [INSTALL, SERVE], "reference": [CONFIGURE, CLOSE, LESS_CLOSE]})
    assert site.ids("reference")[1] == moved
    assert site.retired == [loser]


def test_what_lost_the_most_alike_to_another_is_not_taken_by_the_second_best() -> None:
    """The same seen from the new texts: the one that is left is more like the one that moved."""
    site = Site({"guide": [INSTALL, CLOSE, SERVE, LESS_CLOSE], "reference": [CONFIGURE]})
    _, moved, _, second = site.ids("guide")
    site.build({"guide": [INSTALL, SERVE], "reference": [CONFIGURE, MOVED, BETWEEN]})
    assert site.ids("reference")[1] == moved
    assert site.retired == [second]


def test_who_is_most_like_a_paragraph_that_stayed_does_not_move_to_the_second_best() -> None:
    site = Site({"guide": [INSTALL, BETWEEN], "reference": [CONFIGURE, CLOSE]})
    gone, stayed = site.ids("guide")[1], site.ids("reference")[1]
    site.build({"guide": [INSTALL], "reference": [CONFIGURE, CLOSE], "more": [LESS_CLOSE]})
    assert site.ids("reference")[1] == stayed
    assert site.retired == [gone]


def test_a_short_repeated_text_does_not_follow_to_another_page() -> None:
    site = Site({"guide": [INSTALL, "Example:"], "reference": [CONFIGURE, "Example:"]})
    gone = site.ids("guide")[1]
    site.build({"guide": [INSTALL], "reference": [CONFIGURE, "Example:"], "new": ["Example:"]})
    assert site.ids("new") != [gone]
    assert site.retired == [gone]


def test_a_renamed_page_takes_everything_along() -> None:
    before = [INSTALL, "Example:", SERVE, "Example:", CONFIGURE, "No."]
    after = [TYPO, "Example:", SERVE, "Example:", CONFIGURE, "No."]
    site = Site({"guide": before, "reference": ["Example:", "No.", DEPLOY]})
    ids, others = site.ids("guide"), site.ids("reference")
    site.build({"manual/start": after, "reference": ["Example:", "No.", DEPLOY]})
    assert site.ids("manual/start") == ids
    assert site.ids("reference") == others


def test_a_renamed_page_of_nothing_but_commonplaces_is_known_as_a_whole() -> None:
    cells = ["yes", "no", "yes"]
    pages = {f"page{n}": ["yes", "no"] for n in range(9)}
    site = Site({**pages, "table": cells})
    ids = site.ids("table")
    site.build({**pages, "grid": cells})
    assert site.ids("grid") == ids


def test_two_pages_swap_their_names() -> None:
    one = [INSTALL, "Example:", SERVE]
    other = [CONFIGURE, "Example:", DEPLOY]
    site = Site({"a": one, "b": other})
    ids = {"a": site.ids("a"), "b": site.ids("b")}
    site.build({"a": other, "b": one})
    assert {"b": site.ids("a"), "a": site.ids("b")} == ids


def test_a_page_is_cut_in_two() -> None:
    site = Site({"all": [INSTALL, "Note:", SERVE, CONFIGURE, "Note:", DEPLOY]})
    ids = site.ids("all")
    site.build({"first": [INSTALL, "Note:", SERVE], "second": [CONFIGURE, "Note:", DEPLOY]})
    assert site.ids("first") + site.ids("second") == ids


def test_a_merged_paragraph_points_to_where_its_text_went() -> None:
    site = Site({"page": [INSTALL, SERVE, DEPLOY]})
    install, serve, deploy = site.ids("page")
    site.build({"page": [f"{INSTALL} {SERVE}", DEPLOY]})
    assert site.ids("page") == [install, deploy]
    (retirement,) = site.matching.retired
    assert (retirement.id, retirement.successor) == (serve, install)


def test_a_deleted_paragraph_has_no_successor() -> None:
    site = Site({"page": [INSTALL, SERVE]})
    serve = site.ids("page")[1]
    site.build({"page": [INSTALL]})
    (retirement,) = site.matching.retired
    assert (retirement.id, retirement.successor) == (serve, None)


@pytest.mark.parametrize("text", [SERVE, "Install with pip."])
def test_a_paragraph_that_comes_back_gets_its_id_back(text: str) -> None:
    site = Site({"page": [INSTALL, text, DEPLOY]})
    ids = site.ids("page")
    site.build({"page": [INSTALL, DEPLOY]})
    site.build({"page": [INSTALL, CONFIGURE, text, DEPLOY]})
    assert [site.ids("page")[n] for n in (0, 2, 3)] == ids


def test_a_revert_of_a_rewrite_gives_both_texts_their_own_ids() -> None:
    site = Site({"page": [INSTALL, SERVE]})
    ids = site.ids("page")
    rewritten = site.build({"page": [INSTALL, CONFIGURE]}).ids("page")
    assert site.build({"page": [INSTALL, SERVE]}).ids("page") == ids
    assert site.build({"page": [INSTALL, CONFIGURE]}).ids("page") == rewritten


def test_a_long_paragraph_may_come_back_on_another_page() -> None:
    site = Site({"page": [INSTALL, SERVE], "other": [DEPLOY]})
    serve = site.ids("page")[1]
    site.build({"page": [INSTALL], "other": [DEPLOY]})
    site.build({"page": [INSTALL], "other": [DEPLOY, SERVE]})
    assert site.ids("other")[1] == serve


def test_a_lead_in_does_not_come_back() -> None:
    site = Site({"page": [INSTALL, "Example:", SERVE]})
    lead_in = site.ids("page")[1]
    site.build({"page": [INSTALL, SERVE]})
    site.build({"page": ["Example:", INSTALL, SERVE]})
    assert lead_in not in site.ids("page")


def test_a_retired_id_is_never_given_to_another_text() -> None:
    site = Site({"page": [INSTALL, SERVE]})
    for text in (DEPLOY, CONFIGURE, "Something else.", "Nothing at all."):
        before = {node.id for node in site.nodes}
        site.build({"page": [INSTALL, text]})
        assert site.ids("page")[1] not in before


def test_a_series_of_like_paragraphs_keeps_its_order_when_one_is_edited() -> None:
    before = [f"Option {n} sets how many workers serve queue {n} at a time." for n in range(30)]
    after = [text.replace("how many", "the number of the") if n == 7 else text
             for n, text in enumerate(before)]  # fmt: skip
    assert rebuilt(before, after) == list(range(30))


def test_texts_without_blanks_between_words_move_and_change() -> None:
    text = (
        "このパッケージは仮想環境に導入されます。設定は構築の開始時に読み込まれ、" * 2 + "終わり。"
    )
    others = [INSTALL, SERVE, CONFIGURE]
    site = Site({"a": [text, *others], "b": [DEPLOY]})
    id = site.ids("a")[0]
    site.build({"a": others, "b": [DEPLOY, text.replace("設定", "各種の設定", 1)]})
    assert site.ids("b")[1] == id


def test_a_near_twin_on_another_page_is_no_move() -> None:
    def supports(release: str, pythons: str) -> str:
        return f"Release {release} supports Python {pythons}. We recommend the latest of each."

    shared = {"2.0": [supports("2.0", "3.8, 3.9 and 3.10")]}
    site = Site({**shared, "2.1": [supports("2.1", "3.8, 3.9 and 3.10"), INSTALL]})
    gone = site.ids("2.1")[0]
    site.build({**shared, "2.1": [INSTALL], "3.0": [supports("3.0", "3.10, 3.11 and 3.12")]})
    assert site.retired == [gone]
