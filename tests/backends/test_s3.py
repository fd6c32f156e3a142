"""What is S3's own: addresses, permissions, files that are streamed, a server that goes away."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sphinxcontrib_websupport.backends.s3 import S3BaseBackend, S3JsonBackend, S3RawBackend
from sphinxcontrib_websupport.errors import (
    DamagedValueError,
    InvalidInputError,
    SettingsError,
    StorageError,
)
from sphinxcontrib_websupport.testing.values import increment
from tests.servers import Server, free_port

JAVASCRIPT = b"function hello() {}\n" * 1000

Open = Callable[..., S3RawBackend]


@pytest.fixture
def bucket(any_s3_bucket: tuple[str, str]) -> tuple[str, str]:
    """A bucket, and the server's address."""
    return any_s3_bucket


@pytest.fixture
def raw(bucket: tuple[str, str]) -> Iterator[Open]:
    """Open stores in the bucket that are closed after the test."""
    with ExitStack() as stack:

        def raw(**options: Any) -> S3RawBackend:
            name, endpoint = bucket
            store = S3RawBackend(name, "us-east-1", endpoint_url=endpoint, **options)
            return stack.enter_context(store)

        yield raw


def fetch(url: str) -> tuple[bytes, Any]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read(), answer.headers


def test_an_item_has_an_address_that_all_can_read_when_it_is_public(
    raw: Open, bucket: tuple[str, str]
) -> None:
    store = raw(prefix="site")
    key = "a folder/考 & 100%?#+.html"
    store.dump(key, b"<p>hello</p>")
    url = store.url(bucket[0], key)
    store.make_public(key)
    body, headers = fetch(url)
    assert body == b"<p>hello</p>"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    store.make_private(key)
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(url)
    assert caught.value.code == 403
    caught.value.close()


def test_permissions_of_nothing_are_an_error(raw: Open) -> None:
    with pytest.raises(StorageError, match="NoSuchKey"):
        raw().make_public("nothing")


def test_a_public_store_writes_public_items(raw: Open, bucket: tuple[str, str]) -> None:
    store = raw(public=True)
    store.dump("a.txt", b"x")
    assert fetch(store.url(bucket[0], "a.txt"))[0] == b"x"


@pytest.mark.parametrize(
    ("options", "bucket_name", "expected"),
    [
        ({}, "pages", "https://pages.s3.eu-central-1.amazonaws.com/a%20b/%E8%80%83"),
        (
            {"prefix": "/x/"},
            "pages",
            "https://pages.s3.eu-central-1.amazonaws.com/x/a%20b/%E8%80%83",
        ),
        ({}, "docs.example", "https://s3.eu-central-1.amazonaws.com/docs.example/a%20b/%E8%80%83"),
        ({"region": "cn-north-1"}, "p", "https://p.s3.cn-north-1.amazonaws.com.cn/a%20b/%E8%80%83"),
        ({"endpoint_url": "https://s3.example/"}, "p", "https://s3.example/p/a%20b/%E8%80%83"),
    ],
)
def test_addresses(options: dict[str, str], bucket_name: str, expected: str) -> None:
    store = S3RawBackend("bucket", **{"region": "eu-central-1", **options})
    assert store.url(bucket_name, "a b/考") == expected


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Set what the SDK reads, and nothing else: variables, and a configuration file."""

    def environment(file: str = "", **variables: str) -> None:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        (tmp_path / "config").write_text(file)
        variables |= {
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return environment


ENDPOINT = "http://minio.example:9000"
FILE = f"""
[default]
services = ours
[services ours]
s3 =
  endpoint_url = {ENDPOINT}
