"""An index in a folder, by Whoosh: Python alone, for systems whose SQLite lacks full text."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, unquote

from whoosh import index, query
from whoosh.analysis import SpaceSeparatedTokenizer
from whoosh.fields import ID, STORED, TEXT, Schema
from whoosh.index import EmptyIndexError, LockError
from whoosh.searching import Searcher
from whoosh.writing import CLEAR

from sphinxcontrib_websupport.errors import SettingsError, StorageError
from sphinxcontrib_websupport.search.base import MOST_RESULTS
from sphinxcontrib_websupport.search.indexed import VERSION, Found, IndexedSearch
from sphinxcontrib_websupport.search.passages import Page, Passage
from sphinxcontrib_websupport.search.queries import Clause, Query
from sphinxcontrib_websupport.search.staging import Staging
from sphinxcontrib_websupport.search.words import analyzer

_BUSY_TIMEOUT = 30.0
"""How many seconds a writer waits for another one."""

_WEIGHTS = {"title": 10.0, "heading": 5.0, "text": 1.0}
"""What a word counts by where it stands."""

_MOST_PASSAGES = 2_000
"""How many passages are looked at for the best of each page."""


def _schema() -> Schema:
    # Texts come as terms parted by blanks, see words.py.
    words = TEXT(analyzer=SpaceSeparatedTokenizer())
    return Schema(
        kind=ID(stored=True),
        owner=ID(stored=True),
        node=ID(stored=True),
        # Of a page, the nodes on it; quoted, and parted by blanks.
        nodes=TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=False),
        value=STORED,
        whole=words,
        title=words,
        heading=words,
        text=words,
        forms=words,
    )


class WhooshSearch(IndexedSearch):
    """Search in a folder, by any number of processes while a build writes.

    :param folder: made by the first build.
    """

    def __init__(self, folder: str | Path) -> None:
        super().__init__()
        self._folder = Path(folder)

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Open the index in a folder."""
        return cls(folder / "whoosh")

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Open the index at a URL such as ``whoosh:///folder``, relative to the working folder."""
        path = url.partition("://")[2]
        if not path.startswith("/") or len(path) < 2:
            raise SettingsError(f"a URL such as whoosh:///folder is expected, not {url!r}")
        return cls(unquote(path[1:]))

    # -- the build -------------------------------------------------------------------------

    def names(self) -> set[str]:
        """Return the names of the pages that were fed, unless in another language."""
        with self._reading() as searcher:
            if searcher is None or _state(searcher).get("language") != self.language:
                return set()
            return set(_digests(searcher))

    def publish(self, staging: Staging) -> None:
        """Put what was staged into the index; it is seen when all of it is there."""
        state = {"version": str(VERSION), "language": self.language or "en"}
        with self._reading() as searcher:
            is_new = searcher is None or _state(searcher) != state
            known = {} if searcher is None or is_new else _digests(searcher)
        with self._writing(clear=is_new) as writer:
            if is_new:
                writer.add_document(kind="state", value=json.dumps(state))
            for name in staging.gone(known):
                writer.delete_by_term("owner", f"page:{name}")
            for page, digest in staging.pages(known):
                writer.delete_by_term("owner", f"page:{page.name}")
                _add_page(writer, page, digest, state["language"])

    # -- comments --------------------------------------------------------------------------

    def put_comments(self, node: str, comments: Mapping[str, str]) -> None:
        """Let a node's comments be found: these, and no other."""
        if (language := self.indexed_language()) is not None:
            with self._writing() as writer:
                writer.delete_by_term("node", node)
                for comment, text in comments.items():
                    _add_comment(writer, language, node, comment, text)

    def add_comment(self, node: str, comment: str, text: str) -> None:
        """Let one more comment be found."""
        if (language := self.indexed_language()) is not None:
            with self._writing() as writer:
                _add_comment(writer, language, node, comment, text)

    def count_comments(self) -> Mapping[str, int]:
        """Return how many comments are known of each node."""
        counts: dict[str, int] = {}
        with self._reading() as searcher:
            comments = searcher.documents(kind="comment") if searcher is not None else []
            for fields in comments:
                counts[fields["node"]] = counts.get(fields["node"], 0) + 1
        return counts

    def nodes_of_comments(self, comments: Sequence[str]) -> Mapping[str, str]:
        """Return the nodes of these comments."""
        found: dict[str, str] = {}
        with self._reading() as searcher:
            if searcher is None:
                return {}
            for comment in comments:
                fields = searcher.document(owner=f"comment:{comment}")
                if fields is not None:
                    found[comment] = fields["node"]
        return found

    # -- reading ---------------------------------------------------------------------------

    def indexed_language(self) -> str | None:
        """Return the language of the index."""
        with self._reading() as searcher:
            return None if searcher is None else _state(searcher).get("language")

    def rank(self, query: Query) -> Sequence[Any]:
        """Rank passages by BM25F among the pages that match as a whole."""
        with self._reading() as searcher:
            if searcher is None:
                return []
            owners: set[str] = set()
            for has_all in (True, False):
                wholes = searcher.docs_for_query(_whole(query, has_all=has_all))
                owners = {searcher.stored_fields(number)["owner"] for number in wholes}
                if owners or len(query.wanted) == 1:
                    break
            best: dict[str, Any] = {}
            for hit in searcher.search(_any(query), limit=_MOST_PASSAGES):
                owner = hit["owner"]
                if owner in owners and owner not in best and _is_somewhere(searcher, hit):
                    best[owner] = (owner, hit["value"], hit.get("node"))
            return list(best.values())[:MOST_RESULTS]

    def load(self, keys: Sequence[Any]) -> Iterable[Found]:
        """Load passages."""
        found: list[Found] = []
        with self._reading() as searcher:
            if searcher is None:
                return []
            for owner, value, node in keys:
                place = searcher.document(**_page_of(owner, node))
                if place is None:
                    continue
                _, title, path = json.loads(place["value"])
                heading, anchor, blocks = json.loads(value)
                passage = Passage(heading, anchor, [(id, text) for id, text in blocks])
                comment = owner.removeprefix("comment:") if node is not None else None
                found.append(Found(title, path, passage, node, comment))
        return found

    # -- the files -------------------------------------------------------------------------

    def close(self) -> None:
        """Forget what a build has fed; there is nothing open otherwise."""
        self.discard_indexing()

    @contextmanager
    def _reading(self) -> Iterator[Searcher | None]:
        """Give a searcher of one state of the index; ``None`` where there is none."""
        with _translated():
            try:
                opened = index.open_dir(str(self._folder))
            except (EmptyIndexError, FileNotFoundError):
                yield None
                return
            # A reader's files have one position for all threads: one for each query.
            with closing(opened), opened.searcher() as searcher:
                yield searcher if _state(searcher).get("version") == str(VERSION) else None

    @contextmanager
    def _writing(self, *, clear: bool = False) -> Iterator[Any]:
        """Give a writer whose changes are seen when all of them are made."""
        with _translated():
            if clear:
                self._folder.mkdir(parents=True, exist_ok=True)
            is_there = index.exists_in(str(self._folder))
            opened = (
                index.open_dir(str(self._folder))
                if is_there
                else index.create_in(str(self._folder), _schema())
            )
            with closing(opened):
                writer = _wait_for_writer(opened)
                try:
                    yield writer
                except BaseException:
                    writer.cancel()
                    raise
                if clear:
                    writer.schema = _schema()
                    writer.commit(mergetype=CLEAR)
                else:
                    writer.commit()


