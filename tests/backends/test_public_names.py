"""What users import from ``backends``: every published name, and no driver before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sphinxcontrib_websupport import backends

DRIVERS = "{'redis', 'boto3', 'botocore', 'couchbase', 'cryptography', 'sphinx', 'sqlalchemy'}"

PUBLISHED = (
    "Backend BaseBackend BaseStorageBackend CouchbaseBackend Encrypted FileSystemBaseBackend "
    "FileSystemJsonBackend FileSystemTextBackend JsonCache RedisBackend S3BaseBackend "
    "S3JsonBackend S3RawBackend TextCache VolatileBackend open_backend"
).split()


def loaded_after(code: str) -> str:
    """Return the drivers that a new process has loaded when it has run some code."""
    program = f"import sys; {code}; print(*sorted({DRIVERS} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_name_is_imported_from_the_package(name: str) -> None:
    assert name in backends.__all__
    expected = "Backend" if name == "BaseBackend" else name
    assert getattr(backends, name).__name__ == expected


def test_every_name_offered_exists() -> None:
    for name in backends.__all__:
        assert getattr(backends, name) is not None


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        backends.Nothing  # type: ignore[attr-defined] # noqa: B018 - that is the test


def test_importing_the_package_loads_no_driver_and_no_backend() -> None:
    ours = "[m for m in sys.modules if m.startswith('sphinxcontrib_websupport.backends.')]"
    assert loaded_after(f"import sphinxcontrib_websupport.backends; assert not {ours}") == ""


@pytest.mark.parametrize(
    ("names", "drivers"),
    [
        (
            "Backend, VolatileBackend, FileSystemBaseBackend, FileSystemTextBackend, "
            "FileSystemJsonBackend, JsonCache, TextCache, BaseStorageBackend, open_backend",
            "",
        ),
        ("Encrypted", "cryptography"),
        ("S3BaseBackend, S3JsonBackend, S3RawBackend", "boto3 botocore"),
        ("CouchbaseBackend", "couchbase"),
    ],
)
def test_class_loads_its_own_driver_and_no_other(names: str, drivers: str) -> None:
    assert loaded_after(f"from sphinxcontrib_websupport.backends import {names}") == drivers


def test_redis_loads_no_other_driver_but_its_own_dependencies() -> None:
    loaded = loaded_after("from sphinxcontrib_websupport.backends import RedisBackend").split()
    assert "redis" in loaded
    # For certificates, where it is installed.
    assert set(loaded) <= {"redis", "cryptography"}
