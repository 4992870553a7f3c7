"""Moving between groups as dialogs show it (10 §6, §8.5), and deleting channels with the groups that this empties (§7.3)."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_app.commands import DeleteChannels
from channels_app.delete_with_groups import delete_with_groups, emptied_groups
from channels_app.groups.hidden import hidden_group_ids
from channels_app.models import Channel, ChannelGroup
from channels_app.tests.lineup_fixtures import lineup_state, make_account, make_channel, make_channels, make_group, numbers_of
from m3u_app.models import StreamGroup
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create_user("alice"))
    return client


def page(response: Any) -> str:
    return " ".join(response.content.decode().split())


def ids(*channels: Channel) -> str:
    return ",".join(str(channel.pk) for channel in channels)


# --- moving -------------------------------------------------------------------------------------------------------------


def test_a_drag_moves_in_number_order_and_a_menu_in_name_order(browser: Client) -> None:
    target = make_group("Target")
    zed, alpha = make_channel("Zed", "1"), make_channel("Alpha", "2")
    values = {"channel": ids(alpha, zed), "group": target.pk, "numbers": "custom", "start": "10", "confirmed": "1"}
    browser.post("/channels/move/", {**values, "by": "drag"})
    assert numbers_of(target) == {"Zed": "10", "Alpha": "11"}
    other = make_group("Other")
    browser.post("/channels/move/", {**values, "group": other.pk})
    assert numbers_of(other) == {"Alpha": "10", "Zed": "11"}


def test_a_form_without_its_choice_is_shown_again(browser: Client) -> None:
    answer = browser.post("/channels/move/", {"channel": ids(make_channel("Zed", "1")), "numbers_default": "keep"})
    assert answer.status_code in (200, 422)


def test_the_dialog_says_from_where_to_where_and_which_numbers_follow(browser: Client) -> None:
    source, target = make_group("Source"), make_group("Target")
    channels = make_channels(source, A="1", B="2", C="3")
    make_channels(target, X="10", Y="11")
    path = f"/channels/move/?channel={ids(channels['B'])}&group={target.pk}&at=11&by=drag"
    shown = page(browser.get(path))
    assert "From Source" in shown
    assert "Numbers there now: 10–11" in shown
    assert "Insert at 11" in shown
    assert "1 channel: 11; 1 already there makes room" in shown
    assert "Close the gaps in the source group" in shown
    values = {"channel": ids(channels["B"]), "group": str(target.pk), "numbers": "custom", "start": "20"}
    assert "1 channel: 20</p>" in page(browser.post("/channels/move/", values))


def test_a_selection_over_several_groups_leaves_out_who_is_there_and_closes_no_gaps(browser: Client) -> None:
    """10 §6: "source shown as multiple groups; no gap closing offered"."""
    source, target = make_group("Source"), make_group("Target")
    a = make_channels(source, A="1", B="2", C="3")
    b = make_channels(target, X="10")
    path = f"/channels/move/?channel={ids(a['B'], b['X'])}&group={target.pk}&by=drag"
    shown = page(browser.get(path))
    assert "From multiple groups" in shown
    assert "Close the gaps" not in shown
    assert "1 channel: 11" in shown
    everything = {"channel": ids(a["B"], b["X"]), "group": target.pk, "numbers": "suggested", "close_gaps": "on"}
    browser.post("/channels/move/", {**everything, "confirmed": "1"})
    assert numbers_of(target) == {"X": "10", "B": "11"}
    assert numbers_of(source) == {"A": "1", "C": "3"}


def test_the_place_of_a_drop_counts_for_its_group_only(browser: Client) -> None:
    channel = make_channel("A", "1")
    target, other = make_group("Target"), make_group("Other")
    make_channels(target, X="10", Y="20")
    make_channels(other, Z="500")
    values = {"channel": ids(channel), "at": "20", "at_group": str(target.pk), "numbers": "suggested"}
    assert "Insert at 20" in page(browser.post("/channels/move/", {**values, "group": target.pk}))
    elsewhere = page(browser.post("/channels/move/", {**values, "group": other.pk}))
    assert "Continue from 501" in elsewhere
    assert "Insert at" not in elsewhere


def test_the_end_of_a_list_that_is_not_loaded_whole_is_told_by_the_row_in_front(browser: Client) -> None:
    channel = make_channel("A", "1")
    target = make_group("Target")
    rows = make_channels(target, X="10", Y="20", Z=None)
    path = f"/channels/move/?channel={ids(channel)}&group={target.pk}&by=drag&behind="
    assert "Insert at 20" in page(browser.get(f"{path}{rows['X'].pk}"))
    assert "Continue from 21" in page(browser.get(f"{path}{rows['Y'].pk}"))  # the row behind it has no number
    assert "Continue from 21" in page(browser.get(f"{path}{rows['Z'].pk}"))


def test_numbers_that_were_not_chosen_follow_the_group_that_is(browser: Client) -> None:
    channel = make_channel("A", "1")
    empty, full = make_group("Empty"), make_group("Full")
    make_channels(full, X="10")
    shown = page(browser.get(f"/channels/move/?channel={ids(channel)}&group={empty.pk}"))
    assert 'value="suggested"' not in shown  # hidden, and not chosen invisibly
    assert 'value="keep" checked' in shown
    untouched = {"channel": ids(channel), "group": full.pk, "numbers": "keep", "numbers_default": "keep"}
    assert 'value="suggested" checked' in page(browser.post("/channels/move/", untouched))
    chosen = {**untouched, "numbers_default": "suggested"}
    assert 'value="keep" checked' in page(browser.post("/channels/move/", chosen))


def test_a_target_that_auto_sync_fills_carries_a_warning(browser: Client) -> None:
    StreamGroup.objects.create(account=make_account(), name="Synced", auto_channel_sync=True)
    synced = make_group("Synced")
    channel = make_channel("A", "1")
    assert "Auto-sync fills this group" in page(browser.get(f"/channels/move/?channel={ids(channel)}&group={synced.pk}"))


def test_duplicates_in_the_target_are_said_before_anything_moves(browser: Client) -> None:
    target = make_group("Target")
    make_channels(target, X="7")
    channel = make_channel("A", "7")
    shown = page(browser.post("/channels/move/", {"channel": ids(channel), "group": target.pk, "numbers": "keep"}))
    assert "7 is shared by “X”, “A”" in shown
    assert not JournalEntry.objects.exists()


def test_the_full_list_of_a_move_is_shown_on_request(browser: Client) -> None:
    target = make_group("Target")
    channels = [make_channel(f"C{place}", str(place + 1)) for place in range(8)]
    values = {"channel": ids(*channels), "group": target.pk, "numbers": "custom", "start": "100"}
    assert page(browser.post("/channels/move/", values)).count("<b>10") == 5
    assert page(browser.post("/channels/move/", {**values, "full": "1"})).count("<b>10") == 8


def test_a_selection_moves_to_a_group_that_is_made_for_it_in_one_step(browser: Client) -> None:
    a, b = make_channel("A", "1"), make_channel("B", "2", group=make_group("Old"))
    before = lineup_state()
    assert "Move 2 channels to a new group" in page(browser.get(f"/channels/move-to-new-group/?channel={ids(a, b)}"))
    values = {"channel": ids(a, b), "confirmed": "1"}
    refused = browser.post("/channels/move-to-new-group/", {**values, "name": " "}, HTTP_HX_REQUEST="true")
    assert refused.status_code == 422
    assert lineup_state() == before
    browser.post("/channels/move-to-new-group/", {**values, "name": "Fresh"})
    fresh = ChannelGroup.objects.get(name="Fresh")
    assert numbers_of(fresh) == {"A": "1", "B": "2"}
    batches = set(JournalEntry.objects.values_list("batch_id", flat=True))
    assert len(batches) == 1
    undo_batch(batches.pop())
    assert lineup_state() == before


# --- deleting -----------------------------------------------------------------------------------------------------------


def test_deleting_every_channel_of_a_group_offers_to_delete_the_group(browser: Client) -> None:
    news, sports = make_group("News"), make_group("Sports")
    a, b = make_channels(news, A="1", B="2"), make_channels(sports, C="3", D="4")
    chosen = ids(*a.values(), b["C"])
    before = lineup_state()
    shown = page(browser.get(f"/channels/delete/?channel={chosen}"))
    assert "Also remove what this leaves empty" in shown
    assert "Delete News" in shown.split("form-check-description")[1]
    assert "Sports" not in shown.split("form-check-description")[1].split("</span>")[0]
    answer = browser.post("/channels/delete/", {"channel": chosen, "confirmed": "1", "delete_groups": "1"}, follow=True)
    assert "Deleted 3 channels and the group “News”." in answer.content.decode()
    assert list(ChannelGroup.objects.values_list("name", flat=True)) == ["Sports"]
    batches = set(JournalEntry.objects.values_list("batch_id", flat=True))
    assert len(batches) == 1
    undo_batch(batches.pop())  # one step
    assert lineup_state() == before


def test_groups_stay_when_the_box_is_not_ticked(browser: Client) -> None:
    news = make_group("News")
    channels = make_channels(news, A="1")
    browser.post("/channels/delete/", {"channel": ids(*channels.values()), "confirmed": "1"})
    assert ChannelGroup.objects.filter(pk=news.pk).exists()
    assert not Channel.objects.exists()


def test_emptiness_is_judged_on_the_whole_lineup_and_groups_of_auto_sync_are_hidden() -> None:
    StreamGroup.objects.create(account=make_account(), name="Synced", auto_channel_sync=True)
    synced, mine = make_group("Synced"), make_group("Mine")
    s, m = make_channels(synced, A="1"), make_channels(mine, B="2", C="3")
    found = emptied_groups([s["A"].pk, m["B"].pk])
    assert (found.manual, found.linked) == ([], [synced])
    assert emptied_groups([make_channel("U").pk]).manual == []
    before = lineup_state()
    outcome = delete_with_groups(DeleteChannels((s["A"].pk, m["B"].pk, m["C"].pk)), with_groups=True)
    assert list(ChannelGroup.objects.all()) == [synced]
    assert hidden_group_ids() == {synced.pk}  # deleted for good it would be made again by the next sync
    assert "Hid 1 group that auto-sync fills." in outcome.message
    undo_batch(outcome.batch_id)
    assert lineup_state() == before
    assert hidden_group_ids() == set()


def test_a_single_delete_shows_three_rows_that_move_up(browser: Client) -> None:
    group = make_group()
    channels = make_channels(group, A="100", B="101", C="102", D="103", E="104", F="110")
    shown = page(browser.get(f"/channels/delete/?channel={channels['A'].pk}"))
    assert "Move the following 4 channels up by one" in shown
    assert shown.count("<b>10") == 3
    assert "and 1 more" in shown
    browser.post("/channels/delete/", {"channel": channels["A"].pk, "confirmed": "1", "move_up": "1"})
    assert numbers_of(group) == {"B": "100", "C": "101", "D": "102", "E": "103", "F": "110"}
