"""JSON values and files in S3."""

from __future__ import annotations

import gzip
import hashlib
import io
import mimetypes
import zlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from fnmatch import fnmatchcase
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig

from sphinxcontrib_websupport.backends.base import checked_expiry, checked_key
from sphinxcontrib_websupport.backends.codecs import JSON, RAW, Lifetime
from sphinxcontrib_websupport.backends.s3bucket import lifetime_metadata
from sphinxcontrib_websupport.backends.s3objects import S3BaseBackend
from sphinxcontrib_websupport.errors import DamagedValueError, InvalidInputError

__all__ = ["S3BaseBackend", "S3JsonBackend", "S3RawBackend"]

_BLOCK = 1 << 20
_IN_MEMORY = 8 << 20
# One part after the other: a part for each of ten threads would not fit into 64 MiB.
_TRANSFER = TransferConfig(
    multipart_threshold=_IN_MEMORY, multipart_chunksize=_IN_MEMORY, use_threads=False
)
_DIGEST = "websupport-sha256"
_GZIPPED = "websupport-gzipped"
_NOT_GZIP = (gzip.BadGzipFile, zlib.error, EOFError)
_COMPRESSED = {"text/javascript", "text/css"}

# Not what the machine has configured: the same site has the same types from everywhere.
_TYPES = mimetypes.MimeTypes()
for _suffix, _type in {
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}.items():
    _TYPES.add_type(_type, _suffix)


class S3JsonBackend(S3BaseBackend):
    """JSON values in S3."""

    codec = JSON


