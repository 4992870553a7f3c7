"""Which parameters count for a run, which are refused, and what becomes of vanished ids (T-2, T-3)."""

import pytest
from django import forms

from tasks_app.engine import InvalidParameters, run_here, start_run
from tasks_app.models import Schedule, Task
from tasks_app.parameter_fields import Name, NamesField
from tasks_app.registry import TaskResult
from tasks_app.scheduling.edit_schedules import create_schedule, update_schedule
from tasks_app.scheduling.edit_task import change_task
from tasks_app.scheduling.parameters import NOTHING, clean_parameters, effective_parameters, parameter_schema
from tasks_app.scheduling.prune import prune_schedules
from tasks_app.scheduling.rules import InvalidSchedule
from tasks_app.tests.helpers import known_task

pytestmark = pytest.mark.django_db(databases=["default", "queue"])

DAILY = {"schedule_type": "daily", "schedule_time": "03:00", "timezone": "UTC"}
GROUPS = {4, 9}


def fields(cls):
    named = [Name(pk, f"Thing {pk}") for pk in sorted(GROUPS)]
    return {
        "timeout": forms.IntegerField(min_value=5, max_value=300),
        "dry_run": forms.BooleanField(required=False),
        "account_ids": NamesField(names=lambda: named, all_words="All accounts", label="Accounts"),
        "channel_groups": NamesField(names=lambda: named, all_words="All groups", none_allowed=True, label="Groups"),
    }


@pytest.fixture
def probe():
    seen = []

    def body(task):
        seen.append(dict(task.parameters))
        task.parameters["timeout"] = 999  # a task that is careless with what it was given
        return TaskResult(True, "done")

    defaults = {"timeout": 30, "dry_run": False, "account_ids": [], "channel_groups": None}
    with known_task(body, default_parameters=defaults, parameter_fields=classmethod(fields)) as task:
        task.seen = seen
        yield task


def test_later_layers_win_and_nothing_leaks_into_the_next_run(probe):
    change_task("sample", configuration={"timeout": 40, "dry_run": True})
    schedule = create_schedule("sample", {**DAILY, "parameters": {"timeout": 50}})
    run_here("sample", {"timeout": 12}, schedule_id=schedule.pk)
    run_here("sample", schedule_id=schedule.pk)
    run_here("sample")
    assert [(values["timeout"], values["dry_run"]) for values in probe.seen] == [(12, True), (50, True), (40, True)]
    assert probe.default_parameters["timeout"] == 30
    schedule.refresh_from_db()
    assert (schedule.parameters, Task.objects.get(task_id="sample").configuration) == (
        {"timeout": 50},
        {"timeout": 40, "dry_run": True},
    )


def test_a_run_by_hand_takes_a_schedule_of_its_own_task_and_leaves_its_next_run_alone(probe):
    schedule = create_schedule("sample", {**DAILY, "parameters": {"timeout": 50}})
    change_task("sample", enabled=False)
    run = start_run("sample", {"timeout": 12}, schedule_id=schedule.pk)
    assert (run.schedule_id, run.planned_for, run.parameters["timeout"]) == (schedule.pk, None, 12)
    planned = schedule.next_run_at
    schedule.refresh_from_db()
    assert (schedule.next_run_at, schedule.pending_run_id) == (planned, None)
    with known_task(lambda task: TaskResult(True, ""), "other"), pytest.raises(Schedule.DoesNotExist):
        start_run("other", schedule_id=schedule.pk)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"timeout": 4}, "timeout"), ({"timeout": 301}, "timeout"), ({"timeout": "soon"}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"foo": 1}, "foo"), ({"dry_run": "yes"}, "dry_run"), ({"account_ids": 4}, "account_ids"),
        ({"account_ids": [4, 77]}, "account_ids"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_beside_its_field_when_a_schedule_is_saved(probe, given, field):
    with pytest.raises(InvalidSchedule) as refused:
        create_schedule("sample", {**DAILY, "parameters": given})
    assert list(refused.value.errors) == [f"parameters.{field}"]
    assert not Schedule.objects.exists()


def test_private_keys_are_dropped_and_values_take_their_kind(probe):
    schedule = create_schedule("sample", {**DAILY, "parameters": {"_x": 1, "timeout": "20", "account_ids": ["4"]}})
    assert schedule.parameters == {"timeout": 20, "account_ids": [4]}
    assert clean_parameters(probe, {"channel_groups": None, "dry_run": False}) == {"channel_groups": None, "dry_run": False}
    assert clean_parameters(probe, {"channel_groups": []}) == {"channel_groups": []}


def test_stored_values_of_parameters_that_are_gone_do_not_stop_a_run_but_typed_ones_do(probe, caplog):
    assert effective_parameters(probe, {}, schedule={"old": 1, "timeout": 9})["timeout"] == 9
    assert "old" in caplog.text
    with pytest.raises(InvalidParameters, match="no parameter old"):
        start_run("sample", {"old": 1})
    with pytest.raises(InvalidParameters, match="timeout must be a whole number"):
        start_run("sample", {"timeout": "x"})


def test_vanished_ids_leave_schedules_and_a_choice_that_is_empty_then_means_none(probe, monkeypatch):
    both = create_schedule("sample", {**DAILY, "parameters": {"channel_groups": [4, 9], "account_ids": [4, 9]}})
    gone = create_schedule("sample", {**DAILY, "parameters": {"channel_groups": [9], "account_ids": [9], "timeout": 7}})
    told = []
    monkeypatch.setattr("tasks_app.scheduling.prune.notify", lambda kind, text, **more: told.append((kind, text, more)))
    monkeypatch.setattr("tasks_app.tests.test_task_parameters.GROUPS", {4})
    assert prune_schedules() == 2
    both.refresh_from_db()
    assert both.parameters == {"channel_groups": [4], "account_ids": [4]}
    gone.refresh_from_db()
    assert gone.parameters == {"channel_groups": [], "account_ids": [NOTHING], "timeout": 7}
    assert "accounts, groups" in gone.problem or "groups, accounts" in gone.problem
    assert [(kind, more["metadata"]) for kind, _, more in told] == [
        ("warning", {"action_type": "configure_task", "task_id": "sample"})
    ]
    assert prune_schedules() == 0
    assert update_schedule(gone.pk, {"parameters": {"account_ids": [4]}}).problem == ""


def test_the_form_of_a_task_can_be_drawn_elsewhere(probe):
    schema = {field["name"]: field for field in parameter_schema(probe)}
    assert (schema["timeout"]["type"], schema["timeout"]["min"], schema["timeout"]["max"]) == ("integer", 5, 300)
    assert schema["dry_run"]["type"] == "boolean"
    assert schema["account_ids"]["choices"][0] == {"value": 4, "label": "Thing 4", "badge": ""}
    with known_task(lambda task: TaskResult(True, ""), "plain") as plain:
        assert parameter_schema(plain) == []
