"""When alerts leave and what happens when they do not (A-5, A-6, A-7; 50 §18.5 rows 88–90), with a moved clock and real
receivers on loopback."""

import itertools
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from ecm_site.conf import save_settings
from tasks_app.alerts import sender
from tasks_app.alerts.channels import CHANNELS
from tasks_app.alerts.edit_methods import delete_method, update_method
from tasks_app.alerts.raise_alert import raise_alert
from tasks_app.alerts.timing import Queue, QuietHours, asked_pause, hold_reason
from tasks_app.models import AlertDelivery, AlertMethod, DeliveryStatus, Notification, PendingAlert
from tasks_app.process_identity import own_identity
from tasks_app.tests.alerting import WEBHOOK, discord, event, mail, mail_settings, telegram
from tasks_app.tests.receivers import MailReceiver, Reply, WebReceiver, mail_receiver, stand_in, web_receiver

pytestmark = pytest.mark.django_db

START = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
Clock = Callable[[float], int]


@pytest.fixture
def discord_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    with web_receiver(tls=True) as receiver:
        stand_in(monkeypatch, receiver, "discord.com")
        yield receiver


@pytest.fixture
def at() -> Iterator[Clock]:
    """``at(40)``: it is 40 seconds after the start; the sender looks once. Returns how many messages went out."""
    with time_machine.travel(START, tick=False) as traveller:

        def move(seconds: float) -> int:
            traveller.move_to(START + timedelta(seconds=seconds))
            return sender.send_due()

        yield move


def titles(receiver: WebReceiver) -> list[str]:
    return [request.json["embeds"][0]["title"] for request in receiver.received]


def test_one_alert_is_sent_when_the_window_closes(discord_server: WebReceiver, at: Clock) -> None:
    discord()
    raise_alert(event())
    assert [at(0), at(29.9), at(30)] == [0, 0, 1]
    embed = discord_server.received[0].json["embeds"][0]
    assert embed["title"] == "✗ Refresh failed"
    assert embed["description"] == "The server is down."
    assert not PendingAlert.objects.exists()
    delivery = AlertDelivery.objects.get()
    assert (delivery.status, delivery.attempts, delivery.event_count) == (DeliveryStatus.SENT, 1, 1)
    assert AlertMethod.objects.get().last_sent_at == START + timedelta(seconds=30)
    assert at(100) == 0


def test_row_88_alerts_of_one_window_become_one_digest(discord_server: WebReceiver, at: Clock) -> None:
    discord()
    for seconds, severity in ((0, "success"), (5, "success"), (9, "error"), (29, "success")):
        at(seconds)
        raise_alert(event(severity, title=f"{severity} at {seconds}", message=""))
    assert at(30) == 1
    embed = discord_server.received[0].json["embeds"][0]
    assert embed["title"] == "✗ 3 succeeded, 1 failed"
    assert embed["color"] == 0xEF4444
    assert embed["description"].splitlines() == ["✓ success at 0", "✓ success at 5", "✗ error at 9", "✓ success at 29"]
    assert AlertDelivery.objects.get().severity == "error"


def test_row_88_the_subject_of_a_digest_by_mail(monkeypatch: pytest.MonkeyPatch, at: Clock) -> None:
    with mail_receiver() as receiver:
        stand_in(monkeypatch, receiver, "mail.example.org")
        mail_settings()
        mail()
        for severity in ("success", "success", "success", "error"):
            raise_alert(event(severity))
        assert at(30) == 1
    assert "Subject: ECM Digest: 3 success, 1 error\n" in receiver.mails[0].data.replace("\r", "")


@pytest.mark.parametrize(("window", "sent_at"), [(0, 0), (600, 600)])
def test_the_window_is_a_setting(discord_server: WebReceiver, at: Clock, window: int, sent_at: int) -> None:
    save_settings(alert_digest_seconds=window)
    discord()
    raise_alert(event())
    if sent_at:
        assert at(sent_at - 1) == 0
    assert at(sent_at) == 1


def test_errors_may_skip_the_window_and_take_along_what_waits(discord_server: WebReceiver, at: Clock) -> None:
    discord(errors_skip_window=True)
    raise_alert(event("success"))
    assert at(1) == 0
    raise_alert(event("error"))
    assert at(2) == 1
    assert titles(discord_server) == ["✗ 1 succeeded, 1 failed"]


