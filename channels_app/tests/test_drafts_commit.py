"""Applying a draft: all or nothing, temporary ids, the journal, and what stays behind."""

import threading
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections, transaction

from channels_app.arrange_streams import add_streams, remove_streams
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
    UpdateChannel,
)
from channels_app.drafts.commit_draft import NothingApplied, commit_draft
from channels_app.drafts.conflicts import find_conflicts
from channels_app.drafts.entity_changes import entity_changes
from channels_app.drafts.lives import unfinished_draft
from channels_app.drafts.review import review
from channels_app.drafts.steps import record
from channels_app.drafts.storage import path_of
from channels_app.drafts.switching import working_in
from channels_app.drafts.tables import FIRST_TEMPORARY_ID
from channels_app.edit_channels import create_channel, delete_channels, update_channel
from channels_app.edit_groups import create_group, delete_groups, place_groups, rename_group
from channels_app.models import (
    Channel,
    ChannelGroup,
    ChannelProfile,
    ChannelStream,
    DraftProblem,
    DraftState,
    HiddenGroup,
    Logo,
    ProfileMembership,
    StreamProfile,
)
from channels_app.move_channels import move_channels
from channels_app.profiles.set_memberships import set_memberships
from channels_app.tests.commit_fixtures import applied, begin_commit, make_user, net, new_draft, stage
from channels_app.tests.lineup_fixtures import make_account, make_channel, make_entry, make_group, make_streams
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db(transaction=True)


def whole_lineup() -> dict[str, Any]:
    """Everything a commit may touch, without moments of writing and without the ids of links."""
    rows: dict[str, Any] = {
        "channels": list(Channel.objects.order_by("pk").values()),
        "streams": list(
            ChannelStream.objects.order_by("channel_id", "position").values_list("channel_id", "stream_id", "position")
        ),
        "members": sorted(ProfileMembership.objects.values_list("profile_id", "channel_id")),
    }
    for model in (ChannelGroup, ChannelProfile, StreamProfile, Logo, HiddenGroup):
        rows[model.__name__] = list(model._default_manager.order_by("pk").values())
    for row in rows["channels"]:
        row.pop("updated_at")
    return rows


def change(channel: Channel, **values: object) -> Callable[[], object]:
    return lambda: update_channel(UpdateChannel(channel.pk, values), rename_with_number=False)


def test_a_new_channel_in_a_new_group_gets_real_ids() -> None:
    streams = make_streams(["a", "b"])
    draft = new_draft()
    with record(draft):
        group, _ = create_group(CreateGroup("News"))
        made = create_channel(
            CreateChannel({"name": "CNN", "number": "4.1", "group_id": group.pk}, (streams[1].pk, streams[0].pk))
        )
    assert group.pk >= FIRST_TEMPORARY_ID <= made.channel_ids[0]
    done = applied(draft)
    channel = Channel.objects.select_related("group").get()
    assert channel.pk < FIRST_TEMPORARY_ID
    assert channel.group is not None
    assert (str(channel.number.normalize() if channel.number else ""), channel.group.name) == ("4.1", "News")
    assert list(channel.channel_streams.values_list("stream_id", "position")) == [(streams[1].pk, 1), (streams[0].pk, 2)]
    assert done.ids["channel"] == {made.channel_ids[0]: channel.pk}
    draft.refresh_from_db()
    assert (draft.state, draft.result["applied"], draft.result["created"]) == (DraftState.COMMITTED, 2, 2)
    assert not path_of(draft.file_name).exists()
    assert connection.connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_group_of_that_name_made_meanwhile_is_used() -> None:
    draft = new_draft()
    with record(draft):
        group, _ = create_group(CreateGroup("News"))
        create_channel(CreateChannel({"name": "CNN", "group_id": group.pk}))
    made_meanwhile = make_group("NEWS")
    applied(draft)
    assert Channel.objects.get().group_id == made_meanwhile.pk
    assert ChannelGroup.objects.count() == 1


