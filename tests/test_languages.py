"""The words of pages and scripts: every catalog is complete, and says nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import sphinxcontrib_websupport
from sphinxcontrib_websupport import languages
from sphinxcontrib_websupport.languages import choose_language, find_language

PACKAGE = Path(sphinxcontrib_websupport.__file__).parent
LANGUAGES = ["ar", "de", "es", "fr", "ja", "zh_CN"]

Message = str | tuple[str, str]


def catalog(language: str) -> Catalog:
    with (PACKAGE / "locale" / language / "LC_MESSAGES" / "websupport.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.fixture(scope="session")
def said() -> dict[Message, set[str]]:
    """All that the sources say, with the files that say it; as ``make messages`` finds it."""
    methods = [
        ("static/**.js", "javascript"),
        ("templates/**.html", "jinja2"),
        ("sphinxext/**.py", "python"),
        ("web/**.py", "python"),
    ]
    found: dict[Message, set[str]] = {}
    keywords = {"say": None, "count": (1, 2)}
    for path, _, message, _, _ in extract_from_dir(PACKAGE, methods, keywords=keywords):
        key = message if isinstance(message, str) else (message[0], message[1])
        found.setdefault(key, set()).add(f"sphinxcontrib_websupport/{path}")
    assert len(found) > 80
    return found


def test_no_script_says_what_is_not_found(said: dict[Message, set[str]]) -> None:
    """The search for messages knows JavaScript less well than browsers do."""
    for path in (PACKAGE / "static").glob("*.js"):
        text = path.read_text(encoding="utf-8")
        where = f"sphinxcontrib_websupport/static/{path.name}"
        for english in re.findall(r'\b(?:say|count)\(\s*"((?:[^"\\]|\\.)*)"', text):
            found = [key for key in said if english in ([key] if isinstance(key, str) else key)]
            assert found, english
            assert any(where in said[key] for key in found), english


def names(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", text))


def translations(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Yield each English text with each of its translations."""
    for message in catalog:
        if isinstance(message.id, str) and message.id:
            yield message.id, str(message.string)
        elif message.id:
            yield from ((message.id[-1], text) for text in message.string or ())


def test_these_languages_are_there() -> None:
    assert languages.available() == sorted(["en", *LANGUAGES])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_has_all_that_is_said_and_nothing_else(
    language: str, said: dict[Message, set[str]]
) -> None:
    """Where it is said counts, too: a page is given what its files say. Run make messages."""
    known = {
        message.id if isinstance(message.id, str) else tuple(message.id): {
            path for path, _ in message.locations
        }
        for message in catalog(language)
        if message.id
    }
    assert known == said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_with_the_same_values(language: str) -> None:
    for english, text in translations(catalog(language)):
        assert text.strip(), english
        # A language may write "one comment" and "two comments" without the number.
        expected = [name for name in names(english) if name != "{n}"]
        assert [name for name in names(text) if name != "{n}"] == expected, english
        assert "{n}" in english or "{n}" not in text, english


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_fuzzy_and_who_reviewed_it_is_said(language: str) -> None:
    found = catalog(language)
    assert not [message.id for message in found if message.fuzzy and message.id]
    is_reviewed = "nobody" not in (found.last_translator or "nobody")
    assert is_reviewed != ("UNREVIEWED" in (found.header_comment or ""))


@pytest.mark.parametrize(
    ("language", "counts"),
    [
        ("de", {1: "1 Kommentar", 0: "0 Kommentare", 2: "2 Kommentare"}),
        ("fr", {0: "0 commentaire", 1: "1 commentaire", 2: "2 commentaires"}),
        ("ja", {1: "1 件のコメント", 5: "5 件のコメント"}),
        ("ar", {1: "تعليق واحد", 2: "تعليقان", 3: "3 تعليقات", 11: "11 تعليقًا", 100: "100 تعليق"}),
    ],
)
def test_numbers_take_their_forms(language: str, counts: dict[int, str]) -> None:
    found = find_language(language)
    assert {n: found.count("{n} comment", "{n} comments", n) for n in counts} == counts
    words = found.script_words(is_core=True)["{n} comments on: {title}"]
    assert isinstance(words, dict)
    # What the browser picks by Intl.PluralRules is what the server says.
    for n in counts:
        text = words[found.locale.plural_form(n)].replace("{n}", str(n)).replace("{title}", "T")
        assert text == found.count(
            "{n} comment on: {title}", "{n} comments on: {title}", n, title="T"
        )


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,en;q=0.7", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("pt, es-MX;q=0.9", "es"),
        ("tlh, *;q=0.1", "en"),
        ("de;q=0, fr;q=0.1", "fr"),
        ("zh-CN", "zh-Hans-CN"),
        ("zh-Hans", "zh-Hans-CN"),
        ("zh-TW, ja;q=0.5", "ja"),
        ("ar-EG", "ar"),
        ("de;q=x, fr", "fr"),
        ("../../etc, ;;;, \x00", "en"),
        ("a" * 10_000, "en"),
    ],
)
def test_a_browser_is_answered_in_a_language_that_it_asks_for(accept: str, expected: str) -> None:
    assert choose_language(accept).tag == expected


def test_arabic_runs_from_right_to_left() -> None:
    assert find_language("ar").direction == "rtl"
    assert find_language("de").direction == "ltr"


def test_a_translation_reaches_only_for_the_values_it_is_given() -> None:
    assert find_language("en").say("{a} {b.__class__} {c}", a="{c}", b=1) == "{c} {b.__class__} {c}"


def test_times_are_relative_and_absolute() -> None:
    german = find_language("de")
    assert german.ago(7200) == "vor 2 Stunden"
    assert german.ago(0) == "vor 1 Sekunde"
