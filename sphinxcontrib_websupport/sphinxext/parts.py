"""A page's parts, taken from what a theme's templates would make a whole page of."""

from __future__ import annotations

import zlib
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, Protocol

import jinja2
from sphinx.locale import _ as translated
from sphinx.util import logging

from sphinxcontrib_websupport.model import Document

logger = logging.getLogger(__name__)

_RELBAR = """\
<div class="related" role="navigation"><ul>
{%- for name, title, key, text in links %}
<li class="right"><a href="{{ pathto(name) }}" title="{{ title|striptags }}"
 {%- if key %} accesskey="{{ key }}"{% endif %}>{{ text }}</a></li>
{%- endfor %}
<li class="nav-item"><a href="{{ pathto(root) }}">{{ project|striptags }}</a></li>
{%- for parent in parents %}
<li class="nav-item"><a href="{{ parent.link }}">{{ parent.title|safe }}</a></li>
{%- endfor %}
</ul></div>"""

# In place of the themes' own, which shows itself by an inline script: an application whose
# Content-Security-Policy forbids these has a form all the same, and answers it.
_SEARCHBOX = """\
<form role="search" action="{{ pathto("search") }}" method="get">
<input type="text" name="q" aria-label="{{ _("Search") }}">
<input type="submit" value="{{ _("Go") }}">
</form>"""

_templates = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
_relbar = _templates.from_string(_RELBAR)
_searchbox = _templates.from_string(_SEARCHBOX)


class Bridge(Protocol):
    """What Sphinx calls a template bridge, by its methods."""

    def init(self, *args: Any, **kwargs: Any) -> None: ...  # noqa: D102
    def newest_template_mtime(self) -> float: ...  # noqa: D102
    def render(self, template: str, context: dict[str, Any]) -> str: ...  # noqa: D102
    def render_string(self, template: str, context: dict[str, Any]) -> str: ...  # noqa: D102


class Addresses(Protocol):
    """As much of the builder as is needed here."""

    outdir: Any

    def static_uri(self, path: str) -> str: ...  # noqa: D102


class PageParts:
    """Renders templates as the project's own bridge does, except for a page that is expected."""

    def __init__(self, bridge: Bridge, addresses: Addresses) -> None:
        self._bridge = bridge
        self._addresses = addresses
        self._stamp: str | None = None
        self._taken: Document | None = None
        self._checksum = lru_cache(maxsize=None)(_checksum)

    def expect(self, stamp: str) -> None:
        """Take the next rendering for a page: it gives ``stamp``, and parts to take."""
        self._stamp = stamp

    def take(self) -> Document | None:
        """Return the parts of the page that was rendered last, once."""
        parts, self._taken = self._taken, None
        return parts

    # -- what Sphinx asks of a bridge ------------------------------------------------------

    def init(self, *args: Any, **kwargs: Any) -> None:
        """Prepare the project's bridge."""
        self._bridge.init(*args, **kwargs)

    def newest_template_mtime(self) -> float:
        """Return when a template changed last."""
        return self._bridge.newest_template_mtime()

    def render_string(self, template: str, context: dict[str, Any]) -> str:
        """Render a template's text."""
        return self._bridge.render_string(template, context)

    def render(self, template: str, context: dict[str, Any]) -> str:
        """Render a template by its name."""
        stamp, self._stamp = self._stamp, None
        if stamp is None:
            return self._bridge.render(template, context)
        self._taken = self._parts(template, context)
        return stamp

    def __getattr__(self, name: str) -> Any:
        """Let extensions find what else the project's bridge has, its environment say."""
        return getattr(self._bridge, name)

    # -- parts -----------------------------------------------------------------------------

    def _parts(self, template: str, context: dict[str, Any]) -> Document:
        body, title = context.get("body"), context.get("title", "")
        if body is None:
            body, title = self._body(template, context)
        parts: Document = {
            "body": body,
            "sidebar": self._sidebar(context),
            "relbar": self._relbar(context),
            "title": title,
            "css": "\n".join(map(self.css_tag, context.get("css_files", ()))),
            "script": "\n".join(map(self.js_tag, context.get("script_files", ()))),
        }
        if context.get("parents"):
            parts["parents"] = [dict(parent) for parent in context["parents"]]
        return parts

    def _body(self, name: str, context: dict[str, Any]) -> tuple[str, str]:
        """Return body and title of a page that is all template: an index, the search page."""
        environment = getattr(self._bridge, "environment", None)
        if environment is None:  # a bridge of the project's own that is not Jinja's
            return self._bridge.render(name, context), ""
        template = environment.get_template(name)
        rendering = template.new_context(context)
        # Run to its end: what a block uses (macros, `set`) is defined outside of it.
        whole = "".join(template.root_render_func(rendering))
        title = str(rendering.vars.get("title", ""))
        if "body" not in rendering.blocks:
            return whole, title
        return "".join(rendering.blocks["body"][0](rendering)), title

    def _sidebar(self, context: dict[str, Any]) -> str:
        rendered: list[str] = []
        for name in context.get("sidebars") or ():
            if name.rpartition("/")[2].startswith("search"):
                rendered.append(_searchbox.render(pathto=context["pathto"], _=translated))
                continue
            try:
                rendered.append(self._bridge.render(name, context))
            except Exception as error:  # noqa: BLE001 - a theme's part may need its whole layout
                logger.warning(
                    "the sidebar %s of this theme was left out: %s",
                    name,
                    error,
                    type="websupport",
                    subtype="sidebar",
                    once=True,
                )
        return "\n".join(rendered)

    def _relbar(self, context: dict[str, Any]) -> str:
        return _relbar.render(
            links=context.get("rellinks") or (),
            parents=context.get("parents") or (),
            pathto=context["pathto"],
            root=context["root_doc"],
            project=context.get("shorttitle") or context.get("project") or "",
        )

    # -- links to static files -------------------------------------------------------------

    def css_tag(self, file: Any) -> str:
        """Return the element that loads a style sheet."""
        if not hasattr(file, "filename"):  # a theme's or an extension's plain path
            return f'<link rel="stylesheet" href="{self._uri(str(file))}" />'
        return f'<link{_attributes(file.attributes)} href="{self._uri(str(file.filename))}" />'

    def js_tag(self, file: Any) -> str:
        """Return the element that loads a script, or that is one."""
        if not hasattr(file, "filename"):
            return f'<script src="{self._uri(str(file))}"></script>'
        attributes = dict(file.attributes)
        body = attributes.pop("body", None) or ""
        source = f' src="{self._uri(str(file.filename))}"' if file.filename else ""
        return f"<script{_attributes(attributes)}{source}>{body}</script>"

    def _uri(self, path: str) -> str:
        checksum = self._checksum(Path(self._addresses.outdir, path))
        return escape(self._addresses.static_uri(path) + (f"?v={checksum}" if checksum else ""))


def _attributes(attributes: dict[str, Any]) -> str:
    return "".join(
        f' {name}="{escape(str(value))}"'
        for name, value in sorted(attributes.items())
        if value is not None
    )


def _checksum(path: Path) -> str:
    """Return what changes with a file's content, so that browsers fetch it again."""
    try:
        return f"{zlib.crc32(path.read_bytes()):08x}"
    except OSError:
        return ""  # on another host, or written later
