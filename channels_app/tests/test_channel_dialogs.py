"""The dialogs and actions of the channel manager, with htmx and as plain forms."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from channels_app.arrange_streams import stream_ids_of
from channels_app.models import Channel, ChannelGroup
from channels_app.tests.lineup_fixtures import (
    make_channel,
    make_channels,
    make_entry,
    make_group,
    make_streams,
    numbers_of,
)
from ecm_site.conf import save_settings
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db


class Browser:
    """Sends requests as htmx does."""

    def __init__(self) -> None:
        self.plain = Client()
        self.plain.force_login(User.objects.create_user("alice"))

    def get(self, path: str) -> Any:
        return self.plain.get(path, HTTP_HX_REQUEST="true")

    def post(self, path: str, **values: Any) -> Any:
        return self.plain.post(path, values, HTTP_HX_REQUEST="true")


@pytest.fixture
def browser() -> Browser:
    return Browser()


def events(response: HttpResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response["HX-Trigger"])
    return found


def toasts(response: HttpResponse) -> list[dict[str, str]]:
    items: list[dict[str, str]] = events(response)["toasts"]["items"]
    return items


# --- creating and editing ---------------------------------------------------------------------------------------------


def test_creating_closes_the_dialog_tells_the_page_and_offers_undo(browser: Browser) -> None:
    response = browser.post("/channels/create/", name="CNN", number="4.1", group="News")
    channel = Channel.objects.get()
    assert (channel.name, channel.number, channel.group and channel.group.name) == ("CNN", Decimal("4.1"), "News")
    assert response.status_code == 204
    assert "dialog:close" in events(response)
    assert events(response)["lineup:changed"]["reveal"] == channel.pk
    undo = toasts(response)[0]["undo"]
    browser.post(undo)
    assert not Channel.objects.exists()
    assert not ChannelGroup.objects.exists()  # made by the same step


def test_the_dialog_suggests_the_next_number_of_its_group(browser: Browser) -> None:
    group = make_group("News")
    make_channels(group, A="200", B="249")
    page = browser.get(f"/channels/create/?group={group.pk}").content.decode()
    assert 'value="250"' in page
    assert 'value="News"' in page


def test_a_group_is_found_by_name_whatever_the_case(browser: Browser) -> None:
    group = make_group("News")
    browser.post("/channels/create/", name="CNN", group=" NEWS ")
    assert Channel.objects.get().group == group


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": " ", "number": "1"}, "Give the channel a name"),
        ({"name": "CNN", "number": "abc"}, "is not a number"),
        ({"name": "CNN", "number": "-1"}, "cannot be negative"),
        ({"name": "x" * 600}, "too long"),
        ({"name": "CNN", "group": "y" * 300}, "too long"),
    ],
)
def test_errors_stand_beside_their_field_and_nothing_is_made(browser: Browser, values: dict[str, str], sentence: str) -> None:
    response = browser.post("/channels/create/", **values)
    assert response.status_code == 422
    page = response.content.decode()
    assert sentence in page
    assert "is-invalid" in page
    assert not Channel.objects.exists()
    assert not ChannelGroup.objects.exists()


def test_the_number_goes_into_the_name_when_asked(browser: Browser) -> None:
    save_settings(channel_number_separator="|", include_channel_number_in_name=True)
    assert "checked" in browser.get("/channels/create/").content.decode()
    browser.post("/channels/create/", name="9 | CNN", number="101", number_in_name="on")
    assert Channel.objects.get().name == "101 | CNN"


def test_plain_forms_work_without_scripts(browser: Browser) -> None:
    page = browser.plain.get("/channels/create/").content.decode()
    assert "<html" in page
    assert "csrfmiddlewaretoken" in page
    form = page[page.index('<main id="main"') :]
    assert "hx-post" not in form  # on a page of its own the form goes back to the manager
    response = browser.plain.post("/channels/create/", {"name": "CNN"})
    assert response.status_code == 302
    assert response["Location"] == "/channels/"
    assert "Created channel" in browser.plain.get("/channels/").content.decode()


def test_editing_stores_only_what_differs(browser: Browser) -> None:
    old, new = make_group("Old"), make_group("New")
    entry = make_entry("cnn.us", "CNN")
    channel = make_channel("CNN", "7", group=old, logo_url="provider-made/nonsense")
    page = browser.get(f"/channels/{channel.pk}/").content.decode()
    assert 'value="7"' in page
    response = browser.post(
        f"/channels/{channel.pk}/",
        name="CNN",
        number="7",
        group="New",
        tvg_id="cnn.us",
        guide_entry=str(entry.pk),
        logo_url="provider-made/nonsense",
        is_hidden="on",
    )
    assert response.status_code == 204
    channel.refresh_from_db()
    assert (channel.group, channel.guide_entry, channel.is_hidden) == (new, entry, True)
    after = JournalEntry.objects.get().after_value
    assert set(after) == {"group_id", "group", "tvg_id", "guide_entry_id", "guide_entry", "is_hidden"}
    assert set(events(response)["lineup:changed"]["groups"]) == {old.pk, new.pk}


def test_a_channel_that_wants_no_guide_loses_its_entry(browser: Browser) -> None:
    entry = make_entry("cnn.us", "CNN")
    channel = make_channel("CNN", "7", guide_entry=entry)
    browser.post(f"/channels/{channel.pk}/", name="CNN", number="7", guide_entry=str(entry.pk), no_epg="on")
    channel.refresh_from_db()
    assert (channel.guide_entry, channel.no_epg) == (None, True)


def test_a_refused_edit_keeps_what_was_typed_and_makes_no_group(browser: Browser) -> None:
    channel = make_channel("CNN", "7")
    response = browser.post(f"/channels/{channel.pk}/", name="CNN 2", number="x", group="Brand new", logo_url="ftp://x")
    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="CNN 2"' in page
    assert "“x” is not a number" in page
    assert "http://" in page
    assert not ChannelGroup.objects.exists()


def test_the_edit_dialog_offers_logos_of_streams_and_guide(browser: Browser) -> None:
    entry = make_entry("cnn.us", "CNN")
    entry.icon_url = "https://guide.example/icon.png"
    entry.save()
    streams = make_streams(["a"], logo_url="data:image/png;base64,x") + make_streams(
        ["b"], logo_url="http://logo.example/b.png"
    )
    channel = make_channel("CNN", streams=streams, guide_entry=entry)
    page = browser.get(f"/channels/{channel.pk}/").content.decode()
    assert 'data-logo="http://logo.example/b.png"' in page
    assert 'data-logo="https://guide.example/icon.png"' in page
    assert "CNN (cnn.us)" in str(entry)
    assert "cnn.us · Guide" in page


def test_guide_entries_are_found_by_words(browser: Browser) -> None:
    make_entry("bbc1.uk", "BBC One")
    make_entry("bbc2.uk", "BBC Two")
    found = browser.get("/channels/guide-entries/?guide_find=bbc+two").content.decode()
    assert 'data-tvg-id="bbc2.uk"' in found
    assert "bbc1.uk" not in found
    assert "No guide entry matches" in browser.get("/channels/guide-entries/?guide_find=zzz").content.decode()


# --- in place -----------------------------------------------------------------------------------------------------------


def test_inline_edits_answer_with_a_plain_sentence_when_refused(browser: Browser) -> None:
    channel = make_channel("CNN", "7")
    assert browser.post(f"/channels/{channel.pk}/name/", value="CNN HD").status_code == 204
    refused = browser.post(f"/channels/{channel.pk}/number/", value="<b>1")
    assert refused.status_code == 422
    assert refused["Content-Type"].startswith("text/plain")
    assert refused.content.decode().startswith("“<b>1” is not a number")
    assert browser.post(f"/channels/{channel.pk}/number/", value="").status_code == 204
    channel.refresh_from_db()
    assert (channel.name, channel.number) == ("CNN HD", None)


def test_hiding_and_showing(browser: Browser) -> None:
    channel = make_channel("CNN", "7")
    browser.post(f"/channels/{channel.pk}/hidden/", value="1")
    channel.refresh_from_db()
    assert channel.is_hidden
    browser.post(f"/channels/{channel.pk}/hidden/", value="")
    channel.refresh_from_db()
    assert not channel.is_hidden


# --- many channels ------------------------------------------------------------------------------------------------------


def test_deleting_shows_what_will_happen_before_it_does(browser: Browser) -> None:
    group = make_group()
    channels = make_channels(group, A="100", B="101", C="102", D="110")
    page = browser.get(f"/channels/delete/?channel={channels['A'].pk}").content.decode()
    assert "Move the following 2 channels up by one" in page
    assert Channel.objects.count() == 4
    asked = browser.post("/channels/delete/", channel=str(channels["A"].pk))  # a long selection asks by POST
    assert asked.status_code == 200
    assert Channel.objects.count() == 4
    done = browser.post("/channels/delete/", channel=str(channels["A"].pk), confirmed="1", move_up="1")
    assert numbers_of(group) == {"B": "100", "C": "101", "D": "110"}
    browser.post(toasts(done)[0]["undo"])
    assert numbers_of(group) == {"A": "100", "B": "101", "C": "102", "D": "110"}


def test_deleting_what_is_gone_already_is_no_error(browser: Browser) -> None:
    assert "deleted already" in browser.get("/channels/delete/?channel=404").content.decode()
    response = browser.post("/channels/delete/", channel="404", confirmed="1")
    assert response.status_code == 204
    assert toasts(response)[0]["level"] == "info"


def test_the_move_dialog_previews_and_then_moves(browser: Browser) -> None:
    """Example 25.2 #24 through the dialog."""
    target = make_group("Target")
    make_channels(target, A="10", B="11", C="12")
    source = make_channels(None, X="1", Y="2")
    ids = f"{source['X'].pk},{source['Y'].pk}"
    page = browser.get(f"/channels/move/?channel={ids}&group={target.pk}&at=11&by=drag").content.decode()
    assert "Insert at 11" in page
    assert "Numbers there now: 10–12" in page
    values = {"channel": ids, "group": str(target.pk), "by": "drag", "at": "11", "numbers": "suggested"}
    browser.post("/channels/move/", **values)  # a preview
    assert numbers_of(None) == {"X": "1", "Y": "2"}
    assert browser.post("/channels/move/", **values, confirmed="1").status_code == 204
    assert numbers_of(target) == {"A": "10", "X": "11", "Y": "12", "B": "13", "C": "14"}


