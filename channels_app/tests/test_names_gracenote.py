"""Gracenote ids in bulk, for one channel, and for programs (10 §18, §7.2; 25.7 #108)."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_app.gracenote.plan_ids import IdPlan, plan_ids
from channels_app.models import Channel
from channels_app.tests.lineup_fixtures import lineup_state, make_channel, make_entry, make_streams
from ecm_site.conf import save_settings
from epg_app.find_station_ids import find_station_ids
from epg_app.models import GuideEntry, GuideSource
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db
URL = "/channels/names/gracenote/"


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("alice"))
    return client


def entry(tvg_id: str, station_id: str = "", *, source: GuideSource | None = None, lcn: str = "") -> GuideEntry:
    made = make_entry(tvg_id, source=source)
    GuideEntry.objects.filter(pk=made.pk).update(station_id=station_id, lcn=lcn or station_id)
    made.refresh_from_db()
    return made


def buckets(plan: IdPlan) -> dict[str, list[str]]:
    lists = {
        "new": plan.new,
        "conflicts": plan.conflicts,
        "not_found": plan.not_found,
        "no_tvg_id": plan.no_tvg_id,
        "already_set": plan.already_set,
    }
    return {name: [row.name for row in rows] for name, rows in lists.items()}


def test_every_channel_is_in_one_bucket() -> None:
    entry("a.us", "11111")
    linked = entry("l.us", "22222")
    entry("number.us", lcn="21")
    ids = [
        make_channel(name, **values).pk
        for name, values in {
            "new": {"tvg_id": " A.US "},
            "by its guide entry": {"guide_entry": linked},
            "conflict": {"tvg_id": "a.us", "gracenote_id": "99999"},
            "same": {"tvg_id": "a.us", "gracenote_id": "11111"},
            "guide knows nothing, has one": {"tvg_id": "zz", "gracenote_id": "5"},
            "unknown": {"tvg_id": "zz"},
            "only a channel number": {"tvg_id": "number.us"},
            "nothing": {},
        }.items()
    ]
    plan = plan_ids([*ids, 999])
    assert buckets(plan) == {
        "new": ["by its guide entry", "new"],
        "conflicts": ["conflict"],
        "not_found": ["only a channel number", "unknown"],
        "no_tvg_id": ["nothing"],
        "already_set": ["guide knows nothing, has one", "same"],
    }
    reasons = {row.name: row.reason for row in plan.not_found}
    assert "channel number" in reasons["only a channel number"]
    assert "No active guide" in reasons["unknown"]


def test_the_own_source_is_asked_first_then_all_by_priority() -> None:
    low = GuideSource.objects.create(name="Low", priority=1)
    high = GuideSource.objects.create(name="High", priority=9)
    off = GuideSource.objects.create(name="Off", priority=99, is_active=False)
    for source, station in ((low, "10000"), (high, "20000"), (off, "30000")):
        entry("x", station, source=source)
    hits = find_station_ids([("x", None), ("x", low.pk), ("X ", off.pk), ("y", None)])
    assert hits["x", None].station_id == "20000"
    assert (hits["x", low.pk].station_id, hits["x", low.pk].source_name) == ("10000", "Low")
    assert hits["X ", off.pk].station_id == "20000"
    assert hits["y", None].station_id == ""
    only = find_station_ids([("x", off.pk)], only_that_source=True)
    assert only["x", off.pk].station_id == ""


def test_a_playlist_fills_what_the_guide_does_not_know() -> None:
    plain, first, second = (
        make_streams(["a"]) + make_streams(["b"], station_id="77777") + make_streams(["c"], station_id="88888")
    )
    channel = make_channel("A", streams=[plain, first, second])
    plan = plan_ids([channel.pk])
    assert [(row.found, row.source) for row in plan.new] == [("77777", "playlist")]


@pytest.mark.parametrize("count", [2, 400])
def test_queries_do_not_grow(count: int, django_assert_max_num_queries: Any) -> None:
    entry("a.us", "11111")
    Channel.objects.bulk_create(Channel(name=f"C{number}", tvg_id=f"a{number % 7}.us") for number in range(count))
    with django_assert_max_num_queries(4):
        plan_ids(list(Channel.objects.values_list("pk", flat=True)))


# --- the dialog -----------------------------------------------------------------------------------------------------------


def confirm(client: Client, channels: list[Channel], **values: Any) -> Any:
    ids = ",".join(str(channel.pk) for channel in channels)
    shown = client.get(URL, {"channel": ids})
    form = {"channel": ids, "mark": shown.context["mark"], "confirmed": "1"}
    return client.post(URL, form | values, headers={"HX-Request": "true"})


@pytest.mark.parametrize(("mode", "after"), [("skip", "11111"), ("overwrite", "22222"), ("ask", "11111")])
def test_conflicts_go_by_the_setting(client: Client, mode: str, after: str) -> None:  # 108
    save_settings(gracenote_conflict_mode=mode)
    entry("x", "22222")
    conflict = make_channel("X", tvg_id="x", gracenote_id="11111")
    fresh = make_channel("Y", tvg_id="x")
    response = confirm(client, [conflict, fresh])
    assert response.status_code == 204
    conflict.refresh_from_db()
    fresh.refresh_from_db()
    assert conflict.gracenote_id == after
    assert fresh.gracenote_id == "22222"  # with no conflict ticked the others go through all the same


def test_asked_the_operator_ticks_what_is_replaced(client: Client) -> None:
    entry("x", "22222")
    conflict = make_channel("X", tvg_id="x", gracenote_id="11111")
    page = client.get(URL, {"channel": conflict.pk})
    assert b"<s>11111</s>" in page.content
    before = lineup_state()
    confirm(client, [conflict], shown=conflict.pk, tick=conflict.pk)
    conflict.refresh_from_db()
    assert conflict.gracenote_id == "22222"
    batch_id = JournalEntry.objects.get(undoable=True).batch_id
    assert undo_batch(batch_id).conflict_count == 0
    assert lineup_state() == before


def test_skipping_cannot_be_overruled_by_a_forged_tick(client: Client) -> None:
    save_settings(gracenote_conflict_mode="skip")
    entry("x", "22222")
    conflict = make_channel("X", tvg_id="x", gracenote_id="11111")
    confirm(client, [conflict], shown=conflict.pk, tick=conflict.pk, every="on")
    conflict.refresh_from_db()
    assert conflict.gracenote_id == "11111"


def test_a_list_that_is_old_is_shown_again(client: Client) -> None:
    known = entry("x", "22222")
    channel = make_channel("X", tvg_id="x")
    mark = client.get(URL, {"channel": channel.pk}).context["mark"]
    GuideEntry.objects.filter(pk=known.pk).update(station_id="33333")
    response = client.post(URL, {"channel": channel.pk, "mark": mark, "confirmed": "1"})
    assert response.status_code == 422
    assert "newer" in response.content.decode()
    channel.refresh_from_db()
    assert channel.gracenote_id == ""


# --- one channel, and programs --------------------------------------------------------------------------------------------


def test_the_edit_dialog_fetches_the_id(client: Client) -> None:
    found = entry("x.us", "22222")
    channel = make_channel("X", "4", tvg_id="")
    field = "/channels/names/gracenote/field/"
    for values in ({"tvg_id": "x.us"}, {"guide_entry": found.pk}):
        answer = client.post(field, {"looked_up_for": channel.pk, **values}, headers={"HX-Request": "true"})
        assert 'value="22222"' in answer.content.decode()
    assert "first" in client.post(field, {"gracenote_id": "7"}, headers={"HX-Request": "true"}).content.decode()
    unknown = client.post(field, {"tvg_id": "zz", "gracenote_id": "7"}, headers={"HX-Request": "true"}).content.decode()
    assert "No active guide" in unknown
    assert 'value="7"' in unknown
    page = client.post(field, {"looked_up_for": channel.pk, "name": "X typed", "tvg_id": "x.us"}).content.decode()
    assert 'value="22222"' in page
    assert 'value="X typed"' in page
    channel.refresh_from_db()
    assert channel.gracenote_id == ""


def test_programs_ask_for_one_or_many(client: Client) -> None:
    source = GuideSource.objects.create(name="Other")
    entry("x", "22222")
    entry("y", "33333", source=source)
    assert client.get("/api/epg/lcn?tvg_id=X").json() == {"tvg_id": "X", "lcn": "22222", "source": "Guide"}
    assert client.get("/api/epg/lcn?tvg_id=zz").status_code == 404
    assert client.get("/api/epg/lcn").status_code == 422
    body = {"items": [{"tvg_id": "x"}, {"tvg_id": "y", "epg_source_id": source.pk}, {"tvg_id": "zz"}]}
    answer = client.post("/api/epg/lcn/batch", json.dumps(body), content_type="application/json")
    assert answer.json() == {"results": {"x": {"lcn": "22222", "source": "Guide"}, "y": {"lcn": "33333", "source": "Other"}}}
    body = {"items": [{"tvg_id": "x", "epg_source_id": source.pk}]}
    assert client.post("/api/epg/lcn/batch", json.dumps(body), content_type="application/json").json() == {"results": {}}
    for wrong in ({"items": 3}, {"items": [{"tvg_id": 3}]}, {"other": 1}):
        assert client.post("/api/epg/lcn/batch", json.dumps(wrong), content_type="application/json").status_code == 422
