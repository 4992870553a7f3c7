"""The way back in from the command line (50 §14)."""

from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from ecm_site.models import SignInAttempt
from ecm_site.tests.conftest import PASSWORD


def test_name_and_password_are_enough(alice: User) -> None:
    call_command("reset_password", "-u", "Alice", "-p", "battery staple")
    alice.refresh_from_db()
    assert alice.check_password("battery staple")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-u", "nobody", "-p", "battery staple"], "no user nobody"),
        (["-u", "alice", "-p", "short"], "at least 8"),
        (["-u", "alice", "-p", "password"], "too common"),
        (["-u", "alice", "-p", "xAlice2024"], "username"),
    ],
)
def test_what_cannot_be_is_refused_in_words(alice: User, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("reset_password", *arguments)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_force_takes_a_weak_password(alice: User) -> None:
    call_command("reset_password", "-u", "alice", "-p", "short", "--force")
    alice.refresh_from_db()
    assert alice.check_password("short")


def test_without_arguments_it_lists_users_and_asks_twice(alice: User, capsys: pytest.CaptureFixture[str]) -> None:
    User.objects.create_user("bob")
    with mock.patch("builtins.input", return_value="2"), mock.patch("getpass.getpass", return_value="battery staple"):
        call_command("reset_password")
    assert User.objects.get(username="bob").check_password("battery staple")
    shown = capsys.readouterr().out
    assert "alice@example.org" in shown
    assert "battery staple" not in shown


def test_two_different_passwords_change_nothing(alice: User) -> None:
    with (
        mock.patch("getpass.getpass", side_effect=["battery staple", "battery stable"]),
        pytest.raises(CommandError, match="different"),
    ):
        call_command("reset_password", "-u", "alice")
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_it_ends_sign_ins_and_lets_a_waiting_name_in(alice: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(alice)
    for number in range(10):
        Client().post("/sign-in/", {"username": "alice", "password": "wrong"}, REMOTE_ADDR=f"198.51.100.{number}")
    call_command("reset_password", "-u", "alice", "-p", "battery staple")
    assert elsewhere.get("/").status_code == 302
    assert not SignInAttempt.objects.filter(name="alice", outcome="failed").exists()
    answer = Client().post("/sign-in/", {"username": "alice", "password": "battery staple"})
    assert answer.status_code == 302
