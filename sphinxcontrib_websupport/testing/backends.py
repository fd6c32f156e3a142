"""The contract of a backend as tests, split by ability, for the authors of stores.

A store proves itself with a class that derives from the suites of what it can do::

    class TestMyBackend(BackendSuite, ExpirySuite):
        @pytest.fixture
        def opener(self, tmp_path):
            return functools.partial(MyBackend, str(tmp_path))

``opener`` opens the same store each time it is called; for
:class:`~sphinxcontrib_websupport.testing.sharedbackends.SharedSuite` it is pickled to other
processes. Each test gets an empty store. A class that needs a contract test to be otherwise
says why, with :func:`differs`; to override one silently is an error.
"""

# ruff: noqa: D102, S101 - a test's name says what it proves, and assertions make a suite

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from sphinxcontrib_websupport.backends.base import Backend
from sphinxcontrib_websupport.errors import InvalidInputError, StorageError
from sphinxcontrib_websupport.testing.dictmachine import DictMachine
from sphinxcontrib_websupport.testing.values import (
    AWKWARD_KEYS,
    increment,
    make_long_value,
    make_value,
    read_number,
    wait_for,
)

Opener = Callable[[], Backend]
_Test = TypeVar("_Test", bound=Callable[..., object])


def differs(reason: str) -> Callable[[_Test], _Test]:
    """Mark a test that stands in the place of a contract's, and say why."""

    def mark(test: _Test) -> _Test:
        test.__dict__["differs"] = reason
        return test

    return mark


class Suite:
    """What the suites share: an empty store, and values of the kind that it takes."""

    examples = 10
    """How many sequences of calls :class:`BackendSuite` tries."""

    def __init_subclass__(cls) -> None:
        for name, test in vars(cls).items():
            inherited = any(
                name in vars(base) and issubclass(base, Suite) for base in cls.__mro__[1:]
            )
            if name.startswith("test") and inherited and not hasattr(test, "differs"):
                raise TypeError(f"{cls.__name__}.{name} overrides a contract; say @differs(why)")

    @pytest.fixture
    def opener(self) -> Opener:
        """Return what opens the store."""
        raise NotImplementedError("the test class of a store gives the fixture 'opener'")

    @pytest.fixture
    def backend(self, opener: Opener) -> Iterator[Backend]:
        """Give the store, empty, and close it after the test."""
        backend = opener()
        yield backend
        backend.clear()
        backend.close()


