"""The earlier package's own tests, with their imports changed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.earlier import fetch, with_our_imports

SHIM = '''
"""The questions that the suite asks of its database, answered through the storage."""

from types import SimpleNamespace

import sphinxcontrib_websupport.websupport as websupport
from sphinxcontrib_websupport.storage.sqlalchemystorage import SQLAlchemyStorage

class Node: ...
class Comment:
    username = "username"
class CommentVote:
    username = "vote"

opened = []
_open = SQLAlchemyStorage.__init__
def _noted(self, *args, **kwargs):
    _open(self, *args, **kwargs)
    opened[:] = [self]
SQLAlchemyStorage.__init__ = _noted

class Query(list):
    def all(self):
        return self
    def first(self):
        return self[0]
    def filter(self, name):
        return Query(c for c in self if c.username == name)

class Names(str):
    def __eq__(self, other):
        return other
    __hash__ = str.__hash__
Comment.username = CommentVote.username = Names()

def every(comments):
    for comment in comments:
        yield comment
        yield from every(comment["children"])

def votes(nodes):
    for records in opened[0].read_discussions([node.id for node in nodes]).values():
        for record in records:
            for username, value in record.votes.items():
                yield SimpleNamespace(username=username, comment_id=record.id, value=value)

class Session:
    def query(self, kind):
        nodes = list(opened[0].get_nodes())
        if kind is Node:
            return Query(nodes)
        if kind is CommentVote:
            return Query(votes(nodes))
        return Query(
            SimpleNamespace(**comment)
            for node in nodes
            for comment in every(opened[0].get_data(node.id, None, True)["comments"])
        )
    def close(self):
        pass
'''

VOTES = '''
"""The suite asks for votes where there are none: here there are, and the shim finds them."""

from shim import CommentVote, Node, Session
from test_websupport import support, with_support

def votes_of(username):
    asked = Session().query(CommentVote).filter(CommentVote.username == username)
    return [(vote.comment_id, vote.value) for vote in asked.all()]

@with_support()
def test_votes_follow_their_user_s_new_name(support):
    support.build()
    node = Session().query(Node).first()
    comment = support.add_comment("Hi.", node_id=node.id, username="user_one")
    support.process_vote(comment["id"], "user_two", "-1")
    assert votes_of("user_two") == [(comment["id"], -1)]
    support.update_username("user_two", "new_user_two")
    assert votes_of("user_two") == []
    assert votes_of("new_user_two") == [(comment["id"], -1)]
'''

CONFTEST = """
import pytest
pytest_plugins = ("sphinx.testing.fixtures",)
from pathlib import Path
import sphinxcontrib_websupport.websupport as websupport

_init = websupport.WebSupport.__init__
def _newer_sphinx(self, *args, **kwargs):
    # The sample project's conf.py lists extensions that are older than today's Sphinx.
    kwargs.setdefault("confoverrides", {"extensions": []})
    _init(self, *args, **kwargs)
websupport.WebSupport.__init__ = _newer_sphinx

def pytest_configure(config):
    config.addinivalue_line("markers", "support: the settings of the object under test")

@pytest.fixture(scope="session")
def rootdir():
    return Path(__file__).resolve().parent / "roots"
"""


def test_earlier_package_s_own_suite_passes(tmp_path: Path) -> None:
    suite = fetch(tmp_path) / "tests"
    for path in suite.glob("*.py"):
        text = with_our_imports(path.read_text(encoding="utf-8"))
        text = text.replace("sphinxcontrib_websupport.storage.sqlalchemy_db", "shim")
        text = re.sub(
            r"from sphinxcontrib_websupport\.storage\.sqlalchemystorage import \([^)]*\)",
            "from shim import Comment, CommentVote, Session",
            text,
        )
        text = text.replace(
            "from sphinxcontrib_websupport.storage import sqlalchemy_db, sqlalchemystorage",
            "from sphinxcontrib_websupport.storage import sqlalchemystorage",
        )
        path.write_text(text, encoding="utf-8")
    for path in suite.glob("roots/**/*.txt"):
        text = path.read_text(encoding="utf-8-sig")
        # Sphinx 9 refuses the kinds of index entries that Sphinx 1 deprecated.
        path.write_text(re.sub(r"(?m)^( +)(keyword|operator|module):", r"\1single:", text), "utf-8")
    (suite / "shim.py").write_text(SHIM, encoding="utf-8")
    (suite / "test_votes.py").write_text(VOTES, encoding="utf-8")
    (suite / "conftest.py").write_text(dedent(CONFTEST), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=suite, capture_output=True, text=True)
    passed = re.search(r"(\d+) passed", done.stdout)
    if done.returncode or passed is None:
        pytest.fail(done.stdout[-6000:] + done.stderr[-2000:])
    skipped = len(re.findall(r"^SKIPPED.*xapian", done.stdout, re.MULTILINE))
    assert int(passed[1]) + skipped == 13 + 1, done.stdout  # theirs, and that of the shim
