"""A bucket of an S3 server: what is asked of it, and how it is reached."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from sphinxcontrib_websupport.backends.codecs import Lifetime
from sphinxcontrib_websupport.backends.drivers import Connection
from sphinxcontrib_websupport.errors import DamagedValueError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DELETED = "websupport-deleted"
_LIFETIME = "websupport-lifetime"
_WRITES = "websupport-writes"
_LOST = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "404", "409"}
_FAULT = 500
_TOKEN = 5
_REMEMBERED = 16
_NONCE = 16
_WORKERS = 16
_AMAZON = re.compile(r"(?:.*\.)?s3[.-](?:.*\.)?(?:amazonaws\.(?:com|com\.cn|eu)|api\.aws)")

DELETED_SIZE = len(_DELETED) + _NONCE
"""The size of an object that stands for a deleted item."""

_Result = TypeVar("_Result")


class Version(NamedTuple):
    """What an update compares, and who wrote before it."""

    etag: str
    writes: tuple[str, ...] = ()
    """The marks of the last updates, newest first."""


class Bucket:
    """A bucket and the connections to it; its methods raise the SDK's exceptions.

    :param name: the bucket's name.
    :param region: by default what the SDK finds.
    :param endpoint_url: the server; by default what the SDK finds (``AWS_ENDPOINT_URL_S3``,
        ``AWS_ENDPOINT_URL``, its configuration file), or else Amazon's.
    :param timeout: seconds to wait for a connection, and for an answer.
    """

    def __init__(
        self, name: str, region: str | None, endpoint_url: str | None, timeout: float
    ) -> None:
        self.name = name
        self._region = region
        self._endpoint_url = endpoint_url
        self._timeout = timeout
        self._session: boto3.session.Session | None = None
        self._is_amazons = endpoint_url is None
        self._retrying = Connection(partial(self._connect, attempts=3), _close)
        self._once = Connection(partial(self._connect, attempts=1), _close)

    def place(self, name: str) -> dict[str, Any]:
        """Return the arguments that name an object."""
        return {"Bucket": self.name, "Key": name}

    def get(self, name: str) -> Any:
        """Ask for an object; ``None`` if it is not there."""
        try:
            found = self.client().get_object(**self.place(name))
        except ClientError as error:
            if _code(error) in {"NoSuchKey", "404"}:
                return None
            raise
        if _DELETED in found["Metadata"]:
            found["Body"].close()
            return None
        return found

    def read(self, name: str) -> bytes | None:
        """Return an object's content; ``None`` if it is not there."""
        found = self.get(name)
        if found is None:
            return None
        with found["Body"] as body:
            content: bytes = body.read()
        return content

    def head(self, name: str) -> Any:
        """Return what is known of an item's object; ``None`` if it is not there."""
        head = self._any_head(name)
        return None if head is None or _DELETED in head["Metadata"] else head

    def _any_head(self, name: str) -> Any:
        try:
            return self.client().head_object(**self.place(name))
        except ClientError as error:
            if _code(error) in {"NoSuchKey", "404"}:
                return None
            raise

    def put(self, arguments: dict[str, Any]) -> None:
        """Write an object, whatever was there."""
        self.client().put_object(**arguments)

    def put_if(self, arguments: dict[str, Any], old: Version | None) -> bool:
        """Write an object if it still is what it was; tell whether it was.

        :param old: ``None``: if there is none, or one that stands for a deleted item.
        """
        token = token_hex(_TOKEN)
        writes = [token, *(old.writes if old else ())][:_REMEMBERED]
        metadata = {**arguments["Metadata"], _WRITES: " ".join(writes)}
        # Without its quotes: Ceph's gateway compares it as it comes.
        condition = {"IfMatch": old.etag.strip('"')} if old else {"IfNoneMatch": "*"}
        arguments = {**arguments, **condition, "Metadata": metadata}
        try:
            self.client(retrying=False).put_object(**arguments)
        except ClientError as error:
            if _code(error) not in _LOST and _status(error) != _FAULT:
                raise
            head = self._any_head(arguments["Key"])
            # Ceph's gateway answers with a fault to one of two writers that race, which does not
            # tell whether it has written; the list of the last writers does.
            if _status(error) == _FAULT and head is not None and token in version_of(head).writes:
                return True
            if old is None and head is not None and _DELETED in head["Metadata"]:
                del arguments["IfNoneMatch"]
                return self.put_if(arguments, version_of(head))
            return False
        return True

    def put_deleted_if(self, name: str, old: Version) -> bool:
        """Mark an item as deleted if it still is what it was; tell whether it was."""
        # Unlike any other, so that its ETag is, too: who read it replaces nothing else.
        mark = _DELETED.encode() + os.urandom(_NONCE)
        return self.put_if({**self.place(name), "Body": mark, "Metadata": {_DELETED: "1"}}, old)

    def delete(self, name: str) -> None:
        """Delete an object, if there is one."""
        self.client().delete_object(**self.place(name))

    def sweep(self, name: str, before: float) -> None:
        """Delete what stands for an item that was deleted, if that was before a time."""
        head = self._any_head(name)
        if head is None or _DELETED not in head["Metadata"]:
            return
        if head["LastModified"].timestamp() < before:
            try:
                self.client().delete_object(**self.place(name), IfMatch=head["ETag"])
            except ClientError as error:
                if _code(error) not in _LOST:
                    raise

    def first(self, prefix: str, count: int) -> list[tuple[str, int]]:
        """Return name, without the prefix, and size of the first objects under a prefix."""
        page = self.client().list_objects_v2(Bucket=self.name, Prefix=prefix, MaxKeys=count)
        return [
            (found["Key"].removeprefix(prefix), found["Size"]) for found in page.get("Contents", ())
        ]

    def objects(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield name, without the prefix, and size of all objects under a prefix."""
        pages = self.client().get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.name, Prefix=prefix):
            for found in page.get("Contents", ()):
                yield found["Key"].removeprefix(prefix), found["Size"]

    def at_once(self, call: Callable[[str], _Result], names: Iterable[str]) -> list[_Result]:
        """Return the results of calls that are made side by side."""
        names = list(names)
        if len(names) < 2:
            return [call(name) for name in names]
        with ThreadPoolExecutor(min(_WORKERS, len(names))) as pool:
            return list(pool.map(call, names))

    def url(self, bucket: str, name: str) -> str:
        """Return the address of an object for everybody, in a bucket on the same server."""
        meta = self.client().meta
        path = quote(name, safe="/-_.~")
        if not self._is_amazons:
            return f"{meta.endpoint_url.rstrip('/')}/{quote(bucket)}/{path}"
        host = urlsplit(meta.endpoint_url).netloc
        if host == "s3.amazonaws.com":
            # The SDK's name for the oldest region, and for none.
            host = "s3.us-east-1.amazonaws.com"
        if "." in bucket:
            # The certificate of *.s3.… covers no further dot.
            return f"https://{host}/{bucket}/{path}"
        return f"https://{bucket}.{host}/{path}"

    def close(self) -> None:
        """Close the connections."""
        self._retrying.close()
        self._once.close()

    def client(self, *, retrying: bool = True) -> S3Client:
        """Return a client; one that does not retry for what must not be sent twice."""
        return (self._retrying if retrying else self._once).get()

    def _connect(self, attempts: int) -> S3Client:
        # One for both clients: it has read the SDK's description of S3, which takes a while.
        session = self._session = self._session or boto3.session.Session()
        client = self._client(session, attempts)
        if self._is_amazons and not _AMAZON.fullmatch(
            urlsplit(client.meta.endpoint_url).hostname or ""
        ):
            # Only a client tells what the SDK has found.
            self._is_amazons = False
            client.close()
            client = self._client(session, attempts)
        return client

    def _client(self, session: boto3.session.Session, attempts: int) -> S3Client:
        amazons = self._is_amazons
        region = self._region or session.region_name
        return session.client(
            "s3",
            region_name=region or (None if amazons else "us-east-1"),
            endpoint_url=self._endpoint_url,
            config=Config(
                connect_timeout=self._timeout,
                read_timeout=self._timeout,
                retries={"mode": "standard", "total_max_attempts": attempts},
                max_pool_connections=_WORKERS,
                # Other servers know neither newer checksums nor buckets as host names.
                request_checksum_calculation="when_supported" if amazons else "when_required",
                s3={"addressing_style": "auto" if amazons else "path"},
            ),
        )


def _close(client: S3Client) -> None:
    client.close()


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code"))


def _status(error: ClientError) -> int | None:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")


def version_of(found: Any) -> Version:
    """Return the version of an object that was got or headed."""
    return Version(found["ETag"], tuple(found["Metadata"].get(_WRITES, "").split()))


def lifetime_metadata(lifetime: Lifetime | None) -> dict[str, str]:
    """Return a lifetime as an object's metadata."""
    return {} if lifetime is None else {_LIFETIME: f"{lifetime.stored!r} {lifetime.expires!r}"}


def lifetime_of(metadata: dict[str, str]) -> Lifetime | None:
    """Return what an object's metadata says about its lifetime.

    :raises DamagedValueError: it says nothing that can be read.
    """
    times = metadata.get(_LIFETIME)
    if times is None:
        return None
    try:
        stored, expires = map(float, times.split())
    except ValueError as error:
        raise DamagedValueError(f"the lifetime of an object is {times!r}") from error
    return Lifetime(stored, expires)
