"""An index in a folder, by Xapian; its driver is Debian's ``python3-xapian``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import unquote

import xapian

from sphinxcontrib_websupport.errors import SettingsError, StorageError
from sphinxcontrib_websupport.search.base import MOST_RESULTS
from sphinxcontrib_websupport.search.indexed import VERSION, Found, IndexedSearch
from sphinxcontrib_websupport.search.passages import Page, Passage
from sphinxcontrib_websupport.search.queries import Clause, Query
from sphinxcontrib_websupport.search.staging import Staging
from sphinxcontrib_websupport.search.words import Analyzer, analyzer

T = TypeVar("T")

_TITLE, _HEADING, _TEXT = 10, 5, 1
"""What a word counts by where it stands."""

_GAP = 100
"""How far apart title, heading and text are, so that no phrase reaches from one into another."""

_ATTEMPTS = 5
"""How often a query is asked while writers replace what it reads."""

_LONGEST = 200
"""The longest term, in bytes; Xapian's own limit is 245."""

_MOST_BEGINNINGS = 100
"""How many words with the same beginning are looked for: those that are used most."""

# Terms in lower case are words; those that begin with a capital letter say what an entry is.
_PAGE, _PASSAGE, _COMMENT, _FORM = "KP", "KS", "KC", "F"
_OWNER = 0
"""The slot of the value by which passages are those of one page."""


class XapianSearch(IndexedSearch):
    """Search in a folder, by any number of processes while a build writes.

    :param folder: made by the first build.
    """

    def __init__(self, folder: str | Path) -> None:
        super().__init__()
        self._folder = Path(folder)

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Open the index in a folder."""
        return cls(folder / "xapian")

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Open the index at a URL such as ``xapian:///folder``, relative to the working folder."""
        path = url.partition("://")[2]
        if not path.startswith("/") or len(path) < 2:
            raise SettingsError(f"a URL such as xapian:///folder is expected, not {url!r}")
        return cls(unquote(path[1:]))

    # -- the build -------------------------------------------------------------------------

    def names(self) -> set[str]:
        """Return the names of the pages that were fed, unless in another language."""

        def read(db: Any) -> set[str]:
            is_ours = _state(db).get("language") == self.language
            return set(_digests(db)) if is_ours else set()

        return self._read(read, set())

    def publish(self, staging: Staging) -> None:
        """Put what was staged into the index, in one transaction."""
        with self._writing() as db:
            state = {"version": str(VERSION), "language": self.language or "en"}
            if _state(db) != state:
                for posting in list(db.postlist("")):
                    db.delete_document(posting.docid)
                db.set_metadata("state", json.dumps(state))
            words = analyzer(state["language"])
            known = _digests(db)
            for name in staging.gone(known):
                db.delete_document(_owner_term(f"page:{name}"))
            for page, digest in staging.pages(known):
                db.delete_document(_owner_term(f"page:{page.name}"))
                _add_page(db, page, digest, words)

    # -- comments --------------------------------------------------------------------------

    def put_comments(self, node: str, comments: Mapping[str, str]) -> None:
        """Let a node's comments be found: these, and no other."""
        if (language := self.indexed_language()) is not None:
            with self._writing() as db:
                db.delete_document(_hashed("N", node))
                for comment, text in comments.items():
                    _add_comment(db, node, comment, text, analyzer(language))

    def add_comment(self, node: str, comment: str, text: str) -> None:
        """Let one more comment be found."""
        if (language := self.indexed_language()) is not None:
            with self._writing() as db:
                _add_comment(db, node, comment, text, analyzer(language))

    def count_comments(self) -> Mapping[str, int]:
        """Return how many comments are known of each node."""

        def read(db: Any) -> dict[str, int]:
            counts: dict[str, int] = {}
            for entry in _entries(db, _COMMENT):
                counts[entry["node"]] = counts.get(entry["node"], 0) + 1
            return counts

        return self._read(read, {})

    def nodes_of_comments(self, comments: Sequence[str]) -> Mapping[str, str]:
        """Return the nodes of these comments."""

        def read(db: Any) -> dict[str, str]:
            return {
                comment: entry["node"]
                for comment in comments
                for entry in _entries(db, _owner_term(f"comment:{comment}"))
            }

        return self._read(read, {})

    # -- reading ---------------------------------------------------------------------------

    def indexed_language(self) -> str | None:
        """Return the language of the index."""
        return self._read(lambda db: _state(db).get("language"), None)

    def rank(self, query: Query) -> Sequence[Any]:
        """Rank passages by BM25 among the pages that match as a whole."""
        return self._read(lambda db: _rank(db, query), [])

    def load(self, keys: Sequence[Any]) -> Iterable[Found]:
        """Load passages."""
        return self._read(lambda db: list(_load(db, keys)), [])

    # -- the files -------------------------------------------------------------------------

    def close(self) -> None:
        """Forget what a build has fed; there is nothing open otherwise."""
        self.discard_indexing()

    def _read(self, read: Callable[[Any], T], default: T) -> T:
        """Return what is read from one state of the index; the default where there is none."""
        for attempt in range(_ATTEMPTS):
            try:
                # Not for several threads at once: one for each query.
                db = xapian.Database(str(self._folder))
                try:
                    return read(db) if _state(db).get("version") == str(VERSION) else default
                finally:
                    db.close()
            except xapian.DatabaseModifiedError as error:
                if attempt == _ATTEMPTS - 1:
                    raise _failed(error) from error
            except xapian.DatabaseNotFoundError:
                return default
            except xapian.Error as error:
                raise _failed(error) from error
        return default

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        """Give a database whose changes are seen when all of them are made; one at a time."""
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            flags = xapian.DB_CREATE_OR_OPEN | xapian.DB_RETRY_LOCK
            db = xapian.WritableDatabase(str(self._folder), flags)
            try:
                db.begin_transaction()
                try:
                    yield db
                except BaseException:
                    db.cancel_transaction()
                    raise
                db.commit_transaction()
            finally:
                db.close()
        except xapian.Error as error:
            raise _failed(error) from error


