"""What every search adapter with an index must do, as a suite for its author to run.

Derive from :class:`SearchContract` and give it the fixture ``open_index``::

    class TestMySearch(SearchContract):
        @pytest.fixture
        def open_index(self, tmp_path):
            return lambda: MySearch(tmp_path / "index")
"""

# ruff: noqa: D102, S101 - a test's name says what it proves, and assertions make a suite

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sphinxcontrib_websupport.search.base import BaseSearch
from sphinxcontrib_websupport.search.passages import MARK

OpenIndex = Callable[[], BaseSearch]

HOSTILE = [
    "",
    " ",
    "(",
    "[",
    "*",
    "-",
    '"',
    "-*",
    '""',
    '"*',
    "* * *",
    "- - -",
    "AND OR NOT NEAR",
    "text:apple OR 1=1 --",
    "apple' OR ''='",
    "(a+)+$",
    '"unbalanced',
    'un"balanced" "quotes',
    "\x00",
    "apple\x00pear",
    "\ud800",
    "\udfff apple",
    "🍎",
    "🍎*",
    "%_\\",
    "{title} : apple",
    "apple ^ 3",
    "<b>apple</b>",
    "a" * 10_000,
    "word " * 2_000,
    " ".join(f"w{n}" for n in range(2_000)),
    "(a+)+$" * 1_600,
    '"' * 10_000,
    "-a " * 3_000,
    "a* " * 3_000,
    '"a b c ' * 1_400,
    "検索" * 4_000,
    "\u0301" * 5_000,
]
"""Texts that have broken searches, or made them slow."""

SLOW = 10.0
"""How many seconds no query may take, on however busy a machine; none needs one on a free one."""


def page(*paragraphs: str, title: str = "") -> str:
    """Return a source in reStructuredText."""
    return "\n\n".join([*([f"{title}\n{'=' * 80}"] if title else []), *paragraphs])


def doctree_of(source: str, marks: dict[str, str] | None = None) -> nodes.document:
    """Return a source as Sphinx hands it to a search, paragraphs marked by their text."""
    quiet = {"report_level": 5, "_disable_config": True, "doctitle_xform": False}
    doctree = publish_doctree(source, settings_overrides=quiet)
    for paragraph in doctree.findall(nodes.paragraph):
        if node := (marks or {}).get(paragraph.astext()):
            paragraph[MARK] = f"s{node}"
            paragraph["ids"].append(f"s{node}")
    return doctree


def build(
    search: BaseSearch,
    pages: dict[str, str],
    *,
    marks: dict[str, str] | None = None,
    language: str = "en",
    finish: bool = True,
) -> None:
    """Feed pages as a build does; a page's first section is its title."""
    search.prepare(language, lambda name: f"{name}.html")
    search.init_indexing(list(pages))
    for name, source in pages.items():
        doctree = doctree_of(source, marks)
        title = next((t.astext() for t in doctree.findall(nodes.title)), "")
        search.feed(name, f"{name}.rst", title, doctree)
    if finish:
        search.finish_indexing()


def found(search: BaseSearch, q: str) -> list[str]:
    """Return the pages that a query finds, best first."""
    return [result.path.partition(".")[0] for result in search.search(q, limit=100).results]


