"""What people look for in Sphinx's own documentation, and the page that they expect.

Written down before any search had answered them, and not changed since. Of two pages that both
answer, either will do.
"""

from __future__ import annotations

QUERIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    # Names that are known
    ("html_theme_options", ("usage/configuration",)),
    ("autodoc_mock_imports", ("usage/extensions/autodoc",)),
    ("literalinclude", ("usage/restructuredtext/directives",)),
    ("add_config_value", ("extdev/appapi",)),
    ("env-before-read-docs", ("extdev/event_callbacks",)),
    ("confval", ("usage/domains/standard",)),
    ("nitpick_ignore", ("usage/configuration",)),
    ("sphinx-quickstart", ("man/sphinx-quickstart",)),
    ("BuildEnvironment", ("extdev/envapi",)),
    ("versionadded", ("usage/restructuredtext/directives",)),
    ("intersphinx_mapping", ("usage/extensions/intersphinx",)),
    ("latex_elements", ("latex", "usage/configuration")),
    # Topics
    ("installing sphinx", ("usage/installation",)),
    ("install with pip", ("usage/installation", "tutorial/getting-started")),
    ("markdown support", ("usage/markdown",)),
    ("google style docstrings", ("usage/extensions/napoleon", "usage/extensions/example_google")),
    ("cross references", ("usage/referencing", "usage/restructuredtext/roles")),
    ("toctree maxdepth", ("usage/restructuredtext/directives",)),
    ("publish on github pages", ("tutorial/deploying", "usage/extensions/githubpages")),
    ("translate documentation", ("usage/advanced/intl",)),
    ("write a custom builder", ("extdev/builderapi", "development/howtos/builders")),
    ("create a new domain", ("development/tutorials/adding_domain", "extdev/domainapi")),
    ("html themes", ("usage/theming", "development/html_themes/index")),
    ("math equations", ("usage/extensions/math", "usage/domains/mathematics")),
    ("graphviz diagram", ("usage/extensions/graphviz",)),
    ("inheritance diagram", ("usage/extensions/inheritance",)),
    ("doctest code snippets", ("usage/extensions/doctest",)),
    ("documenting C++ classes", ("usage/domains/cpp",)),
    ("javascript functions", ("usage/domains/javascript",)),
    ("broken links check", ("usage/builders/index", "usage/configuration")),
    ("search adapters", ("usage/advanced/websupport/searchadapters",)),
    ("glossary terms", ("usage/restructuredtext/directives", "glossary")),
    # Questions
    ("how to document command line options", ("usage/domains/standard",)),
    ("how do I include source code from a file", ("usage/restructuredtext/directives",)),
    (
        "generate api documentation automatically",
        (
            "tutorial/automatic-doc-generation",
            "usage/extensions/autosummary",
            "usage/extensions/apidoc",
            "man/sphinx-apidoc",
        ),
    ),
    (
        "link to source code on github",
        ("usage/extensions/linkcode", "usage/extensions/viewcode", "usage/extensions/extlinks"),
    ),
    ("what events can an extension connect to", ("extdev/event_callbacks", "extdev/appapi")),
    ("contribute a bug fix", ("internals/contributing",)),
    ("build pdf with latex", ("latex", "usage/builders/index", "usage/configuration")),
    (
        "tables in restructuredtext",
        ("usage/restructuredtext/basics", "usage/restructuredtext/directives"),
    ),
)
