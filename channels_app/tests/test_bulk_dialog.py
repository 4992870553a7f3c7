"""The bulk creation dialog (10 §10.1, §10.2, §10.4): as a page, as htmx parts, with mistakes and with hostile names."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels_app.bulk_ids import read_ids, write_ids
from channels_app.models import Channel, ChannelGroup, ChannelStream
from channels_app.tests.lineup_fixtures import make_account, make_channel, make_group, make_streams
from ecm_site.conf import EcmSettings
from m3u_app.models import StreamGroup

pytestmark = pytest.mark.django_db
URL = "/channels/bulk-create/"


@pytest.fixture
def page(admin_client: Client) -> Client:
    return admin_client


def group_id(name: str = "UK") -> int:
    return StreamGroup.objects.get(name=name).pk


def fields(response: HttpResponse) -> dict[str, str]:
    """What a browser would send: hidden and text fields, ticked boxes, chosen radios and options."""
    html = response.content.decode()
    found: dict[str, str] = {}
    for tag in re.findall(r"<input\b[^>]*>", html):
        values = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        kind = values.get("type", "text")
        if "name" in values and (kind not in ("radio", "checkbox") or " checked" in tag):
            found[values["name"]] = values.get("value", "")
    for name, body in re.findall(r'<select\b[^>]*name="(\w+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        found[name] = chosen[1] if chosen else ""
    return found


def send(client: Client, opened: HttpResponse, /, *, htmx: bool = True, **changes: Any) -> HttpResponse:
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(URL, {**fields(opened), **changes}, headers=headers)


def create(page: Client, opened: HttpResponse, **changes: Any) -> HttpResponse:
    """Preview with the changes, then create what the preview shows."""
    values = {**fields(opened), **changes}
    preview = page.post(URL, values, headers={"HX-Request": "true"})
    return page.post(URL, {**values, **fields(preview), "create": "1"}, headers={"HX-Request": "true"})


def rows(response: HttpResponse) -> list[str]:
    body = response.content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    numbers = re.findall(r'<td class="ecm-number">(.*?)</td>', body)
    names = re.findall(r'<span class="bulk-clip" title="[^"]*" dir="auto">(.*?)</span>', body)
    return [f"{number} {name}" for number, name in zip(numbers, names, strict=True)]


def test_a_whole_group_opens_with_its_name_and_no_start(page: Client) -> None:
    make_streams(["ESPN HD", "ESPN 4K", "CNN"])
    opened = page.get(URL, {"stream_group": group_id()})
    values = fields(opened)
    assert (values["group_name"], values["start"], values["mode"]) == ("UK", "", "combine")
    assert rows(opened) == ["– CNN", "– ESPN"]
    assert "2 new channels from 3 streams, 1 duplicate merged" in opened.content.decode()
    assert "is-invalid" not in opened.content.decode()


def test_selected_streams_open_without_a_group(page: Client) -> None:
    (stream,) = make_streams(["ESPN"])
    assert fields(page.get(URL, {"stream": stream.pk}))["group_name"] == ""


def test_several_groups_open_separately(page: Client) -> None:
    make_streams(["A"], group="One")
    make_streams(["B"], group="Two")
    one, two = group_id("One"), group_id("Two")
    values = fields(page.get(URL, {"stream_group": f"{one},{two}"}))
    assert values["mode"] == "separate"
    assert (values[f"group_name_{one}"], values[f"group_name_{two}"], values[f"start_{two}"]) == ("One", "Two", "")


def test_a_drop_presets_group_and_start(page: Client) -> None:
    group = make_group("Sports")
    make_channel("A", "249", group=group)
    make_streams(["B"])
    on_header = fields(page.get(URL, {"stream_group": group_id(), "group": group.pk}))
    assert (on_header["group_name"], on_header["start"], on_header["mode"]) == ("Sports", "250", "combine")
    before_a_row = fields(page.get(URL, {"stream_group": group_id(), "group": group.pk, "start": "249"}))
    assert before_a_row["start"] == "249"
    uncategorized = fields(page.get(URL, {"stream_group": group_id(), "group": "0"}))
    assert (uncategorized["group_name"], uncategorized["start"]) == ("", "1")


def test_settings_pre_select_options(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = EcmSettings(
        remove_country_prefix=True,
        include_channel_number_in_name=True,
        channel_number_separator=":",
        timezone_preference="east",
    )
    monkeypatch.setattr("channels_app.views.bulk_create.get_settings", lambda: chosen)
    make_streams(["US | HBO", "US | HBO West"])
    opened = page.get(URL, {"stream_group": group_id(), "start": "5"})
    assert rows(opened) == ["5 5 : HBO"]
    assert "left out by the choice of east or west feeds: US | HBO West" in opened.content.decode()


def test_east_and_west_and_countries_are_offered_only_when_there_are_any(page: Client) -> None:
    make_streams(["HBO", "CNN"], group="Plain")
    make_streams(["US | HBO", "US | HBO West"], group="Rich")
    plain = page.get(URL, {"stream_group": group_id("Plain")}).content.decode()
    rich = page.get(URL, {"stream_group": group_id("Rich")}).content.decode()
    assert ("East and west feeds" in plain, "Country in front of names" in plain) == (False, False)
    assert ("East and west feeds" in rich, "Country in front of names" in rich) == (True, True)


def test_a_preview_shows_what_creating_then_does(page: Client) -> None:
    make_streams(["US | ESPN HD", "US | ESPN 4K", "CNN"])
    opened = page.get(URL, {"stream_group": group_id()}, headers={"HX-Request": "true"})
    changes = {"start": "38.9", "group_name": "Mine", "country": "keep", "number_in_name": "1"}
    preview = send(page, opened, **changes)
    assert rows(preview) == ["38.9 38.9 - CNN", "39 39 - US | ESPN"]
    assert 'id="bulk-preview"' in preview.content.decode()
    assert "<form" not in preview.content.decode()
    done = create(page, opened, **changes)
    assert done.status_code == 204
    assert list(Channel.objects.order_by("number").values_list("number", "name", "group__name")) == [
        (Decimal("38.9"), "38.9 - CNN", "Mine"),
        (Decimal(39), "39 - US | ESPN", "Mine"),
    ]
    assert "dialog:close" in done["HX-Trigger"]
    assert "lineup:changed" in done["HX-Trigger"]
    assert "Created 2 channels from 3 streams (1 duplicate merged)" in done["HX-Trigger"]
    undo = re.search(r'"undo": "(/journal/batch/\w+/undo/)"', done["HX-Trigger"])
    assert undo
    page.post(undo[1])
    assert (Channel.objects.count(), ChannelGroup.objects.count()) == (0, 0)


def test_it_works_without_scripts(page: Client) -> None:
    make_streams(["A", "B"])
    opened = page.get(URL, {"stream_group": group_id()})
    preview = send(page, opened, htmx=False, start="7")
    assert rows(preview) == ["7 A", "8 B"]
    assert "<form" in preview.content.decode()
    done = page.post(URL, {**fields(preview), "create": "1"})
    assert (done.status_code, done["Location"]) == (302, "/channels/")
    assert Channel.objects.count() == 2


def test_creating_without_the_latest_preview_shows_it_first(page: Client) -> None:
    make_streams(["A"])
    opened = page.get(URL, {"stream_group": group_id(), "start": "7"})
    hasty = send(page, opened, start="8", create="1")
    assert hasty.status_code == 422
    assert "This preview is newer than the one you saw" in hasty.content.decode()
    assert rows(hasty) == ["8 A"]
    assert not Channel.objects.exists()
    assert send(page, hasty, create="1").status_code == 204


def test_streams_that_came_or_went_meanwhile_show_the_preview_again(page: Client) -> None:
    make_streams(["A"])
    opened = page.get(URL, {"stream_group": group_id(), "start": "7"})
    make_streams(["B"])
    late = send(page, opened, create="1")
    assert late.status_code == 422
    assert rows(late) == ["7 A", "8 B"]


@pytest.mark.parametrize(
    ("start", "says"),
    [("abc", "is not a number"), ("-5", "cannot be negative"), ("nan", "is not a number"), ("", "Enter a starting number")],
)
def test_a_wrong_start_is_named_beside_its_field_and_nothing_is_lost(page: Client, start: str, says: str) -> None:
    make_streams(["A"])
    opened = page.get(URL, {"stream_group": group_id()})
    answer = send(page, opened, start=start, group_name="Mine", create="1")
    html = answer.content.decode()
    assert answer.status_code == 422
    note = html.partition('id="bulk-note-start"')[2].partition("</div>")[0]
    assert says in note
    assert re.search(r'<input class="form-control is-invalid"\s+id="bulk-start"', html)
    assert fields(answer)["group_name"] == "Mine"
    assert fields(answer)["start"] == start
    assert not Channel.objects.exists()


def test_an_error_also_appears_while_typing(page: Client) -> None:
    make_streams(["A"])
    html = send(page, page.get(URL, {"stream_group": group_id()}), start="12a").content.decode()
    assert "is not a number" in html.partition('id="bulk-note-start"')[2].partition("</div>")[0]


def test_taken_numbers_ask_and_each_answer_does_what_it_says(page: Client) -> None:
    make_channel("Old", "7")
    make_channel("Far", "50")
    make_streams(["A", "B"])
    opened = page.get(URL, {"stream_group": group_id(), "start": "7"})
    asked = send(page, opened, create="1")
    assert asked.status_code == 422
    assert "1 existing channel has numbers in this range" in asked.content.decode()
    assert "Some of these numbers are taken" in asked.content.decode()
    assert "7 → 9 Old" in send(page, asked, conflict="push").content.decode()
    assert rows(send(page, asked, conflict="end")) == ["51 A", "52 B"]
    assert create(page, asked, conflict="push").status_code == 204
    assert sorted(Channel.objects.values_list("name", "number")) == [("A", 7), ("B", 8), ("Far", 50), ("Old", 9)]


def test_separate_groups_continue_and_overlaps_are_named(page: Client) -> None:
    make_streams(["A", "B"], group="One")
    make_streams(["C"], group="Two")
    one, two = group_id("One"), group_id("Two")
    opened = page.get(URL, {"stream_group": f"{one},{two}"})
    assert rows(send(page, opened, **{f"start_{one}": "10"})) == ["10 A", "11 B", "12 C"]
    clash = send(page, opened, **{f"start_{one}": "10", f"start_{two}": "11", "create": "1"})
    assert clash.status_code == 422
    note = clash.content.decode().partition(f'id="bulk-note-section-{two}"')[2].partition("</div>")[0]
    assert "overlaps with 10–11" in note
    done = create(page, opened, **{f"start_{one}": "10", f"group_name_{two}": "one"})
    assert done.status_code == 204
    assert ChannelGroup.objects.count() == 1


def test_groups_can_be_combined(page: Client) -> None:
    make_streams(["ESPN HD"], group="One")
    make_streams(["ESPN 4K"], group="Two")
    opened = page.get(URL, {"stream_group": f"{group_id('One')},{group_id('Two')}"})
    assert rows(send(page, opened, mode="combine", start="1", group_name="All")) == ["1 ESPN"]


def test_streams_for_existing_channels_are_shown_apart(page: Client) -> None:
    (held,) = make_streams(["ESPN HD"])
    make_channel("ESPN", "5", streams=[held], group=make_group("Sports"))
    make_streams(["ESPN 4K", "CNN"])
    opened = page.get(URL, {"stream_group": group_id(), "start": "10"})
    html = opened.content.decode()
    assert rows(opened) == ["10 CNN", "5 ESPN"]
    assert "1 stream added to 1 existing channel" in html
    assert "1 stream already in the lineup: ESPN HD" in html
    create(page, opened)
    links = ChannelStream.objects.filter(channel__name="ESPN").order_by("position")
    assert list(links.values_list("stream__name", flat=True)) == ["ESPN HD", "ESPN 4K"]


def test_nothing_to_create_is_said_and_not_an_error_page(page: Client) -> None:
    (held,) = make_streams(["ESPN"])
    make_channel("ESPN", "5", streams=[held])
    opened = page.get(URL, {"stream": held.pk})
    assert "in the lineup already" in opened.content.decode()
    assert send(page, opened, create="1").status_code == 422
    assert Channel.objects.count() == 1


def test_unticked_streams_stay_unticked(page: Client) -> None:
    one, _ = make_streams(["A", "B"])
    opened = page.get(URL, {"stream_group": group_id(), "except": one.pk, "start": "1"})
    assert rows(opened) == ["1 B"]
    create(page, opened)
    assert list(Channel.objects.values_list("name", flat=True)) == ["B"]


def test_hostile_names_are_text(page: Client) -> None:
    make_streams(['<script>alert("x")</script>', '"><img src=x onerror=alert(1)>', "=HYPERLINK(1)", "x" * 5000, "\u202egnp"])
    make_streams(["A"], group='<b onmouseover="alert(1)">')
    StreamGroup.objects.filter(name="UK").update(name="'\"><svg/onload=alert(1)>")
    ids = ",".join(map(str, StreamGroup.objects.values_list("pk", flat=True)))
    html = page.get(URL, {"stream_group": ids, "start": "1"}).content.decode()
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "<svg/" not in html
    assert "<b on" not in html
    assert not any("\u202e" in name for name in re.findall(r'<span class="bulk-clip"[^>]*>(.*?)</span>', html))
    assert "1 name too long, shortened to 512 letters" in html


def test_only_a_page_of_rows_is_sent_and_the_others_are_a_click_away(page: Client) -> None:
    make_streams([f"Channel {place}" for place in range(1, 121)])
    opened = page.get(URL, {"stream_group": group_id(), "start": "1"})
    assert len(rows(opened)) == 50
    assert "1–50 of 120" in opened.content.decode()
    third = send(page, opened, page="3")
    assert rows(third)[0] == "101 Channel 101"
    assert len(rows(third)) == 20
    assert rows(send(page, opened, page="999"))[0] == "101 Channel 101"


def test_the_number_of_queries_does_not_grow(page: Client) -> None:
    make_streams([f"A {place}" for place in range(60)])
    page.get(URL)  # the session's own first queries
    few = queries_of(page)
    make_streams([f"B {place}" for place in range(400)])
    assert queries_of(page) == few


def queries_of(page: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        page.get(URL, {"stream_group": group_id(), "start": "1"})
    return len(captured)


def test_long_selections_come_by_post_and_travel_as_ranges(page: Client) -> None:
    made = make_streams([f"A {place}" for place in range(3000)])
    opened = page.post(URL, {"stream": ",".join(str(stream.pk) for stream in made)}, headers={"HX-Request": "true"})
    assert fields(opened)["stream"] == f"{made[0].pk}-{made[-1].pk}"
    assert "3,000 new channels" in opened.content.decode()
    assert len(rows(send(page, opened, start="1"))) == 50


def test_ids_are_read_and_written() -> None:
    assert read_ids(["1,2,9-12", "4", "x", "-3", "7-", "", "2"]) == (1, 2, 9, 10, 11, 12, 4)
    assert read_ids(["1-99999999999"]) == ()
    assert read_ids([write_ids(range(100_000))]) == tuple(range(100_000))
    assert write_ids([5, 4, 3]) == "5,4,3"


def test_without_a_selection_whole_providers_are_offered(page: Client) -> None:
    assert "There are no streams yet" in page.get(URL).content.decode()
    account = make_account("Acme")
    make_streams(["A"], account=account)
    assert f"?account={account.pk}" in page.get(URL).content.decode()
    assert rows(page.get(URL, {"account": account.pk, "start": "3"})) == ["3 A"]


def test_unknown_choices_are_named_and_do_not_crash(page: Client) -> None:
    make_streams(["A"])
    opened = page.get(URL, {"stream_group": group_id(), "start": "1"})
    answer = send(page, opened, existing="everything", country="moon", create="1")
    assert answer.status_code == 422
    assert not Channel.objects.exists()


def test_signing_in_is_needed(client: Client, django_user_model: Any) -> None:
    django_user_model.objects.create_user("someone")
    assert client.get(URL).status_code == 302
    assert client.post(URL, {"stream": "1", "create": "1"}).status_code == 302
