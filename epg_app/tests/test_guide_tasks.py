"""30 §21 tasks: what they do, what is due, what a killed worker leaves behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from epg_app.models import GuideSource, Programme
from epg_app.request_refresh import RefreshRefused, cancel_refresh, refresh_after_change, request_refresh, request_refresh_all
from epg_app.tasks import RefreshGuides, check_due, next_due
from epg_app.tests.samples import FileGuide, Mapping, guide_of, make_programme, make_source, soon
from tasks_app.engine import AlreadyRunning, run_here
from tasks_app.models import RunRequest, TaskRun, Trigger
from tasks_app.scheduling.parameters import NOTHING

pytestmark = pytest.mark.django_db


def test_all_active_guides_are_refreshed_in_one_run(file_guide: Callable[..., FileGuide]) -> None:
    guides = [file_guide(name, keep_unmapped=True) for name in ("One", "Two")]
    off = file_guide("Off", is_active=False)
    for guide in (*guides, off):
        guide.path.write_text(guide_of({"a": ["A1"]}))
    run = run_here("epg_refresh")
    assert run.status == "completed"
    assert run.lock_key == "epg:all"
    assert Programme.objects.count() == 2
    assert run.details[str(guides[0].source.pk)]["programmes"] == 1
    assert str(off.source.pk) not in run.details


def test_one_bad_guide_does_not_keep_the_others_from_being_refreshed(file_guide: Callable[..., FileGuide]) -> None:
    bad, good = file_guide("Bad"), file_guide("Good", keep_unmapped=True)
    bad.path.write_text("rubbish")
    good.path.write_text(guide_of({"a": ["A1"]}))
    run = run_here("epg_refresh")
    assert run.failed_count == 1
    assert "Bad: No channels were found" in run.message
    assert good.titles() == ["A1"]


def test_a_single_guide_that_fails_fails_the_run(guide: FileGuide) -> None:
    guide.path.write_text("rubbish")
    run = run_here("epg_refresh", {"source_ids": [guide.source.pk]})
    assert run.status == "failed"
    assert run.title == "EPG Refresh – Guide"


def test_a_schedule_skips_guides_that_are_off_and_by_hand_it_is_said(guide: FileGuide) -> None:
    GuideSource.objects.update(is_active=False)
    parameters = {"source_ids": [guide.source.pk]}
    guide.path.write_text(guide_of({"a": ["A1"]}))
    assert run_here("epg_refresh", parameters, triggered_by=Trigger.SCHEDULED).message == "There is no guide to refresh."
    assert run_here("epg_refresh", {"source_ids": [NOTHING]}).message == "There is no guide to refresh."
    assert not guide.titles()
    assert "switched off" in run_here("epg_refresh", parameters).message


def test_a_smaller_guide_is_taken_when_the_run_says_so(guide: FileGuide) -> None:
    GuideSource.objects.update(last_report={"in_file": 5000})
    guide.path.write_text(guide_of({"a": ["A1"]}))
    parameters = {"source_ids": [guide.source.pk]}
    assert run_here("epg_refresh", parameters).status == "failed"
    assert run_here("epg_refresh", parameters | {"accept_smaller": True}).status == "completed"


def test_programmes_of_newly_linked_channels_are_loaded_by_their_task(guide: FileGuide, mapping: Mapping) -> None:
    guide.refresh(guide_of({"a": ["A1"]}))
    mapping.use("a")
    run = run_here("epg_load_mapped")
    assert (run.status, run.message) == ("completed", "Loaded 1 programmes.")


def test_a_failed_refresh_leaves_newly_linked_channels_to_the_next_pass(guide: FileGuide, mapping: Mapping) -> None:
    guide.refresh(guide_of({"a": ["A1"]}))
    mapping.use("a")
    guide.path.write_text("rubbish")
    run_here("epg_refresh", {"source_ids": [guide.source.pk]})
    assert RunRequest.objects.get().task_id == "epg_load_mapped"


def test_pruning_runs_as_a_task(file_guide: Callable[..., FileGuide]) -> None:
    guide = file_guide(keep_unmapped=True)
    guide.refresh(guide_of({"a": ["A1"]}))
    make_programme(guide.source.entries.get(), soon(-100))
    run = run_here("epg_prune")
    assert run.message == "Deleted 1 programmes."


def test_a_killed_run_leaves_no_busy_guide(guide: FileGuide) -> None:
    other = make_source("Other", status="fetching")
    GuideSource.objects.filter(pk=guide.source.pk).update(status="parsing")
    RefreshGuides.on_interrupted({"source_ids": [guide.source.pk], "accept_smaller": False})
    assert guide.now().status == "error"
    other.refresh_from_db()
    assert other.status == "fetching"
    RefreshGuides.on_interrupted({"source_ids": []})
    other.refresh_from_db()
    assert other.status == "error"


NOW = timezone.now()


def ago(**values: float) -> object:
    return NOW - timedelta(**values)


@pytest.mark.parametrize(
    ("values", "due"),
    [
        ({}, True),  # never refreshed
        ({"last_finished_at": ago(hours=25)}, True),
        ({"last_finished_at": ago(hours=23)}, False),
        ({"last_finished_at": ago(hours=23), "refresh_interval": 12}, True),
        ({"last_finished_at": ago(hours=999), "refresh_interval": 0}, False),
        ({"last_finished_at": ago(hours=25), "is_active": False}, False),
        ({"last_finished_at": ago(hours=25), "status": "parsing"}, False),
        ({"last_finished_at": ago(hours=25), "deleting_since": ago(hours=1)}, False),
        ({"last_finished_at": ago(minutes=2), "retry_at": ago(minutes=1)}, True),
        ({"last_finished_at": ago(minutes=2), "retry_at": ago(minutes=-1)}, False),
        ({"last_finished_at": ago(minutes=2), "retry_at": ago(minutes=1), "refresh_interval": 0}, True),
    ],
)
def test_a_guide_is_due_by_its_rhythm_since_the_last_finish_or_by_a_retry(values: dict[str, object], due: bool) -> None:
    source = make_source(**{"created_at": ago(hours=1), **values})
    assert next_due(NOW) == (source.pk if due else None)


def test_a_file_that_changed_is_due(guide: FileGuide) -> None:
    guide.refresh(guide_of({"a": ["A1"]}))
    assert next_due(timezone.now()) is None
    guide.path.write_text(guide_of({"a": ["A1", "A2"]}))
    assert next_due(timezone.now()) == guide.source.pk
    guide.path.unlink()
    assert next_due(timezone.now()) is None


def test_one_guide_at_a_time_is_queued_the_longest_due_first() -> None:
    make_source("Later", last_finished_at=ago(hours=25))
    first = make_source("First", last_finished_at=ago(hours=50))
    check_due(NOW)
    check_due(NOW)
    refreshes = TaskRun.objects.filter(task_id="epg_refresh")
    assert [run.parameters["source_ids"] for run in refreshes] == [[first.pk]]


def test_pruning_is_queued_once_a_day() -> None:
    make_source(last_finished_at=NOW)
    check_due(NOW)
    TaskRun.objects.filter(task_id="epg_prune").update(status="completed", queued_at=NOW)
    check_due(NOW + timedelta(hours=23))
    assert TaskRun.objects.filter(task_id="epg_prune").count() == 1
    check_due(NOW + timedelta(hours=25))
    assert TaskRun.objects.filter(task_id="epg_prune").count() == 2


def test_nothing_is_queued_without_guides() -> None:
    check_due(NOW)
    assert not TaskRun.objects.exists()


def test_the_minute_check_closes_rows_that_nobody_works_on() -> None:
    source = make_source(status="parsing", last_finished_at=NOW)
    check_due(NOW)
    source.refresh_from_db()
    assert source.status == "error"


def test_a_second_request_is_answered_already_running() -> None:
    source = make_source()
    run = request_refresh(source.pk)
    with pytest.raises(AlreadyRunning) as caught:
        request_refresh(source.pk)
    assert caught.value.run == run
    assert cancel_refresh(source.pk)
    assert not cancel_refresh(source.pk)


def test_a_guide_that_is_off_is_refused() -> None:
    source = make_source(is_active=False)
    with pytest.raises(RefreshRefused, match="switched off"):
        request_refresh(source.pk)
    with pytest.raises(RefreshRefused, match="No guide"):
        request_refresh_all()
    assert not refresh_after_change(source.pk)


def test_a_guide_that_the_big_run_is_at_is_not_started_again() -> None:
    source = make_source()
    request_refresh_all()
    GuideSource.objects.update(status="parsing")
    with pytest.raises(RefreshRefused, match="already"):
        request_refresh(source.pk)


def test_a_change_during_a_refresh_asks_for_one_more() -> None:
    source = make_source()
    request_refresh(source.pk)
    assert refresh_after_change(source.pk)
    assert RunRequest.objects.get().parameters["source_ids"] == [source.pk]