def test_a_target_without_numbers_defaults_to_keeping_them(browser: Browser) -> None:
    empty = make_group("Empty")
    channels = make_channels(None, X="7")
    page = browser.get(f"/channels/move/?channel={channels['X'].pk}&group={empty.pk}").content.decode()
    assert 'value="suggested"' not in page
    assert 'value="keep" checked' in page
    browser.post("/channels/move/", channel=str(channels["X"].pk), group=str(empty.pk), numbers="keep", confirmed="1")
    assert numbers_of(empty) == {"X": "7"}


@pytest.mark.parametrize("start", ["", "abc", "0", "-4", "1e9", "nan"])
def test_a_bad_start_of_a_move_is_refused_beside_its_field(browser: Browser, start: str) -> None:
    group = make_group()
    channels = make_channels(None, X="7")
    values = {"channel": str(channels["X"].pk), "group": str(group.pk), "numbers": "custom", "start": start}
    response = browser.post("/channels/move/", **values, confirmed="1")
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert numbers_of(None) == {"X": "7"}


def test_renumbering_names_those_in_the_way(browser: Browser) -> None:
    selected = make_channels(None, A="101", B="102")
    make_channels(make_group(), X="10")
    ids = f"{selected['A'].pk},{selected['B'].pk}"
    assert 'value="101"' in browser.get(f"/channels/renumber/?channel={ids}").content.decode()
    page = browser.post("/channels/renumber/", channel=ids, start="10", push_others="on", update_names="on").content.decode()
    assert "1 other channel in this range" in page
    browser.post("/channels/renumber/", channel=ids, start="10", push_others="on", confirmed="1")
    assert {channel.name: channel.number for channel in Channel.objects.all()} == {"A": 10, "B": 11, "X": 12}
    assert browser.post("/channels/renumber/", channel=ids, start="ten", confirmed="1").status_code == 422


