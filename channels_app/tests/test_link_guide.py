import pytest

from channels_app.link_guide import link_waiting_channels
from channels_app.models import Channel
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_streams
from epg_app.mapped_entries import mapped_ids
from epg_app.signals import source_refreshed
from m3u_app.signals import account_refreshed
from tasks_app.models import JournalEntry, RunRequest

pytestmark = pytest.mark.django_db


def test_waiting_channels_are_linked_after_a_guide_refresh() -> None:
    waiting = make_channel("CNN", tvg_id=" CNN.us")
    locked = make_channel("Locked", tvg_id="cnn.us", epg_locked=True)
    unwanted = make_channel("None", tvg_id="cnn.us", no_epg=True)
    other = make_channel("Other", tvg_id="other.us")
    without = make_channel("Without")
    entry = make_entry("cnn.us")
    source_refreshed.send(sender=None, source_id=entry.source_id, report=None)
    for channel in (waiting, locked, unwanted, other, without):
        channel.refresh_from_db()
    assert waiting.guide_entry == entry
    assert {channel.guide_entry for channel in (locked, unwanted, other, without)} == {None}
    journalled = JournalEntry.objects.get()
    assert (journalled.entity_id, journalled.user_initiated) == (waiting.pk, False)
    assert journalled.after_value["guide_entry"] == str(entry)


def test_nothing_waiting_is_nothing_written() -> None:
    make_entry("cnn.us")
    assert link_waiting_channels() == 0
    assert not JournalEntry.objects.exists()


def test_the_guide_learns_which_entries_channels_use() -> None:
    entry, unused = make_entry("cnn.us"), make_entry("bbc.uk")
    make_channel("CNN", guide_entry=entry)
    make_channel("CNN again", guide_entry=entry)
    assert entry.pk in mapped_ids()
    assert unused.pk not in mapped_ids()


def test_linking_many_channels_takes_no_query_each() -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for size in (2, 80):
        for place in range(size):
            make_entry(f"{size}-{place}.x")
            make_channel(f"C{size}-{place}", tvg_id=f"{size}-{place}.x")
        with CaptureQueriesContext(connection) as queries:
            assert link_waiting_channels() == size
        counts.append(len([query for query in queries if "journalentry" not in query["sql"].lower()]))
    assert counts[0] == counts[1]


def test_a_refreshed_provider_publishes_only_when_its_streams_are_used(django_capture_on_commit_callbacks: object) -> None:
    (stream,) = make_streams(["a"])
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        account_refreshed.send(sender=None, account_id=stream.account_id, report=None)
    assert not RunRequest.objects.exists()
    make_channel("CNN", streams=[stream])
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        account_refreshed.send(sender=None, account_id=stream.account_id, report=None)
    assert RunRequest.objects.get().task_id == "publish_lineup"
    assert Channel.objects.count() == 1
