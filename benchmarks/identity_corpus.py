"""The paragraphs of a release's documentation, without building it.

docutils parses each source file with every role and directive of Sphinx and its extensions
taken leniently: an unknown role is its text, an unknown directive is a box whose content is
parsed. What comes out are the paragraphs a reader sees, which is what gets an id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles
from filelock import FileLock

from benchmarks.corpus import corpora, corpus
from sphinxcontrib_websupport.identity import Paragraph

SPHINX = ("7.4.7", "8.0.2", "8.1.3", "8.2.3", "9.0.4")
"""The last patch release of each minor one, up to the newest that runs on Python 3.11."""

DJANGO = ("4.2", "5.0", "5.1", "5.2")

HISTORIES = {"sphinx": SPHINX, "django": DJANGO}

UNSEEN = {"sphinx": ("6.2.1", "7.0.1", "7.1.2", "7.2.6"), "django": ("3.2", "4.0", "4.1")}
"""Earlier releases, which nobody looked at while the thresholds were chosen."""

SUFFIXES = {"sphinx": ".rst", "django": ".txt"}

VERBATIM = frozenset(
    """code-block sourcecode code parsed-literal literalinclude productionlist highlight
    toctree index graphviz digraph graph math testcode testoutput testsetup testcleanup doctest
    console raw image csv-table currentmodule module py:currentmodule default-domain
    automodule autoclass autofunction inheritance-diagram only-raw meta tabularcolumns
    autosummary contents snippet""".split()
)
"""Directives without paragraphs of their own."""

OWN = frozenset(
    """note warning tip hint important caution danger attention error admonition topic sidebar
    list-table table figure rubric epigraph container include replace unicode role""".split()
)
"""Directives that docutils itself knows how to take apart."""

VERSION = 3
"""Raise it when the extraction changes: cached files of another version are not read."""


def paragraphs(name: str, version: str) -> list[Paragraph]:
    """Return the paragraphs of a release, by document, in document order."""
    source = corpus(name, version)
    cache = corpora() / f"{name}-{version}.paragraphs-{VERSION}.json"
    with FileLock(cache.with_suffix(".lock")):
        if not cache.exists():
            found = _extract(source, SUFFIXES[name])
            cache.write_text(json.dumps(found), encoding="utf-8")
    return [Paragraph(*pair) for pair in json.loads(cache.read_text("utf-8"))]


def _extract(folder: Path, suffix: str) -> list[tuple[str, str]]:
    found = []
    with _lenient():
        for path in sorted(folder.rglob(f"*{suffix}")):
            relative = path.relative_to(folder)
            if any(part.startswith(("_", ".")) for part in relative.parts):
                continue
            document = relative.with_suffix("").as_posix()
            found += [(document, text) for text in _paragraphs(path)]
    return found


def _paragraphs(path: Path) -> Iterable[str]:
    settings = {
        "report_level": 5,
        "halt_level": 5,
        # "include" is followed: Sphinx's change log came into its pages that way before 8.1.
        "raw_enabled": False,
        "_disable_config": True,
    }
    doctree = publish_doctree(
        path.read_text("utf-8"), source_path=str(path), settings_overrides=settings
    )
    for paragraph in doctree.findall(nodes.paragraph):
        if paragraph.rawsource.strip() and not _is_complaint(paragraph):
            yield paragraph.rawsource


def _is_complaint(paragraph: nodes.paragraph) -> bool:
    above: Any = paragraph.parent
    while above is not None and not isinstance(above, nodes.system_message):
        above = above.parent
    return above is not None


class _AnyOption(dict[str, Any]):
    """An option specification that takes every option as it stands."""

    def __missing__(self, name: str) -> Any:
        return directives.unchanged

    def __contains__(self, name: object) -> bool:
        return True


class _Box(Directive):
    """A directive nobody registered: its content is parsed as body text."""

    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = _AnyOption()
    has_content = True

    def run(self) -> list[nodes.Node]:
        if self.name in VERBATIM:
            return []
        box = nodes.container()
        if self.name.startswith(("version", "deprecated")) and self.arguments:
            # "versionadded:: 5.0 text": what follows the number is a reader's paragraph.
            _, _, text = self.arguments[0].partition("\n")
            if text.strip():
                box += nodes.paragraph(text, text)
        self.state.nested_parse(self.content, self.content_offset, box, match_titles=True)
        return [box]


def _find_directive(name: str, language: Any, document: Any) -> tuple[Any, list[Any]]:
    found, messages = _docutils_directive(name, language, document) if name in OWN else (None, [])
    return found or _Box, messages


def _find_role(name: str, language: Any, lineno: int, reporter: Any) -> tuple[Any, list[Any]]:
    return roles.generic_custom_role, []


_docutils_directive = directives.directive


@contextmanager
def _lenient() -> Iterator[None]:
    """Let docutils know every role and directive."""
    with (
        patch.object(directives, "directive", _find_directive),
        patch.object(roles, "role", _find_role),
    ):
        yield
