"""Tasks, schedules and runs as JSON (50 §1.11)."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tasks_app.models import RunStatus, Schedule, Task, TaskRun, WorkerBeat
from tasks_app.tests.task_page_helpers import DAILY, active_run, ended_run, sample_task, schedule_of

pytestmark = pytest.mark.django_db
TASK = "/api/tasks/sample"


@pytest.fixture(autouse=True)
def sample():
    with sample_task() as task:
        yield task


def send(client, method, path, body=None):
    return getattr(client, method)(path, data=body, content_type="application/json")


def test_the_list_has_status_progress_switches_and_schedules(alice, time_machine_at):
    schedule = schedule_of(name="Nightly", schedule_time="12:00")
    active_run(phase="probing", current=4, total=10, started_at=datetime(2026, 5, 4, 9, tzinfo=UTC))
    found = [task for task in alice.get("/api/tasks").json()["tasks"] if task["task_id"] == "sample"]
    assert found == [alice.get(TASK).json()]
    task = found[0]
    assert (task["name"], task["enabled"], task["status"], task["send_alerts"]) == ("Sample sample", True, "running", True)
    assert task["next_run_at"] == "2026-05-04T12:00:00Z"
    progress = task["progress"]
    assert (progress["percentage"], progress["status"], progress["started_at"]) == (40.0, "probing", "2026-05-04T09:00:00Z")
    assert [(one["id"], one["description"]) for one in task["schedules"]] == [(schedule.pk, "Daily at 12:00 PM")]


def test_a_task_is_changed_by_what_is_sent_and_nothing_else(alice):
    answer = send(alice, "patch", TASK, {"enabled": False, "alert_on_info": True, "configuration": {"timeout": 20}})
    assert answer.status_code == 200
    assert answer.json()["enabled"] is False
    row = Task.objects.get(task_id="sample")
    assert (row.enabled, row.alert_on_info, row.alert_on_error, row.configuration) == (False, True, True, {"timeout": 20})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"enabled": "yes"}, "enabled"),
        ({"foo": 1}, "foo"),
        ({"configuration": {"timeout": 4}}, "configuration.timeout"),
        ({"configuration": {"foo": 1}}, "configuration.foo"),
        ({"configuration": []}, "configuration"),
    ],
)
def test_a_bad_change_is_refused_by_field_and_stores_nothing(alice, body, field):
    answer = send(alice, "patch", TASK, {**body, "send_alerts": False})
    assert answer.status_code == 422
    assert field in answer.json()["errors"]
    assert Task.objects.get(task_id="sample").send_alerts is True


def test_a_run_is_started_at_once_and_refused_while_one_is_active(alice):
    schedule = schedule_of(parameters={"timeout": 12, "thing_ids": [2]})
    answer = send(alice, "post", f"{TASK}/run", {"schedule_id": schedule.pk, "parameters": {"timeout": 7, "_x": 1}})
    assert answer.status_code == 202
    run = TaskRun.objects.get(pk=answer.json()["execution_id"])
    assert (run.parameters, run.triggered_by, run.user.username) == ({"thing_ids": [2], "timeout": 7}, "api", "alice")
    again = send(alice, "post", f"{TASK}/run")
    assert again.status_code == 409
    assert (again.json()["error"], again.json()["execution_id"]) == ("ALREADY_RUNNING", run.pk)
    assert TaskRun.objects.count() == 1


def test_a_disabled_task_can_be_run(alice):
    Task.objects.filter(task_id="sample").update(enabled=False)
    assert send(alice, "post", f"{TASK}/run").status_code == 202


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"parameters": {"timeout": 4}}, 422),
        ({"parameters": {"foo": 1}}, 422),
        ({"parameters": []}, 422),
        ({"group_id": 1}, 422),
        ({"schedule_id": "x"}, 422),
        ({"schedule_id": True}, 422),
        ({"schedule_id": 99}, 404),
        ({"schedule_id": 10**11}, 404),
    ],
)
def test_a_run_with_nonsense_is_not_started(alice, body, status):
    answer = send(alice, "post", f"{TASK}/run", body)
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert not TaskRun.objects.exists()


def test_cancel_says_what_it_did(alice):
    assert send(alice, "post", f"{TASK}/cancel").json() == {"status": "not_running", "execution_ids": []}
    run = active_run()
    assert send(alice, "post", f"{TASK}/cancel").json() == {"status": "cancelling", "execution_ids": [run.pk]}
    assert alice.get(TASK).json()["progress"]["status"] == "cancelling"


def test_history_is_newest_first_with_limit_and_offset(alice):
    ids = [ended_run(message=f"number {number}").pk for number in range(4)][::-1]
    other = ended_run(RunStatus.CANCELLED, task_id="other", error="CANCELLED", details={"token": "hunter2"})
    active_run()
    first = alice.get(f"{TASK}/history", {"limit": 2, "offset": 1}).json()
    assert [run["id"] for run in first["executions"]] == ids[1:3]
    assert (first["total"], first["limit"], first["offset"]) == (4, 2, 1)
    everything = alice.get("/api/tasks/history/all").json()
    assert [run["id"] for run in everything["executions"]] == [other.pk, *ids]
    newest = everything["executions"][0]
    assert (newest["status"], newest["severity"], newest["error"]) == ("cancelled", "warning", "CANCELLED")
    assert newest["duration_seconds"] == pytest.approx(9, abs=0.1)
    assert "hunter2" not in str(newest)
    assert alice.get(f"{TASK}/history", {"limit": 0}).status_code == 422
    assert alice.get(f"{TASK}/history", {"offset": "x"}).status_code == 422
    assert alice.get("/api/tasks/history/all", {"limit": 1001}).json()["errors"].keys() == {"limit"}


def test_schedules_are_made_changed_and_deleted(alice):
    made = send(alice, "post", f"{TASK}/schedules", {**DAILY, "schedule_time": "9:5", "parameters": {"timeout": 9, "_x": 1}})
    assert made.status_code == 201
    schedule = made.json()
    assert (schedule["schedule_time"], schedule["parameters"], schedule["enabled"]) == ("09:05", {"timeout": 9}, True)
    assert schedule["next_run_at"].endswith("Z")
    url = f"{TASK}/schedules/{schedule['id']}"
    changed = send(alice, "patch", url, {"schedule_type": "interval", "interval_seconds": 300}).json()
    assert (changed["description"], changed["schedule_time"], changed["parameters"]) == (
        "Every 5 minutes",
        None,
        {"timeout": 9},
    )
    assert alice.get(url).json() == changed
    assert alice.get(f"{TASK}/schedules").json()["schedules"] == [changed]
    assert send(alice, "patch", url, {"enabled": False}).json()["next_run_at"] is None
    assert alice.delete(url).status_code == 204
    assert not Schedule.objects.exists()
    assert alice.delete(url).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"schedule_type": "interval", "interval_seconds": 0}, "interval_seconds"),
        ({"schedule_type": "interval", "interval_seconds": 59}, "interval_seconds"),
        ({"schedule_type": "interval", "interval_seconds": 2592001}, "interval_seconds"),
        ({"schedule_type": "interval"}, "interval_seconds"),
        ({"schedule_type": "hourly"}, "schedule_type"),
        ({**DAILY, "schedule_time": "25:00"}, "schedule_time"),
        ({**DAILY, "timezone": "Mars/Base"}, "timezone"),
        ({**DAILY, "schedule_type": "weekly", "days_of_week": [1, 1]}, "days_of_week"),
        ({**DAILY, "schedule_type": "monthly", "day_of_month": 0}, "day_of_month"),
        ({"schedule_type": "cron", "cron_expression": "0 0 31 2 *"}, "cron_expression"),
        ({**DAILY, "parameters": {"timeout": 4}}, "parameters.timeout"),
        ({**DAILY, "parameters": {"foo": 4}}, "parameters.foo"),
        ({**DAILY, "next_run_at": "2026-05-04T12:00:00Z"}, "next_run_at"),
    ],
)
def test_a_schedule_of_bad_shape_is_refused_by_field(alice, body, field):
    answer = send(alice, "post", f"{TASK}/schedules", body)
    assert answer.status_code == 422
    assert field in answer.json()["errors"]
    assert not Schedule.objects.exists()


def test_a_schedule_of_another_task_is_not_found_here(alice):
    schedule = schedule_of()
    with sample_task(task_id="second", name="Second"):
        for method in ("get", "patch", "delete"):
            answer = send(alice, method, f"/api/tasks/second/schedules/{schedule.pk}", {} if method == "patch" else None)
            assert answer.status_code == 404
            assert answer.json()["detail"] == f"Task second has no schedule {schedule.pk}."
    assert Schedule.objects.exists()


def test_the_form_of_a_task_is_described(alice):
    parameters = {one["name"]: one for one in alice.get(f"{TASK}/parameter-schema").json()["parameters"]}
    assert (parameters["timeout"]["type"], parameters["timeout"]["min"], parameters["timeout"]["max"]) == ("integer", 5, 300)
    assert parameters["thing_ids"]["choices"][1] == {"value": 2, "label": "Second", "badge": "off"}
    schemas = alice.get("/api/tasks/parameter-schemas").json()["schemas"]
    assert [one["name"] for one in schemas["sample"]] == ["thing_ids", "timeout"]
    assert schemas["epg_prune"] == []


def test_the_engine_says_whether_it_works_and_at_what(alice):
    WorkerBeat.objects.create(worker="here:1@1")
    run = active_run()
    status = alice.get("/api/tasks/engine/status").json()
    assert (status["running"], status["tick_seconds"], status["max_concurrent"]) == (True, 60, 3)
    assert (status["active_execution_ids"], status["active_task_ids"]) == ([run.pk], ["sample"])
    assert status["registered_tasks"] > 3


def test_cron_is_checked_and_explained(alice, time_machine_at):
    presets = {one["name"]: one["expression"] for one in alice.get("/api/cron/presets").json()["presets"]}
    assert presets["daily_3am"] == "0 3 * * *"
    good = send(alice, "post", "/api/cron/validate", {"expression": "*/15  * * * *"}).json()
    assert (good["valid"], good["expression"]) == (True, "*/15 * * * *")
    assert good["next_runs"][:2] == ["2026-05-04T10:15:00Z", "2026-05-04T10:30:00Z"]
    assert len(good["next_runs"]) == 5
    india = send(alice, "post", "/api/cron/validate", {"expression": "@daily", "timezone": "Asia/Kolkata"}).json()
    assert india["next_runs"][0] == "2026-05-04T18:30:00Z"
    for text, field in (
        ("60 * * * *", "minute"),
        ("0 0 * * 1#2", "weekday"),
        ("* * *", None),
        ("0 0 31 2 *", None),
        ("", None),
    ):
        bad = send(alice, "post", "/api/cron/validate", {"expression": text}).json()
        assert (bad["valid"], bad["field"]) == (False, field)
        assert bad["error"]
    wrong_zone = send(alice, "post", "/api/cron/validate", {"expression": "0 3 * * *", "timezone": "Mars/Base"}).json()
    assert (wrong_zone["valid"], wrong_zone["field"]) == (False, "timezone")


@pytest.mark.parametrize(
    "path", ["/api/tasks/nope", "/api/tasks/nope/history", "/api/tasks/nope/schedules", "/api/tasks/nope/parameter-schema"]
)
def test_an_unknown_task_is_404_in_json(alice, path):
    answer = alice.get(path)
    assert answer.status_code == 404
    assert "nope" in answer.json()["detail"]
    for method in ("run", "cancel"):
        assert send(alice, "post", f"/api/tasks/nope/{method}").status_code == 404


def test_odd_bodies_and_methods_get_an_answer_in_json(alice):
    for body in ("{", "[]", "3", "[" * 100_000):
        answer = alice.post(f"{TASK}/schedules", data=body, content_type="application/json")
        assert (answer.status_code, answer["Content-Type"]) == (422, "application/json")
    answer = alice.put(TASK)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, PATCH")
    assert "Possible: GET, PATCH" in answer.json()["detail"]


def test_strangers_and_foreign_pages_change_nothing(db):
    get_user_model().objects.create_user("bob", password="correct horse")
    assert Client().get("/api/tasks").status_code == 401
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(get_user_model().objects.get())
    refused = careful.post(f"{TASK}/run", data={}, content_type="application/json")
    assert refused.status_code == 403
    assert "reload" in refused.json()["detail"]
    assert not TaskRun.objects.exists()
    token = careful.get("/settings/scheduled-tasks/").cookies["csrftoken"].value
    answer = careful.post(f"{TASK}/run", data={}, content_type="application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == 202


def test_queries_do_not_grow_with_schedules_and_runs(alice, django_assert_num_queries):
    def grow():
        ended_run(schedule=schedule_of())

    grow()
    paths = ("/api/tasks", f"{TASK}/history", "/api/tasks/history/all", f"{TASK}/schedules")
    counts = []
    for path in paths:
        alice.get(path)
        with CaptureQueriesContext(connection) as few:
            alice.get(path)
        counts.append(len(few))
    for _ in range(8):
        grow()
    for path, count in zip(paths, counts, strict=True):
        with django_assert_num_queries(count):
            alice.get(path)
