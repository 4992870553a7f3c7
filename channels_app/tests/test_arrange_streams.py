import pytest

from channels_app import arrange_streams as arrange
from channels_app.arrange_streams import add_streams, remove_streams, reorder_streams, stream_ids_of
from channels_app.commands import AddStreams, RemoveStreams, ReorderStreams
from channels_app.errors import EditRefused, NotThere
from channels_app.models import ChannelStream
from channels_app.tests.lineup_fixtures import make_channel, make_streams
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db


def test_present_streams_are_skipped_and_the_order_is_kept() -> None:
    """Example 25.6 #86."""
    five, ten, eleven = (stream.pk for stream in make_streams(["five", "ten", "eleven"]))
    channel = make_channel("CNN")
    add_streams(AddStreams(channel.pk, (five, ten)))
    outcome = add_streams(AddStreams(channel.pk, (ten, eleven, five)))
    assert stream_ids_of(channel.pk) == [five, ten, eleven]
    assert (outcome.added, outcome.skipped, outcome.total) == ([eleven], [ten, five], 3)
    entry = JournalEntry.objects.order_by("pk").last()
    assert entry.action_type == "stream_add"
    assert entry.before_value == {"streams": [five, ten]}
    assert entry.after_value == {"streams": [five, ten, eleven]}


def test_nothing_is_written_when_all_are_present(django_assert_num_queries: object) -> None:
    """Example 25.6 #87."""
    streams = [stream.pk for stream in make_streams(["a", "b"])]
    channel = make_channel("CNN")
    add_streams(AddStreams(channel.pk, tuple(streams)))
    JournalEntry.objects.all().delete()
    outcome = add_streams(AddStreams(channel.pk, tuple(reversed(streams))))
    assert (outcome.added, outcome.total, outcome.entry_id) == ([], 2, None)
    assert not JournalEntry.objects.exists()
    assert not outcome.changed


def test_a_stream_named_twice_is_added_once() -> None:
    (stream,) = make_streams(["a"])
    channel = make_channel("CNN")
    outcome = add_streams(AddStreams(channel.pk, (stream.pk, stream.pk)))
    assert outcome.added == [stream.pk]
    assert stream_ids_of(channel.pk) == [stream.pk]


def test_streams_that_vanished_are_left_out_and_counted() -> None:
    (stream,) = make_streams(["a"])
    channel = make_channel("CNN")
    outcome = add_streams(AddStreams(channel.pk, (9999, stream.pk)))
    assert outcome.missing == [9999]
    assert stream_ids_of(channel.pk) == [stream.pk]
    assert "no longer exist" in outcome.warnings[0]


def test_a_channel_that_is_gone_says_so() -> None:
    with pytest.raises(NotThere):
        add_streams(AddStreams(404, ()))


def test_a_slip_of_the_hand_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrange, "MOST_STREAMS", 2)
    streams = make_streams(["a", "b", "c"])
    channel = make_channel("CNN")
    with pytest.raises(EditRefused, match="2 streams at most"):
        add_streams(AddStreams(channel.pk, tuple(stream.pk for stream in streams)))
    assert stream_ids_of(channel.pk) == []


def test_removing_an_absent_stream_does_nothing() -> None:
    first, second = make_streams(["a", "b"])
    channel = make_channel("CNN", streams=[first])
    assert not remove_streams(RemoveStreams(channel.pk, (second.pk,))).changed
    assert stream_ids_of(channel.pk) == [first.pk]
    assert not JournalEntry.objects.exists()


def test_positions_stay_gap_free_after_a_removal() -> None:
    streams = make_streams(["a", "b", "c"])
    channel = make_channel("CNN", streams=streams)
    remove_streams(RemoveStreams(channel.pk, (streams[0].pk,)))
    links = ChannelStream.objects.filter(channel=channel).order_by("position").values_list("stream_id", "position")
    assert list(links) == [(streams[1].pk, 1), (streams[2].pk, 2)]


def test_the_last_stream_taken_off_warns() -> None:
    streams = make_streams(["a"])
    channel = make_channel("CNN", streams=streams)
    outcome = remove_streams(RemoveStreams(channel.pk, (streams[0].pk,)))
    assert outcome.total == 0
    assert "no streams left" in outcome.warnings[0]


def test_a_reorder_stores_exactly_the_given_order() -> None:
    streams = make_streams(["a", "b", "c"])
    channel = make_channel("CNN", streams=streams)
    wanted = (streams[2].pk, streams[0].pk, streams[1].pk)
    reorder_streams(ReorderStreams(channel.pk, wanted))
    assert stream_ids_of(channel.pk) == list(wanted)
    assert JournalEntry.objects.get().action_type == "stream_reorder"
    assert not reorder_streams(ReorderStreams(channel.pk, wanted)).changed


@pytest.mark.parametrize("fault", ["foreign", "omitted", "doubled"])
def test_a_reorder_never_drops_or_takes_in_a_stream(fault: str) -> None:
    a, b, c = (stream.pk for stream in make_streams(["a", "b", "c"]))
    channel = make_channel("CNN")
    add_streams(AddStreams(channel.pk, (a, b)))
    wanted = {"foreign": (b, a, c), "omitted": (b,), "doubled": (b, a, a)}[fault]
    with pytest.raises(EditRefused):
        reorder_streams(ReorderStreams(channel.pk, wanted))
    assert stream_ids_of(channel.pk) == [a, b]


def test_queries_do_not_grow_with_the_streams() -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for size in (3, 60):
        streams = make_streams([f"s{place}" for place in range(size)])
        channel = make_channel("CNN")
        with CaptureQueriesContext(connection) as queries:
            add_streams(AddStreams(channel.pk, tuple(stream.pk for stream in streams)))
        counts.append(len(queries))
    assert counts[0] == counts[1]
