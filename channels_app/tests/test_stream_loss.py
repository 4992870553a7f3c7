import pytest
from django.db import transaction

from channels_app.arrange_streams import stream_ids_of
from channels_app.tests.lineup_fixtures import make_channel, make_streams
from m3u_app.stream_users import announce_removal, used_streams
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db


def test_streams_on_channels_count_as_used() -> None:
    used, unused = make_streams(["a", "b"])
    make_channel("CNN", streams=[used])
    assert used_streams([used.pk, unused.pk]) == {used.pk}


def test_every_channel_says_what_it_lost_and_which_are_empty_now(caplog: pytest.LogCaptureFixture) -> None:
    a, b = make_streams(["http://x.example/live/bob/secret/1.ts", "b"])
    both, only = make_channel("Both", streams=[a, b]), make_channel("Only", streams=[a])
    make_channel("Neither")
    with transaction.atomic():
        announce_removal([a.pk], "missing from the playlist for 7 days", "abcd1234")
    assert stream_ids_of(both.pk) == [b.pk]
    assert stream_ids_of(only.pk) == []
    entries = {entry.entity_name: entry for entry in JournalEntry.objects.all()}
    assert set(entries) == {"Both", "Only"}
    assert entries["Both"].before_value == {"streams": [a.pk, b.pk]}
    assert entries["Both"].batch_id == "abcd1234"
    assert not entries["Both"].undoable
    assert "no streams left" not in entries["Both"].description
    assert "no streams left" in entries["Only"].description
    assert "secret" not in str(entries["Only"].after_value) + entries["Only"].description
    assert "Only" in caplog.text


def test_queries_do_not_grow_with_the_channels() -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for size in (2, 100):
        streams = make_streams([f"s{place}" for place in range(size)])
        for place, stream in enumerate(streams):
            make_channel(f"C{place}", streams=[stream])
        with CaptureQueriesContext(connection) as queries:
            announce_removal([stream.pk for stream in streams], "gone", "")
        counts.append(len([query for query in queries if "journalentry" not in query["sql"].lower()]))
    assert counts[0] == counts[1]