class SearchContract:
    """The contract of :class:`BaseSearch` for adapters that index passages and comments."""

    @pytest.fixture
    def open_index(self) -> OpenIndex:
        """Return what opens the same new index, as often as it is called."""
        raise NotImplementedError

    @pytest.fixture
    def search(self, open_index: OpenIndex) -> Iterator[BaseSearch]:
        """Return an adapter of a new index."""
        search = open_index()
        yield search
        search.close()

    @pytest.fixture
    def other(self, open_index: OpenIndex) -> Iterator[BaseSearch]:
        """Return the same index as another process would see it."""
        search = open_index()
        yield search
        search.close()

    # -- what is found ---------------------------------------------------------------------

    def test_before_the_first_build_nothing_is_found(self, search: BaseSearch) -> None:
        assert search.search("apple").results == ()
        assert list(search.query("apple")) == []
        assert search.count_comments() == {}

    def test_a_word_is_found_in_any_form_case_and_accent(self, search: BaseSearch) -> None:
        build(search, {"a": page("Installing apples."), "b": page("A café."), "c": page("Other.")})
        for q in ("install", "installed", "INSTALLING", "apple"):
            assert found(search, q) == ["a"], q
        assert found(search, "cafe") == found(search, "CAFÉ") == ["b"]

    def test_pages_with_all_words_or_else_with_some(self, search: BaseSearch) -> None:
        build(search, {"a": page("Red.", "Green."), "b": page("Green."), "c": page("Blue.")})
        assert found(search, "green red") == ["a"]
        assert sorted(found(search, "blue red")) == ["a", "c"]

    def test_a_phrase_is_found_as_it_stands(self, search: BaseSearch) -> None:
        build(search, {"a": page("Red green blue."), "b": page("Green and red.")})
        assert found(search, '"red green"') == ["a"]
        assert found(search, '"green red"') == []
        assert found(search, '"red green') == ["a"]

    def test_what_has_marks_inside_is_a_phrase(self, search: BaseSearch) -> None:
        build(search, {"a": page("Set html_theme in conf.py."), "b": page("theme html conf")})
        assert found(search, "html_theme") == found(search, "conf.py") == ["a"]

    def test_a_prefix_finds_what_begins_with_it(self, search: BaseSearch) -> None:
        build(search, {"a": page("The installation."), "b": page("An instance."), "c": page("In.")})
        assert found(search, "installat*") == ["a"]
        assert sorted(found(search, "inst*")) == ["a", "b"]
        assert found(search, "installat") == []

    def test_minus_leaves_pages_out(self, search: BaseSearch) -> None:
        build(search, {"a": page("Red.", "Green."), "b": page("Red.")})
        assert found(search, "red -green") == found(search, 'red -"green"') == ["b"]
        assert found(search, "red -gre*") == ["b"]
        assert found(search, "-green") == []

    def test_two_dashes_are_an_option_that_is_looked_for(self, search: BaseSearch) -> None:
        build(search, {"a": page("Use ``--builder`` here."), "b": page("Nothing.")})
        assert found(search, "--builder") == ["a"]

    @pytest.mark.parametrize("q", ["検", "検索", "全文検", "全文検索", "Sphinx 検索", "Sphinx検索"])
    def test_scripts_without_blanks_are_found_by_any_piece(
        self, search: BaseSearch, q: str
    ) -> None:
        build(search, {"a": page("Sphinx検索は全文検索です。"), "b": page("別の文章。")})
        assert found(search, q) == ["a"]

    def test_pieces_of_such_scripts_keep_their_order(self, search: BaseSearch) -> None:
        build(search, {"a": page("全文検索"), "b": page("検索全文")})
        assert found(search, "文検索") == ["a"]
        assert found(search, "索全文") == ["b"]

    def test_words_have_the_stems_of_the_language(self, search: BaseSearch) -> None:
        build(search, {"a": page("Die Installationen der Bücher.")}, language="de")
        assert found(search, "Installation") == found(search, "buch*") == ["a"]

    def test_a_query_of_nothing_but_stop_words_is_taken_at_its_word(
        self, search: BaseSearch
    ) -> None:
        build(search, {"a": page("To be or not to be."), "b": page("Else.")})
        assert found(search, "not") == ["a"]
        assert found(search, '"or not to be"') == ["a"]

    # -- in what order, and where ----------------------------------------------------------

    def test_title_comes_before_heading_before_text(self, search: BaseSearch) -> None:
        filler = "Some more words here that are about nothing."
        build(
            search,
            {
                "text": page("The apple.", filler, title="First"),
                "heading": page(filler, "Apple\n-----", filler, title="Second"),
                "title": page(filler, filler, title="Apple"),
                "none": page(filler, title="Fourth"),
            },
        )
        assert found(search, "apple") == ["title", "heading", "text"]

    def test_a_result_leads_to_the_paragraph(self, search: BaseSearch) -> None:
        source = page("An intro.", "Fruit\n-----", "A pear.", "An apple.", title="Shop")
        build(search, {"a": source}, marks={"A pear.": "p1", "An apple.": "p2"})
        (result,) = search.search("apple").results
        assert result.path == "a.html#sp2"
        assert (result.title, result.heading, result.kind) == ("Shop", "Fruit", "page")
        assert result.context == "An <mark>apple</mark>."

    def test_a_heading_leads_to_its_section(self, search: BaseSearch) -> None:
        source = page("An intro.", "Fruit bowl\n----------", "A pear.", title="Shop")
        build(search, {"a": source})
        (result,) = search.search("bowl").results
        assert result.path == "a.html#fruit-bowl"

    def test_a_page_is_one_result(self, search: BaseSearch) -> None:
        source = page("Apple.", "One\n---", "Apple.", "Two\n---", "Apple.", title="Shop")
        build(search, {"a": source})
        assert search.search("apple").total == 1

    def test_the_context_is_safe_and_marked(self, search: BaseSearch) -> None:
        build(search, {"a": page('An <script>apple</script> & "more".')})
        (result,) = search.search("apple").results
        assert result.context == (
            "An &lt;script&gt;<mark>apple</mark>&lt;/script&gt; &amp; &#34;more&#34;."
        ).replace("&#34;", "&quot;")

    def test_results_come_in_pages(self, search: BaseSearch) -> None:
        build(search, {f"p{n:02}": page(f"Apple {n}.") for n in range(25)})
        start: int | None = 0
        paths, ranks = [], []
        while start is not None:
            part = search.search("apple", start, 10)
            assert part.total == 25
            paths += [result.path for result in part.results]
            ranks += [result.rank for result in part.results]
            start = part.next
        assert len(set(paths)) == 25
        assert ranks == list(range(1, 26))
        assert search.search("apple", 25).results in ([], ())

    # -- any text is a query ---------------------------------------------------------------

    def test_any_text_is_a_query_and_none_is_slow(self, search: BaseSearch) -> None:
        build(search, {"a": page("An apple.", "a b c " * 500, "検索" * 200)})
        for q in HOSTILE:
            begin = time.perf_counter()
            results = search.search(q).results
            list(search.query(q))
            assert time.perf_counter() - begin < SLOW, f"{q[:40]!r} is slow"
            assert all("<b>" not in result.context for result in results), q

    @settings(
        max_examples=25,
        deadline=None,
        # One index for all examples is meant, and one test for all adapters.
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(q=st.text(st.characters(codec=None)))
    def test_any_text_at_all_is_a_query(self, search: BaseSearch, q: str) -> None:
        if not search.names():
            build(search, {"a": page("An apple.")})
        search.search(q)

    # -- build after build -----------------------------------------------------------------

    def test_the_published_calls_alone_are_enough(self, search: BaseSearch) -> None:
        search.init_indexing(["a"])
        search.add_document("a", "a.rst", "Fruit", "An apple.\n\nA pear.")
        search.finish_indexing()
        ((path, title, context),) = search.query("apple")
        assert (path, title, context) == ("a", "Fruit", "An <mark>apple</mark>.")

    def test_a_page_that_is_fed_again_is_replaced(
        self, search: BaseSearch, other: BaseSearch
    ) -> None:
        build(search, {"a": page("Apple."), "b": page("Pear.")})
        assert found(other, "apple") == ["a"]
        build(search, {"a": page("Plum.")})
        assert found(other, "apple") == []
        assert found(other, "plum") == ["a"]
        assert found(other, "pear") == ["b"]
        assert search.names() == {"a", "b"}

    def test_a_page_that_is_not_fed_again_is_gone(self, search: BaseSearch) -> None:
        build(search, {"a": page("Apple."), "b": page("Apple.")})
        search.init_indexing(["a"])
        search.finish_indexing()
        assert found(search, "apple") == ["b"]

    def test_a_page_that_is_gone_is_gone_from_the_index(self, search: BaseSearch) -> None:
        build(search, {"a": page("Apple."), "b": page("Apple.")})
        search.init_indexing([])
        search.prune(["b"])
        search.finish_indexing()
        assert found(search, "apple") == ["b"]
        assert search.names() == {"b"}

    def test_until_its_end_nobody_sees_a_build(self, search: BaseSearch, other: BaseSearch) -> None:
        build(search, {"a": page("Apple."), "b": page("Pear.")})
        build(search, {"a": page("Plum.")}, finish=False)
        assert found(other, "apple") == ["a"]
        assert found(other, "plum") == []
        search.finish_indexing()
        assert found(other, "plum") == ["a"]

    def test_a_failed_build_leaves_the_index_as_it_was(self, search: BaseSearch) -> None:
        build(search, {"a": page("Apple.")})
        build(search, {"a": page("Plum.")}, finish=False)
        search.discard_indexing()
        assert found(search, "apple") == ["a"]
        build(search, {"b": page("Pear.")})
        assert found(search, "apple") == ["a"]
        assert found(search, "plum") == []

    def test_another_language_begins_a_new_index(self, search: BaseSearch) -> None:
        build(search, {"a": page("Apples.")})
        search.prepare("de", str)
        assert search.names() == set()
        build(search, {"b": page("Apfel.")}, language="de")
        assert search.names() == {"b"}

    def test_readers_see_a_whole_build_or_none_of_it(self, open_index: OpenIndex) -> None:
        writer = open_index()
        build(writer, {name: page("Round 0.") for name in "abc"})
        done = threading.Event()
        seen: list[frozenset[str]] = []
        errors: list[Exception] = []

        def read() -> None:
            reader = open_index()
            try:
                while not done.is_set():
                    results = reader.search("round").results
                    seen.append(frozenset(result.context for result in results))
            except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
                errors.append(error)
            finally:
                reader.close()

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        for n in range(1, 6):
            build(writer, {name: page(f"Round {n}.") for name in "abc"})
        done.set()
        for thread in threads:
            thread.join()
        writer.close()
        assert not errors
        assert seen
        # Load and ranking may meet two states: then something is left out, never mixed in.
        assert all(len(contexts) <= 1 for contexts in seen)

    # -- comments --------------------------------------------------------------------------

    @pytest.fixture
    def discussed(self, search: BaseSearch) -> BaseSearch:
        """Return an index with a page whose paragraph can be commented on."""
        source = page("Install it with pip.", title="Setup")
        build(search, {"a": source, "b": page("Else.")}, marks={"Install it with pip.": "n1"})
        return search

    def test_a_comment_is_found_and_marked_as_one(self, discussed: BaseSearch) -> None:
        discussed.put_comments("n1", {"7": "Try an apple <b>."})
        (result,) = discussed.search("apple").results
        assert (result.kind, result.comment, result.node) == ("comment", "7", "n1")
        assert (result.path, result.title) == ("a.html#comment-7", "Setup")
        assert result.context == "Try an <mark>apple</mark> &lt;b&gt;."

    def test_comments_of_a_node_are_replaced(self, discussed: BaseSearch) -> None:
        discussed.put_comments("n1", {"1": "Apple.", "2": "Pear."})
        assert discussed.count_comments() == {"n1": 2}
        discussed.put_comments("n1", {"2": "Plum."})
        assert discussed.count_comments() == {"n1": 1}
        assert discussed.search("apple").total == discussed.search("pear").total == 0
        discussed.put_comments("n1", {})
        assert discussed.count_comments() == {}
        assert discussed.search("plum").total == 0

    def test_one_comment_is_added_once(self, discussed: BaseSearch, other: BaseSearch) -> None:
        for _ in range(2):
            other.add_comment("n1", "1", "Apple.")
        other.add_comment("n1", "2", "Apple.")
        assert discussed.count_comments() == {"n1": 2}
        assert discussed.search("apple").total == 2
        assert discussed.nodes_of_comments(["1", "3"]) == {"1": "n1"}

    def test_comments_stay_when_their_page_is_built_again(self, discussed: BaseSearch) -> None:
        discussed.add_comment("n1", "1", "Apple.")
        build(discussed, {"c": page("Moved here.")}, marks={"Moved here.": "n1"})
        build(discussed, {"a": page("Nothing left.")})
        (result,) = discussed.search("apple").results
        assert result.path == "c.html#comment-1"

    def test_without_its_node_a_comment_is_not_found(self, discussed: BaseSearch) -> None:
        discussed.add_comment("n1", "1", "Apple.")
        build(discussed, {"a": page("Nothing left.")})
        assert discussed.search("apple").total == 0
        source = page("Install it with pip.")
        build(discussed, {"a": source}, marks={"Install it with pip.": "n1"})
        assert discussed.search("apple").total == 1

    def test_comments_before_the_first_build_are_passed_over(self, search: BaseSearch) -> None:
        search.add_comment("n1", "1", "Apple.")
        search.put_comments("n1", {"1": "Apple."})
        assert search.search("apple").total == 0
