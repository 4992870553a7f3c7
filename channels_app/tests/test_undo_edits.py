from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from channels_app.arrange_streams import add_streams, remove_streams, reorder_streams, stream_ids_of
from channels_app.commands import (
    AddStreams,
    CreateChannel,
    CreateGroup,
    DeleteChannels,
    DeleteGroups,
    MoveChannels,
    PlaceGroups,
    RemoveStreams,
    RenameGroup,
    RenumberChannels,
    ReorderChannels,
    ReorderStreams,
    UpdateChannel,
)
from channels_app.edit_channels import create_channel, delete_channels, update_channel
from channels_app.edit_groups import create_group, delete_groups, place_groups, rename_group
from channels_app.errors import EditRefused
from channels_app.models import Channel, ChannelGroup
from channels_app.move_channels import move_channels, reorder_channels
from channels_app.renumber_channels import renumber_channels
from channels_app.tests.lineup_fixtures import lineup_state, make_channel, make_channels, make_group, make_streams, numbers_of
from m3u_app.models import Stream
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, handler_for, undo_batch, undo_entry


def undo(entry: JournalEntry) -> None:
    handler = handler_for(entry.entity_type)
    assert handler is not None, f"nothing undoes {entry.entity_type}"
    with transaction.atomic():
        handler(entry)


def undo_everything() -> None:
    for entry in JournalEntry.objects.filter(undoable=True).order_by("-pk"):
        undo(entry)


@pytest.mark.django_db
def test_a_deleted_channel_comes_back_exactly_as_it_was() -> None:
    streams = make_streams(["a", "b", "c"])
    group = make_group("News")
    channel = make_channel(
        "CNN",
        "4.1",
        group=group,
        streams=[streams[2], streams[0]],
        tvg_id="cnn",
        is_hidden=True,
        logo_url="http://x.example/l.png",
    )
    Channel.objects.filter(pk=channel.pk).update(created_at=timezone.now() - timedelta(days=3))
    before = lineup_state()
    delete_channels(DeleteChannels((channel.pk,)))
    undo_everything()
    assert lineup_state() == before


@pytest.mark.django_db
def test_a_group_deleted_with_its_channels_comes_back_whole() -> None:
    group = make_group("News", position=2)
    make_channels(group, A="1", B="2")
    before = lineup_state()
    delete_groups(DeleteGroups((group.pk,), delete_channels=True))
    assert not ChannelGroup.objects.exists()
    undo_everything()
    assert lineup_state() == before


@pytest.mark.django_db
def test_a_channel_restored_alone_gets_its_group_again() -> None:
    group = make_group("News")
    channel = make_channel("CNN", "1", group=group)
    delete_groups(DeleteGroups((group.pk,), delete_channels=True))
    undo(JournalEntry.objects.get(action_type="delete"))
    channel.refresh_from_db()
    assert channel.group is not None
    assert (channel.group.pk, channel.group.name) == (group.pk, "News")


@pytest.mark.django_db
def test_a_restored_channel_joins_the_group_that_has_the_name_now() -> None:
    group = make_group("News")
    channel = make_channel("CNN", "1", group=group)
    delete_groups(DeleteGroups((group.pk,), delete_channels=True))
    successor = make_group("NEWS")
    undo(JournalEntry.objects.get(action_type="delete"))
    channel.refresh_from_db()
    assert channel.group == successor


@pytest.mark.django_db
def test_a_field_changed_since_is_a_conflict_that_says_what_it_is_now() -> None:
    channel = make_channel("CNN", "1")
    update_channel(UpdateChannel(channel.pk, {"name": "CNN HD", "tvg_id": "cnn"}))
    first = JournalEntry.objects.get()
    update_channel(UpdateChannel(channel.pk, {"name": "CNN 4K"}))
    with pytest.raises(UndoConflict, match="name is “CNN 4K” now"):
        undo(first)
    channel.refresh_from_db()
    assert (channel.name, channel.tvg_id) == ("CNN 4K", "cnn")


