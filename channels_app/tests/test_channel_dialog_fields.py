"""The dialog of a channel: stream profile, differing fields only, guide search by sources and endings (10 §7.2)."""

import json
from typing import Any

import pytest
from django.test import Client

from channels_app.commands import UpdateChannel
from channels_app.edit_channels import update_channel
from channels_app.errors import EditRefused
from channels_app.forms import shown_values
from channels_app.models import Channel, StreamProfile
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_group
from epg_app.models import GuideSource
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db


def posted(channel: Channel, base: dict[str, Any], **changed: str) -> dict[str, str]:
    """What the browser sends: all fields as they are shown, some changed, and the base."""
    fields = {name: value for name, value in base.items() if not isinstance(value, bool)}
    return {**fields, **changed, "base": json.dumps(base)}


def test_only_differing_fields_are_stored_so_that_others_edits_survive(alice: Client) -> None:
    channel = make_channel("CNN", "7", group=make_group("News"), tvg_id="cnn.us")
    base = shown_values(channel)
    update_channel(UpdateChannel(channel.pk, {"name": "CNN International"}))  # somebody else, while the dialog is open
    alice.post(f"/channels/{channel.pk}/", posted(channel, base, number="8"))
    channel.refresh_from_db()
    assert (channel.name, str(channel.number.normalize() if channel.number else "")) == ("CNN International", "8")
    assert (channel.group and channel.group.name, channel.tvg_id) == ("News", "cnn.us")
    assert set(JournalEntry.objects.latest("pk").after_value) == {"number"}


def test_a_dialog_without_a_difference_changes_nothing(alice: Client) -> None:
    channel = make_channel(" CNN ", "7", logo_url="provider-made/nonsense")
    alice.post(f"/channels/{channel.pk}/", posted(channel, shown_values(channel)))
    assert not JournalEntry.objects.exists()


def test_a_refused_dialog_still_knows_what_it_showed_at_first(alice: Client) -> None:
    channel = make_channel("CNN", "7")
    base = shown_values(channel)
    answer = alice.post(f"/channels/{channel.pk}/", posted(channel, base, number="abc"), HTTP_HX_REQUEST="true")
    assert answer.status_code == 422
    assert answer.context["base"] == json.dumps(base)


def test_nonsense_as_base_is_no_error(alice: Client) -> None:
    channel = make_channel("CNN", "7")
    for base in ("x", "[]", "[" * 5000, '{"name": 3}'):
        values = {**posted(channel, shown_values(channel), name="Sky"), "base": base}
        assert alice.post(f"/channels/{channel.pk}/", values).status_code == 302


def test_stream_profiles_offer_default_and_active_ones_and_keep_what_is_set(alice: Client) -> None:
    proxy = StreamProfile.objects.create(name="Proxy")
    StreamProfile.objects.create(name="Off", is_active=False)
    own = StreamProfile.objects.create(name="Own", is_active=False)
    channel = make_channel("CNN", "7", stream_profile=own)
    page = alice.get(f"/channels/{channel.pk}/").content.decode()
    assert "Default (no profile)" in page
    assert ">Proxy<" in page
    assert ">Own (switched off)<" in page
    assert ">Off<" not in page
    base = shown_values(channel)
    alice.post(f"/channels/{channel.pk}/", posted(channel, base, stream_profile=str(proxy.pk)))
    channel.refresh_from_db()
    assert channel.stream_profile == proxy
    entry = JournalEntry.objects.get()
    assert entry.after_value["stream_profile"] == "Proxy"
    undo_entry(entry)
    channel.refresh_from_db()
    assert channel.stream_profile == own
    gone = alice.post(f"/channels/{channel.pk}/", posted(channel, base, stream_profile="99999"), HTTP_HX_REQUEST="true")
    assert gone.status_code == 422
    assert "no longer exists" in gone.content.decode()
    alice.post(f"/channels/{channel.pk}/", posted(channel, base, stream_profile=""))
    channel.refresh_from_db()
    assert channel.stream_profile is None


def test_a_field_that_does_not_exist_is_refused() -> None:  # 10 §24: "group_id" instead of "channel_group_id"
    channel = make_channel("CNN")
    with pytest.raises(EditRefused, match="no field “channel_group”"):
        update_channel(UpdateChannel(channel.pk, {"channel_group": 3}))


def test_the_guide_search_narrows_to_sources_and_endings(alice: Client) -> None:
    us = GuideSource.objects.create(name="US guide")
    make_entry("cnn.us", "CNN America", source=us)
    make_entry("cnn.uk", "CNN Britain")
    make_entry("fox.us", "Fox News", source=us)

    def found(query: str) -> set[str]:
        page = alice.get(f"/channels/guide-entries/?{query}").content.decode()
        return {name for name in ("CNN America", "CNN Britain", "Fox News") if name in page}

    assert found("guide_find=cnn") == {"CNN America", "CNN Britain"}
    assert found("guide_find=cnn&guide_suffix=.US") == {"CNN America"}
    assert found("guide_find=&guide_suffix=.us") == {"CNN America", "Fox News"}
    assert found(f"guide_find=cnn&guide_source={us.pk}") == {"CNN America"}
    assert found("guide_find=cnn&guide_suffix=%25") == set()
    channel = make_channel("CNN")
    page = alice.get(f"/channels/{channel.pk}/").content.decode()
    assert 'name="guide_source"' in page  # offered because there are two sources


@pytest.mark.parametrize("field", ["name", "number", "group", "tvg_id", "logo_url", "guide_entry", "stream_profile"])
def test_what_no_text_can_hold_is_refused_beside_its_field(alice: Client, field: str) -> None:
    channel = make_channel("CNN", "7", group=make_group("News"))
    answer = alice.post(f"/channels/{channel.pk}/", posted(channel, shown_values(channel), **{field: "a\x00b"}))
    assert answer.status_code == 422
    assert "Null characters are not allowed" in answer.content.decode()
    assert not JournalEntry.objects.exists()
