"""Objects in an S3 bucket: how S3 reads, puts, compares and sets.

An object is named by its key. Names with ``%!`` in them are the store's own: ``%!/DIGEST`` is an
item whose key is too long for a name, ``%!key/DIGEST`` that key, and ``%!expires/TIME/DIGEST`` a
note for an item with a lifetime, so that listing need not look at all of them.

Not every S3 server can delete on a condition. An item that an update deletes is therefore
overwritten with an object that stands for it; that does not count as an item, and ``clear`` and
``prune`` remove it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from sphinxcontrib_websupport.backends.base import Aged, checked_key
from sphinxcontrib_websupport.backends.codecs import RAW, Codec, Envelope, Lifetime
from sphinxcontrib_websupport.backends.engine import EngineBackend, Record
from sphinxcontrib_websupport.backends.names import OWN, Naming, digest, is_digest
from sphinxcontrib_websupport.backends.s3bucket import (
    DELETED_SIZE,
    Bucket,
    lifetime_metadata,
    lifetime_of,
    version_of,
)
from sphinxcontrib_websupport.errors import DamagedValueError, SettingsError
from sphinxcontrib_websupport.settings import REQUIRED, Settings

_UNSAFE = "|".join(
    (
        "%",
        r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]",  # XML, in which S3 lists, has none
        r"(?<![^/])\.(?=\.?(?:/|\Z))",  # `.` and `..`, which clients and proxies resolve
    )
)
_LONGEST = 1024
_KEYS = f"{OWN}key/"
_EXPIRES = f"{OWN}expires/"
_DAY = 86_400
_SAMPLED = 100
_SMALL = 1 << 20


class S3BaseBackend(EngineBackend, Aged):
    """Bytes in a bucket of Amazon S3, or of a server that speaks like it.

    Credentials come from where the SDK finds them: the environment, ``~/.aws``, the instance's
    role. The bucket must be there.

    :param bucket: the bucket's name.
    :param region: such as ``eu-central-1``; by default what the SDK finds.
    :param prefix: what the names of all items begin with, such as ``comments``; a ``/`` follows.
        Without one, the whole bucket is the store's own.
    :param endpoint_url: the server, if it is neither Amazon's nor the one that the SDK finds
        (``AWS_ENDPOINT_URL_S3``, ``AWS_ENDPOINT_URL``, its configuration file).
    :param public: whether everybody may read what is written.
    :param timeout: for how many seconds to wait for a connection, and for an answer.
    """

    codec: Codec = RAW
    driver_errors: ClassVar[tuple[type[Exception], ...]] = (BotoCoreError, ClientError)
    required_settings = REQUIRED["s3"]

    def __init__(
        self,
        bucket: str,
        region: str | None = None,
        *,
        prefix: str = "",
        endpoint_url: str | None = None,
        public: bool = False,
        timeout: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(codec=type(self).codec, clock=clock)
        self.bucket = bucket
        self.region = region
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._public = public
        self._naming = Naming(_UNSAFE, longest=_LONGEST - len(self._prefix.encode()))
        self._bucket = Bucket(bucket, region, endpoint_url, timeout)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Open ``s3://bucket/prefix?region=…&endpoint_url=…``."""
        parts = urlsplit(url)
        if not parts.netloc or "@" in parts.netloc:
            raise SettingsError("a bucket is expected as s3://bucket/prefix, without credentials")
        options = dict(parse_qsl(parts.query))
        region = options.pop("region", None)
        endpoint_url = options.pop("endpoint_url", None)
        if options:
            raise SettingsError(f"an s3:// URL has no option {', '.join(options)}")
        prefix = unquote(parts.path)
        return cls(parts.netloc, region, prefix=prefix, endpoint_url=endpoint_url)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Open ``S3_BUCKET``, in ``S3_REGION`` or at ``S3_ENDPOINT_URL``, under ``S3_PREFIX``."""
        return cls(
            settings["S3_BUCKET"],
            settings.get("S3_REGION"),
            prefix=settings.get("S3_PREFIX", ""),
            endpoint_url=settings.get("S3_ENDPOINT_URL"),
        )

    # -- what only S3 has --------------------------------------------------------------------

    def name(self, key: str) -> str:
        """Return the name of the object that holds, or would hold, the item."""
        return self._prefix + self._naming.name(checked_key(key))

    def url(self, bucket: str, key: str) -> str:
        """Return the address at which everybody can read a public item.

        :param bucket: the bucket, in this store's region or on its server.
        """
        return self._bucket.url(bucket, self.name(key))

    def make_public(self, key: str) -> None:
        """Let everybody read an item, until it is written again.

        :raises StorageError: it is not there, or the bucket knows no such permissions.
        """
        self._permit(key, "public-read")

    def make_private(self, key: str) -> None:
        """Let nobody else read an item.

        :raises StorageError: it is not there, or the bucket knows no such permissions.
        """
        self._permit(key, "private")

    def age(self, key: str) -> float | None:
        """Return for how many seconds the item has been as it is, or ``None``."""
        with self._failures:
            head = self._bucket.head(self.name(key))
        if head is None:
            return None
        return self._clock() - float(head["LastModified"].timestamp())

    def describe(self) -> str:
        """Name the bucket."""
        return f"s3://{self.bucket}/{self._prefix}"

    def close(self) -> None:
        """Close the connections."""
        self._bucket.close()

    # -- the engine --------------------------------------------------------------------------

    def _fetch(self, key: str) -> Record | None:
        found = self._bucket.get(self.name(key))
        if found is None:
            return None
        with found["Body"] as body:
            stored = body.read()
        data = self._unpacked(key, stored, found["Metadata"])
        return Record(data, version_of(found), lifetime_of(found["Metadata"]))

    def _fetch_many(self, keys: list[str]) -> Iterable[tuple[str, Record | None]]:
        return zip(keys, self._bucket.at_once(self._fetch, keys), strict=True)

    def _put(self, key: str, data: bytes, expire: float | None) -> None:
        lifetime = self._starting(expire)
        self._announce(key, lifetime)
        self._bucket.put(self._packed(key, data, lifetime))

    def _replace(
        self, key: str, old: Record | None, data: bytes | None, expire: float | None
    ) -> bool:
        if data is None:
            return old is not None and self._bucket.put_deleted_if(self.name(key), old.version)
        lifetime = self._starting(expire, old)
        self._announce(key, lifetime)
        return self._bucket.put_if(
            self._packed(key, data, lifetime), None if old is None else old.version
        )

    def _remove(self, key: str) -> bool:
        name = self.name(key)
        head = self._bucket.head(name)
        if head is None:
            return False
        self._bucket.delete(name)
        try:
            lifetime = lifetime_of(head["Metadata"])
        except DamagedValueError:
            return True
        return lifetime is None or not lifetime.is_over(self._clock())

    def _list(self) -> set[str]:
        names, unsure, due = set[str](), list[str](), list[str]()
        for name, size in self._bucket.objects(self._prefix):
            if name.startswith(_EXPIRES):
                if _is_due(name, self._clock()):
                    due.append(name)
            elif size == DELETED_SIZE:
                unsure.append(name)
            elif not name.startswith(_KEYS):
                names.add(name)
        there = self._bucket.at_once(lambda name: self._bucket.head(self._prefix + name), unsure)
        names.update(name for name, head in zip(unsure, there, strict=True) if head is not None)
        names.difference_update(self._bucket.at_once(self._drop_expired, due))
        long = [name for name in names if is_digest(name)]
        keys = {self._naming.key(name) for name in names}
        keys.update(self._bucket.at_once(self._long_key, long))
        return {key for key in keys if key is not None}

    def _sample(self) -> str | None:
        keys = (
            self._naming.key(name)
            for name, size in self._bucket.first(self._prefix, _SAMPLED)
            if size <= _SMALL and size != DELETED_SIZE
        )
        return next((key for key in keys if key is not None), None)

    def _erase(self) -> None:
        mine = (
            name
            for name, _ in self._bucket.objects(self._prefix)
            if name.startswith(OWN) or self._naming.key(name) is not None
        )
        self._bucket.at_once(lambda name: self._bucket.delete(self._prefix + name), mine)

    def prune(self) -> int:
        """Delete the items that have expired, and what updates that deleted have left.

        The latter only if it is a day old. Amazon deletes it on the condition that it is as it
        was; on a server without conditional deletion, a write to such an item in the very
        instant could get lost.

        :returns: how many items had expired.
        """
        with self._failures:
            count = 0
            for name, size in list(self._bucket.objects(self._prefix)):
                if name.startswith(_EXPIRES) and _is_due(name, self._clock()):
                    count += self._drop_expired(name) is not None
                elif size == DELETED_SIZE:
                    self._bucket.sweep(self._prefix + name, self._clock() - _DAY)
            return count

    # -- objects -----------------------------------------------------------------------------

    def _packed(self, key: str, data: bytes, lifetime: Lifetime | None) -> dict[str, Any]:
        """Return the arguments with which a value is put."""
        arguments = {
            **self._bucket.place(self.name(key)),
            # With its times, so that the same value, stored anew, has another ETag: who found
            # it expired must not take the new one for the old.
            "Body": Envelope(data, lifetime=lifetime).sealed(),
            "ContentType": self.codec.content_type,
            "Metadata": lifetime_metadata(lifetime),
        }
        if self._public:
            arguments["ACL"] = "public-read"
        return arguments

    def _unpacked(self, key: str, stored: bytes, metadata: dict[str, str]) -> bytes:
        return Envelope.opened(stored).data

    def _announce(self, key: str, lifetime: Lifetime | None) -> None:
        """Store what is kept beside an item; before the item, so that it is never without."""
        name = self._naming.name(key)
        if is_digest(name):
            beside = self._prefix + _KEYS + digest(key)
            body = key.encode("utf-8", "surrogatepass")
            self._bucket.put({**self._bucket.place(beside), "Body": body})
        if lifetime is not None:
            note = f"{_EXPIRES}{_milliseconds(lifetime):015d}/{digest(name)}"
            self._bucket.put({**self._bucket.place(self._prefix + note), "Body": name.encode()})

    def _long_key(self, name: str) -> str | None:
        key = self._bucket.read(self._prefix + _KEYS + name.removeprefix(f"{OWN}/"))
        return None if key is None else key.decode("utf-8", "surrogatepass")

    def _drop_expired(self, note: str) -> str | None:
        """Delete the item of a note, if it has expired; return its name."""
        noted = self._bucket.read(self._prefix + note)
        if noted is None:
            return None
        name = noted.decode()
        head = self._bucket.head(self._prefix + name)
        lifetime = None if head is None else lifetime_of(head["Metadata"])
        expired = lifetime is not None and lifetime.is_over(self._clock())
        if expired:
            self._bucket.put_deleted_if(self._prefix + name, version_of(head))
        self._bucket.delete(self._prefix + note)
        return name if expired else None

    def _permit(self, key: str, acl: Any) -> None:
        with self._failures:
            self._bucket.client().put_object_acl(**self._bucket.place(self.name(key)), ACL=acl)


def _milliseconds(lifetime: Lifetime) -> int:
    return int(lifetime.expires * 1000)


def _is_due(note: str, now: float) -> bool:
    digits = note.removeprefix(_EXPIRES).partition("/")[0]
    return digits.isascii() and digits.isdecimal() and int(digits) <= now * 1000
