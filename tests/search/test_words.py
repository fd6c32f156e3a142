"""Texts as terms, queries as clauses, excerpts as safe HTML."""

from __future__ import annotations

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinxcontrib_websupport.search.excerpts import excerpt, find_best
from sphinxcontrib_websupport.search.queries import MOST_CLAUSES, parse
from sphinxcontrib_websupport.search.words import Analyzer, analyzer

ENGLISH = analyzer("en")


def terms(text: str, language: str = "en") -> list[str]:
    return [term.text for term in analyzer(language).terms(text)]


def clauses(q: str) -> list[tuple[str, ...]]:
    return [clause.terms for clause in parse(q, ENGLISH).wanted]


class TestTerms:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Installing the packages", ["instal", "the", "packag"]),
            ("html_theme, conf.py", ["html", "theme", "conf", "py"]),
            ("naïve ＡＢＣ", ["naiv", "abc"]),
            ("検索する", ["検索す", "索する", "する", "る"]),
            ("Sphinx検索", ["sphinx", "検索", "索"]),
            ("한국어 문서", ["한국어", "국어", "어", "문서", "서"]),
            ("", []),
            ("— …", []),
        ],
    )
    def test_words_are_stems_and_other_scripts_trigrams(
        self, text: str, expected: list[str]
    ) -> None:
        assert terms(text) == expected

    def test_each_language_has_its_stems(self) -> None:
        assert terms("Häuser", "de") == terms("Haus", "de_DE")
        assert terms("documents", "tlh") == ["documents"]

    def test_an_over_long_word_is_cut(self) -> None:
        assert [len(term) for term in terms("x" * 10_000)] == [64]

    @given(st.text(st.characters(codec=None)))
    def test_terms_are_where_they_say(self, text: str) -> None:
        words = Analyzer("en")
        found = list(words.terms(text))
        assert [(t.text, t.form) for t in found] == list(words.pairs(text))
        assert all(0 <= t.start < t.end <= len(text) for t in found)
        assert all(" " not in t.text for t in found)


class TestQueries:
    @pytest.mark.parametrize(
        ("q", "expected"),
        [
            ("install pip", [("instal",), ("pip",)]),
            ('"red green" blue', [("red", "green"), ("blue",)]),
            ('"unbalanced words', [("unbalanc", "word")]),
            ("conf.py", [("conf", "py")]),
            ("how to install", [("instal",)]),
            ("to be", [("to",), ("be",)]),
            ("検索する", [("検索す", "索する")]),
            ("検索", [("検索",)]),
            ("pip pip", [("pip",)]),
            ('- * "" -" ', []),
        ],
    )
    def test_words_and_phrases(self, q: str, expected: list[tuple[str, ...]]) -> None:
        assert clauses(q) == expected

    def test_prefixes_keep_what_was_typed(self) -> None:
        (clause,) = parse("installing*", ENGLISH).wanted
        assert clause.is_prefix
        assert clause.terms == ("installing",)

    def test_what_is_not_wanted(self) -> None:
        query = parse('pip -conda -"by hand" --user', ENGLISH)
        assert [clause.terms for clause in query.unwanted] == [("conda",), ("by", "hand")]
        assert [clause.terms for clause in query.wanted] == [("pip",), ("user",)]

    def test_a_long_query_is_read_in_part(self) -> None:
        assert len(clauses(" ".join(f"word{n}" for n in range(5_000)))) == MOST_CLAUSES


class TestExcerpts:
    def test_found_words_are_marked_in_every_form(self) -> None:
        shown = excerpt("Installation: it installs.", parse("install", ENGLISH), ENGLISH)
        assert shown == "<mark>Installation</mark>: it <mark>installs</mark>."

    def test_a_long_text_is_shown_where_most_is_found(self) -> None:
        text = "apple " + "filler " * 100 + "an apple and a pear " + "filler " * 100
        shown = excerpt(text, parse("apple pear", ENGLISH), ENGLISH)
        assert "<mark>apple</mark> and a <mark>pear</mark>" in shown
        assert shown.startswith("…")
        assert shown.endswith("…")

    @given(
        st.text(st.sampled_from("ab <>&\"'\u0301検索 "), max_size=400),
        st.text(st.sampled_from('ab*"-検 '), max_size=10),
        st.integers(min_value=1, max_value=50),
    )
    def test_an_excerpt_is_a_piece_of_the_text_and_safe(
        self, text: str, q: str, length: int
    ) -> None:
        shown = excerpt(text, parse(q, ENGLISH), ENGLISH, length)
        bare = shown.replace("<mark>", "").replace("</mark>", "")
        assert "<" not in bare
        assert ">" not in bare
        piece = unescape(bare).removeprefix("…").removesuffix("…")
        assert piece in text
        assert len(piece) <= length
        assert shown.count("<mark>") == shown.count("</mark>")

    def test_the_paragraph_with_most_of_it_is_the_best(self) -> None:
        texts = ["A pear.", "An apple.", "A pear and an apple.", "An apple, a pear."]
        assert find_best(texts, parse("apple pear", ENGLISH), ENGLISH) == 2
        assert find_best(texts, parse("plum", ENGLISH), ENGLISH) is None