@pytest.mark.django_db
def test_changes_of_other_fields_do_not_stand_in_the_way() -> None:
    channel = make_channel("CNN", "1")
    update_channel(UpdateChannel(channel.pk, {"name": "CNN HD"}))
    first = JournalEntry.objects.get()
    update_channel(UpdateChannel(channel.pk, {"number": "7"}))
    undo(first)
    channel.refresh_from_db()
    assert (channel.name, channel.number) == ("CNN", 7)


@pytest.mark.django_db
def test_a_created_channel_that_was_edited_since_is_kept() -> None:
    create_channel(CreateChannel({"name": "CNN"}))
    created = JournalEntry.objects.get()
    channel = Channel.objects.get()
    update_channel(UpdateChannel(channel.pk, {"number": "5"}))
    with pytest.raises(UndoConflict, match="number is “5” now"):
        undo(created)
    assert Channel.objects.exists()
    update_channel(UpdateChannel(channel.pk, {"number": ""}))
    undo(created)
    assert not Channel.objects.exists()


@pytest.mark.django_db
def test_a_created_channel_given_streams_since_is_kept() -> None:
    (stream,) = make_streams(["a"])
    create_channel(CreateChannel({"name": "CNN"}))
    created = JournalEntry.objects.get()
    add_streams(AddStreams(Channel.objects.get().pk, (stream.pk,)))
    with pytest.raises(UndoConflict, match="other streams"):
        undo(created)


@pytest.mark.django_db
def test_streams_changed_since_are_a_conflict_but_vanished_ones_are_not() -> None:
    a, b, c = make_streams(["a", "b", "c"])
    channel = make_channel("CNN", streams=[a, b])
    reorder_streams(ReorderStreams(channel.pk, (b.pk, a.pk)))
    reordered = JournalEntry.objects.get()
    add_streams(AddStreams(channel.pk, (c.pk,)))
    with pytest.raises(UndoConflict, match="streams of “CNN” were changed"):
        undo(reordered)
    remove_streams(RemoveStreams(channel.pk, (c.pk,)))
    Stream.objects.filter(pk=b.pk).delete()
    undo(reordered)
    assert stream_ids_of(channel.pk) == [a.pk]


@pytest.mark.django_db
def test_a_channel_deleted_since_is_a_conflict() -> None:
    (stream,) = make_streams(["a"])
    channel = make_channel("CNN", "1")
    update_channel(UpdateChannel(channel.pk, {"name": "CNN HD"}))
    add_streams(AddStreams(channel.pk, (stream.pk,)))
    edits = list(JournalEntry.objects.all())
    delete_channels(DeleteChannels((channel.pk,)))
    for entry in edits:
        with pytest.raises(UndoConflict, match="deleted since"):
            undo(entry)


@pytest.mark.django_db
def test_a_move_cannot_go_back_to_a_group_that_is_gone() -> None:
    group = make_group("News")
    channel = make_channel("CNN", "1", group=group)
    move_channels(MoveChannels((channel.pk,), None))
    moved = JournalEntry.objects.get()
    group.delete()
    with pytest.raises(UndoConflict, match="“News” no longer exists"):
        undo(moved)
    make_group("news")
    undo(moved)
    channel.refresh_from_db()
    assert channel.group is not None


@pytest.mark.django_db
def test_a_renamed_group_gets_its_name_back_unless_it_is_taken() -> None:
    group = make_group("News")
    rename_group(RenameGroup(group.pk, "Nachrichten"))
    entry = JournalEntry.objects.get()
    other = make_group("NEWS")
    with pytest.raises(UndoConflict, match="Another group is called “NEWS”"):
        undo(entry)
    other.delete()
    undo(entry)
    group.refresh_from_db()
    assert group.name == "News"


