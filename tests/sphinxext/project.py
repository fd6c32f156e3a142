"""A small Sphinx project, built in a temporary folder, and what came out of it."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

from sphinxcontrib_websupport.model import Node
from sphinxcontrib_websupport.sphinxext.runner import run
from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage

_mark = re.compile(r'<(?!span)\w+[^>]*class="[^"]*\bsphinx-has-comment\b')
_escapes = re.compile(r"\x1b\[[0-9;]*m")


class Project:
    """Sources, output folders and a store of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "source"
        self.doctrees = folder / "doctrees"
        self.database = folder / "comments.db"
        self.url = f"sqlite:///{self.database.as_posix()}"
        self.warnings = ""
        self.write("conf.py", 'project = "Probe"')

    def write(self, name: str, text: str) -> None:
        """Write a source file."""
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).strip("\n") + "\n", encoding="utf-8")

    def build(self, builder: str = "html", **options: Any) -> None:
        """Build with the store of this project, unless another is given."""
        warning = io.StringIO()
        options.setdefault("storage", self.url)
        try:
            run(
                self.source,
                self.out(builder),
                self.doctrees,
                buildername=builder,
                warning=warning,
                **options,
            )
        finally:
            self.warnings = _escapes.sub("", warning.getvalue())

    def out(self, builder: str = "html") -> Path:
        """Return the output folder of a builder."""
        return self.folder / builder

    def nodes(self) -> list[Node]:
        """Return what the store knows."""
        storage = SQLAlchemyStorage(self.url)
        try:
            return list(storage.get_nodes())
        finally:
            storage.close()

    def attached(self) -> dict[str, list[tuple[str, str]]]:
        """Return id and source of the attached nodes, by document."""
        attached: dict[str, list[tuple[str, str]]] = {}
        for node in self.nodes():
            if not node.retired:
                attached.setdefault(node.document, []).append((node.id, node.source))
        return attached

    def sources(self, document: str = "index") -> list[str]:
        """Return the source texts of a document's attached nodes."""
        return [source for _, source in self.attached().get(document, [])]

    def ids(self) -> list[str]:
        """Return all attached ids."""
        return [node.id for node in self.nodes() if not node.retired]

    def html(self, page: str = "index", builder: str = "html") -> str:
        """Return a page as it was written."""
        if builder == "websupport":
            path = self.out(builder) / "documents" / f"{page}.json"
            return str(json.loads(path.read_text(encoding="utf-8"))["body"])
        if builder == "dirhtml" and page.rpartition("/")[2] != "index":
            return (self.out(builder) / page / "index.html").read_text(encoding="utf-8")
        return (self.out(builder) / f"{page}.html").read_text(encoding="utf-8")

    def comment(self, source: str) -> str:
        """Comment on the paragraph with this text; return its id."""
        node = next(node for node in self.nodes() if node.source == source)
        storage = SQLAlchemyStorage(self.url)
        try:
            now = datetime.now(UTC)
            storage.add_comment("<p>c</p>", True, "ann", now, None, node.id, None, False)
        finally:
            storage.close()
        return node.id


def times(html: str, node_id: str) -> int:
    """Return how often a page has the id of a node."""
    return html.count(f'id="s{node_id}"')


def assert_marked_once(project: Project, builder: str = "html") -> None:
    """Check that a page has the ids of its own attached nodes, each once, and no other."""
    by_document = {name: [id for id, _ in nodes] for name, nodes in project.attached().items()}
    assert by_document, "nothing was registered"
    if builder == "singlehtml":
        by_document = {"index": [id for ids in by_document.values() for id in ids]}
    for document, ids in by_document.items():
        html = project.html(document, builder)
        assert {id: times(html, id) for id in ids} == dict.fromkeys(ids, 1), document
        assert len(_mark.findall(html)) == len(ids), document