def test_reordering_by_drag_and_by_step(browser: Browser) -> None:
    group = make_group()
    channels = make_channels(group, A="1", B="2", C="3")
    response = browser.post("/channels/reorder/", group=group.pk, channel=channels["C"].pk, before=channels["A"].pk)
    assert events(response)["lineup:changed"]["groups"] == [group.pk]
    assert numbers_of(group) == {"C": "1", "A": "2", "B": "3"}
    browser.post("/channels/reorder/", group=group.pk, channel=channels["C"].pk, after=channels["A"].pk)
    assert numbers_of(group) == {"A": "1", "C": "2", "B": "3"}
    browser.post(f"/channels/{channels['A'].pk}/step/", direction="down")
    assert numbers_of(group) == {"C": "1", "A": "2", "B": "3"}
    browser.plain.post(f"/channels/{channels['B'].pk}/step/", {"direction": "up"})
    assert numbers_of(group) == {"C": "1", "B": "2", "A": "3"}


def test_a_refused_drag_says_why_and_shows_things_as_they_are(browser: Browser) -> None:
    group = make_group()
    stranger = make_channel("X", "9")
    response = browser.post("/channels/reorder/", group=group.pk, channel=stranger.pk)
    assert response.status_code == 204
    assert toasts(response)[0]["level"] == "error"
    assert "lineup:changed" in events(response)


