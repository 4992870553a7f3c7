"""Which runs leave rows in the journal: those that somebody wanted, did something, or went wrong (50 J-1)."""

import pytest

from tasks_app.engine import run_here
from tasks_app.models import JournalEntry, Trigger
from tasks_app.registry import TaskResult
from tasks_app.tests.helpers import known_task

pytestmark = pytest.mark.django_db


def rows_of(result, trigger, **attributes):
    JournalEntry.objects.all().delete()
    with known_task(lambda task: result, **attributes):
        run_here("sample", triggered_by=trigger)
    return list(JournalEntry.objects.order_by("pk").values_list("action_type", flat=True))


NOTHING = TaskResult(True, "nothing to do")
SOMETHING = TaskResult(True, "did it", success_count=2)
PARTLY = TaskResult(True, "did some", failed_count=1)
BROKEN = TaskResult(False, "no answer")


@pytest.mark.parametrize(
    ("trigger", "quiet", "result", "rows"),
    [
        (Trigger.MANUAL, False, NOTHING, ["start", "complete"]),
        (Trigger.MANUAL, True, NOTHING, ["start", "complete"]),
        (Trigger.SCHEDULED, False, NOTHING, ["start", "complete"]),
        (Trigger.SCHEDULED, True, NOTHING, []),
        (Trigger.SCHEDULED, True, SOMETHING, ["complete"]),
        (Trigger.SCHEDULED, True, PARTLY, ["complete"]),
        (Trigger.SCHEDULED, True, BROKEN, ["fail"]),
        (Trigger.EVENT, False, SOMETHING, []),
        (Trigger.EVENT, False, BROKEN, ["fail"]),
    ],
)
def test_watchful_runs_are_journalled_only_when_they_did_something_or_failed(trigger, quiet, result, rows):
    assert rows_of(result, trigger, quiet=quiet) == rows


def test_the_row_of_the_end_holds_the_counters_and_the_run():
    with known_task(lambda task: TaskResult(True, "mostly", success_count=8, failed_count=2, skipped_count=1)):
        run = run_here("sample", triggered_by=Trigger.SCHEDULED)
    end = JournalEntry.objects.get(action_type="complete")
    assert (end.entity_type, end.entity_id, end.user_initiated) == ("task_run", run.pk, False)
    counters = {name: end.after_value[name] for name in ("task_id", "success_count", "failed_count", "skipped_count")}
    assert counters == {"task_id": "sample", "success_count": 8, "failed_count": 2, "skipped_count": 1}
