"""Real worker processes send alerts; one that is killed loses nothing and repeats at most one message (A-7)."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ecm_site.conf import save_settings
from tasks_app import engine
from tasks_app.alerts.edit_methods import create_method
from tasks_app.alerts.raise_alert import raise_alert
from tasks_app.models import AlertDelivery, AlertMethod, DeliveryStatus, PendingAlert, RunStatus, TaskRun
from tasks_app.tests.alerting import event
from tasks_app.tests.receivers import Received, Reply, WebReceiver, web_receiver
from tasks_app.tests.workers import Worker, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.fixture
def hooks() -> Iterator[WebReceiver]:
    with web_receiver(otherwise=Reply(200, b"{}")) as receiver:
        yield receiver


def webhook(receiver: WebReceiver, name: str) -> AlertMethod:
    return create_method("apprise", {"name": name, "config": {"url": f"json://127.0.0.1:{receiver.port}/{name}"}}).method


def all_over() -> bool:
    return not PendingAlert.objects.exists() and not AlertDelivery.objects.exclude(status=DeliveryStatus.SENT).exists()


def test_a_failed_run_reaches_the_receiver_and_is_told_without_its_credentials(
    start_worker: Callable[..., Worker], hooks: WebReceiver
) -> None:
    save_settings(alert_digest_seconds=2)
    webhook(hooks, "ops")
    start_worker()
    raised = time.monotonic()
    run = engine.start_run("demo_fail")
    wait_for(lambda: hooks.received, 30, "the alert")
    assert time.monotonic() - raised < 15  # a window of two seconds, and the worker looks every two
    sent = hooks.received[0].json
    assert sent["title"] == "✗ Demo fail failed"
    assert sent["type"] == "failure"
    assert "hunter2" not in str(sent)
    assert "cannot fetch" in sent["message"]
    assert TaskRun.objects.get(pk=run.pk).status == RunStatus.FAILED
    wait_for(all_over, 10, "the outcome")


def test_a_worker_killed_between_sends_loses_nothing_and_repeats_at_most_one(
    start_worker: Callable[..., Worker], hooks: WebReceiver
) -> None:
    save_settings(alert_digest_seconds=0)
    names = [f"m{number}" for number in range(4)]
    for name in names:
        webhook(hooks, name)
    held, arrived = threading.Event(), threading.Event()

    def answer(request: Received) -> Reply | None:
        if request.path == "/m2" and not arrived.is_set():
            arrived.set()
            held.wait(20)  # the worker dies while it waits for this answer
        return None

    hooks.answer = answer
    raise_alert(event(title="one"))
    raise_alert(event(title="two"))
    worker = start_worker()
    assert arrived.wait(30)
    worker.kill()
    held.set()
    assert PendingAlert.objects.filter(method__name="m2").count() == 2
    sending = AlertDelivery.objects.get(status=DeliveryStatus.SENDING)
    assert sending.method_name == "m2"

    start_worker()
    wait_for(all_over, 40, "the rest")
    got = sorted(request.path for request in hooks.received)
    assert got == ["/m0", "/m1", "/m2", "/m2", "/m3"]  # one repeated, none lost
    assert {request.json["title"] for request in hooks.received} == {"✗ 2 failed"}


def test_two_workers_send_each_message_once(start_worker: Callable[..., Worker], hooks: WebReceiver) -> None:
    save_settings(alert_digest_seconds=0)
    for number in range(6):
        webhook(hooks, f"m{number}")
    start_worker()
    start_worker()
    raise_alert(event())
    wait_for(all_over, 40, "all messages")
    time.sleep(3)
    assert sorted(request.path for request in hooks.received) == [f"/m{number}" for number in range(6)]


def test_the_loop_of_the_worker_goes_on_while_a_service_is_silent(
    start_worker: Callable[..., Worker], hooks: WebReceiver, monkeypatch: Any
) -> None:
    save_settings(alert_digest_seconds=0)
    webhook(hooks, "slow")
    release, arrived = threading.Event(), threading.Event()

    def answer(request: Received) -> Reply | None:
        arrived.set()
        release.wait(15)
        return None

    hooks.answer = answer
    start_worker()
    raise_alert(event())
    assert arrived.wait(20)
    run = engine.start_run("demo_count", {"steps": 1})
    engine.request_run_soon("demo_count", {"key": "requested", "steps": 1}, delay_seconds=0.1)
    wait_for(lambda: TaskRun.objects.filter(pk=run.pk, status=RunStatus.COMPLETED).exists(), 12, "the run")
    wait_for(lambda: TaskRun.objects.filter(triggered_by="event", status=RunStatus.COMPLETED).exists(), 12, "the requested run")
    assert not release.is_set()
    release.set()
