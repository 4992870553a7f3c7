"""The lineup beside everything else that is mirrored: streams, custom ones, guide entries; and edits that leave drafts."""

from collections.abc import Iterator

import pytest

from channels_app.commands import CreateChannel, DeleteChannels, UpdateChannel
from channels_app.drafts import storage
from channels_app.edit_channels import create_channel, delete_channels, update_channel
from channels_app.models import Channel, ChannelGroup, ChannelStream
from channels_app.tests.commit_fixtures import applied, new_draft, stage
from ecm_site.dispatcharr.client import Dispatcharr
from m3u_app.models import Stream
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import PullReport, pull
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror.triggers import ensure_triggers
from tasks_app.models import JournalEntry, MirrorState, OutboxEntry
from tasks_app.undo import undo_batch
from tests.dispatcharr.lineup_house import make_channel
from tests.fake_dispatcharr import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connected(world: World, client: Dispatcharr) -> Iterator[Dispatcharr]:
    """Everything that is registered is mirrored, and pulled once."""
    ensure_triggers()
    mirror_state()
    MirrorState.objects.update(connected=True)
    pull(client)
    yield client
    MirrorState.objects.update(connected=False)
    for path in storage.folder().glob("*"):
        path.unlink()


def changed(report: PullReport) -> dict[str, int]:
    counts = {name: count.created + count.updated + count.deleted for name, count in report.counts.items()}
    return {name: count for name, count in counts.items() if count}


def names_there(world: World) -> set[str]:
    return {row["name"] for row in world.tables["channels"].values()}


def test_channels_use_streams_of_accounts_and_custom_ones(world: World, connected: Dispatcharr) -> None:
    first = Stream.objects.get(provider_stream_id="4")
    own = Stream.objects.create(name="Own", url="http://own.test/1.ts", is_custom=True, stream_hash=b"x" * 32)
    make_channel("With own", own.pk, first.pk)
    deliver(connected)
    row = next(row for row in world.tables["channels"].values() if row["name"] == "With own")
    [made] = [number for number in row["streams"] if number != 4]
    assert row["streams"] == [made, 4]
    assert (world.streams.get(made) or {})["name"] == "Own"
    assert not OutboxEntry.objects.exists()
    assert changed(pull(connected)) == {}


def test_a_draft_reaches_the_server_once_it_is_applied(world: World, connected: Dispatcharr) -> None:
    one, two = (Channel.objects.get(name=name) for name in ("One", "Two"))
    stream = Stream.objects.get(provider_stream_id="9")

    def new() -> None:
        group = ChannelGroup.objects.create(name="Sports")
        create_channel(CreateChannel({"name": "ESPN", "group_id": group.pk, "number": "4.1"}, (stream.pk,)))

    draft = new_draft()
    stage(
        draft,
        lambda: update_channel(UpdateChannel(one.pk, {"name": "Uno"})),
        lambda: delete_channels(DeleteChannels((two.pk,))),
        new,
    )
    deliver(connected)
    assert names_there(world) == {"One", "Two", "Three"}, "a draft is nobody's business"
    result = applied(draft)
    deliver(connected)
    assert names_there(world) == {"Uno", "Three", "ESPN"}
    made = next(row for row in world.tables["channels"].values() if row["name"] == "ESPN")
    assert (made["streams"], made["channel_number"]) == ([9], 4.1)
    assert world.tables["groups"][made["channel_group_id"]]["name"] == "Sports"
    assert not OutboxEntry.objects.exists()
    assert changed(pull(connected)) == {}

    undo_batch(result.batch_id)
    deliver(connected)
    assert names_there(world) == {"One", "Two", "Three"}
    assert not OutboxEntry.objects.exists()
    assert changed(pull(connected)) == {}


def test_an_edit_that_is_undone_before_it_left_is_no_request(world: World, connected: Dispatcharr) -> None:
    outcome = update_channel(UpdateChannel(Channel.objects.get(name="One").pk, {"name": "Uno"}))
    assert OutboxEntry.objects.count() == 1
    entry = JournalEntry.objects.get(pk=outcome.entry_id)
    from tasks_app.undo import undo_entry

    undo_entry(entry)
    before = connected.session.tally.requests
    deliver(connected)
    assert not OutboxEntry.objects.exists()
    assert connected.session.tally.requests - before <= 2, "one look, nothing sent"
    assert "One" in names_there(world)


def test_streams_that_vanish_there_leave_channels_on_both_sides(world: World, connected: Dispatcharr) -> None:
    ChannelStream.objects.create(
        channel=Channel.objects.get(name="One"), stream=Stream.objects.get(provider_stream_id="5"), position=2
    )
    deliver(connected)
    world.remove("streams", 1)
    pull(connected)
    deliver(connected)
    pull(connected)
    assert not OutboxEntry.objects.exists()
    assert list(ChannelStream.objects.filter(channel__name="One").values_list("stream__provider_stream_id", flat=True)) == ["5"]
    assert changed(pull(connected)) == {}
