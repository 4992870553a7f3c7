"""The guide moves on without anybody changing the lineup."""

from datetime import timedelta

import pytest
from django.utils import timezone

from channels_app.publishing.due_publish import publish_when_due
from channels_app.tests.lineup_fixtures import make_channel
from channels_app.tests.publish_fixtures import Published, published
from tasks_app.models import RunRequest, TaskRun
from tasks_app.ticks import _checks

__all__ = ["published"]


def asked_for(hours: float = 0) -> bool:
    RunRequest.objects.all().delete()
    publish_when_due(timezone.now() + timedelta(hours=hours))
    return RunRequest.objects.filter(task_id="publish_lineup").exists()


def run(*, hours_ago: float, success: bool | None) -> None:
    TaskRun.objects.create(
        task_id="publish_lineup",
        lock_key="publish_lineup",
        title="Publish",
        status="completed" if success else "failed",
        success=success,
        queued_at=timezone.now() - timedelta(hours=hours_ago),
    )


def test_the_worker_asks_every_minute() -> None:
    assert publish_when_due in _checks


def test_an_install_without_channels_publishes_nothing(published: Published) -> None:
    assert not asked_for()


def test_channels_that_were_never_published_are(published: Published) -> None:
    make_channel("A", "1")
    assert asked_for()


@pytest.mark.parametrize(("hours", "expected"), [(1, False), (11, False), (13, True)])
def test_a_publish_is_repeated_after_half_a_day(published: Published, hours: float, expected: bool) -> None:
    published.publish()
    assert asked_for(hours) is expected


def test_a_failed_publish_is_tried_again_but_not_at_once(published: Published) -> None:
    published.publish()
    run(hours_ago=0.5, success=False)
    assert not asked_for()
    assert not asked_for(0.4)
    assert asked_for(0.6)
    run(hours_ago=-0.7, success=True)
    assert not asked_for(2)
