"""Channels are enabled and disabled in profiles in one go; new channels join the default ones; all of it can be undone."""

import pytest
from pytest_django import DjangoAssertNumQueries

from channels_app.commands import CreateChannel, DeleteChannels
from channels_app.edit_channels import create_channel, delete_channels
from channels_app.errors import EditRefused, NotThere
from channels_app.models import Channel, ChannelProfile, ProfileMembership
from channels_app.profiles.set_memberships import default_profile_ids, set_memberships
from channels_app.tests.lineup_fixtures import make_channel
from ecm_site.conf import save_settings
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch, undo_entry

pytestmark = pytest.mark.django_db


def profile(name: str, *channels: Channel) -> ChannelProfile:
    made = ChannelProfile.objects.create(name=name)
    ProfileMembership.objects.bulk_create(ProfileMembership(profile=made, channel=channel) for channel in channels)
    return made


def members(of: ChannelProfile) -> set[str]:
    return set(ProfileMembership.objects.filter(profile=of).values_list("channel__name", flat=True))


def test_only_what_differs_is_written_and_told() -> None:
    a, b, c = (make_channel(name) for name in "ABC")
    kids, news = profile("Kids", a), profile("News", a, b)
    outcome = set_memberships([a.pk, b.pk, c.pk], enable=[kids.pk], disable=[news.pk])
    assert (members(kids), members(news)) == ({"A", "B", "C"}, set())
    assert (outcome.enabled, outcome.disabled) == (2, 2)
    assert set(outcome.channel_ids) == {a.pk, b.pk, c.pk}
    assert outcome.message == "Enabled 2 channels and disabled 2 channels in 2 profiles."
    texts = set(JournalEntry.objects.filter(entity_type="profile_members").values_list("description", flat=True))
    assert texts == {"Enabled 2 channels in the profile “Kids”", "Disabled 2 channels in the profile “News”"}


def test_doing_it_again_writes_nothing() -> None:
    a = make_channel("A")
    kids = profile("Kids", a)
    outcome = set_memberships([a.pk], enable=[kids.pk])
    assert not outcome.changed
    assert outcome.message == "Nothing to change in “Kids”."
    assert not JournalEntry.objects.exists()


def test_channels_that_are_gone_are_told() -> None:
    a = make_channel("A")
    kids = profile("Kids")
    outcome = set_memberships([a.pk, 999_999], enable=[kids.pk])
    assert (outcome.enabled, outcome.vanished) == (1, [999_999])
    assert outcome.warnings == ["1 channel no longer exists; nothing was changed for it."]


def test_an_unknown_profile_and_a_contradiction_are_refused() -> None:
    a = make_channel("A")
    kids = profile("Kids")
    with pytest.raises(NotThere):
        set_memberships([a.pk], enable=[kids.pk + 1])
    with pytest.raises(EditRefused, match="enabled and disabled"):
        set_memberships([a.pk], enable=[kids.pk], disable=[kids.pk])
    assert members(kids) == set()


def test_the_whole_operation_is_undone_at_once() -> None:
    a, b, c = (make_channel(name) for name in "ABC")
    kids, news = profile("Kids", a), profile("News", b)
    outcome = set_memberships([a.pk, b.pk, c.pk], enable=[kids.pk], disable=[news.pk])
    c.delete()  # who is gone stays away; the others come back
    report = undo_batch(outcome.batch_id)
    assert report.conflicts == []
    assert (members(kids), members(news)) == ({"A"}, {"B"})
    redo = JournalEntry.objects.filter(batch_id=report.batch_id, entity_type="profile_members").order_by("id")
    undo_batch(redo[0].batch_id)
    assert (members(kids), members(news)) == ({"A", "B"}, set())


def test_undo_in_a_profile_that_is_gone_is_a_conflict() -> None:
    a = make_channel("A")
    kids = profile("Kids")
    set_memberships([a.pk], enable=[kids.pk])
    kids.delete()
    report = undo_entry(JournalEntry.objects.get())
    assert report.conflicts == ["The channel profile “Kids” was deleted since."]


def test_new_channels_join_the_default_profiles_or_the_chosen_ones() -> None:
    kids, news = profile("Kids"), profile("News")
    save_settings(default_channel_profile_ids=(str(kids.pk), "999999", "junk"))
    assert default_profile_ids() == [kids.pk]
    create_channel(CreateChannel({"name": "A"}))
    create_channel(CreateChannel({"name": "B"}, profile_ids=(news.pk, 999_999)))
    create_channel(CreateChannel({"name": "C"}, profile_ids=()))
    assert (members(kids), members(news)) == ({"A"}, {"B"})
    created = JournalEntry.objects.get(action_type="create", entity_name="B")
    assert created.after_value["profile_ids"] == [news.pk]
    undo_entry(created)
    assert members(news) == set()


def test_a_deleted_channel_comes_back_into_its_profiles() -> None:
    a = make_channel("A")
    kids = profile("Kids", a)
    delete_channels(DeleteChannels((a.pk,)))
    assert members(kids) == set()
    undo_entry(JournalEntry.objects.get(action_type="delete"))
    assert members(kids) == {"A"}


@pytest.mark.parametrize("count", [3, 600])
def test_queries_do_not_grow_with_the_channels(django_assert_num_queries: DjangoAssertNumQueries, count: int) -> None:
    kids = profile("Kids")
    ids = [make_channel(f"C{place}").pk for place in range(count)]
    with django_assert_num_queries(12):
        set_memberships(ids, enable=[kids.pk])
    assert ProfileMembership.objects.filter(profile=kids).count() == count
