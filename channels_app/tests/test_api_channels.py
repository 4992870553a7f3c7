"""Channels for programs (10 §7, §21.2, §24; 25.2 #13)."""

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from channels_app.arrange_streams import stream_ids_of
from channels_app.drafts.lives import open_draft
from channels_app.edit_channels import update_channel
from channels_app.groups.hidden import hide_groups
from channels_app.models import Channel, ChannelProfile, Logo, ProfileMembership
from channels_app.profiles.stream_profiles import create_stream_profile
from channels_app.tests.api_fixtures import Program
from channels_app.tests.lineup_fixtures import (
    lineup_state,
    make_account,
    make_channel,
    make_entry,
    make_group,
    make_streams,
)
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch, undo_entry

pytestmark = pytest.mark.django_db
ROOT = "/api/channels"


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


# --- the list ---------------------------------------------------------------------------------------------------------


def test_a_channel_as_programs_know_it(program: Program) -> None:
    group, entry, streams = make_group("Sports"), make_entry("espn.us"), make_streams(["b", "a"])
    logo = Logo.objects.create(name="ESPN", url="https://x.example/e.png")
    channel = make_channel(
        "ESPN", "4.1", group=group, streams=streams, tvg_id="espn.us", gracenote_id="111", guide_entry=entry,
        logo_url=logo.url, auto_created=True, auto_created_by=make_account("Other"),
    )  # fmt: skip
    (row,) = program.rows(ROOT)
    assert row == program.get(f"{ROOT}/{channel.pk}").json()
    assert row["uuid"] == str(channel.uuid)
    assert row["created_at"].endswith("Z")
    expected = {
        "id": channel.pk,
        "name": "ESPN",
        "channel_number": 4.1,
        "channel_group_id": group.pk,
        "channel_group": "Sports",
        "tvg_id": "espn.us",
        "tvc_guide_stationid": "111",
        "epg_data_id": entry.pk,
        "stream_profile_id": None,
        "logo_id": logo.pk,
        "logo_url": logo.url,
        "streams": [stream.pk for stream in streams],
        "auto_created": True,
        "auto_created_by_name": "Other",
    }
    assert {name: row[name] for name in expected} == expected


def test_pages_of_a_hundred_by_number(program: Program) -> None:
    for number in range(150, 0, -1):
        make_channel(f"C{number}", str(number))
    make_channel("none")
    first = program.get(ROOT).json()
    assert (first["count"], first["page"], first["page_size"], first["total_pages"]) == (151, 1, 100, 2)
    assert [row["channel_number"] for row in first["results"]] == list(range(1, 101))
    assert first["previous"] is None
    second = program.get(first["next"]).json()
    assert [row["channel_number"] for row in second["results"]] == [*range(101, 151), None]
    assert second["next"] is None
    assert program.get(second["previous"]).json()["results"] == first["results"]
    behind = program.get(ROOT, page=9, search="c").json()
    assert (behind["results"], behind["count"]) == ([], 150)
    assert behind["previous"] == f"{ROOT}?page=2&search=c"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Beta", "alpha", "Zoo", "Loose"]),
        ({"search": "A"}, ["Beta", "alpha"]),
        ({"search": "2"}, ["alpha"]),
        ({"search": "nothing"}, []),
        ({"search": "%"}, []),
        ({"channel_group": "sports"}, ["Beta", "alpha"]),
        ({"channel_group": "ÉTÉ"}, ["Zoo"]),
        ({"channel_group": "0"}, ["Loose"]),
        ({"channel_group": "nowhere"}, []),
        ({"channel_group": "99999"}, []),
        ({"channel_group": "Sports", "search": "beta"}, ["Beta"]),
        ({"sort": "-number"}, ["Zoo", "alpha", "Beta", "Loose"]),
        ({"sort": "name"}, ["Beta", "Loose", "Zoo", "alpha"]),
        ({"sort": "-name", "page_size": 2, "page": 2}, ["Loose", "Beta"]),
    ],
)
def test_search_filters_and_orders_are_over_everything(program: Program, query: Any, expected: list[str]) -> None:
    group = make_group("Sports")
    make_channel("Zoo", "30", group=make_group("Été"))
    make_channel("alpha", "20", group=group)
    make_channel("Beta", "10", group=group)
    make_channel("Loose")
    assert names(program.rows(ROOT, **query)) == expected
    assert [row["name"] for row in program.rows(ROOT, channel_group=group.pk)] == ["Beta", "alpha"]


