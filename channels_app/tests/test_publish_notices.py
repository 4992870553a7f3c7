"""Publishing after every few edits leaves the bell alone, until it fails."""

import pytest

from channels_app.publishing import tasks
from tasks_app import engine
from tasks_app.models import Notification, Trigger

pytestmark = pytest.mark.django_db


def publish() -> None:
    engine.run_here("publish_lineup", triggered_by=Trigger.EVENT)


def test_a_publish_that_works_says_nothing_and_a_failing_one_says_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    publish()
    assert not Notification.objects.exists()

    def fail(**_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(tasks, "publish_lineup", fail)
    publish()
    publish()
    line = Notification.objects.get()
    assert (line.kind, line.count, line.action_label) == ("error", 2, "Open publishing")
    assert "No space left" in line.message