"""


@pytest.mark.parametrize(
    ("sdk", "expected"),
    [
        ({"AWS_ENDPOINT_URL": ENDPOINT}, f"{ENDPOINT}/pages/a%20b"),
        ({"AWS_ENDPOINT_URL_S3": f"{ENDPOINT}/base/"}, f"{ENDPOINT}/base/pages/a%20b"),
        ({"file": FILE}, f"{ENDPOINT}/pages/a%20b"),
        (
            {"AWS_ENDPOINT_URL": ENDPOINT, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "https://pages.s3.us-east-1.amazonaws.com/a%20b",
        ),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "https://pages.s3.eu-west-1.amazonaws.com/a%20b"),
        (
            {"AWS_ENDPOINT_URL": "http://ec2-3-5-7-9.compute-1.amazonaws.com:9000"},
            "http://ec2-3-5-7-9.compute-1.amazonaws.com:9000/pages/a%20b",
        ),
        (
            {"AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_DEFAULT_REGION": "eu-west-1"},
            "https://pages.s3.dualstack.eu-west-1.amazonaws.com/a%20b",
        ),
    ],
)
def test_address_follows_the_endpoint_that_the_sdk_found(
    environment: Callable[..., None], sdk: dict[str, str], expected: str
) -> None:
    environment(**sdk)
    with S3RawBackend("pages") as store:
        assert store.url("pages", "a b") == expected


def test_endpoint_given_wins_over_that_of_the_sdk(environment: Callable[..., None]) -> None:
    environment(AWS_ENDPOINT_URL="https://other.example")
    with S3RawBackend("pages", endpoint_url=ENDPOINT) as store:
        assert store.url("pages", "a b") == f"{ENDPOINT}/pages/a%20b"


def test_path_style_and_checksums_follow_the_endpoint_that_the_sdk_found(
    environment: Callable[..., None], moto_endpoint: str, moto_bucket: str
) -> None:
    environment(AWS_ENDPOINT_URL_S3=moto_endpoint)
    sent: list[Any] = []
    with S3JsonBackend(moto_bucket) as store:
        events = store._bucket.client().meta.events
        events.register("before-send.s3.PutObject", lambda request, **_: sent.append(request))
        store.dump("key", 1)
        assert store.load("key") == 1
        store.check()
    (request,) = sent
    assert request.url == f"{moto_endpoint}/{moto_bucket}/key"
    assert not [name for name in request.headers if "checksum" in name.lower()]


@pytest.mark.parametrize(
    ("key", "type"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("_static/doctools.js", "text/javascript; charset=utf-8"),
        ("_static/a.mjs", "text/javascript; charset=utf-8"),
        ("_static/basic.css", "text/css; charset=utf-8"),
        ("_images/a.svg", "image/svg+xml"),
        ("font.woff2", "font/woff2"),
        ("searchindex.json", "application/json"),
        ("dump.tar.gz", "application/gzip"),
        ("objects.inv", "application/octet-stream"),
    ],
)
def test_the_type_is_guessed_from_the_key(moto_url: str, key: str, type: str) -> None:
    with S3RawBackend.from_url(moto_url) as store:
        store.dump(key, b"x")
        assert store._bucket.head(store.name(key))["ContentType"] == type


def test_the_type_can_be_said(raw: Open) -> None:
    store = raw()
    store.dump("objects.inv", b"x", content_type="text/plain")
    assert store._bucket.head("objects.inv")["ContentType"] == "text/plain"


def test_javascript_and_css_are_compressed_once_and_always_to_the_same(raw: Open) -> None:
    store = raw()
    etags = set()
    for _ in range(2):
        store.dump("a.js", JAVASCRIPT)
        head = store._bucket.head("a.js")
        etags.add(head["ETag"])
        assert head["ContentEncoding"] == "gzip"
        assert head["ContentLength"] < len(JAVASCRIPT) / 10
        assert store.load("a.js") == JAVASCRIPT
    assert len(etags) == 1
    with store._bucket.get("a.js")["Body"] as body:
        stored = body.read()
    assert stored[4:8] == bytes(4), "no time stamp"
    assert gzip.decompress(stored) == JAVASCRIPT
    # What was compressed by somebody else stays as it is.
    store.dump("b.js", stored)
    assert store._bucket.head("b.js")["ContentEncoding"] == "gzip"
    assert store.load("b.js") == stored


def test_updates_compress_as_well(raw: Open) -> None:
    store = raw()
    store.update("a.css", lambda old: JAVASCRIPT)
    store.update("a.css", lambda old: old + b"/* end */")
    assert store.load("a.css") == JAVASCRIPT + b"/* end */"
    assert store._bucket.head("a.css")["ContentEncoding"] == "gzip"


def test_caching_is_said_by_pattern_or_argument(raw: Open) -> None:
    store = raw(cache_control={"_static/*": "max-age=31536000, immutable", "*.html": "no-cache"})
    store.dump("_static/a.css", b"x")
    store.dump("index.html", b"x")
    store.dump("objects.inv", b"x")
    store.dump("other.html", b"x", cache_control="no-store")
    assert {key: store._bucket.head(key).get("CacheControl") for key in sorted(store.keys())} == {
        "_static/a.css": "max-age=31536000, immutable",
        "index.html": "no-cache",
        "objects.inv": None,
        "other.html": "no-store",
    }


def test_files_are_taken_from_where_they_stand(raw: Open) -> None:
    store = raw()
    file = io.BytesIO(b"skip this content")
    file.seek(10)
    assert store.dump("a.bin", file) is True
    assert store.load("a.bin") == b"content"
    assert not file.closed
    pipe = subprocess.Popen(["printf", "from a pipe"], stdout=subprocess.PIPE)
    with pipe:
        store.dump("pipe.bin", pipe.stdout)
    assert store.load("pipe.bin") == b"from a pipe"


def test_a_text_file_is_refused(raw: Open) -> None:
    store = raw()
    with pytest.raises(InvalidInputError, match="not text"):
        store.dump("a.bin", io.StringIO("text"))
    with pytest.raises(InvalidInputError, match="bytes are expected, not str"):
        store.dump("a.bin", "text")
    assert store.keys() == set()


def test_an_item_is_read_as_a_file(raw: Open) -> None:
    store = raw()
    store.dump("a.js", JAVASCRIPT)
    store.dump("a.bin", b"0123456789")
    assert store.open("nothing") is None
    for key, expected in (("a.js", JAVASCRIPT), ("a.bin", b"0123456789")):
        file = store.open(key)
        assert file is not None
        with file:
            assert file.read(5) + file.read() == expected


def test_a_damaged_compressed_item_is_said(raw: Open) -> None:
    store = raw()
    store.dump("a.js", JAVASCRIPT)
    head = store._bucket.head("a.js")
    store._bucket.client().put_object(
        Bucket=store.bucket, Key="a.js", Body=b"\x1f\x8bbroken", Metadata=head["Metadata"]
    )
    with pytest.raises(DamagedValueError, match=r"'a\.js' is damaged"):
        store.load("a.js")
    file = store.open("a.js")
    assert file is not None
    with file, pytest.raises(DamagedValueError):
        file.read()


def test_a_digest_tells_what_was_dumped(raw: Open) -> None:
    store = raw()
    assert store.digest("a.js") is None
    store.dump("a.js", b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert store.digest("a.js") == empty


_STREAM = """
import resource, sys
from sphinxcontrib_websupport.backends.s3 import S3RawBackend

