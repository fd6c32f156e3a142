"""The words of the front end and of the service's own pages, in the reader's language.

Catalogs are read as translators write them, from ``locale/*/LC_MESSAGES/websupport.po``, when a
language is first asked for: a hundred messages take a few milliseconds, and there is no compiled
copy that could be missing from an installation or older than its source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO

from babel import Locale, negotiate_locale
from babel.dates import format_datetime, format_timedelta
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from sphinxcontrib_websupport.model import CommentTime

ENGLISH = "en"

ScriptWords = dict[str, str | dict[str, str]]
"""Translations by their English text; those of counts by plural category."""

_catalogs = files("sphinxcontrib_websupport") / "locale"
_value = re.compile(r"\{(\w+)\}")

# What tells every plural category of every language from the others.
_samples = (*range(1001), 1_000_000)


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """A language that pages can be in."""

    locale: Locale
    catalog: Catalog
    translations: NullTranslations

    @property
    def tag(self) -> str:
        """Its name for HTML's ``lang``."""
        return str(self.locale).replace("_", "-")

    @property
    def direction(self) -> str:
        """The value of HTML's ``dir``: ``ltr`` or ``rtl``."""
        return self.locale.text_direction

    def say(self, text: str, **values: object) -> str:
        """Translate a text that is in English, with ``{names}`` for values."""
        return _fill(self.translations.gettext(text), values)

    def count(self, one: str, many: str, n: int, **values: object) -> str:
        """Translate a text that says how many, in English for one and for ``{n}``."""
        return _fill(self.translations.ngettext(one, many, n), {**values, "n": n})

    def ago(self, seconds: int) -> str:
        """Say how long ago something was."""
        return format_timedelta(
            -max(seconds, 1), granularity="second", add_direction=True, locale=self.locale
        )

    def moment(self, time: CommentTime) -> str:
        """Say when something was, in UTC, for which a page without scripts knows no better."""
        return format_datetime(datetime.fromisoformat(time["iso"]), "long", locale=self.locale)

    def script_words(self, *, is_core: bool) -> ScriptWords:
        """Return what the front end's files say.

        :param is_core: only what every page needs at once, or only the rest.
        """
        words: ScriptWords = {}
        for message in self.catalog:
            used = {path.rpartition("/")[2] for path, _ in message.locations if "/static/" in path}
            if not message.id or not used or ("websupport-comments.js" in used) != is_core:
                continue
            if isinstance(message.id, str):
                words[message.id] = self.translations.gettext(message.id)
            else:
                one, many = message.id
                words[many] = {
                    self.locale.plural_form(n): self.translations.ngettext(one, many, n)
                    for n in reversed(_samples)
                }
        return words


def available() -> list[str]:
    """Return the languages that there are, by the names of their folders."""
    folders = _catalogs.iterdir() if _catalogs.is_dir() else ()
    return sorted([ENGLISH, *(folder.name for folder in folders if folder.is_dir())])


def find_language(*wanted: str) -> Language:
    """Return the first of some languages that there is; English when there is none.

    :param wanted: names such as ``de``, ``de_AT`` or ``zh-Hans``, best first.
    """
    return _open(_find(wanted))


def choose_language(accept: str) -> Language:
    """Return the language that a browser asks for.

    :param accept: the value of ``Accept-Language``.
    """
    ranked: list[tuple[float, str]] = []
    for part in accept.split(",")[:20]:
        tag, _, quality = part.partition(";")
        try:
            rank = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            continue
        if rank > 0:
            ranked.append((-rank, tag.strip()))
    return find_language(*(tag for _, tag in sorted(ranked, key=lambda pair: pair[0])))


def _find(wanted: tuple[str, ...]) -> str:
    names = available()
    for name in wanted:
        parts = name.replace("-", "_").split("_")
        # The script says more than the country, and the catalog is named by the country.
        if parts[0].lower() == "zh":
            is_traditional = {"hant", "tw", "hk", "mo"} & {part.lower() for part in parts}
            parts = ["zh", "TW" if is_traditional else "CN"]
            if is_traditional and "zh_TW" not in names:
                continue
        found = negotiate_locale(["_".join(parts[:2])], names)
        if found is not None:
            return found
    return ENGLISH


@cache
def _open(name: str) -> Language:
    locale = Locale.parse(name)
    if name == ENGLISH:
        return Language(locale, Catalog(locale), NullTranslations())
    with (_catalogs / name / "LC_MESSAGES" / "websupport.po").open("rb") as source:
        catalog = read_po(source, locale=locale)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Language(locale, catalog, GNUTranslations(compiled))


def _fill(text: str, values: dict[str, object]) -> str:
    # Not str.format: a translation is not to reach into the values.
    return _value.sub(lambda name: str(values.get(name[1], name[0])), text)
