"""The pages of channel profiles and stream profiles, with htmx and as plain forms."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from channels_app.errors import EditRefused
from channels_app.models import Channel, ChannelGroup, ChannelProfile, ProfileMembership, StreamProfile
from channels_app.profiles.edit_profiles import create_profile, delete_profile, rename_profile
from channels_app.profiles.queries import MemberFilter, member_view, profile_rows, section_rows
from channels_app.profiles.stream_profiles import create_stream_profile, delete_stream_profile, update_stream_profile
from channels_app.tests.lineup_fixtures import make_channel, make_group
from ecm_site.conf import get_settings
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch, undo_entry

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def members(profile: ChannelProfile) -> set[str]:
    return set(ProfileMembership.objects.filter(profile=profile).values_list("channel__name", flat=True))


def enabled_in(profile: ChannelProfile, *channels: Channel) -> None:
    ProfileMembership.objects.bulk_create(ProfileMembership(profile=profile, channel=channel) for channel in channels)


# --- channel profiles -------------------------------------------------------------------------------------------------


def test_names_are_needed_unique_and_fit_into_addresses() -> None:
    create_profile(" Kids ")
    for name, sentence in {
        "": "Give the profile",
        "KIDS": "already",
        "a/b": "leave out",
        "..": "leave out",
        "x" * 101: "long",
    }.items():
        with pytest.raises(EditRefused, match=sentence):
            create_profile(name)
    assert ChannelProfile.objects.get().name == "Kids"


def test_a_deleted_profile_comes_back_with_its_channels() -> None:
    profile, made = create_profile("Kids")
    enabled_in(profile, make_channel("A"), make_channel("B"))
    delete_profile(profile.pk)
    assert not ChannelProfile.objects.exists()
    assert not delete_profile(profile.pk).changed
    undo_entry(JournalEntry.objects.get(action_type="profile_delete"))
    assert members(ChannelProfile.objects.get()) == {"A", "B"}
    renamed = rename_profile(profile.pk, "Children")
    undo_entry(JournalEntry.objects.get(pk=renamed.entry_id))
    assert ChannelProfile.objects.get().name == "Kids"
    assert made.entry_id


def test_the_list_is_searched_and_counts(alice: Client) -> None:
    kids, _ = create_profile("Kids 10")
    create_profile("Kids 9")
    enabled_in(kids, make_channel("A"))
    assert [(row.profile.name, row.enabled) for row in profile_rows()] == [("Kids 9", 0), ("Kids 10", 1)]
    page = text(alice.get("/channels/profiles/"))
    assert "1 channel<" in page
    assert "Kids 9" not in text(alice.get("/channels/profiles/?q=10", **HTMX))
    assert "No profile matches" in text(alice.get("/channels/profiles/?q=zzz"))


def test_a_profile_is_made_renamed_in_place_and_deleted(alice: Client) -> None:
    assert "Give the profile a name" in text(alice.post("/channels/profiles/add/", {"name": " "}, **HTMX))
    assert alice.post("/channels/profiles/add/", {"name": "Kids"}, **HTMX).status_code == 204
    profile = ChannelProfile.objects.get()
    assert 'value="Kids"' in text(alice.get(f"/channels/profiles/{profile.pk}/rename/", **HTMX))
    refused = alice.post(f"/channels/profiles/{profile.pk}/rename/", {"name": ""}, **HTMX)
    assert refused.status_code == 422
    assert alice.post(f"/channels/profiles/{profile.pk}/rename/", {"name": "Children"}).status_code == 302
    assert "Children" in text(alice.get(f"/channels/profiles/{profile.pk}/delete/"))
    alice.post(f"/channels/profiles/{profile.pk}/delete/")
    assert not ChannelProfile.objects.exists()
    assert alice.get(f"/channels/profiles/{profile.pk}/").status_code == 404


def test_new_channels_join_at_the_press_of_a_button_and_that_can_be_undone(alice: Client) -> None:
    profile, _ = create_profile("Kids")
    alice.post(f"/channels/profiles/{profile.pk}/default/", {"joins": "1"})
    assert get_settings().default_channel_profile_ids == (str(profile.pk),)
    assert 'aria-pressed="true"' in text(alice.get("/channels/profiles/"))
    entry = JournalEntry.objects.get(entity_type="default_profiles")
    alice.post(f"/journal/{entry.pk}/undo/")
    alice.post(f"/channels/profiles/{profile.pk}/default/", {"joins": "0"})
    assert profile.pk not in [int(key) for key in get_settings().default_channel_profile_ids]


def test_sections_stand_by_lowest_number_and_channels_by_number_then_natural_name() -> None:
    profile, _ = create_profile("Kids")
    sport, news = make_group("Sports"), make_group("News")
    b = make_channel("B", "20", group=sport)
    make_channel("A 10", None, group=news)
    make_channel("A 9", None, group=news)
    make_channel("C", "5", group=news)
    make_channel("Loose")
    enabled_in(profile, b)
    view = member_view(profile.pk, MemberFilter())
    assert [(one.name, one.enabled, one.total) for one in view.sections] == [
        ("News", 0, 3),
        ("Sports", 1, 1),
        ("Uncategorized", 0, 1),
    ]
    assert (view.enabled, view.total) == (1, 5)
    found = section_rows(profile.pk, news.pk, MemberFilter()).rows or []
    assert [row.name for row in found] == ["C", "A 9", "A 10"]


def test_search_and_hiding_disabled_channels_keep_what_was_just_enabled(alice: Client) -> None:
    profile, _ = create_profile("Kids")
    one, two, three = make_channel("Sky One", "1"), make_channel("Sky Two", "2"), make_channel("CNN", "3")
    enabled_in(profile, one)
    assert member_view(profile.pk, MemberFilter("sky")).shown == 2
    assert member_view(profile.pk, MemberFilter("3")).shown == 1
    assert member_view(profile.pk, MemberFilter(only_enabled=True)).shown == 1
    kept = MemberFilter(only_enabled=True, keep=frozenset({three.pk}))
    assert member_view(profile.pk, kept).shown == 2
    page = text(alice.get(f"/channels/profiles/{profile.pk}/?q=sky"))
    assert "Sky Two" in page  # hits of a search are opened at once
    assert "CNN" not in page
    answer = alice.post(f"/channels/profiles/{profile.pk}/ids/", {"q": "sky"})
    assert answer.json() == {"channels": [[one.pk, 0, 1], [two.pk, 0, 0]]}


def test_switches_are_saved_as_one_operation(alice: Client) -> None:
    profile, _ = create_profile("Kids")
    a, b, c = (make_channel(name) for name in "ABC")
    enabled_in(profile, a)
    values = {"save": "1", "enable": f"{b.pk},{c.pk}", "disable": str(a.pk)}
    answer = alice.post(f"/channels/profiles/{profile.pk}/", values, **HTMX)
    assert members(profile) == {"B", "C"}
    toast = json.loads(answer["HX-Trigger"])["toasts"]["items"][0]
    assert toast["text"] == "Enabled 2 channels in “Kids”. Disabled 1 channel in “Kids”."
    batch = JournalEntry.objects.filter(entity_type="profile_members").values_list("batch_id", flat=True).distinct().get()
    undo_batch(batch)
    assert members(profile) == {"A"}


def test_without_scripts_the_boxes_of_a_page_and_all_shown_are_saved(alice: Client) -> None:
    profile, _ = create_profile("Kids")
    a, b, _c = (make_channel(name) for name in "ABC")
    enabled_in(profile, a)
    alice.post(f"/channels/profiles/{profile.pk}/", {"save": "1", "shown": f"{a.pk},{b.pk}", "on": [b.pk]})
    assert members(profile) == {"B"}
    alice.post(f"/channels/profiles/{profile.pk}/", {"save": "1", "visible": "enable", "confirmed_count": "2"})
    assert members(profile) == {"B"}  # it is three by now
    alice.post(f"/channels/profiles/{profile.pk}/", {"save": "1", "visible": "enable", "confirmed_count": "3"})
    assert members(profile) == {"A", "B", "C"}


def test_a_selection_is_enabled_in_several_profiles(alice: Client) -> None:
    kids, _ = create_profile("Kids")
    news, _ = create_profile("News")
    a, b = make_channel("A"), make_channel("B")
    enabled_in(kids, a)
    shown = text(alice.get(f"/channels/profiles/selection/?channel={a.pk},{b.pk}", **HTMX))
    assert "1 of 2 enabled" in shown
    values = {"channel": f"{a.pk},{b.pk}", "mode": "enable", "confirmed": "1"}
    assert "Tick at least one" in text(alice.post("/channels/profiles/selection/", values, **HTMX))
    alice.post("/channels/profiles/selection/", {**values, "profile": [kids.pk, news.pk]}, **HTMX)
    assert members(kids) == members(news) == {"A", "B"}
    everything = {"all": "1", "confirmed_count": "2", "mode": "disable", "confirmed": "1", "profile": [kids.pk]}
    alice.post("/channels/profiles/selection/", everything, **HTMX)
    assert members(kids) == set()


def test_nothing_in_an_address_is_an_error(alice: Client) -> None:
    profile, _ = create_profile("Kids")
    make_channel("A")
    for query in ("open=x&offset=-1", "open=0&offset=99999999999999999", "q=%00", "only=x", "keep=1,2,x", "open=99999"):
        assert alice.get(f"/channels/profiles/{profile.pk}/?{query}").status_code == 200


def test_pages_stay_small_and_queries_few_with_a_large_lineup(
    alice: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    profile, _ = create_profile("Kids")
    groups = ChannelGroup.objects.bulk_create(ChannelGroup(name=f"Group {place}") for place in range(10))
    for count in (20, 3000):
        Channel.objects.bulk_create(
            Channel(name=f"C {place}", number=place, group=groups[place % 10]) for place in range(count)
        )
        with django_assert_num_queries(3):
            member_view(profile.pk, MemberFilter())
        with django_assert_num_queries(1):
            section_rows(profile.pk, groups[0].pk, MemberFilter())
        assert len(alice.get(f"/channels/profiles/{profile.pk}/?open={groups[0].pk}").content) < 150_000


# --- stream profiles --------------------------------------------------------------------------------------------------


def test_stream_profiles_are_checked_changed_and_brought_back() -> None:
    with pytest.raises(EditRefused) as refused:
        create_stream_profile({"name": "", "comand": "x"})
    assert set(refused.value.problems) == {"name", "comand"}
    profile, _ = create_stream_profile({"name": "Proxy", "command": "ffmpeg"})
    with pytest.raises(EditRefused, match="already"):
        create_stream_profile({"name": "PROXY"})
    update_stream_profile(profile.pk, {"is_active": False, "parameters": "-i {url}"})
    channel = make_channel("A", stream_profile=profile)
    outcome = delete_stream_profile(profile.pk)
    channel.refresh_from_db()
    assert channel.stream_profile is None
    assert "1 channel back to the default" in outcome.message
    assert undo_batch(outcome.batch_id).conflicts == []
    channel.refresh_from_db()
    assert channel.stream_profile_id == profile.pk
    assert StreamProfile.objects.get().parameters == "-i {url}"


def test_locked_stream_profiles_cannot_be_changed(alice: Client) -> None:
    locked = StreamProfile.objects.create(name="Redirect", locked=True)
    with pytest.raises(EditRefused, match="is locked"):
        update_stream_profile(locked.pk, {"name": "X"})
    with pytest.raises(EditRefused, match="is locked"):
        delete_stream_profile(locked.pk)
    assert "This profile is locked" in text(alice.get(f"/channels/profiles/stream/{locked.pk}/"))
    assert alice.post(f"/channels/profiles/stream/{locked.pk}/delete/", **HTMX).status_code == 422


def test_stream_profile_pages(alice: Client) -> None:
    assert "no stream profiles yet" in text(alice.get("/channels/profiles/stream/"))
    assert alice.post("/channels/profiles/stream/add/", {"name": ""}, **HTMX).status_code == 422
    alice.post("/channels/profiles/stream/add/", {"name": "Proxy", "command": "ffmpeg", "is_active": "on"})
    profile = StreamProfile.objects.get()
    assert profile.is_active
    alice.post(f"/channels/profiles/stream/{profile.pk}/", {"name": "Proxy 2", "command": "vlc"})
    profile.refresh_from_db()
    assert (profile.name, profile.command, profile.is_active) == ("Proxy 2", "vlc", False)
    page = text(alice.get("/channels/profiles/stream/"))
    assert "Proxy 2" in page
    assert ">off<" in page
    alice.post(f"/channels/profiles/stream/{profile.pk}/delete/")
    assert not StreamProfile.objects.exists()
