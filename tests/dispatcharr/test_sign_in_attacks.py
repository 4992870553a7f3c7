"""Attacks on signing in, over HTTP and at the same time: guesses do not get through together, addresses cannot be made up, and
one visitor does not use up the sign-ins that the server gives to everybody (50 U-9, U-10, §17 trap 30)."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
import time_machine
from django.conf import LazySettings
from django.contrib.auth import authenticate as real_authenticate
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import timezone

from ecm_site import check_sign_in
from ecm_site.conf import save_settings
from ecm_site.dispatcharr import people
from ecm_site.dispatcharr.sign_in_store import SignInStore
from ecm_site.dispatcharr.transport import Patience
from ecm_site.models import Outcome, SignInAttempt
from ecm_site.sign_in_limits import counted_as, waiting_names
from tests.dispatcharr.test_mirror_pages_sign_in import forget_turns
from tests.fake_dispatcharr import FakeServer, Kind

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 20
Post = Callable[[int], Any]


@pytest.fixture
def alice() -> User:
    return User.objects.create_superuser("alice", "", "correct horse")


@pytest.fixture
def opened(fake: FakeServer, alice: User) -> FakeServer:
    fake.world.add_user("bob", "bobs-own", 1)
    save_settings(dispatcharr_url=fake.url, dispatcharr_sign_in=True)
    return fake


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were really looked at."""
    looked: list[str] = []

    def authenticate(**values: Any) -> Any:
        looked.append(values["password"])
        return real_authenticate(**values)

    monkeypatch.setattr(check_sign_in, "authenticate", authenticate)
    return looked


def at_once(post: Post, times: int = AT_ONCE) -> list[Any]:
    """All of them in the same moment, each on a connection of its own."""
    gate = threading.Barrier(times)

    def one(number: int) -> Any:
        gate.wait()
        try:
            return post(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def try_here(name: str, password: str, address: str, **more: Any) -> Any:
    return Client().post("/sign-in/", {"username": name, "password": password}, REMOTE_ADDR=address, **more)


def try_there(name: str, password: str, address: str = "192.0.2.1") -> Any:
    return Client().post("/sign-in/dispatcharr/", {"username": name, "password": password}, REMOTE_ADDR=address)


def test_twenty_guesses_at_once_from_one_address_are_five(alice: User, checks: list[str]) -> None:
    answers = at_once(lambda number: try_here("alice", f"guess {number}", "192.0.2.1"))
    assert Counter(answer.status_code for answer in answers) == {401: 5, 429: 15}
    assert len(checks) == 5
    assert all(int(answer["Retry-After"]) > 0 for answer in answers if answer.status_code == 429)


def test_twenty_guesses_at_once_for_one_name_from_everywhere_are_ten(alice: User, checks: list[str]) -> None:
    answers = at_once(lambda number: try_here("alice", f"guess {number}", f"198.51.100.{number}"))
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content.decode().split("<main")[1].split("csrf")[0] for answer in answers}) == 1
    assert len(checks) == 10
    assert try_here("alice", "correct horse", "203.0.113.1").status_code == 401
    assert len(checks) == 10, "the right one is not looked at either"


def test_the_right_password_among_twenty_at_once_lets_one_in_at_most(alice: User) -> None:
    """Row 115 under load: it may be among the ten that are looked at, or not."""
    answers = at_once(
        lambda number: try_here("alice", "correct horse" if number == 19 else f"guess {number}", f"198.51.100.{number}")
    )
    assert Counter(answer.status_code for answer in answers)[302] <= 1


@pytest.mark.parametrize(
    "header", ["HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_CLIENT_IP", "HTTP_X_CLIENT_IP"]
)
def test_a_made_up_address_is_no_new_one(alice: User, header: str) -> None:
    codes = [try_here("alice", "wrong", "192.0.2.1", **{header: f"203.0.113.{number}"}).status_code for number in range(6)]
    assert codes == [401] * 5 + [429]


def test_behind_a_trusted_proxy_only_what_the_proxy_added_counts(alice: User, settings: LazySettings) -> None:
    settings.ECM_TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    codes = [
        try_here("alice", "wrong", "10.0.0.1", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}, 192.0.2.7").status_code
        for number in range(6)
    ]
    assert codes == [401] * 5 + [429]
    assert set(SignInAttempt.objects.values_list("address", flat=True)) == {"192.0.2.7"}
    assert try_here("alice", "wrong", "10.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.8").status_code == 401
    nonsense = ["", ",", "unknown", "192.0.2.9:1234", "'; drop", "a" * 5000]
    assert {try_here("x", "y", "10.0.0.2", HTTP_X_FORWARDED_FOR=text).status_code for text in nonsense} == {401, 429}


def test_failures_typed_here_do_not_make_a_name_of_the_server_wait(opened: FakeServer) -> None:
    for number in range(10):
        assert try_here("dispatcharr: bob", "x", f"198.51.100.{number}").status_code == 401
    assert try_there("bob", "bobs-own", "203.0.113.1").status_code == 302
    assert [waiting.who for waiting in waiting_names()] == ["here: dispatcharr: bob"]


@pytest.mark.parametrize(
    ("typed", "provider", "counted"),
    [
        (" Alice ", "", "alice"),
        ("Bob", "dispatcharr", "dispatcharr: bob"),
        ("dispatcharr: bob", "", "here: dispatcharr: bob"),
        ("here: x", "", "here: here: x"),
        ("a:b", "", "a:b"),
        ("x" * 500, "dispatcharr", f"dispatcharr: {'x' * 137}"),
    ],
)
def test_names_are_counted_apart(typed: str, provider: str, counted: str) -> None:
    assert counted_as(typed, provider) == counted


