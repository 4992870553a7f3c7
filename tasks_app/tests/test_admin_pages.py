"""Django admin shows runs and the journal and lets nobody change them."""

import pytest
from django.urls import reverse

from tasks_app.journal import log_entry
from tasks_app.models import RunRequest, TaskRun, TaskRunLog, TickClaim, WorkerBeat

pytestmark = pytest.mark.django_db
MODELS = ("taskrun", "taskrunlog", "journalentry", "runrequest", "workerbeat", "tickclaim")


@pytest.fixture
def rows():
    from django.utils import timezone

    run = TaskRun.objects.create(task_id="a", lock_key="a", title="Run A")
    return {
        "taskrun": run,
        "taskrunlog": TaskRunLog.objects.create(run=run, level="INFO", text="x"),
        "journalentry": log_entry("channel", "create", entity_name="x", description="x"),
        "runrequest": RunRequest.objects.create(key="k", task_id="a", due_at=timezone.now()),
        "workerbeat": WorkerBeat.objects.create(worker="w"),
        "tickclaim": TickClaim.objects.create(name="minute", at=timezone.now()),
    }


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_a_list_and_a_page_and_cannot_be_added(alice, rows, name):
    assert alice.get(reverse(f"admin:tasks_app_{name}_changelist")).status_code == 200
    page = alice.get(reverse(f"admin:tasks_app_{name}_change", args=[rows[name].pk]))
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert alice.get(reverse(f"admin:tasks_app_{name}_add")).status_code == 403


@pytest.mark.parametrize("name", ["taskrun", "journalentry"])
def test_searching_works(alice, rows, name):
    assert alice.get(reverse(f"admin:tasks_app_{name}_changelist"), {"q": "12"}).status_code == 200


def test_records_cannot_be_deleted_but_a_request_can(alice, rows):
    for name in ("taskrun", "journalentry"):
        assert alice.post(reverse(f"admin:tasks_app_{name}_delete", args=[rows[name].pk]), {"post": "yes"}).status_code == 403
    assert (
        alice.post(reverse("admin:tasks_app_runrequest_delete", args=[rows["runrequest"].pk]), {"post": "yes"}).status_code
        == 302
    )
    assert not RunRequest.objects.exists()
