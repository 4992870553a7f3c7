"""The dialogs that number groups and the whole lineup, with htmx and as plain pages."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_app.models import Channel, ChannelGroup
from channels_app.tests.lineup_fixtures import make_account, make_channel, make_channels, make_group, numbers_of
from channels_app.views.number_previews import preview_of_changes, preview_of_numbers
from channels_app.write_changes import ChannelChange
from m3u_app.models import StreamGroup
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create_user("alice"))
    return client


def page(response: Any) -> str:
    return " ".join(response.content.decode().split())


# --- sort & renumber ------------------------------------------------------------------------------------------------------


def test_sorting_shows_five_rows_first_and_all_on_request(browser: Client) -> None:
    group = make_group("News")
    for place in range(9, 0, -1):
        make_channel(f"{30 - place} | Channel {place}", str(30 - place), group=group)
    path = f"/channels/groups/{group.pk}/sort/"
    shown = page(browser.get(path))
    assert 'value="21"' in shown  # the lowest number of the group
    assert shown.count("<b>2") == 5
    assert "and 3 more" in shown  # the one in the middle keeps its number
    assert "9 channels: 21–29" in shown
    full = page(browser.post(path, {"start": "100", "full": "1", "ignore_numbers": "on", "update_names": "on"}))
    assert full.count("<b>10") == 9
    assert "100 | Channel 1" in full
    assert not JournalEntry.objects.exists()  # nothing was stored yet
    browser.post(path, {"start": "100", "ignore_numbers": "on", "confirmed": "1"})
    assert Channel.objects.get(number=100).name == "29 | Channel 1"  # update_names was not ticked


def test_previews_stand_in_the_new_order() -> None:
    """Somebody who renumbers wants to see how the list will read."""
    a, b, c, d = make_channels(make_group("News"), A="1", B="2", C="3", D="4").values()
    shown = preview_of_numbers({a.pk: Decimal(30), b.pk: Decimal("10.5"), c.pk: Decimal(20)}, first=2)
    assert [(row.name, row.new) for row in shown.rows] == [("B", "10.5"), ("C", "20")]
    assert shown.more == 1
    changes = [
        ChannelChange(item.pk, {"number": item.number}, {"number": number})
        for item, number in ((a, None), (b, Decimal(9)), (c, Decimal(7)))
    ]
    changes.append(ChannelChange(d.pk, {"name": "D"}, {"name": "E"}))
    assert [(row.name, row.new) for row in preview_of_changes(changes).rows] == [("C", "7"), ("B", "9"), ("A", "–")]


@pytest.mark.parametrize("start", ["", "0", "-1", "abc", "1,5", "1e5", "NaN"])
def test_a_bad_start_is_said_beside_the_field_and_disables_the_button(browser: Client, start: str) -> None:
    group = make_group()
    make_channels(group, B="1", A="2")
    path = f"/channels/groups/{group.pk}/sort/"
    preview = browser.post(path, {"start": start}, HTTP_HX_REQUEST="true")
    assert preview.status_code == 200
    shown = page(preview)
    assert 'id="numbering-start-problem" role="alert"></div>' not in shown
    assert 'name="confirmed" value="1" disabled' in shown
    refused = browser.post(path, {"start": start, "confirmed": "1"}, HTTP_HX_REQUEST="true")
    assert refused.status_code == 422
    assert numbers_of(group) == {"B": "1", "A": "2"}


def test_uncategorized_is_sorted_too_and_a_lost_group_is_said(browser: Client) -> None:
    make_channels(None, B="1", A="2")
    browser.post("/channels/groups/0/sort/", {"start": "1", "confirmed": "1"})
    assert numbers_of(None) == {"A": "1", "B": "2"}
    assert "no longer exists" in page(browser.get("/channels/groups/404/sort/"))


def test_a_group_that_auto_sync_fills_carries_a_warning(browser: Client) -> None:
    StreamGroup.objects.create(account=make_account(), name="Synced", auto_channel_sync=True)
    assert "Auto-sync fills this group" in page(browser.get(f"/channels/groups/{make_group('Synced').pk}/sort/"))
    assert "Auto-sync" not in page(browser.get(f"/channels/groups/{make_group('Mine').pk}/sort/")).split("dialog-body")[1]


# --- renumber all ---------------------------------------------------------------------------------------------------------


def test_renumbering_all_shows_ranges_and_takes_own_starts(browser: Client) -> None:
    a, b = make_group("A"), make_group("B")
    make_channels(a, A1="5", A2="6")
    make_channels(b, B1="7")
    shown = page(browser.get("/channels/renumber-all/"))
    assert f'<b id="numbering-new-{a.pk}">1–2</b>' in shown
    assert "3 channels change" in shown
    values = {"start": "1", "update_names": "on", f"start_{b.pk}": "100", "start_0": ""}
    assert f'<b id="numbering-new-{b.pk}">100</b>' in page(browser.post("/channels/renumber-all/", values))
    assert numbers_of(b) == {"B1": "7"}
    browser.post("/channels/renumber-all/", {**values, "confirmed": "1"})
    assert (numbers_of(a), numbers_of(b)) == ({"A1": "1", "A2": "2"}, {"B1": "100"})


def test_a_bad_own_start_is_said_beside_it(browser: Client) -> None:
    group = make_group("A")
    make_channels(group, A1="5")
    answer = browser.post("/channels/renumber-all/", {"start": "1", f"start_{group.pk}": "zero", "confirmed": "1"})
    assert answer.status_code == 422
    assert f'id="numbering-problem-{group.pk}" role="alert">“zero” is not a number' in page(answer)
    assert 'value="zero"' in page(answer)  # what was typed stays
    assert numbers_of(group) == {"A1": "5"}
    below = page(browser.post("/channels/renumber-all/", {"start": "1", f"start_{group.pk}": "0.5"}))
    assert "at least 1" in below


def test_an_empty_lineup_has_nothing_to_renumber(browser: Client) -> None:
    make_group("Empty")
    shown = page(browser.get("/channels/renumber-all/"))
    assert "no channels to number" in shown
    assert 'name="confirmed" value="1" disabled' in shown


# --- groups in another order ----------------------------------------------------------------------------------------------


@pytest.fixture
def three() -> dict[str, ChannelGroup]:
    groups = {name: make_group(name) for name in ("News", "Sports", "Kids")}
    for place, group in enumerate(groups.values()):
        make_channel(f"C{place}", str(place * 50 + 1), group=group)
    return groups


def test_a_dropped_group_asks_for_numbers_first(browser: Client, three: dict[str, ChannelGroup]) -> None:
    kids, news = three["Kids"], three["News"]
    shown = page(browser.get(f"/channels/groups/reorder/?group={kids.pk}&before={news.pk}"))
    assert f'<option value="{news.pk}" selected>In front of News</option>' in shown
    assert "Renumber from 1" in shown
    assert f'value="{kids.pk}">In front of Kids' not in shown
    after = page(browser.get(f"/channels/groups/reorder/?group={kids.pk}&after={news.pk}"))
    assert "Behind “News”, in front of “Sports”" in after
    assert "Renumber from 2, behind “News”" in after
    assert not ChannelGroup.objects.exclude(position=None).exists()
    values = {"group": str(kids.pk), "before": str(three["Sports"].pk), "numbers": "suggested"}
    assert "<b>2</b>" in page(browser.post("/channels/groups/reorder/", values))
    browser.post("/channels/groups/reorder/", {**values, "confirmed": "1"})
    assert list(ChannelGroup.objects.order_by("position").values_list("name", flat=True)) == ["News", "Kids", "Sports"]
    assert numbers_of(kids) == {"C2": "2"}


def test_the_dialog_opens_at_the_present_place(browser: Client, three: dict[str, ChannelGroup]) -> None:
    shown = page(browser.get(f"/channels/groups/reorder/?group={three['News'].pk}"))
    assert f'<option value="{three["Sports"].pk}" selected>' in shown
    shown = page(browser.get(f"/channels/groups/reorder/?group={three['Kids'].pk}"))
    assert '<option value="last" selected>' in shown
    both = f"{three['News'].pk},{three['Sports'].pk}"
    shown = page(browser.get(f"/channels/groups/reorder/?group={both}&before={three['Sports'].pk}"))
    assert "Move 2 groups" in shown
    assert f'<option value="{three["Kids"].pk}" selected>' in shown


def test_a_custom_start_waits_for_its_number(browser: Client, three: dict[str, ChannelGroup]) -> None:
    values = {"group": str(three["Kids"].pk), "before": "last", "numbers": "custom", "start": ""}
    assert 'id="numbering-start-problem" role="alert"></div>' in page(browser.post("/channels/groups/reorder/", values))
    answer = browser.post("/channels/groups/reorder/", {**values, "confirmed": "1"})
    assert answer.status_code == 422
    assert "at least 1" in page(answer)
    browser.post("/channels/groups/reorder/", {**values, "start": "300", "confirmed": "1"})
    assert numbers_of(three["Kids"]) == {"C2": "300"}


def test_a_group_that_is_gone_is_told(browser: Client, three: dict[str, ChannelGroup]) -> None:
    answer = browser.post("/channels/groups/reorder/", {"group": "404", "before": "last", "confirmed": "1"})
    assert answer.status_code == 422
    assert "no longer exists" in page(answer)


def test_names_of_groups_are_text(browser: Client) -> None:
    group = make_group("<script>alert(1)</script>")
    make_channels(group, A="1")
    for path in (f"groups/{group.pk}/sort/", f"groups/reorder/?group={group.pk}", "renumber-all/"):
        assert "<script>alert" not in browser.get(f"/channels/{path}").content.decode()


# --- assigning ------------------------------------------------------------------------------------------------------------


def test_numbers_are_assigned_by_post_only(browser: Client) -> None:
    channels = make_channels(None, A=None, B=None)
    assert browser.get("/channels/assign-numbers/").status_code == 405
    ids = f"{channels['B'].pk},{channels['A'].pk}"
    browser.post("/channels/assign-numbers/", {"channel": ids, "start": "4.1"})
    assert numbers_of(None) == {"B": "4.1", "A": "4.2"}
    browser.post("/channels/assign-numbers/", {"channel": ids, "start": "x"})
    assert Channel.objects.get(name="B").number == Decimal("4.1")
