from decimal import Decimal

import pytest

from channels_app.commands import CreateChannel, DeleteChannels, UpdateChannel
from channels_app.edit_channels import create_channel, delete_channels, update_channel
from channels_app.errors import EditRefused, NotThere
from channels_app.models import Channel, ChannelStream
from channels_app.tests.lineup_fixtures import (
    make_channel,
    make_channels,
    make_entry,
    make_group,
    make_streams,
    numbers_of,
)
from ecm_site.conf import save_settings
from tasks_app.journal import Actor, acting_as
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db


def test_a_channel_is_created_with_its_streams_in_order_and_journalled() -> None:
    streams = make_streams(["CNN HD", "CNN SD"])
    group = make_group("News")
    with acting_as(Actor(None, "ann")):
        outcome = create_channel(
            CreateChannel({"name": "  CNN ", "number": "4.1", "group_id": group.pk}, (streams[1].pk, streams[0].pk))
        )
    channel = Channel.objects.get()
    assert (channel.name, channel.number, channel.group) == ("CNN", Decimal("4.1"), group)
    links = ChannelStream.objects.filter(channel=channel).order_by("position")
    assert list(links.values_list("stream__name", "position")) == [("CNN SD", 1), ("CNN HD", 2)]
    entry = JournalEntry.objects.get()
    assert entry.pk == outcome.entry_id
    assert (entry.category, entry.action_type, entry.user_name) == ("channel", "create", "ann")
    assert entry.before_value is None
    assert entry.after_value["number"] == "4.1"
    assert entry.after_value["group"] == "News"
    assert entry.after_value["streams"] == [streams[1].pk, streams[0].pk]


def test_a_new_channel_is_linked_to_the_guide_by_its_tvg_id_whatever_the_case() -> None:
    entry = make_entry("cnn.us", "CNN")
    create_channel(CreateChannel({"name": "CNN", "tvg_id": " CNN.us "}))
    assert Channel.objects.get().guide_entry == entry


def test_a_channel_that_wants_no_guide_is_not_linked() -> None:
    make_entry("cnn.us", "CNN")
    create_channel(CreateChannel({"name": "CNN", "tvg_id": "cnn.us", "no_epg": True}))
    assert Channel.objects.get().guide_entry is None


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("abc", "not a number"),
        ("nan", "not a number"),
        ("inf", "not a number"),
        ("-5", "negative"),
        ("1e5", "not a number"),
        ("4,1", "point"),
        ("123456789", "too large"),
        (float("nan"), "not a number"),
        (Decimal("NaN"), "not a number"),
        (Decimal("Infinity"), "not a number"),
        (Decimal("-1"), "negative"),
    ],
)
def test_a_wrong_number_is_refused_beside_its_field_and_changes_nothing(number: object, words: str) -> None:
    channel = make_channel("CNN", "7")
    with pytest.raises(EditRefused) as refused:
        update_channel(UpdateChannel(channel.pk, {"number": number}))
    assert words in refused.value.problems["number"]
    channel.refresh_from_db()
    assert channel.number == 7
    assert not JournalEntry.objects.exists()


def test_an_unknown_field_is_an_error_and_nothing_is_changed() -> None:
    channel = make_channel("CNN", "7")
    with pytest.raises(EditRefused) as refused:
        update_channel(UpdateChannel(channel.pk, {"name": "BBC", "group": 1}))
    assert "group" in refused.value.problems
    channel.refresh_from_db()
    assert channel.name == "CNN"


def test_only_what_differs_is_written_and_journalled() -> None:
    channel = make_channel("CNN", "7", tvg_id="cnn")
    assert update_channel(UpdateChannel(channel.pk, {"name": "CNN", "number": "7.0"})).entry_id is None
    update_channel(UpdateChannel(channel.pk, {"name": "CNN", "number": "7", "tvg_id": "cnn.us", "logo_url": ""}))
    entry = JournalEntry.objects.get()
    assert entry.before_value == {"tvg_id": "cnn"}
    assert entry.after_value == {"tvg_id": "cnn.us"}


def test_empty_text_is_stored_as_none() -> None:
    channel = make_channel("CNN", "7", gracenote_id="123", logo_url="http://x.example/a.png")
    update_channel(UpdateChannel(channel.pk, {"number": "", "gracenote_id": " ", "logo_url": ""}))
    channel.refresh_from_db()
    assert (channel.number, channel.gracenote_id, channel.logo_url) == (None, "", "")


