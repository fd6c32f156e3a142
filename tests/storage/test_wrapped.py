"""Wrapping a store loses nothing: the whole contract holds for a store around each of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.errors import TransferError, UnsupportedError, UserNotAuthorizedError
from sphinxcontrib_websupport.model import Node, Viewer
from sphinxcontrib_websupport.storage.adapter import adapted
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.keyvalue import KeyValueStorage
from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage
from sphinxcontrib_websupport.storage.transfer.copying import transferable
from sphinxcontrib_websupport.testing.editing import EditingContract, change, proof
from sphinxcontrib_websupport.testing.retirement import RetirementContract
from sphinxcontrib_websupport.testing.storage import StorageContract, say
from sphinxcontrib_websupport.testing.versions import VersionContract
from tests.storage.transfers import everything, fill
from tests.storage.wrapped import ForgetfulWrapper, WrappedBackend, WrappedStore

Wrapper = Callable[[StorageBackend], StorageBackend]


def adapted_backend(inner: StorageBackend) -> StorageBackend:
    """Wrap a store, and use it as a build and a service do."""
    return adapted(WrappedBackend(inner))


class Contract(StorageContract, RetirementContract, EditingContract, VersionContract):
    wrap: Wrapper

    @pytest.fixture(params=["memory", "sqlite"])
    def inner(self, request: pytest.FixtureRequest, tmp_path: Path) -> StorageBackend:
        if request.param == "memory":
            return KeyValueStorage(VolatileBackend())
        return SQLAlchemyStorage(f"sqlite:///{(tmp_path / 'comments.db').as_posix()}")

    @pytest.fixture
    def storage(self, inner: StorageBackend) -> Iterator[StorageBackend]:
        storage = type(self).wrap(inner)
        yield storage
        storage.close()


class TestWrappedStore(Contract):
    wrap = WrappedStore

    def test_is_copied_as_the_store_within(
        self, inner: StorageBackend, storage: StorageBackend
    ) -> None:
        fill(storage, comments=3)
        assert everything(storage) == everything(inner)


class TestWrappedBackend(Contract):
    """A store that does not say that it takes values gets what the published calls carry.

    That it passes on the calls with values, too, is no leave to make them: a wrapper that encrypts
    in ``add_comment`` would be gone around. What is lost with them is said here.
    """

    wrap = staticmethod(adapted_backend)

    def test_lists_nodes_in_order(self, storage: StorageBackend) -> None:
        """Without their places in the sources, which ``add_node`` does not take."""
        storage.pre_build()
        adapted(storage).register_node(Node("x", "a", "X", file="a.rst", line=7))
        adapted(storage).register_node(Node("w", "a", "W", file="a.rst", line=8))
        storage.post_build()
        assert list(storage.get_nodes(["a"])) == [Node("x", "a", "X", 0), Node("w", "a", "W", 1)]

    def test_keeps_what_was_typed(self, storage: StorageBackend) -> None:
        """Once a comment was changed: ``add_comment`` takes the HTML alone."""
        id = say(storage, original="*Hello*")["id"]
        assert storage.get_original(id, Viewer("ann"))["text"] is None
        change(storage, id, original="**Hello**")
        assert storage.get_original(id, Viewer("ann"))["text"] == "**Hello**"

    @pytest.mark.parametrize("name", ["ann", "", None, "[deleted]"])
    def test_knows_an_anonymous_author_by_proof_only(
        self, storage: StorageBackend, name: str | None
    ) -> None:
        """For a change, not for a deletion: ``delete_comment`` takes a name."""
        id = say(storage, username=None)["id"]
        assert change(storage, id, name, author=True)["username"] == "Anonymous"
        with pytest.raises(UserNotAuthorizedError):
            adapted(storage).remove_comment(id, Viewer(name or "", proofs=proof(id)))

    def test_is_not_copied(self, inner: StorageBackend) -> None:
        """Only a store that says so is: what was encrypted would be written out as it is."""
        with pytest.raises(TransferError, match="it lacks Transferable as a base class"):
            transferable(WrappedBackend(inner))


def test_wrapper_that_forwards_too_little_fails_in_a_build() -> None:
    """Rather than lose, without a word, what the build registered."""
    storage = adapted(ForgetfulWrapper(KeyValueStorage(VolatileBackend())))
    storage.pre_build()
    storage.register_node(Node("n", "index", "Source."))
    with pytest.raises(UnsupportedError, match="ForgetfulWrapper does not offer add_node"):
        storage.post_build()