def _failed(error: Exception) -> StorageError:
    return StorageError(f"the search index failed: {type(error).__name__}")


def _state(db: Any) -> dict[str, str]:
    return dict(json.loads(db.get_metadata("state") or b"{}"))


def _entries(db: Any, term: str) -> Iterator[dict[str, Any]]:
    for posting in db.postlist(term):
        yield json.loads(db.get_document(posting.docid).get_data())


def _digests(db: Any) -> dict[str, str]:
    return {entry["name"]: entry["digest"] for entry in _entries(db, _PAGE)}


# -- writing -------------------------------------------------------------------------------------


def _add_page(db: Any, page: Page, digest: str, words: Analyzer) -> None:
    owner = f"page:{page.name}"
    whole = _document(owner, _PAGE)
    whole.set_data(
        json.dumps({"name": page.name, "digest": digest, "title": page.title, "path": page.path})
    )
    for node in page.nodes:
        whole.add_boolean_term(_hashed("P", node))
    end = _post(whole, page.title, words, 1, 0)
    for passage in page.passages:
        document = _document(owner, _PASSAGE)
        data = {"heading": passage.heading, "anchor": passage.anchor, "blocks": passage.blocks}
        document.set_data(json.dumps({"owner": owner, **data}))
        at = _post(document, page.title, words, _TITLE, 0)
        at = _post(document, passage.heading, words, _HEADING, at)
        _post(document, passage.text, words, _TEXT, at)
        db.add_document(document)
        end = _post(whole, passage.heading, words, 1, end)
        end = _post(whole, passage.text, words, 1, end)
    db.add_document(whole)


def _add_comment(db: Any, node: str, comment: str, text: str, words: Analyzer) -> None:
    owner = f"comment:{comment}"
    db.delete_document(_owner_term(owner))
    document = _document(owner, _COMMENT)
    document.add_boolean_term(_hashed("N", node))
    data = {"heading": "", "anchor": f"comment-{comment}", "blocks": [("", text)]}
    document.set_data(json.dumps({"owner": owner, "node": node, "comment": comment, **data}))
    _post(document, text, words, _TEXT, 0)
    db.add_document(document)


def _document(owner: str, kind: str) -> Any:
    document = xapian.Document()
    document.add_boolean_term(kind)
    document.add_boolean_term(_owner_term(owner))
    document.add_value(_OWNER, _owner_term(owner))
    return document