def test_at_most_one_message_in_five_seconds_and_thirty_an_hour(discord_server: WebReceiver, at: Clock) -> None:
    save_settings(alert_digest_seconds=0)
    discord()
    sent = 0
    for second in range(0, 240, 2):
        sent += at(second)
        raise_alert(event("error", title=f"at {second}"))
        sent += at(second)
    assert sent == len(discord_server.received) == 30
    moments = list(AlertDelivery.objects.order_by("id").values_list("attempted_at", flat=True))
    assert min(later - earlier for earlier, later in itertools.pairwise(moments)) >= timedelta(seconds=5)
    waiting = PendingAlert.objects.count()
    assert waiting + sum(AlertDelivery.objects.values_list("event_count", flat=True)) == 120  # nothing is lost
    assert at(3598) == 0
    assert at(3605) == 1
    assert titles(discord_server)[-1] == f"✗ {waiting} failed"


def test_row_89_a_service_that_says_wait_is_waited_for(discord_server: WebReceiver, at: Clock) -> None:
    discord()
    raise_alert(event())
    discord_server.replies.append(Reply(429, b'{"retry_after": 39.5}', {"Retry-After": "40"}))
    assert at(30) == 0
    method = AlertMethod.objects.get()
    assert "rate limited" in method.last_error
    assert method.failures_in_a_row == 0  # it was not a failure
    assert [at(31), at(69.9)] == [0, 0]
    assert len(discord_server.received) == 1
    assert at(70) == 1
    assert not PendingAlert.objects.exists()
    assert AlertMethod.objects.get().last_error == ""


def test_a_service_cannot_put_us_off_for_ever(discord_server: WebReceiver, at: Clock) -> None:
    discord()
    raise_alert(event())
    discord_server.otherwise = Reply(429, b"", {"Retry-After": "999999999"})
    for hour in range(26):
        at(30 + hour * 3700)
    assert AlertDelivery.objects.get().status == DeliveryStatus.FAILED
    assert len(discord_server.received) <= 26
    assert asked_pause(float("inf")) == asked_pause(None) == asked_pause(-1) == timedelta(seconds=60)


def test_row_90_network_trouble_is_tried_again_three_times(at: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))  # nobody listens there, and nobody else can
    stand_in(monkeypatch, MailReceiver(taken.getsockname()[1]), "mail.example.org")
    mail_settings()
    mail()
    raise_alert(event())
    attempts = []
    for second in (29, 30, 39, 40, 99, 100, 399, 400, 1000):
        before = AlertDelivery.objects.values_list("attempts", flat=True).first() or 0
        at(second)
        if (AlertDelivery.objects.values_list("attempts", flat=True).first() or 0) != before:
            attempts.append(second)
    assert attempts == [30, 40, 100, 400]
    taken.close()
    delivery = AlertDelivery.objects.get()
    assert delivery.status == DeliveryStatus.FAILED
    assert "Could not connect to the mail server mail.example.org" in AlertMethod.objects.get().last_error
    assert not PendingAlert.objects.exists()
    warning = Notification.objects.get()  # one bell warning, after three failures in a row
    assert warning.kind == "warning"
    assert "“Mail”" in warning.title


@pytest.mark.parametrize(("said", "attempts"), [("550 no such user", 1), ("450 try later", 4)])
def test_row_90_what_a_mail_server_refuses_for_good_is_not_tried_again(
    at: Clock, monkeypatch: pytest.MonkeyPatch, said: str, attempts: int
) -> None:
    with mail_receiver() as receiver:
        receiver.says["RCPT"] = said
        stand_in(monkeypatch, receiver, "mail.example.org")
        mail_settings()
        mail()
        raise_alert(event())
        for second in (30, 40, 100, 400, 1000):
            at(second)
    assert AlertDelivery.objects.get().attempts == attempts
    assert AlertDelivery.objects.get().status == DeliveryStatus.FAILED
    assert "Recipient refused" in AlertMethod.objects.get().last_error


