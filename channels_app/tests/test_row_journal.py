"""Rows beside channels and groups are told in the journal and taken back from it."""

from collections.abc import Callable

import pytest
from django.db import models, transaction

from channels_app.commands import DeleteChannels
from channels_app.edit_channels import delete_channels
from channels_app.journal_channels import profiles_entry
from channels_app.models import Channel, ChannelProfile, HiddenGroup, Logo, ProfileMembership, StreamProfile
from channels_app.row_journal import row_entry, row_image
from channels_app.tests.lineup_fixtures import make_channel
from tasks_app import journal
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, handler_for, undo_entry

pytestmark = pytest.mark.django_db


def made_rows() -> dict[str, Callable[[], models.Model]]:
    return {
        "logo": lambda: Logo.objects.create(name="BBC", url="http://pics.example/bbc.png", problem="gone"),
        "channel_profile": lambda: ChannelProfile.objects.create(name="Family"),
        "profile_membership": lambda: ProfileMembership.objects.create(
            profile=ChannelProfile.objects.create(name="Kids"), channel=make_channel("CBBC")
        ),
        "stream_profile": lambda: StreamProfile.objects.create(name="ffmpeg", command="ffmpeg", parameters="-i {streamUrl}"),
        "hidden_group": lambda: HiddenGroup.objects.create(group_id=77, name="Old"),
    }


def log(action: str, before: models.Model | None, after: models.Model | None) -> JournalEntry:
    entry = row_entry("channel", action, instance_before=before, instance_after=after, description="Did something")
    return journal.log_entries([entry])[0]


def undo(entry: JournalEntry) -> None:
    handler = handler_for(entry.entity_type)
    assert handler is not None
    with transaction.atomic():
        handler(JournalEntry.objects.get(pk=entry.pk))


@pytest.mark.parametrize("entity_type", sorted(made_rows()))
def test_what_was_created_goes_and_what_was_deleted_comes_back_with_its_id(entity_type: str) -> None:
    row = made_rows()[entity_type]()
    created = log("create", None, row)
    assert created.entity_type == entity_type
    image = row_image(row)
    undo(created)
    assert not type(row)._default_manager.filter(pk=image["id"]).exists()

    row.pk = image["id"]
    row.save(force_insert=True)
    deleted = log("delete", row, None)
    row.delete()
    undo(deleted)
    assert row_image(type(row)._default_manager.get(pk=image["id"])) == image


def test_a_changed_row_is_restored_and_what_the_entry_did_not_touch_stays() -> None:
    row = StreamProfile.objects.create(name="Proxy", command="a", parameters="x")
    before = StreamProfile.objects.get(pk=row.pk)
    row.name, row.command = "Relay", "b"
    row.save()
    entry = log("update", before, row)
    StreamProfile.objects.filter(pk=row.pk).update(parameters="changed by somebody else")
    undo(entry)
    row.refresh_from_db()
    assert (row.name, row.command, row.parameters) == ("Proxy", "a", "changed by somebody else")


def test_a_field_that_was_changed_again_is_a_conflict_in_words() -> None:
    row = Logo.objects.create(name="BBC", url="http://pics.example/bbc.png")
    before = Logo.objects.get(pk=row.pk)
    row.name = "BBC One"
    row.save()
    entry = log("update", before, row)
    Logo.objects.filter(pk=row.pk).update(name="BBC 1")
    with pytest.raises(UndoConflict, match="name is “BBC 1” now"):
        undo(entry)
    assert undo_entry(entry).conflict_count == 1


def test_a_name_that_somebody_else_has_now_keeps_a_profile_from_coming_back() -> None:
    row = ChannelProfile.objects.create(name="Family")
    entry = log("delete", row, None)
    row.delete()
    ChannelProfile.objects.create(name="FAMILY")
    with pytest.raises(UndoConflict, match="Another channel profile has the name of “Family” now"):
        undo(entry)


def test_a_deleted_channel_profile_comes_back_with_its_channels() -> None:
    kept, gone = make_channel("A"), make_channel("B")
    row = ChannelProfile.objects.create(name="Family")
    for channel in (kept, gone):
        ProfileMembership.objects.create(profile=row, channel=channel)
    entry = log("delete", row, None)
    profile_id = row.pk
    row.delete()
    Channel.objects.filter(pk=gone.pk).delete()
    undo(entry)
    assert list(ProfileMembership.objects.values_list("profile_id", "channel_id")) == [(profile_id, kept.pk)]


def test_what_is_used_since_does_not_go_with_its_creation() -> None:
    profile, player = ChannelProfile.objects.create(name="Family"), StreamProfile.objects.create(name="VLC")
    entries = [log("create", None, profile), log("create", None, player)]
    channel = make_channel("A", stream_profile=player)
    ProfileMembership.objects.create(profile=profile, channel=channel)
    with pytest.raises(UndoConflict, match="has 1 channel now"):
        undo(entries[0])
    with pytest.raises(UndoConflict, match="1 channel uses the stream profile"):
        undo(entries[1])


def test_a_membership_needs_both_its_sides_to_come_back() -> None:
    row = ProfileMembership.objects.create(profile=ChannelProfile.objects.create(name="Kids"), channel=make_channel("CBBC"))
    entry = log("delete", row, None)
    row.delete()
    Channel.objects.all().delete()
    with pytest.raises(UndoConflict, match="channel was deleted since"):
        undo(entry)


def profiles_of(channel: Channel) -> set[int]:
    return set(ProfileMembership.objects.filter(channel=channel).values_list("profile_id", flat=True))


def test_a_deleted_channel_comes_back_into_its_profiles() -> None:
    channel = make_channel("A")
    family, gone = ChannelProfile.objects.create(name="Family"), ChannelProfile.objects.create(name="Gone")
    for profile in (family, gone):
        ProfileMembership.objects.create(profile=profile, channel=channel)
    delete_channels(DeleteChannels((channel.pk,)))
    gone.delete()
    undo(JournalEntry.objects.get(action_type="delete"))
    assert profiles_of(channel) == {family.pk}


def test_the_profiles_of_a_channel_are_restored_unless_they_were_changed_since() -> None:
    channel = make_channel("A")
    one, two, three = (ChannelProfile.objects.create(name=name) for name in ("1", "2", "3"))
    ProfileMembership.objects.create(profile=two, channel=channel)
    ProfileMembership.objects.create(profile=three, channel=channel)
    entry = profiles_entry(channel.pk, "A", [one.pk, three.pk], [two.pk, three.pk])
    assert entry.description == "“A” enabled in 1 profile, disabled in 1 profile"
    journal.log_entries([entry])
    undo(entry)
    assert profiles_of(channel) == {one.pk, three.pk}
    with pytest.raises(UndoConflict, match="were changed since"):
        undo(entry)