@pytest.mark.parametrize("logo", ["ftp://x/y.png", "http://", "javascript:alert(1)", "data:image/png;base64,AA", "nonsense"])
def test_a_logo_must_be_a_web_address(logo: str) -> None:
    channel = make_channel("CNN")
    with pytest.raises(EditRefused) as refused:
        update_channel(UpdateChannel(channel.pk, {"logo_url": logo}))
    assert "http" in refused.value.problems["logo_url"]


def test_a_number_that_others_have_is_stored_and_reported() -> None:
    make_channel("BBC", "7")
    channel = make_channel("CNN", "8")
    outcome = update_channel(UpdateChannel(channel.pk, {"number": "7"}))
    channel.refresh_from_db()
    assert channel.number == 7
    assert any("BBC" in warning and "7" in warning for warning in outcome.warnings)


def test_a_new_number_also_renames_when_the_setting_says_so() -> None:
    channel = make_channel("101 | Sports", "101")
    update_channel(UpdateChannel(channel.pk, {"number": "205"}))
    channel.refresh_from_db()
    assert channel.name == "101 | Sports"
    save_settings(auto_rename_channel_number=True)
    try:
        update_channel(UpdateChannel(channel.pk, {"number": "206"}))
    finally:
        save_settings(auto_rename_channel_number=False)
    channel.refresh_from_db()
    assert channel.name == "206 | Sports"
    assert JournalEntry.objects.order_by("pk").last().before_value == {"name": "101 | Sports", "number": "205"}


def test_a_new_tvg_id_links_a_channel_without_guide_but_never_replaces_a_link() -> None:
    entry, other = make_entry("cnn.us"), make_entry("bbc.uk")
    channel, linked = make_channel("CNN"), make_channel("BBC", guide_entry=other)
    update_channel(UpdateChannel(channel.pk, {"tvg_id": "CNN.US"}))
    update_channel(UpdateChannel(linked.pk, {"tvg_id": "cnn.us"}))
    channel.refresh_from_db()
    linked.refresh_from_db()
    assert channel.guide_entry == entry
    assert linked.guide_entry == other


def test_editing_a_channel_that_is_gone_says_so() -> None:
    with pytest.raises(NotThere):
        update_channel(UpdateChannel(404, {"name": "x"}))


def test_a_group_that_is_gone_is_refused() -> None:
    channel = make_channel("CNN")
    with pytest.raises(NotThere) as refused:
        update_channel(UpdateChannel(channel.pk, {"group_id": 404}))
    assert "group_id" in refused.value.problems


def test_deleting_keeps_a_snapshot_and_forgives_what_is_gone() -> None:
    streams = make_streams(["A", "B"])
    channel = make_channel("CNN", "7", group=make_group("News"), streams=streams)
    outcome = delete_channels(DeleteChannels((channel.pk, 404)))
    assert outcome.channel_ids == [channel.pk]
    assert not Channel.objects.exists()
    assert not ChannelStream.objects.exists()
    entry = JournalEntry.objects.get()
    assert entry.before_value["uuid"] == str(channel.uuid)
    assert entry.before_value["streams"] == [stream.pk for stream in streams]
    again = delete_channels(DeleteChannels((channel.pk,)))
    assert again.entry_id is None
    assert "already" in again.message


def test_following_numbers_move_up_to_the_first_gap() -> None:
    """Example 25.2 #26."""
    group = make_group()
    channels = make_channels(group, A="100", B="101", C="102", D="103", E="110")
    delete_channels(DeleteChannels((channels["B"].pk,), move_up=True))
    assert numbers_of(group) == {"A": "100", "C": "101", "D": "102", "E": "110"}
    batch = set(JournalEntry.objects.values_list("batch_id", flat=True))
    assert len(batch) == 1
    assert len(batch.pop()) == 8


def test_many_deletions_move_the_rest_up_past_all_holes() -> None:
    group = make_group()
    channels = make_channels(group, A="100", B="101", C="102", D="103", E="104", F="110")
    delete_channels(DeleteChannels((channels["B"].pk, channels["D"].pk), move_up=True))
    assert numbers_of(group) == {"A": "100", "C": "101", "E": "102", "F": "110"}


def test_queries_of_an_update_do_not_grow_with_the_lineup(django_assert_max_num_queries: object) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for size in (5, 200):
        Channel.objects.all().delete()
        channels = [make_channel(f"C{place}", str(place + 1)) for place in range(size)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            update_channel(UpdateChannel(channels[0].pk, {"number": str(size)}))
        counts.append(len(queries))
    assert counts[0] == counts[1]
