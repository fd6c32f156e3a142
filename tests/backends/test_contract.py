"""Every store keeps the same contract."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from sphinxcontrib_websupport.backends.filesystem import (
    FileSystemBaseBackend,
    FileSystemJsonBackend,
    FileSystemTextBackend,
)
from sphinxcontrib_websupport.backends.memory import VolatileBackend
from sphinxcontrib_websupport.backends.redis import RedisBackend
from sphinxcontrib_websupport.backends.s3 import S3JsonBackend, S3RawBackend
from sphinxcontrib_websupport.backends.wrapper import Wrapper
from sphinxcontrib_websupport.testing.backends import (
    AgedSuite,
    BackendSuite,
    ExpirySuite,
    Opener,
)
from sphinxcontrib_websupport.testing.sharedbackends import SharedSuite


class TestVolatileBackend(BackendSuite, ExpirySuite):
    @pytest.fixture
    def opener(self) -> Opener:
        return VolatileBackend


class _Files(BackendSuite, ExpirySuite, AgedSuite, SharedSuite):
    kind: type[FileSystemBaseBackend]

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(self.kind, str(tmp_path / "store"))


class TestFileSystemBaseBackend(_Files):
    kind = FileSystemBaseBackend


class TestFileSystemTextBackend(_Files):
    kind = FileSystemTextBackend


class TestFileSystemJsonBackend(_Files):
    kind = FileSystemJsonBackend


class TestWrapper(BackendSuite, ExpirySuite, SharedSuite):
    """A wrapper that changes nothing loses nothing."""

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(wrapped, str(tmp_path / "store"))


def wrapped(path: str) -> Wrapper:
    return Wrapper(FileSystemJsonBackend(path))


class TestRedisBackend(BackendSuite, ExpirySuite, SharedSuite):
    @pytest.fixture
    def opener(self, redis_url: str) -> Opener:
        return partial(RedisBackend, redis_url)


class TestRedisClusterBackend(BackendSuite, ExpirySuite, SharedSuite):
    @pytest.fixture
    def opener(self, redis_cluster_url: str) -> Opener:
        return partial(RedisBackend, redis_cluster_url)


class _S3(BackendSuite, ExpirySuite, AgedSuite):
    examples = 3


class TestS3JsonBackend(_S3, SharedSuite):
    @pytest.fixture
    def opener(self, any_s3_url: str) -> Opener:
        return partial(S3JsonBackend.from_url, any_s3_url)


class TestS3RawBackend(_S3):
    @pytest.fixture
    def opener(self, any_s3_url: str) -> Opener:
        return partial(S3RawBackend.from_url, any_s3_url)
