"""The clean-up as a whole: every step alone, failures recorded, days from their settings, a dry run that only counts."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from tasks_app.cleanup import compaction, steps
from tasks_app.cleanup.compaction import Size
from tasks_app.cleanup.run_steps import run_steps
from tasks_app.cleanup.steps import Cleared, Context, StepFailed
from tasks_app.cleanup.task import Cleanup
from tasks_app.engine import run_here
from tasks_app.journal import log_entry
from tasks_app.models import JournalEntry, RunStatus, TaskRun, WorkerBeat
from tasks_app.progress import Cancelled, NoProgress
from tasks_app.scheduling.parameters import InvalidParameters, clean_parameters

pytestmark = pytest.mark.django_db(databases=["default", "queue"])


@pytest.fixture
def only_these(monkeypatch):
    """Registers steps for one test, in place of all others."""
    monkeypatch.setattr(steps, "_steps", {})
    kept = dict(steps.default_parameters)
    yield steps.register_step
    steps.default_parameters.clear()
    steps.default_parameters.update(kept)


def old_entry(days):
    entry = log_entry("channel", "update", entity_name="x", description="x")
    JournalEntry.objects.filter(pk=entry.pk).update(timestamp=timezone.now() - timedelta(days=days))


def test_a_failing_step_is_recorded_and_the_others_go_on(only_these):
    def broken(context):
        raise StepFailed("The disk is full.")

    def surprised(context):
        raise OperationalError("database is locked")

    for number in range(6):
        only_these(f"fine{number}", f"Fine {number}", lambda context: Cleared(deleted=2), order=number)
    only_these("emptying", "Emptying", lambda context: Cleared(emptied=3), order=7)
    only_these("bad", "Compaction", broken, order=8)
    run = run_here("cleanup")
    assert (run.status, run.severity, run.success_count, run.failed_count) == (RunStatus.COMPLETED, "warning", 7, 1)
    assert run.message == "Deleted 12 rows and emptied 3 executions. Compaction failed: The disk is full."
    assert [step["error"] for step in run.details["steps"]] == [""] * 7 + ["The disk is full."]
    only_these("worse", "Surprise", surprised, order=9)
    assert "Surprise failed: database is locked." in run_here("cleanup").message


def test_the_run_failed_only_when_no_step_worked(only_these):
    def broken(context):
        raise StepFailed("No.")

    only_these("bad", "Bad", broken)
    assert run_here("cleanup").status == RunStatus.FAILED


@pytest.mark.django_db(transaction=True, databases=["default", "queue"])
def test_vacuum_fails_but_six_steps_are_fine(monkeypatch):
    """50 §18.7 row 131."""
    old_entry(91)

    def fail(alias, context):
        raise StepFailed("The database could not be compacted: disk I/O error.")

    big = {"default": Size(10_000_000, 5_000_000), "queue": Size(0, 0)}
    monkeypatch.setattr(compaction, "database_sizes", lambda: big)
    monkeypatch.setattr(compaction, "_vacuum", fail)
    run = run_here("cleanup")
    assert (run.status, run.severity, run.failed_count) == (RunStatus.COMPLETED, "warning", 1)
    assert run.message.startswith("Deleted 1 row. Compaction of the database failed: ")
    assert not JournalEntry.objects.exclude(category="task").exists()


@pytest.mark.django_db(transaction=True, databases=["default", "queue"])
def test_vacuum_gives_space_back_and_leaves_everything_in_place():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE filler (text TEXT)")
        cursor.executemany("INSERT INTO filler VALUES (%s)", [("x" * 2000,) for _ in range(4000)])
        cursor.execute("DROP TABLE filler")
    log_entry("channel", "update", entity_name="kept", description="kept")
    before = compaction.database_sizes()["default"]
    assert before.is_worth_compacting
    cleared = compaction.clear(Context(timezone.now(), None, False, NoProgress()))
    after = compaction.database_sizes()["default"]
    assert after.total < before.total - 6_000_000
    assert after.free == 0
    assert "became" in cleared.note
    assert JournalEntry.objects.get().entity_name == "kept"


@pytest.mark.parametrize(
    ("size", "worth"),
    [
        (Size(50_000_000, 0), False),
        (Size(50_000_000, 4_000_000), False),
        (Size(50_000_000, 6_000_000), True),
        (Size(100_000, 90_000), False),  # nobody gains from 90 KB
        (Size(5_000_000_000, 70_000_000), True),
    ],
)
def test_compacting_must_gain_something(size, worth):
    assert size.is_worth_compacting is worth


def test_compacting_waits_for_other_runs_for_room_and_for_a_quiet_hour(monkeypatch):
    def clear(size):
        monkeypatch.setattr(compaction, "database_sizes", lambda: {"default": size})
        monkeypatch.setattr(compaction, "_vacuum", lambda alias, context: pytest.fail("it must not begin"))
        return compaction.clear(Context(timezone.now(), None, False, NoProgress())).note

    huge = 1_000_000_000_000
    WorkerBeat.objects.create(worker="here")
    assert "Stop ECM and run" in clear(Size(huge, 70_000_000))
    TaskRun.objects.create(task_id="other", lock_key="other", title="Other", status=RunStatus.RUNNING)
    assert "other tasks are running" in clear(Size(100_000_000, 70_000_000))
    TaskRun.objects.all().delete()
    monkeypatch.setattr(compaction.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1_000_000}))
    with pytest.raises(StepFailed, match=r"needs 62\.9 MB of free disk, and there are 1\.0 MB"):
        clear(Size(100_000_000, 70_000_000))


@pytest.mark.django_db(transaction=True, databases=["default", "queue"])
def test_compacting_gives_way_when_it_takes_too_long_while_others_are_there(monkeypatch):
    monkeypatch.setattr(compaction, "PATIENCE_SECONDS", -1)
    monkeypatch.setattr(compaction, "_ASK_EVERY", 10)
    monkeypatch.setattr(compaction, "BYTES_A_SECOND", -1)
    monkeypatch.setattr(compaction, "database_sizes", lambda: {"default": Size(10_000_000, 5_000_000)})
    log_entry("channel", "update", entity_name="kept", description="kept")
    WorkerBeat.objects.create(worker="here")
    context = Context(timezone.now(), None, False, NoProgress())
    assert "because others were waiting" in compaction.clear(context).note
    WorkerBeat.objects.all().delete()  # ECM is stopped: it may take as long as it takes
    assert "became" in compaction.clear(context).note
    assert JournalEntry.objects.get().entity_name == "kept"


def test_days_come_from_the_parameters():
    old_entry(10)
    assert run_steps({"journal_days": 11, "vacuum_db": False}).deleted == 0
    assert run_steps({"journal_days": 9, "vacuum_db": False}).deleted == 1


@pytest.mark.parametrize(
    ("name", "value", "ok"),
    [
        ("journal_days", 1, True), ("journal_days", 365, True), ("journal_days", 0, False), ("journal_days", 366, False),
        ("journal_days", "many", False), ("task_history_days", -1, False), ("notifications_days", 30, True),
        ("health_checks_days", 7, True), ("vacuum_db", False, True), ("unknown_days", 3, False),
    ],
)  # fmt: skip
def test_parameters_have_ranges(name, value, ok):
    if ok:
        assert clean_parameters(Cleanup, {name: value}) == {name: value}
    else:
        with pytest.raises(InvalidParameters):
            clean_parameters(Cleanup, {name: value})


def test_the_defaults_are_those_of_the_chapter():
    expected = {
        "task_history_days": 30, "journal_days": 90, "health_checks_days": 7, "notifications_days": 30, "vacuum_db": True,
    }  # fmt: skip
    assert expected.items() <= Cleanup.default_parameters.items()


def test_cancelling_is_honoured_between_steps(only_these):
    done = []

    class Progress(NoProgress):
        def raise_if_cancelled(self):
            if done:
                raise Cancelled

    for key in ("a", "b"):
        only_these(key, key, lambda context, key=key: done.append(key) or Cleared(), order=1)
    with pytest.raises(Cancelled):
        run_steps({}, progress=Progress())
    assert done == ["a"]


def test_the_dry_run_counts_and_changes_nothing(capsys):
    old_entry(91)
    call_command("cleanup", "--dry-run", "--json")
    said = json.loads(capsys.readouterr().out)
    assert (said["success"], said["dry_run"], said["message"]) == (True, True, "Would delete 1 row.")
    assert {step["key"]: step["deleted"] for step in said["steps"]}["journal"] == 1
    assert JournalEntry.objects.count() == 1
    assert not TaskRun.objects.exists()


def test_the_command_does_it_and_says_what_each_step_did(capsys):
    old_entry(91)
    old_entry(20)
    call_command("cleanup", "--no-vacuum-db", "--journal-days", "10")
    said = capsys.readouterr().out
    assert "Deleted 2 rows." in said
    assert "older than 10 days" in said
    assert "Compaction" not in said
    assert TaskRun.objects.get().task_id == "cleanup"
    with pytest.raises(CommandError, match="--journal-days: "):
        call_command("cleanup", "--journal-days", "0")


def test_the_page_shows_what_would_go_and_removes_nothing(alice):
    for days in (91, 92, 10):
        old_entry(days)
    for headers in ({}, {"HX-Request": "true"}):
        page = alice.get("/tasks/cleanup/preview/", headers=headers)
        assert page.status_code == 200
        assert page.context["report"].deleted == 2
        text = page.content.decode()
        assert "Journal entries" in text
        assert "90 days" in text
        assert ("<html" in text) == (not headers)
    assert JournalEntry.objects.count() == 3
