"""Real servers for all tests, as fixtures.

``WEBSUPPORT_TEST_<ENGINE>`` promises a server: then its absence is a failure. Its value says where
it is; ``1`` stands for the usual place, or for one that the tests start themselves. Without a
promise nothing is looked for, started or asked: whoever runs the tests has servers of their own,
with data of their own. Its tests are skipped.

=============================  ====================================  =========================
variable                       value                                 fixtures
=============================  ====================================  =========================
``WEBSUPPORT_TEST_REDIS``      ``redis://…`` or 1                    ``redis_url``
``WEBSUPPORT_TEST_REDIS_CLUSTER``  ``redis+cluster://…`` or 1         ``redis_cluster_url``
``WEBSUPPORT_TEST_S3``         ``http://…`` (``AWS_…`` keys) or 1    ``s3_endpoint``, ``s3_url``
``WEBSUPPORT_TEST_POSTGRESQL`` ``postgresql+psycopg://…`` or 1       ``postgresql_url``
``WEBSUPPORT_TEST_MARIADB``    ``mysql+pymysql://…`` or 1            ``mariadb_url``
``WEBSUPPORT_TEST_COUCHBASE``  ``couchbase://…``                     ``couchbase_url``
``WEBSUPPORT_TEST_XAPIAN``     1: Debian's module can be imported
``WEBSUPPORT_TEST_BROWSER``    1, or where Chromium is               ``browser``
``WEBSUPPORT_TEST_CORPUS``     1: pip may fetch source releases
``WEBSUPPORT_TEST_TSC``        the path of TypeScript's compiler
``WEBSUPPORT_TEST_SLOW``       1: there is time for those marked     (``tests/conftest.py``)
=============================  ====================================  =========================

The drivers are imported where they are used: the builds with other releases of Sphinx have none.

Every test gets a database, a prefix or a bucket of its own, which is dropped after it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote
from uuid import uuid4

import pytest
import sqlalchemy
from sqlalchemy.engine import make_url

from tests.servers import (
    S3_PROGRAMS,
    Server,
    free_port,
    redis_cluster,
    redis_server,
    s3_gateway,
    s3_imitation,
)

PREFIX = "WEBSUPPORT_TEST_"

# For the S3 servers that the tests start; set before any process is forked off, so that all
# have them. A server that was promised brings its own.
os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")


def promised(engine: str) -> str | None:
    """Return where the environment says that an engine is; ``None`` without a promise."""
    return os.environ.get(PREFIX + engine.upper()) or None


def place(engine: str) -> str | None:
    """Return the URL that was promised, if one was: ``1`` is none."""
    value = promised(engine)
    return value if value and "://" in value else None


def require(engine: str, *programs: str) -> None:
    """End the test unless the environment promises an engine.

    :param programs: those that start it: without one of them the promise is broken.
    """
    variable = PREFIX + engine.upper()
    if not promised(engine):
        pytest.skip(f"{variable} is not set: without it nothing is started or asked")
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        absent(engine, f"{', '.join(missing)} is not installed")


def absent(engine: str, reason: str) -> NoReturn:
    """End the test: an engine that was promised is not there."""
    pytest.fail(f"{PREFIX}{engine.upper()} promises it, but {reason}")


# -- Redis -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def redis_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a Redis server is: the one promised, the one on the usual port, or a new one."""
    require("redis")
    import redis

    url = place("redis") or "redis://127.0.0.1:6379/0"
    with redis.Redis.from_url(url, socket_connect_timeout=2) as client:
        try:
            client.ping()
        except redis.RedisError as error:
            if place("redis"):
                absent("redis", f"it does not answer: {error}")
        else:
            yield url
            return
    require("redis", "redis-server")
    port = free_port()
    server = redis_server(tmp_path_factory.mktemp("redis"), port)
    server.start()
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.stop()


@pytest.fixture
def redis_url(redis_place: str) -> Iterator[str]:
    """The URL of a Redis server with a key prefix of the test's own."""
    import redis

    prefix = f"test-{uuid4().hex}:"
    yield f"{redis_place}?prefix={prefix}"
    with redis.Redis.from_url(redis_place) as client:
        for key in client.scan_iter(match=f"{prefix}*", count=1000):
            client.delete(key)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[tuple[str, Server]]:
    """A Redis server of the test's own, to be stopped and started; it keeps what it stored."""
    require("redis", "redis-server")
    port = free_port()
    folder = tmp_path / "redis"
    folder.mkdir()
    server = redis_server(folder, port)
    server.start()
    try:
        yield f"redis://127.0.0.1:{port}/0", server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def redis_cluster_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a Redis Cluster is."""
    if url := place("redis_cluster"):
        yield url
        return
    require("redis_cluster", "redis-server", "redis-cli")
    with redis_cluster(tmp_path_factory.mktemp("redis-cluster")) as port:
        yield f"redis+cluster://127.0.0.1:{port}"


@pytest.fixture
def redis_cluster_url(redis_cluster_place: str) -> Iterator[str]:
    """The URL of a Redis Cluster with a key prefix of the test's own."""
    import redis

    prefix = f"test-{uuid4().hex}:"
    yield f"{redis_cluster_place}?prefix={prefix}"
    url = redis_cluster_place.replace("+cluster", "")
    with redis.RedisCluster.from_url(url) as client:
        for key in client.scan_iter(match=f"{prefix}*", count=1000):
            client.delete(key)
        client.disconnect_connection_pools()