class BackendSuite(Suite):
    """A subset of :class:`dict`: every store."""

    def test_what_was_dumped_is_loaded(self, backend: Backend) -> None:
        assert backend.load("key") is None
        assert backend.dump("key", make_value(backend, 1)) is True
        assert backend.load("key") == make_value(backend, 1)
        assert backend.dump("key", make_value(backend, 2)) is True
        assert backend.load("key") == make_value(backend, 2)

    def test_delete_tells_whether_it_was_there(self, backend: Backend) -> None:
        backend.dump("key", make_value(backend, 1))
        assert backend.delete("key") is True
        assert backend.load("key") is None
        assert backend.delete("key") is False

    def test_it_reads_like_a_dict(self, backend: Backend) -> None:
        expected = {f"key/{number}": make_value(backend, number) for number in range(3)}
        for key, value in expected.items():
            backend.dump(key, value)
        assert backend.keys() == set(expected)
        assert len(backend) == 3
        assert "key/1" in backend
        assert "key/3" not in backend
        assert 1 not in backend
        assert dict(backend.items()) == expected
        assert dict(iter(backend)) == expected

    def test_load_many_gives_those_present(self, backend: Backend) -> None:
        keys = [f"page {number}" for number in range(200)]
        for number, key in enumerate(keys[:20]):
            backend.dump(key, make_value(backend, number))
        loaded = backend.load_many([*keys, keys[0]])
        assert loaded == {key: make_value(backend, n) for n, key in enumerate(keys[:20])}
        assert backend.load_many([]) == {}

    def test_awkward_keys_are_kept_apart_and_given_back(self, backend: Backend) -> None:
        for number, key in enumerate(AWKWARD_KEYS):
            backend.dump(key, make_value(backend, number))
        assert backend.keys() == set(AWKWARD_KEYS)
        assert [read_number(backend.load(key)) for key in AWKWARD_KEYS] == list(
            range(len(AWKWARD_KEYS))
        )
        for key in AWKWARD_KEYS[::2]:
            assert backend.delete(key) is True
        assert backend.keys() == set(AWKWARD_KEYS[1::2])

    def test_a_loaded_value_is_the_callers_own(self, backend: Backend) -> None:
        value = make_value(backend, 1)
        backend.dump("key", value)
        for mine in (value, backend.load("key"), backend.load_many(["key"])["key"]):
            if isinstance(mine, dict):
                mine["number"] = 99
        assert backend.load("key") == make_value(backend, 1)

    def test_clear_empties_it(self, backend: Backend) -> None:
        for key in ("a", "a/b", "考" * 1000):
            backend.dump(key, make_value(backend, 1))
        backend.clear()
        assert backend.keys() == set()
        assert len(backend) == 0
        assert backend.load("a") is None
        backend.dump("a", make_value(backend, 2))
        assert backend.keys() == {"a"}

    def test_a_key_is_a_string(self, backend: Backend) -> None:
        wrong: Any = b"key"
        with pytest.raises(InvalidInputError, match="bytes"):
            backend.load(wrong)
        with pytest.raises(InvalidInputError, match="bytes"):
            backend.dump(wrong, make_value(backend, 1))

    def test_update_returns_the_new_value(self, backend: Backend) -> None:
        assert increment(backend, "count") == 1
        assert increment(backend, "count") == 2
        assert backend.load("count") == make_value(backend, 2)

    def test_update_can_delete(self, backend: Backend) -> None:
        backend.dump("key", make_value(backend, 1))
        assert backend.update("key", lambda old: None) is None
        assert "key" not in backend
        assert backend.keys() == set()
        assert backend.update("key", lambda old: None) is None
        assert increment(backend, "key") == 1
        assert backend.keys() == {"key"}

    def test_update_sees_a_value_changed_in_place(self, backend: Backend) -> None:
        backend.dump("key", make_value(backend, 1))

        def change(old: Any) -> Any:
            if isinstance(old, dict):
                old["number"] += 1
                return old
            return make_value(backend, read_number(old) + 1)

        backend.update("key", change)
        assert backend.load("key") == make_value(backend, 2)

    def test_a_change_that_raises_changes_nothing(self, backend: Backend) -> None:
        backend.dump("key", make_value(backend, 1))

        def change(old: object) -> object:
            # An error of the caller's own is not the store's, whatever its kind.
            raise OSError("no")

        with pytest.raises(OSError, match=r"^no$"):
            backend.update("key", change)
        assert backend.load("key") == make_value(backend, 1)
        assert increment(backend, "key") == 2

    def test_threads_lose_no_update(self, backend: Backend) -> None:
        with ThreadPoolExecutor(8) as pool:
            numbers = list(pool.map(lambda _: increment(backend, "count"), range(80)))
        assert sorted(numbers) == list(range(1, 81))

    def test_a_reader_never_sees_a_part(self, backend: Backend) -> None:
        values = [make_long_value(backend, letter) for letter in "ab"]
        backend.dump("key", values[0])
        stop = Event()

        def write() -> None:
            while not stop.is_set():
                for value in values:
                    backend.dump("key", value)

        writer = Thread(target=write)
        writer.start()
        try:
            assert all(backend.load("key") in values for _ in range(30))
        finally:
            stop.set()
            writer.join()

    def test_it_does_what_a_dict_does(self, backend: Backend) -> None:
        class Machine(DictMachine):
            store = backend

        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=self.examples,
                stateful_step_count=15,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


