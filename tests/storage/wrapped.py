"""Stores around stores, as somebody writes them who wants to log calls, or to slow them down."""

from __future__ import annotations

from types import new_class
from typing import Any

from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.storage.commentstore import CommentStore
from sphinxcontrib_websupport.storage.transfer.records import Transferable


class Forwarded:
    """An attribute that is the wrapped store's.

    ``__getattr__`` does not see what a base class has, so each of these must be named.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, wrapper: Any, owner: type) -> Any:
        return self if wrapper is None else getattr(wrapper.inner, self.name)


def forwarding(*bases: type) -> Any:
    """Return a class that derives from these and passes on all that it would inherit."""
    names = {name for base in bases for name in dir(base) if not name.startswith("_")}
    body = {name: Forwarded() for name in names}
    return new_class("Forwarding", bases, exec_body=lambda namespace: namespace.update(body))


class WrappedBackend(forwarding(StorageBackend)):  # type: ignore[misc]
    """Derives from what is published; what that does not name, it passes on as well."""

    def __init__(self, inner: StorageBackend) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class WrappedStore(forwarding(CommentStore, Transferable)):  # type: ignore[misc]
    """Derives from all that a store of ours derives from."""

    def __init__(self, inner: StorageBackend) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class ForgetfulWrapper(StorageBackend):
    """Forwards by ``__getattr__`` alone, which the base class's own calls never reach."""

    def __init__(self, inner: StorageBackend) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