def _wait_for_writer(opened: Any) -> Any:
    end = time.monotonic() + _BUSY_TIMEOUT
    while True:
        try:
            return opened.writer(limitmb=64)
        except LockError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (LockError, EmptyIndexError, OSError) as error:
        raise StorageError(f"the search index failed: {type(error).__name__}") from error


def _state(searcher: Searcher) -> dict[str, str]:
    fields = searcher.document(kind="state")
    return dict(json.loads(fields["value"])) if fields else {}


def _digests(searcher: Searcher) -> dict[str, str]:
    return {
        fields["owner"].removeprefix("page:"): json.loads(fields["value"])[0]
        for fields in searcher.documents(kind="page")
    }


def _add_page(writer: Any, page: Page, digest: str, language: str) -> None:
    words = analyzer(language)
    owner = f"page:{page.name}"
    title, title_forms = words.for_index(page.title)
    whole, whole_forms = [title], [title_forms]
    for passage in page.passages:
        heading, heading_forms = words.for_index(passage.heading)
        text, text_forms = words.for_index(passage.text)
        whole += [heading, text]
        whole_forms += [heading_forms, text_forms]
        writer.add_document(
            kind="passage",
            owner=owner,
            value=json.dumps([passage.heading, passage.anchor, passage.blocks]),
            title=title,
            heading=heading,
            text=text,
            forms=f"{title_forms} {heading_forms} {text_forms}",
        )
    writer.add_document(
        kind="page",
        owner=owner,
        value=json.dumps([digest, page.title, page.path]),
        nodes=" ".join(quote(node, safe="") for node in page.nodes),
        whole=" ".join(whole),
        forms=" ".join(whole_forms),
    )


def _add_comment(writer: Any, language: str, node: str, comment: str, text: str) -> None:
    terms, forms = analyzer(language).for_index(text)
    writer.delete_by_term("owner", f"comment:{comment}")
    writer.add_document(
        kind="comment",
        owner=f"comment:{comment}",
        node=node,
        value=json.dumps(["", f"comment-{comment}", [("", text)]]),
        whole=terms,
        text=terms,
        forms=forms,
    )


def _page_of(owner: str, node: str | None) -> dict[str, str]:
    """Return by what the page of an entry is found."""
    if node is None:
        return {"kind": "page", "owner": owner}
    return {"kind": "page", "nodes": quote(node, safe="")}


def _is_somewhere(searcher: Searcher, hit: Any) -> bool:
    """Tell whether a page has the node of a comment."""
    node = hit.get("node")
    return node is None or searcher.document_number(**_page_of("", node)) is not None


def _whole(sought: Query, *, has_all: bool) -> Any:
    join = query.And if has_all else query.Or
    wanted = join([_in_field(clause, "whole") for clause in sought.wanted])
    entries = query.Or([query.Term("kind", "page"), query.Term("kind", "comment")])
    unwanted = [query.Not(_in_field(clause, "whole")) for clause in sought.unwanted]
    return query.And([entries, wanted, *unwanted])


def _any(sought: Query) -> Any:
    clauses = (*sought.wanted, *sought.neighbours)
    fields = [
        _in_field(clause, field, boost) for clause in clauses for field, boost in _WEIGHTS.items()
    ]
    pages = query.Term("kind", "page")
    return query.AndNot(query.Or(fields), pages)


def _in_field(clause: Clause, field: str, boost: float = 1.0) -> Any:
    *before, last = clause.terms
    if not clause.is_prefix:
        if not before:
            return query.Term(field, last, boost=boost)
        return query.Phrase(field, list(clause.terms), boost=boost)
    beginning = query.Prefix(field, last, boost=boost)
    if before:
        return query.Sequence([*(query.Term(field, word) for word in before), beginning])
    return query.Or([beginning, query.Prefix("forms", clause.forms[-1], boost=boost)])