def test_hidden_groups_are_on_no_list(program: Program) -> None:
    group = make_group("Gone")
    channel = make_channel("A", "1", group=group)
    hide_groups([group.pk])
    assert program.rows(ROOT) == []
    assert program.get(f"{ROOT}/{channel.pk}").status_code == 200


def test_the_list_asks_no_more_as_channels_come(program: Program, django_assert_max_num_queries: Any) -> None:
    group = make_group("Sports")

    def grow(many: int) -> None:
        for place in range(many):
            make_channel(
                f"C{place}", "1", group=group, streams=make_streams([f"s{place}"]), logo_url=f"https://x.example/{place}"
            )

    grow(2)
    with django_assert_max_num_queries(50) as few:
        program.rows(ROOT)
    grow(60)
    with django_assert_max_num_queries(len(few)):
        assert len(program.rows(ROOT)) == 62


# --- create -----------------------------------------------------------------------------------------------------------


def test_a_channel_is_created_with_everything(program: Program) -> None:
    group, entry, streams = make_group("Sports"), make_entry("x"), make_streams(["a", "b"])
    logo = Logo.objects.create(name="L", url="https://x.example/l.png")
    mine, other = ChannelProfile.objects.create(name="Mine"), ChannelProfile.objects.create(name="Other")
    stream_profile, _ = create_stream_profile({"name": "ff", "command": "ffmpeg"})
    sent = {
        "name": " ESPN ",
        "channel_number": 38.1,
        "channel_group_id": group.pk,
        "tvg_id": "espn.us",
        "tvc_guide_stationid": "111",
        "epg_data_id": entry.pk,
        "logo_id": logo.pk,
        "stream_profile_id": stream_profile.pk,
        "streams": [streams[1].pk, streams[0].pk],
        "channel_profile_ids": [mine.pk],
    }
    answer = program.send("POST", ROOT, sent)
    assert answer.status_code == 201
    made = answer.json()
    assert made["name"] == "ESPN"
    assert made["logo_url"] == logo.url
    same = [name for name in sent if name not in ("name", "channel_profile_ids")]
    assert {name: made[name] for name in same} == {name: sent[name] for name in same}
    assert list(ProfileMembership.objects.filter(channel_id=made["id"]).values_list("profile_id", flat=True)) == [mine.pk]
    assert not ProfileMembership.objects.filter(profile=other).exists()
    journalled = JournalEntry.objects.get(action_type="create")
    assert journalled.user_name == "script"
    undo_entry(journalled)
    assert not Channel.objects.exists()


@pytest.mark.parametrize(
    ("name", "normalize", "expected"),
    [("ESPN HD", True, "ESPN"), ("ESPN HD", False, "ESPN HD"), ("ESPN HD", None, "ESPN HD"), ("HD", True, "HD")],
)
def test_a_new_name_is_normalized_when_asked(program: Program, name: str, normalize: bool | None, expected: str) -> None:
    body = {"name": name} | ({} if normalize is None else {"normalize": normalize})
    assert program.send("POST", ROOT, body).json()["name"] == expected


def test_a_number_that_others_have_is_told(program: Program) -> None:
    make_channel("A", "5")
    made = program.send("POST", ROOT, {"name": "B", "channel_number": "5"}).json()
    assert made["channel_number"] == 5
    assert len(made["warnings"]) == 1


# --- change -----------------------------------------------------------------------------------------------------------


