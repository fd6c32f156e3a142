"""Fixtures of all tests: real servers."""

from __future__ import annotations

from tests.engines import (
    any_s3_bucket,
    any_s3_url,
    couchbase_url,
    mariadb_url,
    moto_bucket,
    moto_endpoint,
    moto_shared_bucket,
    moto_url,
    own_redis,
    postgresql_url,
    redis_cluster_place,
    redis_cluster_url,
    redis_place,
    redis_url,
    s3_bucket,
    s3_endpoint,
    s3_place,
    s3_shared_bucket,
    s3_url,
)

__all__ = [
    "any_s3_bucket",
    "any_s3_url",
    "couchbase_url",
    "mariadb_url",
    "moto_bucket",
    "moto_endpoint",
    "moto_shared_bucket",
    "moto_url",
    "own_redis",
    "postgresql_url",
    "redis_cluster_place",
    "redis_cluster_url",
    "redis_place",
    "redis_url",
    "s3_bucket",
    "s3_endpoint",
    "s3_place",
    "s3_shared_bucket",
    "s3_url",
]
