"""``run_task``: does the work here, prints the result, and exits 0 only when it succeeded."""

import json
from io import StringIO

import pytest
from django import forms
from django.core.management import CommandError, call_command

from tasks_app.models import RunStatus, TaskRun, Trigger
from tasks_app.registry import TaskResult
from tasks_app.scheduling.edit_schedules import create_schedule
from tasks_app.tests.helpers import known_task

pytestmark = pytest.mark.django_db


def run(*arguments):
    """Return (exit code, stdout)."""
    out = StringIO()
    try:
        call_command("run_task", *arguments, stdout=out)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


def test_success_is_one_json_object_and_exit_code_0():
    with known_task(lambda task: TaskResult(True, "fine", success_count=3, details={"a": 1})):
        code, out = run("sample", "--json")
    assert code == 0
    answer = json.loads(out)
    assert (answer["success"], answer["status"], answer["message"], answer["success_count"]) == (True, "completed", "fine", 3)
    assert answer["details"] == {"a": 1}
    assert TaskRun.objects.get(pk=answer["run_id"]).triggered_by == Trigger.COMMAND


def test_failure_is_told_and_exit_code_1():
    with known_task(lambda task: TaskResult(False, "nothing worked", failed_count=2)):
        code, out = run("sample")
    assert code == 1
    assert "nothing worked" in out
    assert "0 succeeded, 2 failed, 0 skipped" in out


def test_parameters_are_read_as_json_where_they_are_json():
    with known_task(lambda task: TaskResult(True, repr(task.parameters))):
        run("sample", "--param", "ids=[1, 2]", "--param", "dry_run=true", "--param", "name=BBC=One", "--param", "n=4")
    assert TaskRun.objects.get().parameters == {"ids": [1, 2], "dry_run": True, "name": "BBC=One", "n": 4}


def test_refusals_are_json_too_when_asked_for():
    code, out = run("nope", "--json")
    assert (code, json.loads(out)["error"]) == (1, "CONFIG_INVALID")
    with pytest.raises(CommandError, match="no task 'nope'"):
        run("nope")
    with known_task(lambda task: TaskResult(True, "")):
        with pytest.raises(CommandError, match="name=value"):
            run("sample", "--param", "novalue")
        busy = TaskRun.objects.create(task_id="sample", lock_key="sample", title="Sample", status=RunStatus.QUEUED)
        code, out = run("sample", "--json")
        assert (code, json.loads(out)["error"], json.loads(out)["run_id"]) == (1, "ALREADY_RUNNING", busy.pk)


def test_queueing_leaves_the_work_to_the_worker():
    with known_task(lambda task: TaskResult(True, "")):
        code, out = run("sample", "--queue", "--json")
    assert code == 0
    assert json.loads(out)["status"] == "queued"
    assert TaskRun.objects.get().status == RunStatus.QUEUED


def test_a_schedule_lends_its_parameters_and_typed_ones_win_and_are_checked():
    defaults = {"timeout": 30, "ids": []}
    fields = classmethod(lambda cls: {"timeout": forms.IntegerField(min_value=5)})
    with known_task(lambda task: TaskResult(True, ""), default_parameters=defaults, parameter_fields=fields):
        rule = {"schedule_type": "interval", "interval_seconds": 60}
        schedule = create_schedule("sample", {**rule, "parameters": {"timeout": 50, "ids": [1]}})
        assert run("sample", "--schedule", str(schedule.pk), "--param", "timeout=12")[0] == 0
        newest = TaskRun.objects.latest("pk")
        assert (newest.parameters, newest.schedule_id) == ({"timeout": 12, "ids": [1]}, schedule.pk)
        code, out = run("sample", "--param", "timeout=4", "--json")
        assert (code, list(json.loads(out)["errors"])) == (1, ["timeout"])
        with pytest.raises(CommandError, match="has no schedule 99"):
            run("sample", "--schedule", "99")
        with pytest.raises(CommandError, match="timeout: Ensure this value is greater than"):  # which one is meant
            run("sample", "--param", "timeout=4")