@pytest.mark.parametrize(("status", "attempts"), [(400, 1), (401, 1), (403, 1), (404, 1), (500, 4), (503, 4)])
def test_only_what_may_pass_is_tried_again(discord_server: WebReceiver, at: Clock, status: int, attempts: int) -> None:
    discord()
    raise_alert(event())
    discord_server.otherwise = Reply(status, b'{"message": "no"}')
    for second in (30, 40, 100, 400, 1000):
        at(second)
    assert len(discord_server.received) == attempts
    assert AlertDelivery.objects.get().status == DeliveryStatus.FAILED


def test_what_comes_while_a_message_is_tried_again_is_sent_after_it(discord_server: WebReceiver, at: Clock) -> None:
    discord()
    raise_alert(event(title="first"))
    discord_server.replies.append(Reply(500))
    at(30)
    raise_alert(event(title="second"))
    assert at(35) == 0
    assert at(40) == 1
    assert at(70) == 1
    assert titles(discord_server) == ["✗ first", "✗ first", "✗ second"]


def test_a_success_ends_the_row_of_failures(discord_server: WebReceiver, at: Clock) -> None:
    discord()
    discord_server.replies += [Reply(404), Reply(404), Reply(204), Reply(404), Reply(404)]
    for second in range(0, 500, 100):
        at(second)
        raise_alert(event())
        at(second + 30)
    assert len(discord_server.received) == 5
    assert AlertMethod.objects.get().failures_in_a_row == 2
    assert not Notification.objects.exists()
    raise_alert(event())
    discord_server.replies.append(Reply(404))
    at(700)
    raise_alert(event())
    discord_server.replies.append(Reply(404))
    at(800)
    assert Notification.objects.count() == 1  # told once, not with every further failure


def test_quiet_hours_are_in_the_operators_time_zone(discord_server: WebReceiver, at: Clock) -> None:
    save_settings(time_zone="Europe/Berlin")  # UTC+2 in May: 12:00 at the start
    discord(quiet_from="11:30", quiet_until="12:30", errors_pass_quiet=False)
    raise_alert(event("error", title="one"))
    raise_alert(event("success", title="two"))
    assert at(60) == 0
    assert at(1799) == 0
    assert at(1800) == 1
    assert titles(discord_server) == ["✗ 1 succeeded, 1 failed"]


def test_errors_come_through_in_quiet_hours_and_the_rest_waits(discord_server: WebReceiver, at: Clock) -> None:
    discord(quiet_from="09:00", quiet_until="11:00")
    raise_alert(event("success", title="can wait"))
    raise_alert(event("error", title="cannot"))
    raise_alert(event("warning", title="can wait too"))
    assert at(30) == 1
    assert titles(discord_server) == ["✗ cannot"]
    assert at(3600) == 1
    assert titles(discord_server)[1:] == ["⚠ 1 succeeded, 1 warnings"]


@pytest.mark.parametrize(
    ("start", "end", "moment", "quiet"),
    [
        ("22:00", "07:00", "23:30", True),
        ("22:00", "07:00", "06:59", True),
        ("22:00", "07:00", "07:00", False),
        ("22:00", "07:00", "21:59", False),
        ("08:00", "09:00", "08:00", True),
        ("08:00", "08:00", "08:00", False),
    ],
)
def test_quiet_hours_may_cross_midnight(start: str, end: str, moment: str, quiet: bool) -> None:
    hours = QuietHours(time.fromisoformat(start), time.fromisoformat(end))
    assert hours.holds(datetime.fromisoformat(f"2026-05-04T{moment}:00+00:00"), UTC) is quiet


@pytest.mark.parametrize("jump", [timedelta(days=2), timedelta(hours=-1), timedelta(days=-30)])
def test_a_clock_that_jumps_delays_no_alert(discord_server: WebReceiver, at: Clock, jump: timedelta) -> None:
    discord()
    raise_alert(event())
    discord_server.replies.append(Reply(500))
    at(30)  # an attempt, and a pause that was computed under the old time
    at(jump.total_seconds())
    at(jump.total_seconds() + 61)
    assert AlertDelivery.objects.get().status == DeliveryStatus.SENT


