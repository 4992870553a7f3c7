"""The table of 10 §25.6 on consolidation (69–79): what a draft comes to in the end. Runs of numbers (75, 76) are what
goes to a server: ``test_mirror_rules.py``."""

from collections.abc import Callable

import pytest

from channels_app.arrange_streams import add_streams, remove_streams, reorder_streams
from channels_app.commands import (
    AddStreams,
    CreateChannel,
    DeleteChannels,
    DeleteGroups,
    MoveChannels,
    RemoveStreams,
    ReorderStreams,
    UpdateChannel,
)
from channels_app.drafts.entity_changes import Action, entity_changes
from channels_app.drafts.steps import record
from channels_app.edit_channels import create_channel, delete_channels, update_channel
from channels_app.edit_groups import delete_groups
from channels_app.models import Channel, ChannelGroup, Draft
from channels_app.move_channels import move_channels
from channels_app.tests.commit_fixtures import applied, net, new_draft, stage
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams

pytestmark = pytest.mark.django_db(transaction=True)


def change(channel: Channel, **values: object) -> Callable[[], object]:
    return lambda: update_channel(UpdateChannel(channel.pk, values), rename_with_number=False)


def assign(*numbered: tuple[Channel, int]) -> list[Callable[[], object]]:
    return [change(channel, number=str(number)) for channel, number in numbered]


@pytest.fixture
def channels() -> list[Channel]:
    return [make_channel(name, number) for name, number in (("A", "1"), ("B", "2"), ("C", "3"))]


@pytest.fixture
def draft(channels: list[Channel]) -> Draft:
    return new_draft()


def test_69_updates_of_a_channel_are_merged_and_later_values_win(draft: Draft, channels: list[Channel]) -> None:
    a = channels[0]
    stage(draft, change(a, name="foo"), change(a, logo_url="http://x.example/l.png"), change(a, name="baz"))
    (only,) = entity_changes(draft)
    assert (only.action, only.before, only.after) == (
        Action.UPDATE,
        {"name": "A", "logo_url": ""},
        {"name": "baz", "logo_url": "http://x.example/l.png"},
    )


@pytest.mark.parametrize("present", [False, True])
def test_70_adding_and_removing_a_stream_cancel_each_other(present: bool) -> None:
    streams = make_streams(["a", "b"])
    channel = make_channel("A", streams=streams if present else streams[:1])
    put = lambda: add_streams(AddStreams(channel.pk, (streams[1].pk,)))  # noqa: E731
    take = lambda: remove_streams(RemoveStreams(channel.pk, (streams[1].pk,)))  # noqa: E731
    draft = new_draft()
    stage(draft, *((take, put) if present else (put, take)))
    assert entity_changes(draft) == []


def test_70_removing_and_adding_ends_present_and_the_reverse_absent() -> None:
    streams = make_streams(["a", "b", "c"])
    kept, lost = make_channel("A", streams=streams[:2]), make_channel("B", streams=streams[:1])
    draft = new_draft()
    stage(
        draft,
        lambda: remove_streams(RemoveStreams(kept.pk, (streams[0].pk,))),
        lambda: add_streams(AddStreams(kept.pk, (streams[0].pk,))),
        lambda: add_streams(AddStreams(lost.pk, (streams[1].pk,))),
        lambda: remove_streams(RemoveStreams(lost.pk, (streams[1].pk,))),
    )
    changes = net(draft)
    assert changes["channel", kept.pk].after["stream_ids"] == [streams[1].pk, streams[0].pk]
    assert ("channel", lost.pk) not in changes


def test_71_only_the_last_order_counts() -> None:
    ten, twenty, thirty = make_streams(["10", "20", "30"])
    channel = make_channel("A", streams=[thirty, twenty, ten])
    draft = new_draft()
    first, last = (ten.pk, twenty.pk, thirty.pk), (twenty.pk, ten.pk, thirty.pk)
    stage(draft, *(lambda ids=ids: reorder_streams(ReorderStreams(channel.pk, ids)) for ids in (first, last)))
    (only,) = entity_changes(draft)
    assert only.after == {"stream_ids": list(last)}


def test_72_of_a_deleted_channel_only_the_deletion_stays() -> None:
    streams = make_streams(["a", "b"])
    channel = make_channel("Five", streams=streams[:1])
    draft = new_draft()
    stage(
        draft,
        change(channel, name="Other"),
        lambda: add_streams(AddStreams(channel.pk, (streams[1].pk,))),
        lambda: reorder_streams(ReorderStreams(channel.pk, (streams[1].pk, streams[0].pk))),
        lambda: delete_channels(DeleteChannels((channel.pk,))),
    )
    (only,) = entity_changes(draft)
    assert (only.action, only.before["name"], only.before["stream_ids"]) == (Action.DELETE, "Five", [streams[0].pk])


def test_73_numbers_stay_when_one_of_the_run_is_deleted(draft: Draft, channels: list[Channel]) -> None:
    a, b, c = channels
    stage(draft, *assign((a, 100), (b, 101), (c, 102)), lambda: delete_channels(DeleteChannels((b.pk,))))
    changes = net(draft)
    assert changes["channel", a.pk].after == {"number": "100"}
    assert changes["channel", b.pk].action is Action.DELETE
    assert changes["channel", c.pk].after == {"number": "102"}


def test_74_created_and_deleted_is_nothing(draft: Draft) -> None:
    with record(draft):
        made = create_channel(CreateChannel({"name": "New"})).channel_ids
    stage(draft, lambda: delete_channels(DeleteChannels(tuple(made))))
    assert entity_changes(draft) == []


def test_77_the_last_number_of_a_channel_wins(draft: Draft, channels: list[Channel]) -> None:
    a, b, _ = channels
    stage(draft, *assign((a, 100), (b, 101), (a, 500)))
    assert {key[1]: change.after for key, change in net(draft).items()} == {a.pk: {"number": "500"}, b.pk: {"number": "101"}}


def test_78_an_update_after_an_assignment_wins(draft: Draft, channels: list[Channel]) -> None:
    stage(draft, *assign((channels[0], 100)), change(channels[0], number="7"))
    applied(draft)
    assert Channel.objects.get(pk=channels[0].pk).number == 7


def test_79_a_move_out_of_a_deleted_group_comes_first() -> None:
    five, nine = make_group("Five"), make_group("Nine")
    channel = make_channel("A", group=five)
    draft = new_draft()
    stage(
        draft,
        lambda: move_channels(MoveChannels((channel.pk,), nine.pk)),
        lambda: delete_groups(DeleteGroups((five.pk,))),
    )
    applied(draft)
    channel.refresh_from_db()
    assert channel.group_id == nine.pk
    assert not ChannelGroup.objects.filter(pk=five.pk).exists()


def test_what_was_undone_is_no_change_and_what_the_server_has_already_neither(draft: Draft, channels: list[Channel]) -> None:
    a, b, _ = channels
    stage(draft, change(a, name="X"), change(a, name="A"), change(b, name="Y"))
    update_channel(UpdateChannel(b.pk, {"name": "Y"}))
    assert entity_changes(draft) == []
