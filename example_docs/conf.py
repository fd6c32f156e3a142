"""The manual of this package, built by the extension that it describes."""

import sphinxcontrib_websupport

project = "sphinx-websupport"
author = "the sphinxcontrib_websupport authors"
copyright = f"2026, {author}"
version = release = sphinxcontrib_websupport.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinxcontrib_websupport",
]

exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Sphinx web support"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
# The manual must build without a network; references to other projects stay plain text then.
intersphinx_mapping: dict[str, tuple[str, None]] = {}
nitpick_ignore_regex = [
    # Described on their pages in words and examples; drivers would be needed to document them.
    (r"py:.*", r"sphinxcontrib_websupport\.(backends|documents|testing|registry|settings)\b.*"),
    (r"py:.*", r"(sqlalchemy|docutils|sphinx|werkzeug|datetime|pathlib|collections|typing)\b.*"),
    (r"py:class", r"(nodes\.\w+|Path|TextIO|WSGI\w+|StartResponse|Any|Callable|Mapping|datetime)"),
]
