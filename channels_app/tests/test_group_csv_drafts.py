"""CSV, groups and sorting in edit mode: one step each, nothing of it live before it is applied (10 §13.1)."""

import pytest
from django.test import Client

from channels_app.drafts.lives import discard
from channels_app.drafts.moving import undo
from channels_app.drafts.switching import working_in
from channels_app.lineup_csv import task
from channels_app.models import Channel, ChannelGroup, Draft, HiddenGroup, Logo
from channels_app.sort_streams_task import SortStreamsTask
from channels_app.tests.draft_fixtures import rows_in, steps_of, stored_rows
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams
from channels_app.tests.test_csv_pages import hidden, uploaded
from channels_app.views import csv_files
from channels_app.views import sort_streams as sort_view
from m3u_app.custom_streams import CustomStream, create_custom_stream
from m3u_app.models import Stream, StreamGroup
from tasks_app.models import JournalEntry, TaskRun
from tasks_app.progress import NoProgress

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/channels/csv/import/"


@pytest.fixture
def before_draft() -> None:
    a, b = make_streams(["a", "b"], group="Synced")
    StreamGroup.objects.filter(name="Synced").update(auto_channel_sync=True, enabled=True)
    make_channel("ESPN", "1", group=make_group("Synced"), streams=[b, a])
    make_channel("Made", "2", group=make_group("Mine"), auto_created=True)
    make_group("Orphan")


def sent_import(visitor: Client, text: str, **values: str) -> None:
    defaults = {"mode": "create", "create_missing": "on", "logos_from_guide": "on"}
    shown = uploaded(visitor, text, **{**defaults, **values})
    confirmed = {"upload": hidden(shown, "upload"), "fingerprint": hidden(shown, "fingerprint"), "step": "import"}
    assert visitor.post(PAGE, {**defaults, **values, **confirmed}).status_code in (204, 302)


def test_an_import_is_one_step_of_the_draft(visitor: Client, draft: Draft) -> None:
    before, journal = stored_rows(), JournalEntry.objects.count()
    text = "channel_number,name,group_name,logo_url\n1,ESPN HD,New,https://x.example/a.png\n9,Golf,New,\n"
    sent_import(visitor, text, mode="update", key="number")
    assert stored_rows() == before
    assert JournalEntry.objects.count() == journal
    assert len(steps_of(draft)) == 1
    assert steps_of(draft)[0].startswith("CSV import: Created 1 channel, changed 1 channel, made 1 group")
    with working_in(draft):
        assert set(Channel.objects.values_list("name", flat=True)) == {"ESPN HD", "Golf", "Made"}
        assert Logo.objects.filter(url="https://x.example/a.png").exists()
        undo()
        assert not Logo.objects.exists()
    assert rows_in(draft) == before


def test_looking_at_a_plan_is_no_step(visitor: Client, draft: Draft) -> None:
    uploaded(visitor, "name\nGolf\n")
    assert steps_of(draft) == []


def test_the_plan_and_the_export_show_the_draft(visitor: Client, draft: Draft) -> None:
    sent_import(visitor, "name,channel_number\nGolf,9\n")
    assert "9,Golf," in visitor.post("/channels/csv/export/file/", {}).content.decode()
    again = uploaded(visitor, "name,channel_number\nGolf,9\n", mode="update", key="number")
    assert "unchanged" in again


def test_a_long_import_runs_in_the_draft_it_was_started_from(
    visitor: Client, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "IN_BACKGROUND_ABOVE", 2)
    sent_import(visitor, "name\nA\nB\nC\n")
    run = TaskRun.objects.get(task_id=task.CsvImportTask.task_id)
    assert task.CsvImportTask(NoProgress(), run.parameters).execute().success
    assert Channel.objects.count() == 2
    assert len(steps_of(draft)) == 1
    with working_in(draft):
        assert Channel.objects.count() == 5
    discard(draft)
    gone = task.CsvImportTask(NoProgress(), run.parameters).execute()
    assert not gone.success


def test_sorting_thousands_runs_in_the_draft_it_was_started_from(
    visitor: Client, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sort_view, "IN_BACKGROUND_ABOVE", 0)
    before = stored_rows()
    assert visitor.post("/channels/sort-streams/", {"scope": "all", "confirmed": "1"}).status_code == 302
    assert steps_of(draft) == []
    run = TaskRun.objects.get(task_id=SortStreamsTask.task_id)
    assert SortStreamsTask(NoProgress(), run.parameters).execute().success_count == 1
    assert stored_rows() == before
    assert len(steps_of(draft)) == 1


def test_group_work_is_staged(visitor: Client, draft: Draft) -> None:
    before = stored_rows()
    synced, mine = ChannelGroup.objects.get(name="Synced"), ChannelGroup.objects.get(name="Mine")
    visitor.post(f"/channels/groups/{synced.pk}/delete/")
    visitor.post("/channels/groups/orphaned/", {"orphan": ChannelGroup.objects.get(name="Orphan").pk})
    visitor.post("/channels/groups/auto-created/", {"group": mine.pk})
    visitor.post("/channels/sort-streams/", {"scope": "all", "mode": "smart", "confirmed": "1"})
    assert stored_rows() == before
    assert len(steps_of(draft)) == 4
    assert "Synced" in visitor.get("/channels/groups/hidden/").content.decode()
    assert "Synced" not in visitor.get("/channels/tree/").content.decode()
    with working_in(draft):
        assert HiddenGroup.objects.count() == 1
        assert not ChannelGroup.objects.filter(name="Orphan").exists()
        assert not Channel.objects.filter(auto_created=True).exists()
        undo(4)
    assert rows_in(draft) == before


def test_custom_streams_apply_at_once(visitor: Client, draft: Draft) -> None:
    visitor.post("/channels/custom-streams/create/", {"name": "Camera", "url": "rtsp://cam.local/1"})
    assert Stream.objects.filter(is_custom=True).count() == 1
    assert steps_of(draft) == []
    stream, _ = create_custom_stream(CustomStream("Other", "udp://@239.0.0.1:1"))
    with working_in(draft):
        assert Stream.objects.filter(pk=stream.pk).exists()
