"""Names, duplicates and merging for programs (10 §21.2; 25.7 #88–92, #96)."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_app.arrange_streams import stream_ids_of
from channels_app.models import Channel
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams

pytestmark = pytest.mark.django_db
ROOT = "/api/channels/"


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("alice"))
    return client


def send(client: Client, path: str, body: object) -> Any:
    return client.post(ROOT + path, json.dumps(body), content_type="application/json")


def test_strangers_are_not_let_in() -> None:
    assert Client().post(f"{ROOT}merge", "{}", content_type="application/json").status_code in (302, 401, 403)


def test_one_name_is_previewed(client: Client) -> None:  # 96
    channel = make_channel("ESPN HD")
    found = client.get(f"{ROOT}{channel.pk}/normalize-preview").json()
    assert found == {
        "channel_id": channel.pk,
        "current": "ESPN HD",
        "proposed": "ESPN",
        "would_change": True,
        "transformations": [{"rule_id": "builtin:quality", "before": "ESPN HD", "after": "ESPN"}],
    }
    assert client.get(f"{ROOT}999/normalize-preview").status_code == 404


def test_names_are_previewed_by_id_or_as_they_are_sent(client: Client) -> None:
    channel = make_channel("ESPN HD")
    by_id = send(client, "normalize-preview-batch", {"channel_ids": [channel.pk, 999]}).json()["results"]
    assert [(row["channel_id"], row["proposed"]) for row in by_id] == [(channel.pk, "ESPN")]
    by_name = send(client, "normalize-preview-batch", {"channels": [{"id": 7, "name": "CNN"}]}).json()["results"]
    assert [(row["channel_id"], row["would_change"]) for row in by_name] == [(7, False)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 200),
        ({"channel_ids": []}, 200),
        ({"channel_ids": list(range(1, 102))}, 400),  # 96
        ({"channels": [{"id": number, "name": "x"} for number in range(1, 102)]}, 400),
        ({"channel_ids": [1], "channels": [{"id": 1, "name": "x"}]}, 400),  # 96
        ({"channel_ids": ["1"]}, 422),
        ({"channel_ids": [True]}, 422),
        ({"channels": [{"id": 1}]}, 422),
        ({"ids": [1]}, 422),
    ],
)
def test_what_a_preview_takes(client: Client, body: object, status: int) -> None:
    answer = send(client, "normalize-preview-batch", body)
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == {"results": []}


def test_duplicates_are_found(client: Client) -> None:  # 88
    streams = make_streams([str(number) for number in range(7)])
    group = make_group("DE")
    make_channel("RTL", "5", streams=streams[:2])
    many = make_channel("rtl HD", "6", group=group, streams=streams[2:])
    make_channel("CNN")
    found = send(client, "find-duplicates", {}).json()
    assert (found["total_groups"], found["total_channels"]) == (1, 2)
    assert found["groups"][0]["channels"][0] == {
        "id": many.pk,
        "name": "rtl HD",
        "channel_number": 6,
        "stream_count": 5,
        "channel_group_id": group.pk,
        "channel_group": "DE",
    }
    assert send(client, "find-duplicates", {"channel_group_id": group.pk}).json()["groups"] == []
    assert send(client, "find-duplicates", {"channel_ids": []}).json()["groups"] == []
    assert send(client, "find-duplicates", {"match_by": "colour"}).status_code == 422
    assert send(client, "find-duplicates", {"channel_group_id": "x"}).status_code == 422


def test_channels_become_a_new_one(client: Client) -> None:
    one, two = make_streams(["1", "2"])
    ids = [make_channel("A", "5", streams=[one]).pk, make_channel("B", "6", streams=[two, one]).pk]
    answer = send(client, "merge", {"channel_ids": ids, "name": "C", "channel_number": "7", "tvc_guide_stationid": "111"})
    made = Channel.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": made.pk,
        "name": "C",
        "channel_number": 7,
        "stream_count": 2,
        "merged_channel_ids": ids,
        "batch_id": answer.json()["batch_id"],
        "warnings": [],
    }
    assert made.gracenote_id == "111"
    assert stream_ids_of(made.pk) == [one.pk, two.pk]


def test_merging_names_what_is_wrong(client: Client) -> None:
    ids = [make_channel("A").pk, make_channel("B").pk]
    stale = send(client, "merge", {"channel_ids": [*ids, 999]})  # 90
    assert (stale.status_code, stale.json()["missing"]) == (422, [999])
    assert "999" in stale.json()["detail"]
    assert send(client, "merge", {"channel_ids": ids[:1]}).status_code == 400  # 91
    assert send(client, "merge", {}).status_code == 400
    wrong = send(client, "merge", {"channel_ids": ids, "channel_number": "x", "name": ""})
    assert wrong.status_code == 422
    assert set(wrong.json()["errors"]) == {"channel_number", "name"}
    assert send(client, "merge", {"channel_ids": ids, "group_id": 3}).status_code == 422  # 10 §24: never silently ignored
    assert Channel.objects.count() == 2


def test_many_groups_are_merged_at_once(client: Client) -> None:  # 89, 92
    one, two, three, four = make_streams(["1", "2", "3", "4"])
    target = make_channel("A", streams=[one, two])
    sources = [make_channel("B", streams=[two, three]), make_channel("C", streams=[four])]
    body = {
        "groups": [
            {"target_channel_id": 999, "source_channel_ids": [998]},
            {"target_channel_id": target.pk, "source_channel_ids": [source.pk for source in sources]},
        ]
    }
    found = send(client, "bulk-merge", body).json()
    assert (found["merged"], found["failed"]) == (1, 1)
    assert found["results"][1] == {
        "target_channel_id": target.pk,
        "success": True,
        "sources_deleted": 2,
        "total_streams": 4,
        "error": None,
    }
    assert stream_ids_of(target.pk) == [one.pk, two.pk, three.pk, four.pk]
    assert send(client, "bulk-merge", {"groups": []}).status_code == 400
    assert send(client, "bulk-merge", {"groups": [{"target_channel_id": "a"}]}).status_code == 422
    twice = [{"target_channel_id": target.pk, "source_channel_ids": []}] * 2
    assert send(client, "bulk-merge", {"groups": twice}).status_code == 422