class S3RawBackend(S3BaseBackend):
    """Files in S3 as a web server would serve them: bytes, with their type and caching.

    JavaScript and CSS are compressed on the way in, always to the same bytes, and decompressed
    by :meth:`load`; what comes compressed already stays so.

    :param cache_control: the ``Cache-Control`` of all items, or by pattern of the key
        (``{"_static/*": "max-age=31536000", "*": "no-cache"}``): the first that fits.
    """

    codec = RAW
    driver_errors = (*S3BaseBackend.driver_errors, Boto3Error)

    def __init__(
        self,
        bucket: str,
        region: str | None = None,
        *,
        cache_control: str | Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(bucket, region, **options)
        if isinstance(cache_control, str):
            cache_control = {"*": cache_control}
        self._cache_control = dict(cache_control or {})

    def dump(
        self,
        key: str,
        value: Any,
        expire: float | None = None,
        *,
        content_type: str | None = None,
        cache_control: str | None = None,
    ) -> bool:
        """Upload bytes, or a binary file from where it stands, under a key.

        A file of any size takes some 20 MiB of memory. A server shows the old or the new
        content, never a part.

        :param content_type: by default guessed from the key.
        :param cache_control: by default by the store's patterns.
        """
        checked_key(key)
        seconds = checked_expiry(expire)
        if seconds is not None and seconds <= 0:
            return super().dump(key, b"", expire)
        file = value if hasattr(value, "read") else io.BytesIO(self.codec.encode(value))
        with _prepared(file, content_type or _type_of(key)) as content:
            lifetime = self._starting(expire)
            details = self._details(key, content, lifetime, cache_control)
            with self._failures:
                self._announce(key, lifetime)
                self._bucket.client().upload_fileobj(
                    content.file,
                    self.bucket,
                    self.name(key),
                    ExtraArgs=details,
                    Config=_TRANSFER,
                )
        return True

    def open(self, key: str) -> IO[bytes] | None:
        """Return an item as a file to read from, or ``None``; the caller closes it.

        Reading may raise :exc:`~sphinxcontrib_websupport.errors.StorageError`.
        """
        with self._failures:
            found = self._bucket.get(self.name(checked_key(key)))
        if found is None:
            return None
        content = found["Body"]
        if _GZIPPED in found["Metadata"]:
            content = gzip.GzipFile(fileobj=content)
        return io.BufferedReader(_Download(content, self._failures), _BLOCK)

    def digest(self, key: str) -> str | None:
        """Return the SHA-256 of what was dumped, in hexadecimal digits, without loading it.

        ``None`` if the item is not there or was not put by this class.
        """
        with self._failures:
            head = self._bucket.head(self.name(checked_key(key)))
        return None if head is None else head["Metadata"].get(_DIGEST)

    # -- objects -----------------------------------------------------------------------------

    def _packed(self, key: str, data: bytes, lifetime: Lifetime | None) -> dict[str, Any]:
        with _prepared(io.BytesIO(data), _type_of(key)) as content:
            details = self._details(key, content, lifetime)
            return {**self._bucket.place(self.name(key)), **details, "Body": content.file.read()}

    def _unpacked(self, key: str, stored: bytes, metadata: dict[str, str]) -> bytes:
        if _GZIPPED not in metadata:
            return stored
        try:
            return gzip.decompress(stored)
        except _NOT_GZIP as error:
            raise DamagedValueError(f"the value under {key!r} is damaged: {error}") from error

    def _details(
        self,
        key: str,
        content: _Content,
        lifetime: Lifetime | None,
        cache_control: str | None = None,
    ) -> dict[str, Any]:
        metadata = {**lifetime_metadata(lifetime), _DIGEST: content.digest}
        if content.was_compressed_here:
            metadata[_GZIPPED] = "1"
        details: dict[str, Any] = {"ContentType": content.type, "Metadata": metadata}
        if content.is_gzip:
            details["ContentEncoding"] = "gzip"
        fitting = (way for glob, way in self._cache_control.items() if fnmatchcase(key, glob))
        caching = next(fitting, None) if cache_control is None else cache_control
        if caching:
            details["CacheControl"] = caching
        if self._public:
            details["ACL"] = "public-read"
        return details


class _Content(NamedTuple):
    """What is uploaded."""

    file: Any
    """What can be read, sought and told."""
    type: str
    digest: str
    """Of what the caller gave."""
    is_gzip: bool
    was_compressed_here: bool


@contextmanager
def _prepared(file: IO[bytes], type: str) -> Iterator[_Content]:
    """Give the content of a file, digested and compressed where its type is, without holding it."""
    compressible = type.partition(";")[0] in _COMPRESSED
    start = file.tell() if _is_seekable(file) else None
    block = _block(file)
    is_gzip = compressible and block[:2] == b"\x1f\x8b"
    compress = compressible and not is_gzip
    digest = hashlib.sha256()
    if start is not None and not compress:
        while block:
            digest.update(block)
            block = _block(file)
        file.seek(start)
        yield _Content(_Borrowed(file), type, digest.hexdigest(), is_gzip, False)
        return
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        # Neither a name nor a time in its header: the same content, the same bytes.
        target = gzip.GzipFile("", "wb", fileobj=copy, mtime=0) if compress else copy
        while block:
            digest.update(block)
            target.write(block)
            block = _block(file)
        if compress:
            target.close()
        copy.seek(0)
        yield _Content(copy, type, digest.hexdigest(), is_gzip or compress, compress)


class _Borrowed:
    """A caller's file: the SDK would close it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell

    def close(self) -> None:
        """Leave it open."""


class _Download(io.RawIOBase):
    """A stream whose errors are ours."""

    def __init__(self, content: Any, failures: AbstractContextManager[None]) -> None:
        self._content = content
        self._failures = failures

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            with self._failures:
                data = self._content.read(len(buffer))
        except _NOT_GZIP as error:
            raise DamagedValueError(f"a download is damaged: {error}") from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._content.close()
        super().close()


def _block(file: IO[bytes]) -> bytes:
    block = file.read(_BLOCK)
    if not isinstance(block, bytes):
        raise InvalidInputError("a file must be open for reading bytes, not text")
    return block


def _is_seekable(file: IO[bytes]) -> bool:
    seekable = getattr(file, "seekable", None)
    return seekable is not None and bool(seekable())


def _type_of(key: str) -> str:
    type, encoding = _TYPES.guess_type(f"/{key}", strict=False)
    if encoding is not None:
        return "application/gzip" if encoding == "gzip" else RAW.content_type
    if type is None:
        return RAW.content_type
    return f"{type}; charset=utf-8" if type.startswith("text/") else type