def test_nothing_here_waits_for_a_moment_of_another_time() -> None:
    far = START + timedelta(days=3)
    queue = Queue(far, has_error=True, is_retry=True, not_before=far, attempts=[far], quiet=QuietHours(None, None))
    assert hold_reason(queue, START, window=timedelta(seconds=30), zone=UTC) == ""


def test_a_method_that_is_switched_off_or_deleted_drops_what_waits(discord_server: WebReceiver, at: Clock) -> None:
    first, second = discord("one"), discord("two")
    discord_server.otherwise = Reply(500)
    raise_alert(event())
    at(30)
    assert AlertDelivery.objects.filter(status=DeliveryStatus.WAITING).count() == 2
    update_method(first.pk, {"enabled": False})
    delete_method(second.pk)
    assert not PendingAlert.objects.exists()
    assert [row.status for row in AlertDelivery.objects.all()] == ["failed", "failed"]
    assert {row.method_name for row in AlertDelivery.objects.all()} == {"one", "two"}
    assert at(400) == 0


def test_no_transaction_is_open_while_a_message_is_sent(
    transactional_db: None, discord_server: WebReceiver, at: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    real = CHANNELS["discord"].send

    def send(values: Any, message: Any) -> str:
        seen.append(connection.in_atomic_block)
        AlertDelivery.objects.get(status=DeliveryStatus.SENDING, sender=own_identity())  # noted before it leaves
        return real(values, message)

    monkeypatch.setattr(CHANNELS["discord"], "send", send)
    discord()
    raise_alert(event())
    assert at(30) == 1
    assert seen == [False]


def test_a_message_that_a_dead_process_was_sending_is_sent_once_more(discord_server: WebReceiver, at: Clock) -> None:
    discord()
    raise_alert(event())
    at(0)
    delivery = _being_sent_by("elsewhere:1@1")
    assert at(31) == 0  # another machine: it may be alive
    assert at(400) == 1
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.SENT, 2)
    assert len(discord_server.received) == 1


def test_a_message_that_a_living_process_is_sending_is_left_alone(discord_server: WebReceiver, at: Clock) -> None:
    import os

    from tasks_app.process_identity import _start_mark

    discord()
    raise_alert(event())
    at(0)
    parent = os.getppid()
    _being_sent_by(f"{own_identity().rpartition(':')[0]}:{parent}@{_start_mark(parent)}")
    assert at(4000) == 0
    assert discord_server.received == []


def _being_sent_by(who: str) -> AlertDelivery:
    method = AlertMethod.objects.get()
    delivery = AlertDelivery.objects.create(
        method=method, method_name="x", method_type="discord", severity="error", title="x", attempts=1, sender=who,
        created_at=timezone.now(), attempted_at=timezone.now(),
    )  # fmt: skip
    PendingAlert.objects.update(delivery=delivery)
    return delivery


def test_a_channel_that_breaks_in_an_unknown_way_harms_nobody_else(
    discord_server: WebReceiver, at: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    telegram("a")
    discord("b")

    def explode(values: Any, message: Any) -> str:
        raise RuntimeError(f"token {values['bot_token']} is odd")

    monkeypatch.setattr(CHANNELS["telegram"], "send", explode)
    raise_alert(event())
    caplog.set_level(logging.CRITICAL, logger="tasks_app.alerts.sender")
    assert at(30) == 1
    assert AlertMethod.objects.get(name="a").last_error == "Sending failed (RuntimeError)."


def test_the_worker_only_starts_a_thread_when_something_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(threading.Thread, "start", lambda self: started.append(self.name))
    sender.look()
    assert started == []
    discord()
    raise_alert(event())
    sender.look()
    assert started == ["alerts"]


def test_secrets_are_in_no_log_row_or_error(discord_server: WebReceiver, at: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    discord()
    raise_alert(event())
    discord_server.otherwise = Reply(400, b'{"message": "bad url %s"}' % WEBHOOK.encode())
    at(30)
    token = WEBHOOK.rpartition("/")[2]
    stored = [str(row) for model in (AlertMethod, AlertDelivery, Notification) for row in model.objects.values_list()]
    assert token not in " ".join([*caplog.messages, *stored])
    assert "It said" in AlertMethod.objects.get().last_error
