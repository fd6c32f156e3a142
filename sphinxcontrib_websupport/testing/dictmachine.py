"""Random calls on a backend and on a dict, which must agree."""

# ruff: noqa: D102, S101 - a test's name says what it proves, and assertions make a suite

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.testing.values import values_for


class DictMachine(RuleBasedStateMachine):
    """A store, which a subclass names, and its model."""

    store: Backend

    def __init__(self) -> None:
        super().__init__()
        self.backend = self.store
        self.backend.clear()
        self.model: dict[str, Any] = {}

    keys = st.sampled_from(["a", "A", "a/b", "考", "", ".."]) | st.text(max_size=8)
    many_keys = st.lists(keys, max_size=5)

    @rule(key=keys, data=st.data())
    def dump(self, key: str, data: st.DataObject) -> None:
        value = data.draw(values_for(self.backend))
        assert self.backend.dump(key, value)
        self.model[key] = value

    @rule(key=keys)
    def load(self, key: str) -> None:
        assert self.backend.load(key) == self.model.get(key)

    @rule(keys=many_keys)
    def load_many(self, keys: list[str]) -> None:
        expected = {key: self.model[key] for key in keys if key in self.model}
        assert self.backend.load_many(keys) == expected

    @rule(key=keys)
    def delete(self, key: str) -> None:
        assert self.backend.delete(key) == (self.model.pop(key, None) is not None)

    @rule(key=keys, data=st.data())
    def update(self, key: str, data: st.DataObject) -> None:
        value = data.draw(st.none() | values_for(self.backend))
        seen: list[Any] = []

        def change(old: Any) -> Any:
            seen.append(old)
            return value

        assert self.backend.update(key, change) == value
        assert seen[-1] == self.model.pop(key, None)
        if value is not None:
            self.model[key] = value

    @rule()
    def clear(self) -> None:
        self.backend.clear()
        self.model.clear()

    @rule(key=keys)
    def contains(self, key: str) -> None:
        assert (key in self.backend) == (key in self.model)

    @invariant()
    def holds_the_same(self) -> None:
        assert dict(self.backend.items()) == self.model
        assert self.backend.keys() == self.model.keys()
        assert len(self.backend) == len(self.model)