def test_fields_and_streams_change_as_one(program: Program) -> None:
    group, streams = make_group("Sports"), make_streams(["a", "b", "c"])
    channel = make_channel("ESPN", "5", streams=streams[:2], tvg_id="x", logo_url="https://x.example/l.png")
    before = lineup_state()
    order = [streams[2].pk, streams[0].pk]
    sent = {
        "name": "Fox",
        "channel_number": None,
        "channel_group_id": group.pk,
        "tvg_id": None,
        "logo_id": None,
        "streams": order,
    }
    answer = program.send("PATCH", f"{ROOT}/{channel.pk}", sent)
    assert answer.status_code == 200
    found = answer.json()
    assert {name: found[name] for name in sent} == sent
    assert found["logo_url"] is None
    assert {entry.batch_id for entry in JournalEntry.objects.all()} == {found["batch_id"]}
    undo_batch(found["batch_id"])
    assert lineup_state() == before


@pytest.mark.parametrize(
    ("before", "after", "action"),
    [
        ([0, 1], [1, 0], "stream_reorder"),
        ([0], [0, 1], "stream_add"),
        ([0, 1], [], "stream_remove"),
        ([0], [1], "stream_replace"),
    ],
)
def test_the_journal_says_what_became_of_streams(program: Program, before: list[int], after: list[int], action: str) -> None:
    streams = make_streams(["a", "b"])
    channel = make_channel("ESPN", streams=[streams[place] for place in before])
    wanted = [streams[place].pk for place in after]
    assert program.send("PATCH", f"{ROOT}/{channel.pk}", {"streams": wanted}).json()["streams"] == wanted
    assert [entry.action_type for entry in JournalEntry.objects.all()] == [action]


def test_what_is_the_same_is_not_written(program: Program) -> None:
    channel = make_channel("ESPN", "5", streams=make_streams(["a"]))
    sent = {"name": "ESPN", "channel_number": 5.0, "streams": stream_ids_of(channel.pk)}
    answer = program.send("PATCH", f"{ROOT}/{channel.pk}", sent)
    assert (answer.status_code, answer.json()["message"]) == (200, "Nothing has changed.")
    assert not JournalEntry.objects.exists()


def test_a_refused_stream_list_leaves_the_fields_alone(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = make_channel("ESPN", "5")
    monkeypatch.setattr("channels_app.arrange_streams.MOST_STREAMS", 1)
    wanted = [stream.pk for stream in make_streams(["a", "b"])]
    answer = program.send("PATCH", f"{ROOT}/{channel.pk}", {"name": "Fox", "streams": wanted})
    assert answer.status_code == 422
    assert Channel.objects.get().name == "ESPN"
    assert not JournalEntry.objects.exists()


REFUSED: list[tuple[Any, str]] = [
    ({"group_id": 1}, "group_id"),  # GH #221
    ({"number": 5}, "number"),
    ({"id": 5}, "id"),
    ({"name": ""}, "name"),
    ({"name": None}, "name"),
    ({"name": 5}, "name"),
    ({"name": "x" * 513}, "name"),
    ({"channel_number": "abc"}, "channel_number"),
    ({"channel_number": -1}, "channel_number"),
    ({"channel_number": True}, "channel_number"),
    ({"channel_number": [1]}, "channel_number"),
    ({"channel_number": 1e30}, "channel_number"),
    ({"channel_number": float("nan")}, "channel_number"),
    ({"channel_group_id": 999}, "channel_group_id"),
    ({"channel_group_id": "1"}, "channel_group_id"),
    ({"channel_group_id": 2**70}, "channel_group_id"),
    ({"epg_data_id": 999}, "epg_data_id"),
    ({"stream_profile_id": 999}, "stream_profile_id"),
    ({"logo_id": 999}, "logo_id"),
    ({"logo_id": 1, "logo_url": "https://x.example/1"}, "logo_id"),
    ({"logo_url": "ftp://x.example/1"}, "logo_url"),
    ({"tvg_id": 5}, "tvg_id"),
    ({"tvc_guide_stationid": "9" * 65}, "tvc_guide_stationid"),
    ({"is_hidden": "yes"}, "is_hidden"),
    ({"streams": None}, "streams"),
    ({"streams": ["1"]}, "streams"),
    ({"streams": [999]}, "streams"),
    ({"streams": [2**70]}, "streams"),
    ({"streams": [1, 1]}, "streams"),
    ({"streams": list(range(1, 1002))}, "streams"),
    ({"name": "\ud800"}, ""),
    ([1], ""),
    ("{", ""),
]


@pytest.mark.parametrize(("body", "field"), REFUSED)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_is_wrong_is_named_by_its_field(program: Program, method: str, body: Any, field: str) -> None:
    channel = make_channel("ESPN", "5")
    before = lineup_state()
    if method == "POST" and isinstance(body, dict) and "name" not in body:
        body = {"name": "New", **body}
    answer = program.send(method, ROOT if method == "POST" else f"{ROOT}/{channel.pk}", body)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert lineup_state() == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "A", "normalize": 1}, "normalize"),
        ({"name": "A", "channel_profile_ids": [9]}, "channel_profile_ids"),
    ],
)
def test_what_only_new_channels_take(program: Program, body: Any, field: str) -> None:
    answer = program.send("POST", ROOT, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert not Channel.objects.exists()


def test_several_mistakes_are_told_at_once(program: Program) -> None:
    answer = program.send("POST", ROOT, {"name": "A", "tvg_id": 1, "streams": "x"})
    assert set(answer.json()["errors"]) == {"tvg_id", "streams"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/999", None),
        ("PATCH", "/999", {"name": "x"}),
        ("PATCH", "/999", {}),
        ("DELETE", "/999", None),
        ("GET", "/999/streams", None),
        ("POST", "/assign-numbers", {"channel_ids": [999]}),
        ("GET", f"/{2**63}", None),
    ],
)
def test_unknown_channels_are_404(program: Program, method: str, path: str, body: Any) -> None:
    answer = program.send(method, ROOT + path, body)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("?group=1", 422),
        ("?channel_group_name=x", 422),
        ("?page=0", 422),
        ("?page=x", 422),
        ("?page_size=1001", 422),
        ("?sort=id", 422),
        ("?channel_group=", 200),
    ],
)
def test_unknown_filters_are_refused(program: Program, path: str, status: int) -> None:
    answer = program.get(ROOT + path)
    assert answer.status_code == status
    if status == 422:
        assert list(answer.json()["errors"]) == [path[1:].split("=", maxsplit=1)[0]]