def test_twenty_at_once_ask_the_server_twice_and_never_throttle_it(opened: FakeServer) -> None:
    answers = at_once(lambda number: try_there(f"name{number}", "x", f"198.51.100.{number}"))
    assert Counter(answer.status_code for answer in answers) == {401: 2, 429: 18}
    assert len(opened.auth.sign_ins) == 2
    assert opened.auth.throttled == 0


def test_ecm_itself_still_signs_in_while_visitors_use_up_theirs(opened: FakeServer) -> None:
    from ecm_site.dispatcharr.client import Dispatcharr
    from ecm_site.dispatcharr.credentials import Credentials

    for number in range(5):
        try_there("nobody", "x", f"198.51.100.{number}")
    client = Dispatcharr(opened.url, Credentials(user=opened.user, password=opened.password))
    assert client.server.me()["username"] == "admin"
    assert opened.auth.throttled == 0
    client.close()


def test_one_address_that_keeps_failing_leaves_the_sign_ins_to_others(opened: FakeServer) -> None:
    """Two a minute are all there are for everybody: an attacker would take them all, for ever."""
    start = timezone.now()
    reached: list[int] = []
    for minute in range(30):
        with time_machine.travel(start + timedelta(minutes=minute * 1.1), tick=False):
            forget_turns()
            for _ in range(4):
                if try_there(f"guess{minute}", "x", "192.0.2.1").status_code == 401:
                    reached.append(minute)
    assert len(reached) <= 12, "instead of 60"
    with time_machine.travel(start + timedelta(minutes=34), tick=False):
        answer = try_there("bob", "bobs-own", "203.0.113.1")
    assert answer.status_code == 302


def test_three_typing_errors_and_the_wait_is_named(opened: FakeServer) -> None:
    start = timezone.now()
    for minute in range(3):
        with time_machine.travel(start + timedelta(minutes=minute), tick=False):
            forget_turns()
            assert try_there("bob", "oops").status_code == 401
    with time_machine.travel(start + timedelta(minutes=3, seconds=1), tick=False):
        forget_turns()
        answer = try_there("bob", "bobs-own")
        assert answer.status_code == 429
        assert 200 < int(answer["Retry-After"]) <= 240
        assert try_here("alice", "correct horse", "192.0.2.1").status_code == 302, "with ECM's own password at once"
    with time_machine.travel(start + timedelta(minutes=7, seconds=1), tick=False):
        assert try_there("bob", "bobs-own").status_code == 302


def test_a_right_password_takes_the_failures_of_the_name_away(opened: FakeServer) -> None:
    for _ in range(2):
        forget_turns()
        assert try_there("bob", "oops").status_code == 401
    forget_turns()
    assert try_there("bob", "bobs-own").status_code == 302
    assert not SignInAttempt.objects.filter(outcome=Outcome.FAILED).exists()


@pytest.fixture
def hanging(opened: FakeServer) -> Iterator[FakeServer]:
    opened.faults.order(Kind.SLOW, path="/api/accounts/token/", seconds=8.0, times=50)
    yield opened
    opened.faults.clear()


def test_signing_in_here_does_not_wait_for_a_server_that_hangs(hanging: FakeServer, live_server: Any) -> None:
    """Over sockets: twenty visitors knock at the server that hangs, and somebody signs in with a password of ECM."""
    answers: list[int] = []

    def post(path: str, name: str, password: str) -> int:
        with httpx.Client(base_url=live_server.url, timeout=30, trust_env=False) as browser:
            browser.get("/sign-in/")
            form = {"username": name, "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
            return browser.post(path, data=form, headers={"Referer": live_server.url}).status_code

    def knock() -> None:
        answers.append(post("/sign-in/dispatcharr/", "bob", "bobs-own"))

    visitors = [threading.Thread(target=knock, daemon=True) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    time.sleep(1.0)
    assert post("/sign-in/", "alice", "correct horse") == 302
    assert any(visitor.is_alive() for visitor in visitors), "and not until the server has answered"
    for visitor in visitors:
        visitor.join(timeout=20)
    assert answers.count(429) == 2, "two hold a thread each, the others are sent away at once"


def test_the_patience_is_one_for_all_requests_of_a_sign_in(opened: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "PATIENCE", Patience(read=1.0, total=1.0))
    opened.faults.order(Kind.SLOW, path="/api/accounts/token/", seconds=0.7)
    opened.faults.order(Kind.SLOW, path="/users/me/", seconds=0.7)
    with pytest.raises(people.PersonRefused) as refused:
        people.who_is(opened.url, "bob", "bobs-own")
    assert refused.value.status == 503


def test_a_test_does_not_wait_for_ever_while_another_process_signs_in(opened: FakeServer) -> None:
    from ecm_site.dispatcharr.errors import Busy

    holds, ended = threading.Event(), threading.Event()

    def hold() -> None:
        with SignInStore("somewhere").locked():
            holds.set()
            ended.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait(30)
    began = time.monotonic()
    with pytest.raises(Busy, match="hangs"), SignInStore("somewhere", patience=0.3).locked():
        pass
    assert time.monotonic() - began < 20
    ended.set()
    thread.join()
    with SignInStore("somewhere", patience=0.3).locked() as known:
        assert known.attempts == []