class Zeros:
    def __init__(self, size): self.left = size
    def read(self, size):
        size = min(size, self.left); self.left -= size
        return bytes(size)

megabytes = int(sys.argv[2])
with S3RawBackend.from_url(sys.argv[1]) as store:
    store.dump("warm.bin", b"x" * (9 << 20)); store.load("warm.bin")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    store.dump("large.bin", Zeros(megabytes << 20))
    with store.open("large.bin") as file:
        count = 0
        while block := file.read(1 << 20):
            count += len(block)
    assert count == megabytes << 20, count
    store.delete("large.bin")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_large_file_takes_little_memory(s3_url: str) -> None:
    command = [sys.executable, "-c", _STREAM, s3_url, "160"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 64 << 10, "KiB"


def test_clear_leaves_what_others_put_beside_it(raw: Open) -> None:
    mine, others = raw(prefix="mine"), raw(prefix="mine too")
    mine.dump("key", b"1")
    others.dump("key", b"2")
    mine._bucket.client().put_object(Bucket=mine.bucket, Key="mine/not%ours", Body=b"3")
    assert mine.keys() == {"key"}
    mine.clear()
    assert mine.keys() == set()
    assert others.load("key") == b"2"
    assert mine._bucket.head("mine/not%ours") is not None


def test_clear_and_prune_leave_no_traces(raw: Open) -> None:
    now = time.time()
    store = raw(clock=lambda: now)
    store.dump("short", b"x", expire=10)
    store.dump("考" * 1000, b"x")
    store.dump("deleted", b"x")
    store.update("deleted", lambda old: None)
    assert store.keys() == {"short", "考" * 1000}
    now += 11
    assert store.prune() == 1
    assert store.keys() == {"考" * 1000}
    now += 100_000
    store.prune()
    assert sorted(name[:6] for name, _ in store._bucket.objects(store._prefix)) == [
        f"%!/{store.name('考' * 1000)[3:6]}",
        f"%!key/{store.name('考' * 1000)[3:6]}"[:6],
    ]
    store.clear()
    assert list(store._bucket.objects(store._prefix)) == []


def test_a_fault_after_the_write_is_not_written_twice(
    raw: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = raw()
    store.update("count", lambda old: b"1")
    client = store._bucket.client(retrying=False)
    put = client.put_object

    def fault(**arguments: Any) -> None:
        put(**arguments)
        # Somebody else is faster than the answer.
        monkeypatch.undo()
        store.update("count", lambda old: str(int(old) + 10).encode())
        raise ClientError(
            {"Error": {"Code": "InternalError"}, "ResponseMetadata": {"HTTPStatusCode": 500}},  # type: ignore[typeddict-item] # as little as is read
            "PutObject",
        )

    monkeypatch.setattr(client, "put_object", fault)
    store.update("count", lambda old: str(int(old) + 1).encode())
    assert store.load("count") == b"12"


def test_a_stopped_server_is_an_error_and_works_again_when_it_is_back(
    s3_url: str, s3_place: tuple[str, Server | None]
) -> None:
    server = s3_place[1]
    if server is None:
        pytest.skip("the promised S3 server is not ours to stop")
    with S3JsonBackend.from_url(s3_url) as store:
        increment(store, "count")
        server.stop()
        try:
            for call in (
                lambda: store.load("count"),
                lambda: store.dump("count", 3),
                lambda: increment(store, "count"),
                lambda: store.delete("count"),
                lambda: store.keys(),
                lambda: store.check(),
            ):
                begin = time.monotonic()
                with pytest.raises(StorageError, match="s3://"):
                    call()
                assert time.monotonic() - begin < 10
        finally:
            server.start()
        assert increment(store, "count") == 2


def test_a_missing_bucket_is_an_error(moto_endpoint: str) -> None:
    with S3JsonBackend("no-such-bucket", "us-east-1", endpoint_url=moto_endpoint) as store:
        for call in (store.check, store.keys, lambda: store.load("key")):
            with pytest.raises(StorageError):
                call()
        with pytest.raises(StorageError, match="NoSuchBucket"):
            increment(store, "count")


def test_missing_credentials_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    endpoint = f"http://127.0.0.1:{free_port()}"
    with (
        S3JsonBackend("bucket", "us-east-1", endpoint_url=endpoint) as store,
        pytest.raises(StorageError, match="credentials"),
    ):
        store.load("key")


def test_a_url_holds_no_credentials() -> None:
    with pytest.raises(SettingsError, match="without credentials"):
        S3BaseBackend.from_url("s3://id:secret@bucket/x")
    with pytest.raises(SettingsError, match="no option regoin"):
        S3BaseBackend.from_url("s3://bucket/x?regoin=eu")


def test_the_sdk_is_what_finds_credentials(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[object] = []

    class Session(boto3.session.Session):
        def client(self, *arguments: Any, **options: Any) -> Any:
            used.append({name for name in options if name.startswith("aws_")})
            return super().client(*arguments, **options)

    monkeypatch.setattr(boto3.session, "Session", Session)
    with S3JsonBackend.from_url(moto_url) as store:
        store.keys()
    assert used == [set()]