# --- groups -------------------------------------------------------------------------------------------------------------


def test_groups_are_created_renamed_and_deleted(browser: Browser) -> None:
    created = browser.post("/channels/groups/create/", name="News")
    group = ChannelGroup.objects.get()
    assert events(created)["lineup:changed"]["new_group"] == group.pk
    assert browser.post("/channels/groups/create/", name=" ").status_code == 422
    make_group("Sports")
    taken = browser.post(f"/channels/groups/{group.pk}/rename/", name="SPORTS")
    assert taken.status_code == 422
    assert "Another group is called" in taken.content.decode()
    assert browser.post(f"/channels/groups/{group.pk}/rename/", name="Nachrichten").status_code == 204
    make_channels(group, A="1", B="2")
    assert "Keep its 2 channels" in browser.get(f"/channels/groups/{group.pk}/delete/").content.decode()
    response = browser.post(f"/channels/groups/{group.pk}/delete/", delete_channels="")
    assert Channel.objects.filter(group=None).count() == 2
    browser.post(toasts(response)[0]["undo"])
    assert Channel.objects.filter(group__name="Nachrichten").count() == 2


def test_groups_are_placed_by_drag_and_by_step(browser: Browser) -> None:
    first, second, third = make_group("A"), make_group("B"), make_group("C")
    browser.post("/channels/groups/place/", group=third.pk, before=first.pk)
    browser.post(f"/channels/groups/{first.pk}/step/", direction="down")
    order = ChannelGroup.objects.order_by("position").values_list("name", flat=True)
    assert list(order) == ["C", "B", "A"]
    browser.post("/channels/groups/place/", group=third.pk, after=second.pk)
    assert list(order.all()) == ["B", "C", "A"]
    assert browser.post("/channels/groups/404/step/", direction="up").status_code == 404


# --- streams ------------------------------------------------------------------------------------------------------------


def test_streams_are_added_singly_and_as_whole_groups_with_exceptions(browser: Browser) -> None:
    single = make_streams(["s"])[0]
    whole = make_streams(["a", "b", "c"], group="Whole")
    channel = make_channel("CNN")
    response = browser.post(
        f"/channels/{channel.pk}/streams/add/", stream=single.pk, stream_group=whole[0].group_id, **{"except": whole[1].pk}
    )
    assert stream_ids_of(channel.pk) == [single.pk, whole[0].pk, whole[2].pk]
    assert events(response)["lineup:changed"]["channels"] == [channel.pk]
    assert set(events(response)["lineup:changed"]["streams"]) == {single.pk, whole[0].pk, whole[2].pk}


