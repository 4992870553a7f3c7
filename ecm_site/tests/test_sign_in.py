"""Signing in and out (50 U-9, U-13, U-14)."""

from datetime import timedelta
from unittest import mock

import pytest
import time_machine
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from ecm_site.tests.conftest import PASSWORD
from tasks_app.models import JournalEntry

WRONG = "That username and password do not match"


def sign_in(client: Client, name: str = "alice", password: str = PASSWORD, **extra: str) -> object:
    return client.post("/sign-in/", {"username": name, "password": password, **extra})


def test_the_right_password_opens_the_page_that_was_asked_for(client: Client, alice: User) -> None:
    asked = client.get("/settings/channel-defaults/")
    assert asked["Location"] == "/sign-in/?next=/settings/channel-defaults/"
    form = client.get(asked["Location"])
    answer = sign_in(client, next=form.context["next"])
    assert answer["Location"] == "/settings/channel-defaults/"
    assert client.get("/settings/channel-defaults/").status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/x", "javascript:alert(1)", "\\\\evil.example", ""])
def test_a_foreign_target_leads_to_the_dashboard(client: Client, alice: User, target: str) -> None:
    assert sign_in(client, next=target)["Location"] == "/"


def test_a_name_may_be_typed_in_another_case(client: Client, alice: User) -> None:
    assert sign_in(client, name=" Alice ").status_code == 302


def test_every_reason_for_a_no_reads_the_same(client: Client, alice: User) -> None:
    User.objects.create_user("dora", password=PASSWORD, is_active=False)
    keyless = User.objects.create_user("eve")
    keyless.set_unusable_password()
    keyless.save()
    answers = [
        sign_in(client, "alice", "wrong"),
        sign_in(client, "nobody", PASSWORD),
        sign_in(client, "dora", PASSWORD),
        sign_in(client, "eve", PASSWORD),
        sign_in(client, "alice", "x" * 5000),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert all(WRONG in answer.content.decode() for answer in answers)


def test_an_unknown_name_costs_one_hash_like_a_wrong_password(client: Client, alice: User) -> None:
    """Similar timing (U-9), shown by what is computed instead of by a clock."""
    from django.contrib.auth.hashers import MD5PasswordHasher

    counts = []
    for name in ("alice", "nobody"):
        with mock.patch.object(MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode) as encode:
            sign_in(client, name, "wrong")
        counts.append(encode.call_count)
    assert counts[0] == counts[1] > 0


def test_signing_in_is_journalled_with_the_address(client: Client, alice: User) -> None:
    sign_in(client)
    entry = JournalEntry.objects.get(category="auth", action_type="login")
    assert (entry.user_name, entry.entity_name) == ("alice", "alice")
    assert "127.0.0.1" in entry.description


def test_many_failures_make_one_journal_entry(client: Client, alice: User) -> None:
    for _ in range(4):
        sign_in(client, password="wrong")
    entry = JournalEntry.objects.get(category="auth", action_type="login_failed")
    assert "wrong password" in entry.description


def test_what_was_typed_as_an_unknown_name_is_written_nowhere(
    client: Client, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in(client, "my-secret-passphrase", "alice")
    assert "my-secret-passphrase" not in caplog.text
    assert not JournalEntry.objects.filter(description__contains="my-secret-passphrase").exists()
    assert not JournalEntry.objects.filter(entity_name__contains="my-secret-passphrase").exists()


def test_signing_out_needs_a_post_and_ends_the_sign_in(signed_in: Client) -> None:
    assert signed_in.get("/sign-out/").status_code == 405
    assert signed_in.get("/").status_code == 200
    assert signed_in.post("/sign-out/")["Location"] == "/sign-in/"
    assert signed_in.get("/").status_code == 302


def test_a_deactivated_user_loses_access_at_once(signed_in: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert signed_in.get("/")["Location"].startswith("/sign-in/")


def test_a_sign_in_lasts_seven_days_from_the_last_visit(client: Client, alice: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_in(client)
        for _ in range(3):
            clock.shift(timedelta(days=6))
            assert client.get("/").status_code == 200
        clock.shift(timedelta(days=7, seconds=1))
        assert client.get("/").status_code == 302


def test_visits_on_the_same_day_write_no_session(client: Client, alice: User) -> None:
    sign_in(client)
    client.get("/")
    with mock.patch("django.contrib.sessions.backends.db.SessionStore.save") as save:
        for _ in range(5):
            client.get("/")
    save.assert_not_called()


def test_expired_sessions_are_removed_at_sign_in(client: Client, alice: User) -> None:
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
    sign_in(client)
    assert not Session.objects.filter(session_key="old").exists()


def test_changing_the_password_needs_the_current_one(signed_in: Client, alice: User) -> None:
    new = {"password": "battery staple", "password_again": "battery staple"}
    answer = signed_in.post("/account/password/", {"current": "wrong", **new})
    assert answer.status_code == 422
    assert "not your current password" in answer.content.decode()
    assert signed_in.post("/account/password/", {"current": PASSWORD, **new}).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("battery staple")


def test_changing_the_password_ends_all_other_sign_ins(signed_in: Client, alice: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(alice)
    new = {"current": PASSWORD, "password": "battery staple", "password_again": "battery staple"}
    signed_in.post("/account/password/", new)
    assert signed_in.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


def test_a_password_is_never_sent_back(client: Client, alice: User) -> None:
    assert "s3cret-typed" not in sign_in(client, password="s3cret-typed").content.decode()
