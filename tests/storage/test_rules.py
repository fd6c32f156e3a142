"""The rules that hold in every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from babel.dates import format_timedelta
from hypothesis import given
from hypothesis import strategies as st

from sphinxcontrib_websupport import inputs
from sphinxcontrib_websupport.errors import InvalidInputError, UserNotAuthorizedError
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.storage import rules

NOW = 1_700_000_000_000_000


def row(id: int, parent: int | None = None, **values: Any) -> rules.CommentRow:
    fields: dict[str, Any] = {
        "id": id,
        "parent": parent,
        "node": "n",
        "time": NOW,
        "text": "",
        "displayed": True,
        "deleted": False,
        "username": None,
        "rating": 0,
        "proposal_diff": None,
        "vote": None,
    }
    return rules.CommentRow(**fields | values)


# A forest: each comment replies to one before it, or to none.
FORESTS = st.lists(st.tuples(st.integers(-1, 50), st.booleans()), max_size=30).map(
    lambda drawn: [
        row(id, parent if 0 < parent < id else None, displayed=displayed)
        for id, (parent, displayed) in enumerate(drawn, 1)
    ]
)


def ids(rows: list[rules.CommentRow], moderator: bool) -> set[str]:
    found, pending = set(), rules.tree(rows, moderator, NOW)
    while pending:
        comment = pending.pop()
        assert comment["id"] not in found
        found.add(comment["id"])
        pending += comment["children"]
    return found


@given(FORESTS)
def test_a_reader_sees_what_stands_under_displayed_ones(rows: list[rules.CommentRow]) -> None:
    by_id = {r.id: r for r in rows}

    def is_seen(r: rules.CommentRow) -> bool:
        return r.displayed and (r.parent is None or is_seen(by_id[r.parent]))

    seen = {str(r.id) for r in rows if is_seen(r)}
    assert ids(rows, moderator=False) == seen
    shown = {int(r.id): r.displayed for r in rows}
    parents = {int(r.id): None if r.parent is None else int(r.parent) for r in rows}
    assert {str(id) for id in rules.visible(shown, parents)} == seen


@given(FORESTS)
def test_a_moderator_sees_all(rows: list[rules.CommentRow]) -> None:
    assert ids(rows, moderator=True) == {str(r.id) for r in rows}


@given(FORESTS, st.integers(1, 30))
def test_below_is_a_comment_and_its_replies(rows: list[rules.CommentRow], id: int) -> None:
    parents = {int(r.id): None if r.parent is None else int(r.parent) for r in rows}
    found = rules.below(id, parents)
    for other in parents:
        line: list[int] = []
        above: int | None = other
        while above is not None:
            line.append(above)
            above = parents[above]
        assert (other in found) is (id in line)


@pytest.mark.parametrize(
    ("asker", "author", "proof", "may"),
    [
        ("ann", "ann", False, True),
        ("ann", "bob", True, False),
        ("", "", False, False),
        ("ann", None, False, False),
        (None, None, True, True),
        ("ann", "", True, True),
    ],
)
def test_an_author_has_a_name_or_a_proof(
    asker: str | None, author: str | None, proof: bool, may: bool
) -> None:
    viewer = Viewer(asker or "", proofs=frozenset({"7"} if proof else {"8"}))
    assert rules.may_delete(viewer, "7", author, False) is may
    assert _may_edit(viewer, author, False) is may
    assert not rules.may_delete(viewer, "7", author, True)
    moderator = replace(viewer, moderator=True)
    assert rules.may_delete(moderator, "7", author, True)
    assert not _may_edit(moderator, author, True)


def _may_edit(viewer: Viewer, author: str | None, deleted: bool) -> bool:
    try:
        rules.check_edit(viewer, "7", author, deleted)
    except UserNotAuthorizedError:
        return False
    return True


def test_damaged_parents_end_nothing() -> None:
    rows = [row(1, 2), row(2, 1), row(3, 3), row(4, 99), row(5)]
    assert ids(rows, moderator=True) == {"5"}
    assert rules.below(1, {1: 2, 2: 1}) == {1, 2}
    assert rules.visible({1: True, 2: True}, {1: 2, 2: 1}) == set()


def test_tells_what_was_said() -> None:
    comment = rules.as_comment(
        row(
            7, 3, text="<p>Hi</p>", username="ann", rating=4, vote=-1, proposal_diff="<ins>x</ins>"
        ),
        NOW + 7_200_000_000,
    )
    assert comment == {
        "text": "<p>Hi</p>",
        "username": "ann",
        "id": "7",
        "rating": 4,
        "age": 7200,
        "time": {
            "year": 2023, "month": 11, "day": 14, "hour": 22, "minute": 13, "second": 20,
            "iso": "2023-11-14T22:13:20+00:00",
            "delta": "2 hours ago",
        },
        "vote": -1,
        "node": None,
        "parent": "3",
        "proposal_diff": "<ins>x</ins>",
        "displayed": True,
        "edited": None,
        "children": [],
    }  # fmt: skip


def test_a_clock_that_goes_wrong_makes_no_negative_age() -> None:
    comment = rules.as_comment(row(1), NOW - 5_000_000)
    assert (comment["age"], comment["time"]["delta"]) == (0, "1 second ago")


@given(st.integers(1, 10**10))
def test_words_are_those_of_babel(age: int) -> None:
    span = timedelta(seconds=-age)
    assert rules.ago(age) == format_timedelta(span, add_direction=True, locale="en")


@given(st.datetimes(timezones=st.timezones()))
def test_moments_are_exact(moment: datetime) -> None:
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        return
    comment = rules.as_comment(row(1, time=rules.microseconds(moment)), NOW)
    assert datetime.fromisoformat(comment["time"]["iso"]) == expected


@pytest.mark.parametrize(
    ("username", "moderator", "author", "deleted", "allowed"),
    [
        ("ann", False, "ann", False, True),
        ("ann", False, "bob", False, False),
        ("ann", False, "ann", True, False),
        ("", False, "", False, False),
        ("", False, None, False, False),
        (None, False, None, False, False),
        ("", True, "ann", True, True),
    ],
)
def test_who_may_delete(
    username: str | None, moderator: bool, author: str | None, deleted: bool, allowed: bool
) -> None:
    assert rules.may_delete(Viewer(username or "", moderator), "7", author, deleted) is allowed


@pytest.mark.parametrize(("value", "vote"), [(1, 1), (0, 0), (-1, -1), ("1", 1), ("-1", -1)])
def test_votes(value: object, vote: int) -> None:
    assert inputs.vote(value) == vote


@pytest.mark.parametrize("value", [0.5, 1.0, True, None, "", "1 ", "+1", "٣", "one", "9" * 99])
def test_what_is_no_vote(value: object) -> None:
    with pytest.raises(InvalidInputError, match="is not an integer"):
        inputs.vote(value)


@pytest.mark.parametrize("value", [2, -2, "2", 10**100])
def test_votes_out_of_range(value: object) -> None:
    with pytest.raises(ValueError, match=r"^vote value -?\d+ out of range \(-1, 1\)$"):
        inputs.vote(value)


@pytest.mark.parametrize("id", [1, "1", 2**63 - 1, str(2**63 - 1)])
def test_ids_are_given_back_as_they_came(id: int | str) -> None:
    assert rules.number(id) == int(id)


@pytest.mark.parametrize(
    "id", ["05", " 5", "5\n", "٥", "0", "-1", 0, -1, True, 1.0, None, 2**63, str(2**63), "1\0"]
)
def test_what_is_no_id(id: object) -> None:
    assert rules.number(id) is None