def test_streams_are_removed_reordered_and_stepped(browser: Browser) -> None:
    a, b, c = (stream.pk for stream in make_streams(["a", "b", "c"]))
    channel = make_channel("CNN")
    browser.post(f"/channels/{channel.pk}/streams/add/", stream=f"{a},{b},{c}")
    browser.post(f"/channels/{channel.pk}/streams/reorder/", stream=f"{c},{a},{b}")
    assert stream_ids_of(channel.pk) == [c, a, b]
    browser.post(f"/channels/{channel.pk}/streams/{b}/step/", direction="up")
    assert stream_ids_of(channel.pk) == [c, b, a]
    browser.post(f"/channels/{channel.pk}/streams/remove/", stream=c)
    assert stream_ids_of(channel.pk) == [b, a]
    refused = browser.post(f"/channels/{channel.pk}/streams/reorder/", stream=f"{a}")
    assert toasts(refused)[0]["level"] == "error"
    gone = browser.post(f"/channels/{channel.pk}/streams/{c}/step/", direction="up")
    assert "not on the channel" in toasts(gone)[0]["text"]


def test_one_stream_on_a_group_becomes_a_channel_named_and_numbered(browser: Browser) -> None:
    group = make_group("News")
    make_channels(group, A="200")
    entry = make_entry("cnn.us")
    (stream,) = make_streams(["CNN ᴴᴰ"], tvg_id="cnn.us", station_id="555", logo_url="http://logo.example/c.png")
    response = browser.post("/channels/create-from-stream/", stream=stream.pk, group=group.pk)
    channel = Channel.objects.get(number=201)
    assert (channel.name, channel.group, channel.gracenote_id) == ("CNN", group, "555")
    assert (channel.guide_entry, channel.logo_url) == (entry, "http://logo.example/c.png")
    assert stream_ids_of(channel.pk) == [stream.pk]
    assert events(response)["lineup:changed"]["reveal"] == channel.pk


def test_a_taken_number_asks_instead_of_making_a_duplicate(browser: Browser) -> None:
    group = make_group("News")
    make_channels(group, A="200")
    make_channels(make_group("Next"), B="201")
    (stream,) = make_streams(["CNN"])
    response = browser.post("/channels/create-from-stream/", stream=stream.pk, group=group.pk)
    assert events(response)["lineup:ask"] == {"stream": stream.pk, "group": group.pk}
    assert Channel.objects.count() == 2
    plain = browser.plain.post("/channels/create-from-stream/", {"stream": stream.pk, "group": group.pk})
    assert plain["Location"].startswith("/channels/bulk-create/?stream=")


def test_a_stream_that_vanished_is_refused(browser: Browser) -> None:
    response = browser.post("/channels/create-from-stream/", stream=404, group=0)
    assert "no longer exists" in toasts(response)[0]["text"]
    assert "one stream" in toasts(browser.post("/channels/create-from-stream/", stream="1,2", group=0))[0]["text"]


def test_the_add_dialog_finds_channels_and_adds_without_scripts_too(browser: Browser) -> None:
    (stream,) = make_streams(["CNN HD"])
    channel = make_channel("CNN", "5")
    make_channel("BBC", "6")
    page = browser.plain.get(f"/channels/add-streams/?stream={stream.pk}&find=cnn&count=1").content.decode()
    assert f'formaction="/channels/{channel.pk}/streams/add/"' in page
    assert "BBC" not in page
    assert "Add 1 stream to a channel" in page
    found = browser.get("/channels/add-streams/channels/?find=6").content.decode()
    assert "BBC" in found
    assert "CNN" not in found
    response = browser.plain.post(f"/channels/{channel.pk}/streams/add/", {"stream": stream.pk})
    assert response["Location"] == "/channels/"
    assert stream_ids_of(channel.pk) == [stream.pk]
