"""How often somebody may ask: by reader and by address, in one process and in several."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from sphinxcontrib_websupport.errors import SettingsError
from sphinxcontrib_websupport.model import Viewer
from sphinxcontrib_websupport.web.messages import Request
from sphinxcontrib_websupport.web.problems import TooManyRequestsError
from sphinxcontrib_websupport.web.readers.passwords import hash_password
from sphinxcontrib_websupport.web.readers.proxies import TrustedProxies
from sphinxcontrib_websupport.web.readers.session import Session
from sphinxcontrib_websupport.web.security.crossorigin import CrossOrigin
from sphinxcontrib_websupport.web.security.limits import READERS_BEHIND_AN_ADDRESS, Budget, Limits
from sphinxcontrib_websupport.web.shells.wsgi import WSGIApp
from sphinxcontrib_websupport.websupport import WebSupport
from tests.servers import Server
from tests.web.conftest import HERE, identify, read, user

# By the day, so that no test meets the end of a window by chance.
TWO = "2/day"


def client_of(support: WebSupport, limits: Limits, **settings: Any) -> Client:
    return Client(WSGIApp(support, identify, limits=limits, **settings))


def post(client: Client, name: str = "", address: str = "198.51.100.1") -> TestResponse:
    body, origin = {"text": "Hi"}, {"REMOTE_ADDR": address}
    return client.post("/nodes/n1/comments", json=body, headers=user(name), environ_base=origin)


def spent(limits: Limits, times: int, *, name: str = "", address: str = "198.51.100.1") -> int:
    """Spend so many times; return how often it was allowed."""
    request = Request("POST", "", address=address)
    allowed = 0
    for _ in range(times):
        try:
            limits.spend(Budget.WRITING, request, Viewer(name))
        except TooManyRequestsError:
            continue
        allowed += 1
    return allowed


# -- over HTTP -----------------------------------------------------------------------------------


def test_who_asks_too_often_is_told_when_to_come_again(support: WebSupport) -> None:
    client = client_of(support, Limits(writing=TWO))
    assert [post(client, "ada").status_code for _ in range(3)] == [201, 201, 429]
    refusal = post(client, "ada")
    assert refusal.mimetype == "application/problem+json"
    assert 0 < int(refusal.headers["Retry-After"]) <= 24 * 60 * 60
    assert f"{refusal.headers['Retry-After']} seconds" in read(refusal)["detail"]
    assert support.get_metadata("usage/install")["n1"] == 2


def test_a_page_on_another_origin_may_read_when(support: WebSupport) -> None:
    docs = "https://docs.example.org"
    client = client_of(support, Limits(reading="1/day"), cross_origin=CrossOrigin([docs]))
    [_, refusal] = [client.get("/nodes/n1", headers={"Origin": docs}) for _ in range(2)]
    assert refusal.status_code == 429
    assert "Retry-After" in refusal.headers["Access-Control-Expose-Headers"]
    assert refusal.headers["Access-Control-Allow-Origin"] == docs


def test_a_page_for_a_person_says_so_too(support: WebSupport) -> None:
    client = client_of(support, Limits(reading="1/day"))
    [_, refusal] = [client.get("/threads/n1") for _ in range(2)]
    assert (refusal.status_code, refusal.mimetype) == (429, "text/html")
    assert int(refusal.headers["Retry-After"]) > 0


def test_reading_writing_and_signing_in_have_budgets_of_their_own(support: WebSupport) -> None:
    limits = Limits(reading=TWO, writing=TWO, sign_in=TWO)
    client = client_of(support, limits, session=Session("key", moderator="Mona"))

    def sign_in() -> int:
        body = {"name": "Mona", "password": "guess"}
        return client.put("/session", json=body, headers=HERE).status_code

    assert [sign_in() for _ in range(3)] == [403, 403, 429]
    assert client.get("/link?token=guess").status_code == 429
    form = {"name": "Mona", "password": "guess"}
    assert client.post("/sign-in", data=form, headers=HERE).status_code == 429
    assert [post(client).status_code for _ in range(3)] == [201, 201, 429]
    assert [client.get("/nodes/n1").status_code for _ in range(3)] == [200, 200, 429]


def test_a_refusal_comes_before_a_body_is_looked_at(support: WebSupport) -> None:
    client = client_of(support, Limits(writing="1/day"))
    assert post(client, "ada").status_code == 201
    for body in (b"{", b"a" * 1_000_000):
        answer = client.post("/nodes/n1/comments", data=body, headers=user("ada"))
        assert answer.status_code == 429


def test_another_sites_requests_do_not_use_up_a_readers_budget(support: WebSupport) -> None:
    client = client_of(support, Limits(writing=TWO))
    evil = {"Origin": "https://evil.example", "X-Test-User": "ada"}
    for _ in range(5):
        assert client.delete("/comments/1", headers=evil).status_code == 403
    assert post(client, "ada", "127.0.0.1").status_code == 201


def test_without_limits_there_is_none(client: Client) -> None:
    assert {post(client, "ada").status_code for _ in range(50)} == {201}


def test_passwords_are_not_guessed_without_limit_in_any_case(support: WebSupport) -> None:
    session = Session("key", moderator="Mona", password_hash=hash_password("correct horse"))
    client = Client(WSGIApp(support, session=session))
    body = {"name": "Mona", "password": "guess of mine"}
    answers = [client.put("/session", json=body, headers=HERE).status_code for _ in range(12)]
    assert answers.count(403) == 10
    assert answers[-1] == 429


# -- who is counted together ---------------------------------------------------------------------


def test_readers_are_counted_by_name_and_others_by_address() -> None:
    limits = Limits(writing=TWO)
    assert spent(limits, 3, name="ada") == 2
    assert spent(limits, 3, name="ada", address="203.0.113.7") == 0, "a name is known anywhere"
    assert spent(limits, 3, name="ben") == 2
    assert spent(limits, 3) == 2
    assert spent(limits, 3, address="203.0.113.8") == 2


def test_an_address_is_not_as_many_readers_as_it_has_names() -> None:
    limits = Limits(writing=TWO)
    names = [f"name {number}" for number in range(10)]
    assert sum(spent(limits, 2, name=name) for name in names) == 2 * READERS_BEHIND_AN_ADDRESS


@pytest.mark.parametrize(
    ("one", "other", "allowed"),
    [
        ("2001:db8::1", "2001:db8::2", 2),
        ("2001:db8::1", "2001:db8:0:1::1", 4),
        ("198.51.100.1", "::ffff:198.51.100.1", 2),
        ("198.51.100.1", "198.51.100.2", 4),
        ("", "", 2),
    ],
)
def test_an_ipv6_site_is_one_address(one: str, other: str, allowed: int) -> None:
    limits = Limits(writing=TWO)
    assert spent(limits, 2, address=one) + spent(limits, 2, address=other) == allowed


def test_behind_a_named_proxy_its_readers_are_told_apart() -> None:
    limits = Limits(writing=TWO, proxies=TrustedProxies(["10.0.0.1"]))
    for forwarded in ("203.0.113.1", "203.0.113.2"):
        request = Request("POST", "", address="10.0.0.1", headers={"x-forwarded-for": forwarded})
        for _ in range(2):
            limits.spend(Budget.WRITING, request, Viewer())


def test_a_made_up_address_is_no_way_around(caplog: pytest.LogCaptureFixture) -> None:
    limits = Limits(writing=TWO)
    allowed = 0
    for number in range(5):
        made_up = {"x-forwarded-for": f"203.0.113.{number}"}
        request = Request("POST", "", address="198.51.100.1", headers=made_up)
        try:
            limits.spend(Budget.WRITING, request, Viewer())
        except TooManyRequestsError:
            continue
        allowed += 1
    assert allowed == 2
    [told] = caplog.messages
    assert "198.51.100.1" in told
    assert "name it" in told


# -- several processes ---------------------------------------------------------------------------


def spend_together(url: str, times: int, together: Barrier) -> int:
    limits = Limits(url, writing="20/day")
    together.wait(60)
    return spent(limits, times, name="ada")


def test_processes_count_together_in_redis(redis_place: str, clean: None) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(4) as pool:
        together = manager.Barrier(4)
        allowed = pool.starmap(spend_together, [(redis_place, 15, together)] * 4)
    assert sum(allowed) == 20


@pytest.fixture
def clean(redis_place: str) -> Iterator[None]:
    import redis

    with redis.Redis.from_url(redis_place) as server:

        def clear() -> None:
            for key in server.scan_iter(match="LIMITS:*", count=1000):
                server.delete(key)

        clear()
        yield
        clear()


def test_while_redis_is_down_each_process_counts_for_itself(
    own_redis: tuple[str, Server],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, server = own_redis
    url = url.partition("?")[0]
    limits, other = Limits(url, writing="4/day"), Limits(url, writing="4/day")
    assert spent(limits, 3) == 3
    assert spent(other, 3) == 1, "they count together"
    server.stop()
    assert spent(limits, 9) == 4
    assert "does not answer" in caplog.text
    assert len(caplog.records) == 1, "it is not asked again at once"
    server.start()
    monkeypatch.setattr(limits, "_silent_until", 0.0)
    assert spent(limits, 1) == 0, "what was counted before counts again"


# -- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "many", "20", "20/fortnight", "-1/minute"])
def test_what_is_no_limit_is_refused_at_once(text: str) -> None:
    with pytest.raises(SettingsError, match="no limit"):
        Limits(writing=text)


def test_what_is_no_store_is_refused_without_its_password() -> None:
    with pytest.raises(SettingsError, match="cannot be opened") as refusal:
        Limits("nonsense://user:hunter2@host")
    assert "hunter2" not in str(refusal.value)