def test_methods_and_strangers(program: Program) -> None:
    assert program.send("PUT", ROOT, {}).status_code == 405
    assert Client().get(ROOT).status_code in (302, 401, 403)


def test_a_change_meanwhile_is_409(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = make_channel("ESPN", "5")

    def late(command: Any, **more: Any) -> Any:
        real = update_channel.__globals__["change_of"]

        def changed_behind_our_back(row: Channel, after: Any) -> Any:
            found = real(row, after)
            Channel.objects.filter(pk=row.pk).update(name="Taken")
            return found

        with monkeypatch.context() as patched:
            patched.setitem(update_channel.__globals__, "change_of", changed_behind_our_back)
            return update_channel(command, **more)

    monkeypatch.setattr("channels_app.api.channels.update_channel", late)
    assert program.send("PATCH", f"{ROOT}/{channel.pk}", {"name": "Fox"}).status_code == 409


def test_a_busy_database_is_409_and_says_nothing_inside(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: Any, **__: Any) -> None:
        raise OperationalError("database is locked at /srv/secret")

    monkeypatch.setattr("channels_app.api.channels.create_channel", locked)
    answer = program.send("POST", ROOT, {"name": "A"})
    assert answer.status_code == 409
    assert "secret" not in answer.content.decode()


# --- delete, streams, numbers -----------------------------------------------------------------------------------------


def test_deleting_again_is_a_success(program: Program) -> None:
    channel = make_channel("ESPN", "5")
    before = lineup_state()
    done = program.send("DELETE", f"{ROOT}/{channel.pk}")
    assert (done.status_code, done.json()["status"]) == (200, "deleted")
    again = program.send("DELETE", f"{ROOT}/{channel.pk}")
    assert (again.status_code, again.json()["status"]) == (200, "already_deleted")
    undo_batch(done.json()["batch_id"])
    assert lineup_state() == before


def test_deleting_may_close_the_gap(program: Program) -> None:  # 26
    group = make_group("G")
    doomed = make_channel("B", "101", group=group)
    for name, number in (("A", "100"), ("C", "102"), ("D", "110")):
        make_channel(name, number, group=group)
    assert program.send("DELETE", f"{ROOT}/{doomed.pk}?move_up=yes").status_code == 422
    assert program.send("DELETE", f"{ROOT}/{doomed.pk}?move_up=true").status_code == 200
    assert [(row["name"], row["channel_number"]) for row in program.rows(ROOT)] == [("A", 100), ("C", 101), ("D", 110)]


def test_streams_of_a_channel_in_their_order(program: Program) -> None:
    streams = make_streams(["b", "a", "c"])
    channel = make_channel("ESPN", streams=streams)
    rows = program.get(f"{ROOT}/{channel.pk}/streams").json()
    assert names(rows) == ["b", "a", "c"]
    assert rows[0]["m3u_account_name"] == "Acme"
    assert "secret" not in json.dumps(rows)


def test_numbers_are_assigned_in_the_order_given(program: Program) -> None:  # 13
    ids = [make_channel(name).pk for name in "ABC"]
    done = program.send("POST", f"{ROOT}/assign-numbers", {"channel_ids": ids, "starting_number": 100}).json()
    assert [(row["name"], row["channel_number"]) for row in done["channels"]] == [("A", 100), ("B", 101), ("C", 102)]
    assert (done["updated"], len(done["batch_id"])) == (3, 8)
    entries = JournalEntry.objects.filter(
        batch_id=done["batch_id"], entity_type="channel", action_type="reorder", undoable=True
    )
    assert entries.count() == 3
    assert entries.filter(entity_id=ids[1], after_value__number="101").exists()


@pytest.mark.parametrize("start", [{}, {"starting_number": None}])
def test_without_a_start_numbers_go_on_behind_the_highest(program: Program, start: Any) -> None:  # §24
    make_channel("Z", "500")
    ids = [make_channel(name).pk for name in "AB"]
    done = program.send("POST", f"{ROOT}/assign-numbers", {"channel_ids": ids, **start}).json()
    assert [row["channel_number"] for row in done["channels"]] == [501, 502]


def test_decimal_numbers_are_exact(program: Program) -> None:  # 23
    ids = [make_channel(name).pk for name in "ABC"]
    done = program.send("POST", f"{ROOT}/assign-numbers", {"channel_ids": ids, "starting_number": 38.9}).json()
    assert [row["channel_number"] for row in done["channels"]] == [38.9, 39, 39.1]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "channel_ids"),
        ({"channel_ids": []}, 422, "channel_ids"),
        ({"channel_ids": "1"}, 422, "channel_ids"),
        ({"channel_ids": [1], "start": 5}, 422, "start"),
        ({"channel_ids": [1], "starting_number": "abc"}, 422, "starting_number"),
        ({"channel_ids": [1], "starting_number": -1}, 422, "starting_number"),
        ({"channel_ids": [1], "starting_number": {}}, 422, "starting_number"),
    ],
)
def test_numbers_that_cannot_be_assigned(program: Program, body: Any, status: int, field: str) -> None:
    answer = program.send("POST", f"{ROOT}/assign-numbers", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (status, [field])


def test_one_unknown_channel_refuses_all_numbers(program: Program) -> None:
    channel = make_channel("A")
    answer = program.send("POST", f"{ROOT}/assign-numbers", {"channel_ids": [channel.pk, 999], "starting_number": 1})
    assert (answer.status_code, answer.json()["channel_ids"]) == (404, [999])
    assert Channel.objects.get().number is None


# --- no edit mode -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_programs_work_on_the_lineup_itself_while_their_user_edits(program: Program) -> None:
    channel = make_channel("ESPN", "5")
    draft = open_draft(program.user)
    assert program.send("PATCH", f"{ROOT}/{channel.pk}", {"name": "Fox"}).status_code == 200
    assert program.send("POST", "/api/channel-groups", {"name": "New"}).status_code == 201
    merged = [channel.pk, program.send("POST", ROOT, {"name": "B"}).json()["id"]]
    assert program.send("POST", f"{ROOT}/merge", {"channel_ids": merged, "name": "Both"}).status_code == 201
    assert list(Channel.objects.values_list("name", flat=True)) == ["Both"]
    assert draft.is_active
    assert reverse("lineup_api:channels") == ROOT