class ExpirySuite(Suite):
    """Items with a lifetime of their own."""

    def test_an_item_expires(self, backend: Backend) -> None:
        backend.dump("short", make_value(backend, 1), expire=0.1)
        backend.dump("long", make_value(backend, 2), expire=1000)
        backend.dump("endless", make_value(backend, 3))
        wait_for(lambda: backend.load("short") is None)
        assert "short" not in backend
        assert backend.keys() == {"long", "endless"}
        assert dict(backend.items()).keys() == {"long", "endless"}
        assert backend.load_many(["short", "long"]) == {"long": make_value(backend, 2)}

    def test_what_nobody_met_is_not_listed(self, backend: Backend) -> None:
        backend.dump("short", make_value(backend, 1), expire=0.1)
        backend.dump("考" * 1000, make_value(backend, 1), expire=0.1)
        wait_for(lambda: backend.keys() == set())
        assert backend.delete("short") is False

    def test_what_is_gone_at_once_is_not_stored(self, backend: Backend) -> None:
        backend.dump("key", make_value(backend, 1))
        assert backend.dump("key", make_value(backend, 2), expire=0) is False
        assert backend.load("key") is None

    def test_a_new_value_has_a_new_lifetime(self, backend: Backend) -> None:
        backend.dump("key", make_value(backend, 1), expire=0.1)
        backend.dump("key", make_value(backend, 2))
        backend.dump("other", make_value(backend, 1), expire=0.1)
        wait_for(lambda: backend.load("other") is None)
        assert backend.load("key") == make_value(backend, 2)

    def test_update_keeps_the_lifetime(self, backend: Backend) -> None:
        seconds = 0.5
        backend.dump("short", make_value(backend, 1), expire=seconds)
        while increment(backend, "short") == 1:
            # A slow machine: it was over before it was changed, and began anew without an end.
            seconds *= 2
            backend.dump("short", make_value(backend, 1), expire=seconds)
        backend.dump("long", make_value(backend, 1))
        increment(backend, "long")
        wait_for(lambda: backend.load("short") is None)
        assert backend.load("long") == make_value(backend, 2)

    def test_update_begins_anew_after_the_end(self, backend: Backend) -> None:
        backend.dump("key", make_value(backend, 41), expire=0.1)
        wait_for(lambda: increment(backend, "key") == 1)
        # The new item has not inherited the old one's end.
        backend.dump("other", make_value(backend, 1), expire=0.1)
        wait_for(lambda: backend.load("other") is None)
        assert read_number(backend.load("key")) == 1

    def test_update_can_set_a_lifetime(self, backend: Backend) -> None:
        backend.dump("key", make_value(backend, 1))
        backend.update("key", lambda old: old, expire=0.1)
        wait_for(lambda: backend.load("key") is None)

    @pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "60"])
    def test_a_lifetime_is_a_number(self, backend: Backend, wrong: Any) -> None:
        with pytest.raises(InvalidInputError, match="lifetime"):
            backend.dump("key", make_value(backend, 1), expire=wrong)


class NoOwnExpirySuite(Suite):
    """Stores where all items live equally long refuse a lifetime for one."""

    def test_a_lifetime_is_refused(self, backend: Backend) -> None:
        with pytest.raises(InvalidInputError, match="lifetime"):
            backend.dump("key", make_value(backend, 1), expire=60)
        assert backend.load("key") is None


class AgedSuite(Suite):
    """Stores that know how old an item is."""

    def test_age_grows_from_the_last_write(self, backend: Any) -> None:
        assert backend.age("key") is None
        backend.dump("key", make_value(backend, 1))
        # S3 tells whole seconds, and clocks differ a little.
        assert -2 < backend.age("key") < 30


class NoUpdateSuite(Suite):
    """Stores that cannot compare and set refuse to update: a lost update is worse."""

    def test_an_update_is_refused(self, backend: Backend) -> None:
        backend.dump("key", make_value(backend, 1))
        with pytest.raises(StorageError, match="cannot change a value atomically"):
            increment(backend, "key")
        assert backend.load("key") == make_value(backend, 1)


class UnlistableSuite(Suite):
    """Stores that cannot list their keys say so."""

    def test_listing_is_refused(self, backend: Backend) -> None:
        for listing in (backend.keys, lambda: len(backend), lambda: list(backend.items())):
            with pytest.raises(StorageError, match="cannot list its keys"):
                listing()
