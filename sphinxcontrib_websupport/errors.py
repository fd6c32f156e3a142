"""Every error a caller can meet, under one root; each knows its HTTP status."""

from __future__ import annotations


class WebSupportError(Exception):
    """The root of all errors of this package."""

    status = 500
    """The HTTP status with which the service answers."""

    title = "Internal error"
    """A short phrase, the same for every occurrence (RFC 9457's ``title``)."""


class DocumentNotFoundError(WebSupportError):
    """There is no such document, or what is stored of it cannot be read."""

    status = 404
    title = "No such document"


class NodeNotFoundError(WebSupportError):
    """No build has registered a node with this id."""

    status = 404
    title = "No such paragraph"


class CommentNotFoundError(WebSupportError):
    """There is no comment with this id."""

    status = 404
    title = "No such comment"


class UserNotAuthorizedError(WebSupportError):
    """The user may not do what was asked."""

    status = 403
    title = "Not allowed"


class CommentNotAllowedError(WebSupportError):
    """A comment cannot be added here: its parent is not displayed."""

    status = 403
    title = "No comment is allowed here"


class InvalidInputError(WebSupportError, ValueError):
    """What the caller gave is not acceptable; the message says what and why."""

    status = 400
    title = "Invalid input"


class NullSearchException(WebSupportError):  # noqa: N818 - a name of the published interface
    """No search adapter is configured."""

    status = 501
    title = "Search is not configured"


class SettingsError(WebSupportError):
    """A setting is missing or wrong; the message says which and where to obtain it."""

    title = "Wrong settings"


class MissingDriverError(SettingsError):
    """A package that this store needs is not installed; the message names the extra."""

    title = "Missing driver"


class StorageError(WebSupportError):
    """A store failed; raised ``from`` the driver's own exception."""

    status = 503
    title = "The store does not answer"


class ThirdPartyStoreError(StorageError):
    """A third-party store raised; the message names the store and the call, and nothing else."""


class UnsupportedError(StorageError):
    """The store at hand cannot do what was asked; the message says what."""

    status = 501
    title = "The store cannot do this"


class DamagedValueError(StorageError):
    """A stored value cannot be read: truncated, foreign, or changed."""

    status = 500
    title = "A stored value is damaged"


class EncryptedValueError(DamagedValueError):
    """A stored value is whole, but encrypted, and the key for it is not set."""

    status = 503
    title = "The stored values are encrypted: SECRET_KEY is missing or another"


class BuildConflictError(StorageError):
    """Another build has published its nodes since this one began."""

    status = 409
    title = "Another build was faster"


class TransferError(WebSupportError):
    """What one store holds cannot be taken over by another; the message says what and why."""

    status = 409
    title = "The stores do not go together"


class BuildError(WebSupportError):
    """A Sphinx build failed; the message is what Sphinx said."""

    title = "The build failed"
