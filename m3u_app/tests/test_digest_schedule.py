"""The scheduler sends digests for real, at the moments that the frequency says (20 §11)."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from m3u_app.digest import send_digest as use_case
from m3u_app.digest.edit_digest import change_digest
from m3u_app.digest.models import DigestMark
from m3u_app.digest.send_digest import send_digest
from m3u_app.tests.digesting import added, switch_on
from tasks_app.due_requests import start_due_requests
from tasks_app.execution import execute_queued_run
from tasks_app.models import TaskRun, Trigger
from tasks_app.progress import Cancelled
from tasks_app.scheduling.dispatch import start_due_schedules
from tasks_app.tests.alerting import mail_settings
from tasks_app.tests.receivers import MailReceiver, mail_receiver, stand_in

pytestmark = pytest.mark.django_db(databases=["default", "queue"])
Travel = Callable[[str], object]


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailReceiver]:
    with mail_receiver() as receiver:
        stand_in(monkeypatch, receiver, "mail.example.org")
        mail_settings()
        yield receiver


def tick(travel: Travel, moment: str) -> list[TaskRun]:
    """What the worker does about once a minute, and the runs that this starts."""
    travel(moment)
    now = datetime.fromisoformat(moment)
    runs = [*start_due_schedules(now), *start_due_requests(now)]
    for run in runs:
        execute_queued_run(run.pk)
        run.refresh_from_db()
    return runs


def test_a_daily_digest_leaves_at_its_time_once_a_day(time_machine_at: Travel, mails: MailReceiver) -> None:
    switch_on()  # 2026-05-04 10:00, times in UTC
    added("Monday", "One")
    assert tick(time_machine_at, "2026-05-05T07:59:00+00:00") == []
    (run,) = tick(time_machine_at, "2026-05-05T08:00:30+00:00")
    assert (run.triggered_by, run.success, run.success_count) == (Trigger.SCHEDULED, True, 1)
    assert tick(time_machine_at, "2026-05-05T08:01:30+00:00") == []
    (quiet,) = tick(time_machine_at, "2026-05-06T08:00:30+00:00")
    assert quiet.success_count == 0
    assert len(mails.mails) == 1  # nothing new, no mail
    added("Wednesday", "Two")
    (caught_up,) = tick(time_machine_at, "2026-05-10T12:00:00+00:00")  # the machine was off for days
    assert caught_up.success_count == 1
    assert len(mails.mails) == 2
    assert "Wednesday" in mails.mails[1].data
    assert "Monday" not in mails.mails[1].data


def test_hourly_digests_leave_five_minutes_past(time_machine_at: Travel, mails: MailReceiver) -> None:
    switch_on(frequency="hourly")
    added("Sports", "One")
    assert tick(time_machine_at, "2026-05-04T10:04:30+00:00") == []
    assert len(tick(time_machine_at, "2026-05-04T10:05:10+00:00")) == 1
    assert tick(time_machine_at, "2026-05-04T11:04:00+00:00") == []
    assert len(tick(time_machine_at, "2026-05-04T11:05:10+00:00")) == 1
    change_digest({"enabled": False})
    assert tick(time_machine_at, "2026-05-04T12:05:10+00:00") == []
    assert len(mails.mails) == 1


def test_a_cancelled_digest_has_told_nothing(mails: MailReceiver) -> None:
    switch_on()
    added("Sports", "One")
    looks = 0

    def cancel_at_the_last_moment() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:  # before the way out, while collecting, before sending
            raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        send_digest(between=cancel_at_the_last_moment)
    assert not mails.mails
    assert not DigestMark.objects.exists()
    assert send_digest().rows == 1


def test_a_worker_that_dies_right_after_sending_repeats_rather_than_loses(
    mails: MailReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch_on()
    added("Sports", "One")

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as killed:
        killed.setattr(use_case, "_note", die)
        with pytest.raises(SystemExit):
            send_digest()
    assert not DigestMark.objects.exists()
    assert send_digest().rows == 1
    assert len(mails.mails) == 2
