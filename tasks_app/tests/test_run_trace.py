"""What a request caused in the background carries its id in the log (50 O-1)."""

import pytest

from ecm_site.tracing import current_trace_id, end_trace, tracing
from tasks_app.engine import run_here, start_run
from tasks_app.execution import execute_queued_run
from tasks_app.models import RunStatus, TaskRun
from tasks_app.registry import TaskResult
from tasks_app.tests.helpers import known_task

seen: list[str] = []


def look(task):
    seen.append(current_trace_id())
    return TaskResult(True, "fine")


@pytest.fixture(autouse=True)
def fresh():
    seen.clear()
    end_trace()


@pytest.mark.django_db(transaction=True, databases=["default", "queue"])
def test_the_id_of_the_request_travels_with_the_run():
    with known_task(look):
        with tracing("click-1"):
            run = start_run("sample")
        execute_queued_run(run.pk)
    assert TaskRun.objects.get(pk=run.pk).status == RunStatus.COMPLETED
    assert seen == ["click-1"]
    assert current_trace_id() == "-"


@pytest.mark.django_db(transaction=True, databases=["default", "queue"])
def test_a_run_that_nobody_asked_for_is_found_by_its_own_number():
    with known_task(look):
        run = run_here("sample")
    assert seen == [f"run-{run.pk}"]