@pytest.mark.django_db
def test_a_created_group_that_has_channels_is_kept() -> None:
    group, _ = create_group(CreateGroup("News"))
    make_channel("CNN", group=group)
    with pytest.raises(UndoConflict, match="1 channel now"):
        undo(JournalEntry.objects.get())


@pytest.mark.django_db
def test_an_order_of_groups_changed_since_is_a_conflict() -> None:
    first, second, third = make_group("A"), make_group("B"), make_group("C")
    place_groups(PlaceGroups((third.pk,), first.pk))
    entry = JournalEntry.objects.get()
    place_groups(PlaceGroups((second.pk,), third.pk))
    with pytest.raises(UndoConflict, match="changed again"):
        undo(entry)


@pytest.mark.django_db
def test_a_move_up_after_a_deletion_goes_back_in_one_batch() -> None:
    group = make_group()
    channels = make_channels(group, A="1", B="2", C="3")
    before = lineup_state()
    delete_channels(DeleteChannels((channels["A"].pk,), move_up=True))
    assert numbers_of(group) == {"B": "1", "C": "2"}
    undo_everything()
    assert lineup_state() == before


NAMES = st.sampled_from(["CNN", "BBC", "12 | Sky", "Sky - 12", "<b>x</b>", "=SUM(A1)"])
NUMBERS = st.sampled_from(["", "1", "2", "2.5", "7", "100"])
PLACES = st.integers(min_value=0, max_value=9)
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), NAMES, NUMBERS, PLACES),
        st.tuples(st.just("name"), PLACES, NAMES),
        st.tuples(st.just("number"), PLACES, NUMBERS),
        st.tuples(st.just("hide"), PLACES, st.booleans()),
        st.tuples(st.just("delete"), st.lists(PLACES, min_size=1, max_size=3), st.booleans()),
        st.tuples(st.just("add"), PLACES, st.lists(PLACES, max_size=4)),
        st.tuples(st.just("remove"), PLACES, st.lists(PLACES, max_size=2)),
        st.tuples(st.just("shuffle"), PLACES, st.randoms(use_true_random=False)),
        st.tuples(st.just("group"), NAMES),
        st.tuples(st.just("rename group"), PLACES, NAMES),
        st.tuples(st.just("delete group"), PLACES, st.booleans()),
        st.tuples(st.just("place group"), PLACES, PLACES),
        st.tuples(st.just("reorder"), PLACES, PLACES, PLACES),
        st.tuples(st.just("move"), st.lists(PLACES, min_size=1, max_size=3), PLACES, st.booleans()),
        st.tuples(st.just("renumber"), st.lists(PLACES, min_size=1, max_size=4), st.booleans()),
    ),
    max_size=12,
)


