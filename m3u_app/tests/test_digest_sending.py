"""Digests that really leave, to servers on this machine: nothing twice, nothing lost (20 §11, 50 §1.2)."""

import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.utils import timezone

from ecm_site.conf import save_settings
from m3u_app.digest import ways_out
from m3u_app.digest.edit_digest import change_digest
from m3u_app.digest.models import DigestMark, DigestRecord, DigestTarget
from m3u_app.digest.page import test_digest as send_test
from m3u_app.digest.send_digest import DigestReport, send_digest
from m3u_app.digest.values import stored_settings
from m3u_app.models import Account
from m3u_app.tests.digesting import account, added, batch, change, switch_on
from m3u_app.tests.refreshing import FileAccount, playlist_of
from tasks_app import engine
from tasks_app.models import Notification, PendingAlert, RunRequest, RunStatus, TaskRun
from tasks_app.tests.alerting import TOKEN, WEBHOOK, discord, mail, mail_settings, telegram
from tasks_app.tests.receivers import MailReceiver, Reply, WebReceiver, mail_receiver, stand_in, web_receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailReceiver]:
    with mail_receiver() as receiver:
        stand_in(monkeypatch, receiver, "mail.example.org")
        mail_settings()
        yield receiver


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    with web_receiver(tls=True) as receiver:
        to_mail_server = socket.create_connection
        stand_in(monkeypatch, receiver, "discord.com")
        monkeypatch.setattr(socket, "create_connection", to_mail_server)  # which may be standing in too
        save_settings(discord_webhook_url=WEBHOOK)
        yield receiver


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    with web_receiver(tls=True, otherwise=Reply(200, b'{"ok": true, "result": {}}')) as receiver:
        stand_in(monkeypatch, receiver, "api.telegram.org")
        yield receiver


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between messages, which nobody waits for here."""
    found: list[float] = []
    monkeypatch.setattr(ways_out, "sleep", found.append)
    return found


def parsed(receiver: MailReceiver, number: int = -1) -> EmailMessage:
    return email.message_from_string(receiver.mails[number].data, policy=email.policy.default)


def text_of(receiver: MailReceiver, number: int = -1) -> str:
    body = parsed(receiver, number).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def html_of(receiver: MailReceiver, number: int = -1) -> str:
    body = parsed(receiver, number).get_body(("html",))
    assert body is not None
    return str(body.get_content())


def run_task() -> TaskRun:
    return engine.run_here("m3u_digest")


# --- what a run answers (50 §1.2)


def test_a_digest_that_is_off_is_a_success_that_did_nothing(mails: MailReceiver) -> None:
    added("Sports", "a")
    run = run_task()
    assert (run.status, run.success, run.success_count) == (RunStatus.COMPLETED, True, 0)
    assert "disabled" in run.message
    assert not mails.mails


def test_nobody_to_send_to_is_a_failure() -> None:
    change_digest({"enabled": True})
    added("Sports", "a")
    run = run_task()
    assert (run.status, run.success, run.error) == (RunStatus.FAILED, False, "CONFIG_INVALID")
    assert not DigestMark.objects.exists()


def test_a_digest_is_mailed_once_with_all_that_changed(mails: MailReceiver) -> None:
    switch_on(email_recipients=["op@example.org", "me@example.org"])
    first = batch(account())
    change(first, "group_added", "Kids", 20)
    change(first, "group_added", "Movies", 7)
    change(first, "streams_added", "Sports", 40, [f"Sports {n}" for n in range(40)])
    run = run_task()
    assert (run.success, run.success_count, run.failed_count) == (True, 3, 0)
    (sent,) = mails.mails
    assert sent.recipients == ["op@example.org", "me@example.org"]
    assert parsed(mails)["Subject"] == "[ECM] M3U Digest: 3 changes"  # 85
    for body in (text_of(mails), html_of(mails)):
        assert "Acme" in body
        assert "Sports 0, Sports 1, Sports 2" in body
        assert "and 37 more" in body
        assert "Sports 3," not in body
    assert "2 groups added, 0 groups removed, 40 streams added, 0 streams removed" in text_of(mails)
    assert DigestRecord.objects.get().last_digest_at is not None

    again = run_task()
    assert again.success
    assert "Nothing has changed" in again.message
    assert len(mails.mails) == 1


def test_a_failed_mail_loses_nothing_and_its_time_does_not_move(mails: MailReceiver) -> None:
    switch_on()
    added("Sports", "One")
    mails.says["DATA"] = "451 try later"
    run = run_task()
    assert run.status == RunStatus.FAILED
    assert "451" in run.message
    assert DigestRecord.objects.get().last_digest_at is None
    assert "451" in DigestTarget.objects.get(target="email").last_error
    mails.says.clear()
    added("Sports", "Two")
    assert run_task().success_count == 2
    assert "One" in text_of(mails)
    assert "Two" in text_of(mails)
    assert DigestTarget.objects.get(target="email").last_error == ""


def test_of_two_ways_out_each_is_told_everything_once(mails: MailReceiver, webhook: WebReceiver) -> None:
    switch_on(send_to_discord=True)
    added("Sports", "One")
    webhook.otherwise = Reply(500)
    run = run_task()
    assert (run.success, run.success_count, run.failed_count) == (True, 1, 1)  # one that worked is enough; shown as warning
    assert Notification.objects.get(source="m3u_digest").title == "The M3U digest does not reach Discord"
    assert "One" in text_of(mails)
    webhook.otherwise = Reply(204)
    added("Sports", "Two")
    before = len(webhook.received)
    assert run_task().success
    assert len(mails.mails) == 2
    assert "One" not in text_of(mails)  # told already
    assert "Two" in text_of(mails)
    (late,) = webhook.received[before:]
    assert "One" in late.json["content"]
    assert "Two" in late.json["content"]


def test_discord_gets_bold_titles_and_rings_nobody(webhook: WebReceiver) -> None:
    switch_on(email_recipients=[], send_to_discord=True)
    added("@everyone", "<@123> [x](http://evil.example)", "**bold** `c`")
    assert run_task().success
    (sent,) = webhook.received
    assert sent.json["username"] == "ECM M3U Digest"
    assert sent.json["allowed_mentions"] == {"parse": []}
    content = sent.json["content"]
    assert content.startswith("**M3U digest\\: 1 change**\n")
    assert "\\@everyone" in content
    assert "\\<\\@123\\> \\[x\\]\\(http\\://evil.example\\)" in content
    assert "\\*\\*bold\\*\\*" in content


def test_discord_names_five_and_counts_six(webhook: WebReceiver) -> None:  # 90
    switch_on(email_recipients=[], send_to_discord=True)
    first = batch(account())
    change(first, "streams_added", "Five", 5, ["n1", "n2", "n3", "n4", "n5"])
    change(first, "streams_added", "Six", 6, ["s1", "s2", "s3", "s4", "s5", "s6"])
    run_task()
    content = webhook.received[0].json["content"]
    assert "• Five\\: 5 streams – n1, n2, n3, n4, n5" in content
    assert "• Six\\: 6 streams\n" in content
    assert "s1" not in content


def test_long_digests_are_split_and_the_account_is_named_again(webhook: WebReceiver, pauses: list[float]) -> None:
    switch_on(email_recipients=[], send_to_discord=True)
    first = batch(account("A_c_m_e"))
    for kind in ("streams_added", "streams_removed", "streams_renamed", "group_added"):
        for number in range(30):
            change(first, kind, f"Group {number} {'g' * 60}", 2, ["x" * 70, "y" * 70])
    assert run_task().success_count == 120
    contents = [request.json["content"] for request in webhook.received]
    assert 1 < len(contents) <= 8
    assert all(len(text) <= 1900 for text in contents)
    assert all(text.startswith("**A\\_c\\_m\\_e (continued)**\n") for text in contents[1:])
    assert "… and 15 more" in contents[0] + contents[1] + contents[2] + contents[3]
    assert pauses == [0.5] * (len(contents) - 1)


def test_a_rate_limit_is_waited_for_once(webhook: WebReceiver, pauses: list[float]) -> None:
    switch_on(email_recipients=[], send_to_discord=True)
    added("Sports", "One")
    webhook.replies = [Reply(429, b'{"retry_after": 2.5}')]
    assert run_task().success
    assert len(webhook.received) == 2
    assert pauses == [2.5]
    added("Sports", "Two")
    webhook.replies = [Reply(429), Reply(429)]
    failed = run_task()
    assert failed.status == RunStatus.FAILED
    assert "429" in failed.message
    assert len(webhook.received) == 4
    assert pauses[1:] == [1.0]  # no word about how long


def test_the_rest_of_a_digest_comes_later_and_nothing_of_it_twice(webhook: WebReceiver) -> None:
    switch_on(email_recipients=[], send_to_discord=True)
    first = batch(account())
    for number in range(15):
        for kind in ("streams_added", "streams_removed", "group_added"):
            change(first, kind, f"{kind} {number} {'g' * 60}", 2, ["x" * 70, "y" * 70])
    webhook.replies = [Reply(204), Reply(500)]
    run = run_task()
    assert (run.success, run.failed_count) == (True, 45)
    unsent = DigestTarget.objects.get(target="discord").unsent
    assert unsent
    assert webhook.received[1].json["content"] == unsent[0]  # the one that was refused is the first to come again
    added("Later", "One")
    webhook.received.clear()
    assert run_task().success
    contents = [request.json["content"] for request in webhook.received]
    assert contents[: len(unsent)] == unsent
    assert "Later" in contents[len(unsent)]
    assert "streams" in contents[len(unsent)]
    assert len(contents) == len(unsent) + 1
    assert DigestTarget.objects.get(target="discord").unsent == []


def test_a_webhook_of_an_alert_method_serves_when_the_settings_have_none(webhook: WebReceiver) -> None:
    save_settings(discord_webhook_url="")
    switch_on(email_recipients=[], send_to_discord=True)
    added("Sports", "One")
    assert "webhook" in run_task().message
    discord("off", enabled=False)
    discord("on")
    assert run_task().success
    assert len(webhook.received) == 1


def test_telegram_gets_it_like_discord(chat: WebReceiver) -> None:
    telegram()
    switch_on(email_recipients=[], send_to_telegram=True)
    added("<b>Sports</b>", "<i>One</i>")
    assert run_task().success
    (sent,) = chat.received
    assert TOKEN in sent.path
    assert "&lt;b&gt;Sports&lt;/b&gt;" in sent.json["text"]
    assert "M3U digest: 1 change" in sent.json["text"]


def test_alert_methods_get_a_short_form_if_one_takes_information() -> None:
    method = mail("op@example.org")
    switch_on(email_recipients=[], send_to_alert_methods=True)
    added("Sports", "One")
    assert run_task().status == RunStatus.FAILED  # nobody takes "info"
    method.notify_info = True
    method.save()
    assert run_task().success
    waiting = PendingAlert.objects.get(title="M3U digest: 1 change")
    assert waiting.severity == "info"
    assert "Sports: 1 stream – One" in waiting.message
    assert run_task().message.startswith("Nothing has changed")
    assert PendingAlert.objects.filter(title__startswith="M3U digest").count() == 1


# --- threshold and marks


@pytest.mark.parametrize(("excluded", "sends"), [(1, True), (2, False)])  # 89
def test_the_threshold_counts_what_is_left(mails: MailReceiver, excluded: int, sends: bool) -> None:
    switch_on(min_changes_threshold=3, exclude_group_patterns=["^no"])
    first = batch(account())
    for number in range(4):
        change(first, "group_added", f"{'no' if number < excluded else 'yes'} {number}")
    run = run_task()
    assert run.success
    assert len(mails.mails) == int(sends)
    if not sends:
        assert run.skipped_count == 2
        added("more", "One")  # they waited, and are told with the next one
        assert run_task().success_count == 3


def test_a_digest_never_swallows_what_another_account_recorded_meanwhile(mails: MailReceiver) -> None:  # 91
    switch_on(frequency="immediate")
    ten = timezone.now() + timedelta(hours=1)
    added("A's group", "One", of=account("A"), at=ten)
    begun = batch(account("B"), at=ten + timedelta(minutes=1), summarised=False)  # B's refresh is still working
    change(begun, "streams_added", "B's group", 1, ["Two"])
    send_digest(now=ten + timedelta(minutes=2))
    assert "A's group" in text_of(mails)
    assert "B's group" not in text_of(mails)
    begun.summarised = True
    begun.save()
    send_digest(now=ten + timedelta(minutes=3))
    assert len(mails.mails) == 2
    assert "B's group" in text_of(mails)
    assert "A's group" not in text_of(mails)


def test_what_is_excluded_is_not_looked_at_again(mails: MailReceiver) -> None:
    switch_on(exclude_group_patterns=["ppv"])
    added("PPV Events", "One")
    assert run_task().success
    assert not mails.mails
    change_digest({"exclude_group_patterns": []})
    assert "Nothing has changed" in run_task().message
    assert DigestRecord.objects.get().last_digest_at is None


def test_switching_on_looks_one_period_back_and_never_again(
    mails: MailReceiver, time_machine_at: Callable[[str], object]
) -> None:
    added("Long ago", "One")
    time_machine_at("2026-05-05T09:00:00+00:00")
    added("Yesterday", "Two")
    time_machine_at("2026-05-06T08:00:00+00:00")
    switch_on()
    assert run_task().success_count == 1
    assert "Yesterday" in text_of(mails)
    assert "Long ago" not in text_of(mails)
    change_digest({"enabled": False})
    change_digest({"enabled": True})
    assert "Nothing has changed" in run_task().message


def test_the_clock_may_jump_either_way(mails: MailReceiver, time_machine_at: Callable[[str], object]) -> None:
    switch_on()
    added("Today", "One")
    assert run_task().success_count == 1
    time_machine_at("2026-05-04T08:00:00+00:00")  # two hours back, after a wrong clock was set right
    added("Earlier by the clock", "Two")
    assert run_task().success_count == 1
    assert "Earlier by the clock" in text_of(mails)
    assert "Today" not in text_of(mails)
    time_machine_at("2027-05-04T08:00:00+00:00")
    assert "Nothing has changed" in run_task().message


def test_an_account_that_is_deleted_meanwhile_stops_nothing(mails: MailReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    switch_on()
    added("Sports", "One", of=account("Gone"))
    added("Sports", "Two", of=account("Stays"))
    real = ways_out.send

    def send_and_delete(*arguments: Any) -> ways_out.Sent:
        Account.objects.filter(name="Gone").delete()
        return real(*arguments)

    monkeypatch.setattr(ways_out, "send", send_and_delete)
    report = send_digest()
    assert report.rows == 2
    assert DigestMark.objects.get().account.name == "Stays"


# --- tests and refreshes


def test_a_test_sends_a_marked_sample_and_moves_nothing(mails: MailReceiver, webhook: WebReceiver) -> None:
    switch_on(send_to_discord=True)
    added("Real group", "One")
    lines = send_test(stored_settings())
    assert [line.success for line in lines] == [True, True]
    assert "(sample)" in parsed(mails)["Subject"]
    assert "none of this happened" in text_of(mails)
    assert "none of this happened" in html_of(mails)
    assert "none of this happened" in webhook.received[0].json["content"]
    assert "Real group" not in text_of(mails)
    assert not DigestMark.objects.exists()
    assert DigestRecord.objects.get().last_digest_at is None
    assert run_task().success_count == 1


def test_a_refresh_that_changes_something_asks_for_a_digest(
    acme: FileAccount, mails: MailReceiver, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    acme.refresh(playlist_of("a", "b", "c"))
    switch_on()
    acme.refresh(playlist_of("a", "b", "d"))
    assert not RunRequest.objects.filter(task_id="m3u_digest").exists()  # daily
    change_digest({"frequency": "immediate"})
    acme.refresh(playlist_of("a", "b", "e"))
    acme.refresh(playlist_of("a", "b", "f"))
    assert RunRequest.objects.filter(task_id="m3u_digest").count() == 1  # close together: one digest
    acme.refresh(playlist_of("a", "b", "f"))
    assert run_task().success
    assert "f" in text_of(mails)
    assert RunRequest.objects.count() == 1


def test_an_immediate_digest_that_fails_is_tried_again(mails: MailReceiver) -> None:
    switch_on(frequency="immediate")
    added("Sports", "One")
    mails.says["DATA"] = "451 try later"
    assert run_task().status == RunStatus.FAILED
    (wish,) = RunRequest.objects.filter(task_id="m3u_digest")
    assert wish.due_at > timezone.now() + timedelta(minutes=50)


def test_the_report_says_so_when_it_waits() -> None:
    assert DigestReport(waiting=2).sentence() == "2 changes found; the digest waits for more."