def lively_lineup() -> dict[str, Any]:
    streams = make_streams(["s1", "s2", "s3", "s4"])
    news, sports, films = make_group("News", position=1), make_group("Sports", position=2), make_group("Films", position=3)
    player = StreamProfile.objects.create(name="Proxy", command="x")
    family, kids = ChannelProfile.objects.create(name="Family"), ChannelProfile.objects.create(name="Kids")
    channels = [
        make_channel("A", "1", group=news, streams=streams[:2], stream_profile=player),
        make_channel("B", "2", group=news, streams=streams[1:3], guide_entry=make_entry("b.uk")),
        make_channel("C", "3", group=sports, streams=streams[3:], auto_created=True, auto_created_by=make_account("Auto")),
        make_channel("D", None, group=films, is_hidden=True),
    ]
    for profile in (family, kids):
        for channel in channels[:3]:
            ProfileMembership.objects.create(profile=profile, channel=channel)
    Logo.objects.create(name="Old", url="http://x.example/old.png")
    HiddenGroup.objects.create(group_id=films.pk, name="Films")
    return {
        "streams": streams, "groups": [news, sports, films], "channels": channels, "player": player, "profiles": [family, kids],
    }  # fmt: skip


def test_a_commit_of_everything_is_taken_back_by_undoing_its_batch() -> None:
    made = lively_lineup()
    a, b, c, d = made["channels"]
    news, sports, films = made["groups"]
    family, kids = made["profiles"]
    s = made["streams"]
    start = whole_lineup()
    draft = new_draft()
    with record(draft):
        fresh, _ = create_group(CreateGroup("Fresh"))
        new = create_channel(CreateChannel({"name": "N", "number": "9", "group_id": fresh.pk}, (s[0].pk,))).channel_ids[0]
    stage(
        draft,
        change(a, name="A+", number="11", stream_profile_id=None),
        change(c, name="C by hand"),
        lambda: add_streams(AddStreams(a.pk, (s[3].pk,))),
        lambda: remove_streams(RemoveStreams(a.pk, (s[0].pk,))),
        lambda: delete_channels(DeleteChannels((b.pk,))),
        lambda: delete_groups(DeleteGroups((sports.pk,))),
        lambda: create_group(CreateGroup("Sports")),  # the name of one that goes
        lambda: rename_group(RenameGroup(news.pk, "Swap")),
        lambda: rename_group(RenameGroup(films.pk, "News")),
        lambda: rename_group(RenameGroup(news.pk, "Films")),
        lambda: place_groups(PlaceGroups((films.pk,), news.pk)),
        lambda: move_channels(MoveChannels((d.pk,), fresh.pk)),
        lambda: set_memberships([c.pk, new], disable=[family.pk], enable=[]),
        lambda: set_memberships([d.pk, new], enable=[family.pk]),
        kids.delete,
        lambda: Logo.objects.create(name="New", url="http://x.example/new.png"),
        lambda: Logo.objects.filter(name="Old").update(name="Older"),
        lambda: HiddenGroup.objects.all().delete(),
        lambda: HiddenGroup.objects.create(group_id=films.pk, name="News"),
        lambda: StreamProfile.objects.filter(pk=made["player"].pk).delete(),
        lambda: ChannelProfile.objects.create(name="Kids"),
    )
    with working_in(draft):
        in_draft = whole_lineup()
    done = applied(draft)
    assert done.failed_count == 0
    after = whole_lineup()

    def real(kind: str, pk: int) -> int:
        return done.ids.get(kind, {}).get(pk, pk)

    assert [(real("channel", row["id"]), row["name"]) for row in in_draft["channels"]] == [
        (row["id"], row["name"]) for row in after["channels"]
    ]
    assert sorted((real("group", row["id"]), row["name"], row["position"]) for row in in_draft["ChannelGroup"]) == [
        (row["id"], row["name"], row["position"]) for row in after["ChannelGroup"]
    ]
    assert {(real("channel_profile", p), real("channel", c)) for p, c in in_draft["members"]} == set(after["members"])
    assert "name" in Channel.objects.get(pk=c.pk).pinned_fields
    assert connection.connection.execute("PRAGMA foreign_key_check").fetchall() == []

    entries = JournalEntry.objects.filter(batch_id=done.batch_id)
    assert entries.filter(action_type="bulk_commit").count() == 1
    report = undo_batch(done.batch_id)
    assert report.conflicts == []
    assert whole_lineup() == start


def test_a_summary_counts_and_every_entity_has_its_entry() -> None:
    channels = [make_channel(name) for name in "AB"]
    draft = new_draft()
    stage(draft, change(channels[0], name="X"), lambda: create_group(CreateGroup("New")))
    done = applied(draft)
    summary = JournalEntry.objects.get(batch_id=done.batch_id, action_type="bulk_commit")
    assert summary.after_value == {"applied": 2, "failed": 0, "created": 1}
    assert set(JournalEntry.objects.filter(batch_id=done.batch_id).values_list("action_type", flat=True)) == {
        "bulk_commit", "update", "group_create",
    }  # fmt: skip