def _post(document: Any, text: str, words: Analyzer, weight: int, at: int) -> int:
    """Let a document be found by a text; return from where on the next one may be."""
    for term, form in words.pairs(text):
        at += 1
        document.add_posting(_term(term), at, weight)
        if form != term:
            document.add_term(_term(_FORM + form), 0)
    return at + _GAP


def _term(word: str) -> str:
    return word if word.isascii() else word.encode()[:_LONGEST].decode(errors="ignore")


def _owner_term(owner: str) -> str:
    return _hashed("Q", owner)


def _hashed(prefix: str, value: str) -> str:
    # A term has a limited length, and a name has not.
    return prefix + sha256(value.encode()).hexdigest()[:40]


# -- reading -------------------------------------------------------------------------------------


def _rank(db: Any, query: Query) -> list[Any]:
    entries = xapian.Query(xapian.Query.OP_OR, [xapian.Query(_PAGE), xapian.Query(_COMMENT)])
    owners: set[bytes] = set()
    for join in (xapian.Query.OP_AND, xapian.Query.OP_OR):
        wanted = xapian.Query(join, [_expression(clause) for clause in query.wanted])
        whole = xapian.Query(xapian.Query.OP_FILTER, wanted, entries)
        for clause in query.unwanted:
            whole = xapian.Query(xapian.Query.OP_AND_NOT, whole, _expression(clause))
        enquire = xapian.Enquire(db)
        enquire.set_query(whole)
        enquire.set_weighting_scheme(xapian.BoolWeight())
        found = enquire.get_mset(0, db.get_doccount())
        owners = {match.document.get_value(_OWNER) for match in found}
        if owners or len(query.wanted) == 1:
            break
    if not owners:
        return []
    clauses = [_expression(clause) for clause in (*query.wanted, *query.neighbours)]
    passages = xapian.Query(xapian.Query.OP_OR, [xapian.Query(_PASSAGE), xapian.Query(_COMMENT)])
    enquire = xapian.Enquire(db)
    some = xapian.Query(xapian.Query.OP_OR, clauses)
    enquire.set_query(xapian.Query(xapian.Query.OP_FILTER, some, passages))
    enquire.set_collapse_key(_OWNER)
    keys: list[Any] = []
    for match in enquire.get_mset(0, db.get_doccount()):
        document = match.document
        if document.get_value(_OWNER) in owners:
            entry = json.loads(document.get_data())
            if "node" not in entry or _page_with(db, entry["node"]) is not None:
                keys.append(entry)
        if len(keys) == MOST_RESULTS:
            break
    return keys


def _load(db: Any, keys: Sequence[Any]) -> Iterator[Found]:
    for entry in keys:
        node = entry.get("node")
        if node is None:
            pages = _entries(db, _owner_term(entry["owner"]))
            place = next((page for page in pages if "path" in page), None)
        else:
            place = _page_with(db, node)
        if place is not None:
            blocks = [(id, text) for id, text in entry["blocks"]]
            passage = Passage(entry["heading"], entry["anchor"], blocks)
            yield Found(place["title"], place["path"], passage, node, entry.get("comment"))


def _page_with(db: Any, node: str) -> dict[str, Any] | None:
    return next(_entries(db, _hashed("P", node)), None)


def _expression(clause: Clause) -> Any:
    *before, last = clause.terms
    if not clause.is_prefix:
        if not before:
            return xapian.Query(_term(last))
        return xapian.Query(xapian.Query.OP_PHRASE, [_term(word) for word in clause.terms])
    if before:
        # Xapian has no phrase that ends with the beginning of a word: that is near it somewhere.
        parts = [xapian.Query(_term(word)) for word in before]
        return xapian.Query(xapian.Query.OP_AND, [*parts, _beginning(last)])
    forms = _beginning(_FORM + clause.forms[-1])
    return xapian.Query(xapian.Query.OP_OR, [_beginning(last), forms])


def _beginning(word: str) -> Any:
    frequent = xapian.Query.WILDCARD_LIMIT_MOST_FREQUENT
    return xapian.Query(xapian.Query.OP_WILDCARD, _term(word), _MOST_BEGINNINGS, frequent)