class AnyEdits(TestCase):
    """Whatever is done, undoing it from the last to the first restores the exact state."""

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(edits=EDITS)
    def test_undo_in_reverse_restores_the_exact_state(self, edits: list[tuple]) -> None:
        streams = make_streams([f"s{place}" for place in range(10)])
        group = make_group("Start")
        make_channel("101 | One", "101", group=group, streams=streams[:3])
        make_channel("Two", "102", group=group)
        make_channel("Three", None, streams=streams[2:4])
        before = lineup_state()
        for edit in edits:
            with suppress(EditRefused):  # a refused edit must leave nothing behind either
                self.do(edit, streams)
        undo_everything()
        assert lineup_state() == before

    def do(self, edit: tuple, streams: list[Stream]) -> None:
        channels = list(Channel.objects.order_by("pk").values_list("pk", flat=True))
        groups = [None, *ChannelGroup.objects.order_by("pk").values_list("pk", flat=True)]
        kind, *values = edit

        def channel(place: int) -> int:
            return channels[place % len(channels)] if channels else 404

        def group(place: int) -> int | None:
            return groups[place % len(groups)]

        if kind == "create":
            create_channel(
                CreateChannel({"name": values[0], "number": values[1], "group_id": group(values[2])}, (streams[0].pk,))
            )
        elif kind == "name":
            update_channel(UpdateChannel(channel(values[0]), {"name": values[1]}))
        elif kind == "number":
            update_channel(UpdateChannel(channel(values[0]), {"number": values[1]}), rename_with_number=True)
        elif kind == "hide":
            update_channel(UpdateChannel(channel(values[0]), {"is_hidden": values[1], "tvg_id": "x"}))
        elif kind == "delete":
            delete_channels(DeleteChannels(tuple(map(channel, values[0])), move_up=values[1]))
        elif kind == "add":
            add_streams(AddStreams(channel(values[0]), tuple(streams[place].pk for place in values[1])))
        elif kind == "remove":
            remove_streams(RemoveStreams(channel(values[0]), tuple(streams[place].pk for place in values[1])))
        elif kind == "shuffle":
            order = stream_ids_of(channel(values[0]))
            values[1].shuffle(order)
            reorder_streams(ReorderStreams(channel(values[0]), tuple(order)))
        elif kind == "group":
            create_group(CreateGroup(values[0]))
        elif kind == "rename group":
            rename_group(RenameGroup(group(values[0]) or 404, values[1]))
        elif kind == "delete group":
            delete_groups(DeleteGroups((group(values[0]) or 404,), delete_channels=values[1]))
        elif kind == "place group":
            place_groups(PlaceGroups((group(values[0]) or 404,), group(values[1])))
        elif kind == "reorder":
            inside = list(Channel.objects.filter(group_id=group(values[0])).order_by("pk").values_list("pk", flat=True))
            if inside:
                moved, target = inside[values[1] % len(inside)], inside[values[2] % len(inside)]
                reorder_channels(ReorderChannels(group(values[0]), (moved,), target))
        elif kind == "move":
            chosen = tuple(map(channel, values[0]))
            numbers = "custom" if values[2] else "keep"
            move_channels(MoveChannels(chosen, group(values[1]), numbers, 7 if values[2] else None, close_gaps=values[2]))
        elif kind == "renumber":
            renumber_channels(RenumberChannels(tuple(map(channel, values[0])), 2, push_others=values[1]))


@pytest.mark.django_db
def test_the_journal_undoes_and_redoes_what_was_done() -> None:
    """Through the journal's own engine: taking the taking back back is doing it again."""
    streams = make_streams(["a", "b"])
    group = make_group("News")
    channel = make_channel("CNN", "1", group=group, streams=streams)
    outcome = delete_groups(DeleteGroups((group.pk,), delete_channels=True))
    deleted = lineup_state()
    first = undo_batch(outcome.batch_id)
    assert (first.undone, first.conflicts) == (2, [])
    channel.refresh_from_db()
    assert stream_ids_of(channel.pk) == [stream.pk for stream in streams]
    again = undo_batch(first.batch_id)
    assert (again.undone, again.conflicts) == (2, [])
    assert lineup_state() == deleted
    back = undo_batch(again.batch_id)
    assert (back.undone, back.conflicts) == (2, [])
    reorder_streams(ReorderStreams(channel.pk, (streams[1].pk, streams[0].pk)))
    entry = JournalEntry.objects.latest("pk")
    assert undo_entry(entry).undone == 1
    assert stream_ids_of(channel.pk) == [stream.pk for stream in streams]
    redo = JournalEntry.objects.latest("pk")
    assert undo_entry(redo).undone == 1
    assert stream_ids_of(channel.pk) == [streams[1].pk, streams[0].pk]


@pytest.mark.django_db
def test_many_edits_in_one_transaction_ask_for_publishing_once(django_capture_on_commit_callbacks: object) -> None:
    channels = [make_channel(f"C{place}", str(place)) for place in range(5)]
    with django_capture_on_commit_callbacks() as requests:  # type: ignore[operator]
        for channel in channels:
            update_channel(UpdateChannel(channel.pk, {"name": f"{channel.name} HD"}))
    assert len(requests) == 1
