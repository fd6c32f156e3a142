"""Deep, wide and many, on each engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sphinxcontrib_websupport.registry import open_storage
from sphinxcontrib_websupport.storage.base import StorageBackend
from sphinxcontrib_websupport.testing.machine import EFFORT
from sphinxcontrib_websupport.testing.scale import ScaleContract

LATER = ("file", "redis_cluster", "s3")
"""Where a hundred thousand nodes take long, and go the same way as in memory and on Redis."""

ENGINES = "sqlite postgresql mariadb memory file redis redis_cluster s3 couchbase".split()


@pytest.mark.parametrize("engine", ENGINES)
class TestScale(ScaleContract):
    @pytest.fixture
    def storage(
        self, engine: str, tmp_path: Path, request: pytest.FixtureRequest
    ) -> Iterator[StorageBackend]:
        if engine in LATER and EFFORT < 2 and "is_many" in request.node.name:
            pytest.skip("100,000 nodes take too long here: WEBSUPPORT_TEST_EFFORT=2 tries it")
        here = {
            "sqlite": f"sqlite:///{(tmp_path / 'comments.db').as_posix()}",
            "memory": "memory://",
            "file": (tmp_path / "comments").as_uri(),
        }
        url = here.get(engine) or request.getfixturevalue(f"{engine}_url")
        with closing(open_storage(url)) as storage:
            yield storage