def test_changes_of_both_sides_to_different_fields_go_together() -> None:
    streams = make_streams(["a", "b"])
    channel = make_channel("A", "1", streams=streams[:1])
    draft = new_draft()
    stage(draft, change(channel, name="Mine"))
    update_channel(UpdateChannel(channel.pk, {"number": "5"}), rename_with_number=False)
    add_streams(AddStreams(channel.pk, (streams[1].pk,)))
    applied(draft)
    channel.refresh_from_db()
    assert (channel.name, channel.number, channel.channel_streams.count()) == ("Mine", Decimal(5), 2)


def test_nothing_is_applied_while_one_value_is_in_conflict() -> None:
    a, b = make_channel("A"), make_channel("B")
    draft = new_draft()
    stage(draft, change(a, name="Mine"), change(b, name="Mine too"))
    update_channel(UpdateChannel(a.pk, {"name": "Theirs"}))
    with pytest.raises(NothingApplied, match="was changed on the server meanwhile"):
        applied(draft)
    b.refresh_from_db()
    assert b.name == "B"
    assert path_of(draft.file_name).exists()


def test_the_rest_can_be_applied_and_what_failed_begins_a_fresh_draft() -> None:
    user = make_user()
    a, b, c = (make_channel(name) for name in "ABC")
    draft = new_draft()
    stage(draft, change(a, name="Mine"), change(b, name="B2"), change(c, name="C2"))
    update_channel(UpdateChannel(a.pk, {"name": "Theirs"}))
    done = applied(draft, apply_rest=True, excluded=[("channel", c.pk)])
    assert (done.applied, done.failed_count, done.kept_out) == (1, 1, 1)
    assert set(Channel.objects.values_list("name", flat=True)) == {"Theirs", "B2", "C"}
    rest = unfinished_draft(user)
    assert rest is not None
    assert (rest.state, rest.pk) == (DraftState.OPEN, done.leftover_draft_id)
    assert {key[1]: entry.after for key, entry in net(rest).items()} == {a.pk: {"name": "Mine"}, c.pk: {"name": "C2"}}
    with working_in(rest):
        assert DraftProblem.objects.get().entity_id == a.pk
    assert [conflict.theirs for conflict in review(rest).conflicts] == ["Theirs"]  # still not overwritten unseen
    assert not path_of(draft.file_name).exists()


def test_what_depends_on_something_left_out_stays_with_it_and_finds_it_when_it_comes() -> None:
    user = make_user()
    draft = new_draft()
    with record(draft):
        group, _ = create_group(CreateGroup("New"))
        create_channel(CreateChannel({"name": "In it", "group_id": group.pk}))
        create_channel(CreateChannel({"name": "Elsewhere"}))
    done = applied(draft, apply_rest=True, excluded=[("group", group.pk)])
    assert [*Channel.objects.values_list("name", flat=True)] == ["Elsewhere"]
    (message,) = done.failed
    assert "needs a new group that is not applied" in message
    rest = unfinished_draft(user)
    assert rest is not None
    applied(rest)
    channel = Channel.objects.select_related("group").get(name="In it")
    assert channel.group is not None
    assert channel.group.name == "New"


def test_what_stays_behind_follows_what_was_created_to_its_real_id() -> None:
    user = make_user()
    channel = make_channel("Old")
    draft = new_draft()
    with record(draft):
        group, _ = create_group(CreateGroup("New"))
        move_channels(MoveChannels((channel.pk,), group.pk))
    applied(draft, excluded=[("channel", channel.pk)])
    rest = unfinished_draft(user)
    assert rest is not None
    assert net(rest)["channel", channel.pk].after == {"group_id": ChannelGroup.objects.get().pk}


def test_a_channel_deleted_on_the_server_is_a_conflict_and_can_be_made_again() -> None:
    streams = make_streams(["a"])
    channel = make_channel("A", "7", streams=streams)
    draft = new_draft()
    stage(draft, change(channel, name="Mine"))
    delete_channels(DeleteChannels((channel.pk,)))
    (conflict,) = review(draft).conflicts
    assert conflict.deleted_on_server
    draft.result = {"accepted": {conflict.key: conflict.seen}}
    draft.save()
    done = applied(draft)
    again = Channel.objects.get()
    assert (again.pk, again.name, again.number) == (channel.pk, "Mine", Decimal(7))
    assert list(again.channel_streams.values_list("stream_id", flat=True)) == [streams[0].pk]
    assert undo_batch(done.batch_id).conflicts == []
    assert not Channel.objects.exists()


