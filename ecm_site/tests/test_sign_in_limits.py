"""Guessing is slowed down (50 U-10)."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from ecm_site.models import SignInAttempt
from ecm_site.tests.conftest import PASSWORD


def sign_in(
    client: Client, name: str = "alice", password: str = PASSWORD, address: str = "192.0.2.1", **headers: str
) -> object:
    return client.post("/sign-in/", {"username": name, "password": password}, REMOTE_ADDR=address, **headers)


def fail_from_many_addresses(client: Client, times: int, name: str = "alice") -> None:
    for number in range(times):
        assert sign_in(client, name, "wrong", address=f"198.51.100.{number + 1}").status_code == 401


def test_the_sixth_attempt_in_a_minute_from_one_address_has_to_wait(client: Client, alice: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(5):
            assert sign_in(client, password="wrong").status_code == 401
            clock.shift(timedelta(seconds=5))
        refused = sign_in(client)
        assert refused.status_code == 429
        assert refused["Retry-After"] == "35"
        assert sign_in(client, address="192.0.2.2").status_code == 302
        Client().post("/sign-out/")
        clock.shift(timedelta(seconds=36))
        assert sign_in(Client()).status_code == 302


def test_right_passwords_count_as_attempts_too(alice: User) -> None:
    answers = [sign_in(Client()).status_code for _ in range(6)]
    assert answers == [302] * 5 + [429]


def test_a_name_with_ten_failures_waits_fifteen_minutes_wherever_it_comes_from(client: Client, alice: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        fail_from_many_addresses(client, 10)
        answer = sign_in(client, address="203.0.113.7")
        assert answer.status_code == 401
        assert "do not match" in answer.content.decode()
        clock.shift(timedelta(minutes=14, seconds=59))
        assert sign_in(client, address="203.0.113.8").status_code == 401
        clock.shift(timedelta(seconds=1))
        assert sign_in(client, address="203.0.113.9").status_code == 302


def test_trying_while_waiting_does_not_make_it_longer(client: Client, alice: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        fail_from_many_addresses(client, 10)
        for number in range(7):
            clock.shift(timedelta(minutes=2))
            sign_in(client, password="wrong", address=f"203.0.113.{number}")
        clock.shift(timedelta(minutes=1))
        assert sign_in(client, address="203.0.113.99").status_code == 302


def test_nine_failures_do_not_lock_and_success_forgets_them(client: Client, alice: User) -> None:
    fail_from_many_addresses(client, 9)
    assert sign_in(client, address="203.0.113.1").status_code == 302
    again = Client()
    fail_from_many_addresses(again, 9, name="alice")
    assert sign_in(again, address="203.0.113.2").status_code == 302


def test_unknown_names_wait_as_well_so_that_waiting_tells_nothing(client: Client, alice: User) -> None:
    fail_from_many_addresses(client, 10, name="nobody")
    User.objects.create_user("nobody", password=PASSWORD)
    assert sign_in(client, "nobody", address="203.0.113.1").status_code == 401


def test_other_spellings_of_a_name_are_the_same_name(client: Client, alice: User) -> None:
    for number, name in enumerate(["alice", "ALICE", " Alice"] * 4):
        sign_in(client, name, "wrong", address=f"198.51.100.{number + 1}")
    assert sign_in(client, address="203.0.113.1").status_code == 401


def test_a_command_lets_a_waiting_name_in_again(client: Client, alice: User) -> None:
    fail_from_many_addresses(client, 10)
    call_command("unlock_user", "Alice")
    assert sign_in(client, address="203.0.113.1").status_code == 302


def test_limits_can_be_switched_off(alice: User, settings: pytest.FixtureRequest) -> None:
    settings.RATE_LIMIT_ENABLED = False
    answers = {sign_in(Client(), password="wrong").status_code for _ in range(12)}
    assert answers == {401}
    assert sign_in(Client()).status_code == 302


def test_a_made_up_forwarded_address_does_not_help(alice: User) -> None:
    answers = [sign_in(Client(), password="wrong", HTTP_X_FORWARDED_FOR=f"10.0.0.{number}").status_code for number in range(6)]
    assert answers[-1] == 429


def test_an_ipv6_customer_counts_as_one_address(alice: User) -> None:
    answers = [sign_in(Client(), password="wrong", address=f"2001:db8:1:2::{number}").status_code for number in range(6)]
    assert answers[-1] == 429
    assert sign_in(Client(), address="2001:db8:1:3::1").status_code == 302


def test_attempts_are_forgotten_when_they_cannot_matter_any_more(client: Client, alice: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        fail_from_many_addresses(client, 3)
        clock.shift(timedelta(minutes=31))
        sign_in(client, password="wrong")
        assert SignInAttempt.objects.count() == 1