# -- S3 --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def s3_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Server | None]]:
    """Where a real S3 server is, and the process, if it is ours."""
    with ExitStack() as stack:
        if url := place("s3"):
            yield url, None
            return
        require("s3", *S3_PROGRAMS)
        yield stack.enter_context(s3_gateway(tmp_path_factory.mktemp("s3")))


@pytest.fixture
def s3_endpoint(s3_place: tuple[str, Server | None]) -> str:
    """The URL of a real S3 server; credentials are in the environment."""
    return s3_place[0]


@pytest.fixture
def s3_bucket(s3_endpoint: str) -> Iterator[str]:
    """A new bucket on a real S3 server."""
    yield from _bucket(s3_endpoint)


@pytest.fixture(scope="session")
def s3_shared_bucket(s3_place: tuple[str, Server | None]) -> Iterator[str]:
    """A bucket on a real S3 server that tests share: a new one takes a second."""
    yield from _bucket(s3_place[0])


@pytest.fixture
def s3_url(s3_endpoint: str, s3_shared_bucket: str) -> str:
    """The URL of a new folder in a bucket on a real S3 server."""
    folder = quote(f"a folder/{uuid4().hex}")
    return f"s3://{s3_shared_bucket}/{folder}?endpoint_url={quote(s3_endpoint, safe='')}"


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    """The URL of moto's imitation of S3, which needs no server to be installed."""
    with s3_imitation() as url:
        yield url


@pytest.fixture
def moto_bucket(moto_endpoint: str) -> Iterator[str]:
    """A new bucket in moto."""
    yield from _bucket(moto_endpoint)


@pytest.fixture(scope="session")
def moto_shared_bucket(moto_endpoint: str) -> Iterator[str]:
    """A bucket in moto that tests share."""
    yield from _bucket(moto_endpoint)


@pytest.fixture
def moto_url(moto_endpoint: str, moto_shared_bucket: str) -> str:
    """The URL of a new folder in a bucket in moto."""
    folder = quote(f"a folder/{uuid4().hex}")
    return f"s3://{moto_shared_bucket}/{folder}?endpoint_url={quote(moto_endpoint, safe='')}"


@pytest.fixture
def any_s3_url(request: pytest.FixtureRequest) -> str:
    """The URL of a new folder in a bucket: of a real server, or of moto where none is promised."""
    url: str = request.getfixturevalue("s3_url" if promised("s3") else "moto_url")
    return url


@pytest.fixture
def any_s3_bucket(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A new bucket and its server: a real one, or moto where none is promised."""
    kind = "s3" if promised("s3") else "moto"
    return request.getfixturevalue(f"{kind}_bucket"), request.getfixturevalue(f"{kind}_endpoint")


def _bucket(endpoint: str) -> Iterator[str]:
    import boto3

    session = boto3.session.Session()
    server = session.resource("s3", region_name="us-east-1", endpoint_url=endpoint)
    bucket = server.create_bucket(Bucket=f"test-{uuid4().hex}")
    try:
        yield bucket.name
    finally:
        # Uploads that a killed writer began hold a bucket, too.
        for upload in bucket.multipart_uploads.all():
            upload.abort()
        for found in bucket.objects.all():
            found.delete()
        bucket.delete()
        server.meta.client.close()


# -- SQL -------------------------------------------------------------------------------------


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """The URL of a new PostgreSQL database."""
    usual = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
    yield from new_database("postgresql", usual, "DROP DATABASE IF EXISTS {} WITH (FORCE)")


@pytest.fixture
def mariadb_url() -> Iterator[str]:
    """The URL of a new MariaDB database."""
    usual = "mysql+pymysql://root@127.0.0.1:3306/mysql?charset=utf8mb4"
    yield from new_database("mariadb", usual, "DROP DATABASE IF EXISTS {}")


def new_database(engine: str, usual: str, drop: str) -> Iterator[str]:
    """Make a database of the test's own; yield its URL and drop it then."""
    require(engine)
    url = make_url(place(engine) or usual)
    name = f"test_{uuid4().hex}"
    server = sqlalchemy.create_engine(
        url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5}
    )
    try:
        try:
            with server.connect() as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
        except sqlalchemy.exc.OperationalError as error:
            absent(engine, f"it does not answer: {error.orig}")
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            with server.connect() as connection:
                connection.exec_driver_sql(drop.format(name))
    finally:
        server.dispose()


# -- Couchbase -------------------------------------------------------------------------------


@pytest.fixture
def couchbase_url() -> str:
    """The URL of a Couchbase bucket with a key prefix of the test's own.

    User and password come from ``WEBSUPPORT_TEST_COUCHBASE_USER`` and ``…_PASSWORD``; the bucket
    is ``default`` unless the URL names one.
    """
    require("couchbase")
    url = str(promised("couchbase"))
    scheme, _, rest = (url if "://" in url else f"couchbase://{url}").partition("://")
    hosts, _, bucket = rest.partition("?")[0].partition("/")
    options = [option for option in rest.partition("?")[2].split("&") if option]
    if "@" not in hosts:
        user = quote(os.environ.get(f"{PREFIX}COUCHBASE_USER", "Administrator"), safe="")
        password = quote(os.environ.get(f"{PREFIX}COUCHBASE_PASSWORD", "password"), safe="")
        hosts = f"{user}:{password}@{hosts}"
    options.append(f"prefix=test-{uuid4().hex}:")
    return f"{scheme}://{hosts}/{bucket or 'default'}?{'&'.join(options)}"
