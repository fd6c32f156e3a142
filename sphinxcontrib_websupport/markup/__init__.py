"""A reader's text to safe HTML: reStructuredText or Markdown in, an allow-list out."""

from sphinxcontrib_websupport.markup.cleaning import clean

__all__ = ["clean"]