def test_an_accepted_conflict_is_one_again_when_they_change_it_again() -> None:
    channel = make_channel("A")
    draft = new_draft()
    stage(draft, change(channel, name="Mine"))
    update_channel(UpdateChannel(channel.pk, {"name": "Theirs"}))
    (conflict,) = review(draft).conflicts
    draft.result = {"accepted": {conflict.key: conflict.seen}}
    draft.save()
    assert review(draft).conflicts == []
    update_channel(UpdateChannel(channel.pk, {"name": "Theirs again"}))
    assert [found.theirs for found in review(draft).conflicts] == ["Theirs again"]


def test_streams_that_the_provider_took_away_are_no_conflict() -> None:
    streams = make_streams(["a", "b", "c"])
    channel = make_channel("A", streams=streams[:2])
    draft = new_draft()
    stage(draft, lambda: add_streams(AddStreams(channel.pk, (streams[2].pk,))))
    remove_streams(RemoveStreams(channel.pk, (streams[0].pk,)))
    assert [found.field for found in review(draft).conflicts] == ["stream_ids"]  # somebody's decision
    streams[0].delete()
    assert review(draft).conflicts == []
    applied(draft)
    assert list(channel.channel_streams.values_list("stream_id", flat=True)) == [streams[1].pk, streams[2].pk]


def test_a_group_others_put_channels_into_is_not_deleted_unseen() -> None:
    group = make_group("Going")
    draft = new_draft()
    stage(draft, lambda: delete_groups(DeleteGroups((group.pk,))))
    make_channel("Put there", group=group)
    with pytest.raises(NothingApplied, match="“Put there” would lose the group “Going” unseen"):
        applied(draft)
    assert ChannelGroup.objects.exists()


def test_the_lineup_moving_on_between_looking_and_locking_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from channels_app.drafts import commit_draft as module

    channel = make_channel("A")
    draft = new_draft()
    stage(draft, change(channel, name="Mine"))
    real, looks = module._work_out, []

    def look_then_somebody_writes(*values: Any) -> Any:
        found = real(*values)
        looks.append(found)
        if len(looks) == 1:
            update_channel(UpdateChannel(channel.pk, {"name": "Theirs"}))
        return found

    monkeypatch.setattr(module, "_work_out", look_then_somebody_writes)
    with pytest.raises(NothingApplied):
        applied(draft)
    channel.refresh_from_db()
    assert (channel.name, len(looks)) == ("Theirs", 1)


def test_a_commit_waits_for_another_writer() -> None:
    channel = make_channel("A")
    draft = new_draft()
    stage(draft, change(channel, name="Mine"))
    begin_commit(draft)
    holding, begins = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            ChannelGroup.objects.create(name="Somebody else's")
            holding.set()
            begins.wait(30)
            time.sleep(0.6)
        connections.close_all()

    writer = threading.Thread(target=hold)
    writer.start()
    holding.wait(30)
    begun = time.monotonic()
    begins.set()
    commit_draft(draft)
    writer.join()
    assert time.monotonic() - begun > 0.3
    assert (Channel.objects.get().name, ChannelGroup.objects.count()) == ("Mine", 1)


def test_reading_the_changes_takes_the_same_queries_for_more_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    from channels_app.drafts.sides import Reader

    asked: list[str] = []
    real = Reader.rows

    def noted(self: Reader, statement: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        asked.append(statement)
        return real(self, statement, values)

    monkeypatch.setattr(Reader, "rows", noted)
    counts = []
    for size in (2, 20):
        channels = [make_channel(f"C{place}", str(place)) for place in range(size)]
        draft = new_draft(f"user{size}")
        stage(draft, *(change(channel, name=f"{channel.name}!") for channel in channels))
        asked.clear()
        assert len(entity_changes(draft)) == size
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_two_people_change_one_channel_and_the_later_one_is_asked() -> None:
    channel = make_channel("A")
    ann, bob = new_draft("ann"), new_draft("bob")
    stage(ann, change(channel, name="Ann's"))
    stage(bob, change(channel, name="Bob's"))
    applied(ann)
    with pytest.raises(NothingApplied):
        applied(bob)
    (conflict,) = review(bob).conflicts
    assert (conflict.base, conflict.mine, conflict.theirs) == ("A", "Bob's", "Ann's")
    assert find_conflicts(review(bob).entities.values(), {conflict.key: conflict.seen}) == []
