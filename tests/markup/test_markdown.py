"""Comments in Markdown, for sites that set it."""

from __future__ import annotations

import pytest

from sphinxcontrib_websupport.errors import InvalidInputError
from sphinxcontrib_websupport.markup.markdown import render


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hello *there*", "<p>Hello <em>there</em></p>"),
        ("~~old~~", "<p><s>old</s></p>"),
        ("`a < b`", "<p><code>a &lt; b</code></p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("![alt](https://tracker.example/x.png)", "<p></p>"),
        ("# Title", "Title"),
    ],
)
def test_markdown_is_rendered_and_cleaned(text: str, html: str) -> None:
    assert render(text) == f"{html}\n"


def test_links_are_not_followed_by_search_engines() -> None:
    assert render("[x](https://example.org)") == (
        '<p><a href="https://example.org" rel="nofollow ugc noopener">x</a></p>\n'
    )


def test_a_text_that_shows_nothing_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="empty"):
        render("[target]: https://example.org")
