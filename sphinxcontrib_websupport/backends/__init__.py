"""Values under keys: in memory, files, Redis, Couchbase and S3, with caches and encryption.

The classes can be imported from here; each is loaded, with its driver, when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinxcontrib_websupport.backends.base import Backend
    from sphinxcontrib_websupport.backends.base import Backend as BaseBackend
    from sphinxcontrib_websupport.backends.cache import JsonCache, TextCache
    from sphinxcontrib_websupport.backends.contributed import (
        BaseStorageBackend,
        ContributedBackend,
    )
    from sphinxcontrib_websupport.backends.couchbase import CouchbaseBackend
    from sphinxcontrib_websupport.backends.encrypted import Encrypted
    from sphinxcontrib_websupport.backends.engine import EngineBackend
    from sphinxcontrib_websupport.backends.filesystem import (
        FileSystemBaseBackend,
        FileSystemJsonBackend,
        FileSystemTextBackend,
    )
    from sphinxcontrib_websupport.backends.memory import VolatileBackend
    from sphinxcontrib_websupport.backends.redis import RedisBackend
    from sphinxcontrib_websupport.backends.s3 import S3JsonBackend, S3RawBackend
    from sphinxcontrib_websupport.backends.s3objects import S3BaseBackend
    from sphinxcontrib_websupport.backends.wrapper import Wrapper
    from sphinxcontrib_websupport.registry import open_backend

__all__ = [
    "Backend",
    "BaseBackend",
    "BaseStorageBackend",
    "ContributedBackend",
    "CouchbaseBackend",
    "Encrypted",
    "EngineBackend",
    "FileSystemBaseBackend",
    "FileSystemJsonBackend",
    "FileSystemTextBackend",
    "JsonCache",
    "RedisBackend",
    "S3BaseBackend",
    "S3JsonBackend",
    "S3RawBackend",
    "TextCache",
    "VolatileBackend",
    "Wrapper",
    "open_backend",
]

_PLACES = {
    "base": ("Backend",),
    "cache": ("JsonCache", "TextCache"),
    "contributed": ("BaseStorageBackend", "ContributedBackend"),
    "couchbase": ("CouchbaseBackend",),
    "encrypted": ("Encrypted",),
    "engine": ("EngineBackend",),
    "filesystem": ("FileSystemBaseBackend", "FileSystemJsonBackend", "FileSystemTextBackend"),
    "memory": ("VolatileBackend",),
    "redis": ("RedisBackend",),
    "s3": ("S3BaseBackend", "S3JsonBackend", "S3RawBackend"),
    "wrapper": ("Wrapper",),
}

_CLASSES = {
    **{name: f"{__name__}.{module}:{name}" for module, names in _PLACES.items() for name in names},
    "BaseBackend": f"{__name__}.base:Backend",
    "open_backend": "sphinxcontrib_websupport.registry:open_backend",
}

if not TYPE_CHECKING:  # or a name that is misspelled would pass for one

    def __getattr__(name: str) -> Any:
        """Load a class when it is asked for.

        :raises MissingDriverError: its driver is not installed.
        """
        if name not in _CLASSES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from sphinxcontrib_websupport.registry import load

        return load(name, _CLASSES[name])
