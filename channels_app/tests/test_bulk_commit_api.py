"""POST /api/channels/bulk-commit: 10 §14.1–14.3 and the examples 69–85 of 10 §25.6."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from channels_app.models import Channel, ChannelGroup, Logo
from channels_app.tests.commit_fixtures import make_user
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams
from m3u_app.models import Stream
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db(transaction=True)
Op = dict[str, Any]


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_user())
    return client


def send(client: Client, *operations: Op, status: int = 200, **more: Any) -> dict[str, Any]:
    body = {"operations": list(operations), **more}
    response = client.post("/api/channels/bulk-commit", body, content_type="application/json")
    assert response.status_code == status, response.content
    answer: dict[str, Any] = response.json()
    return answer


def update(channel: Channel | int, **data: Any) -> Op:
    return {"type": "updateChannel", "channelId": getattr(channel, "pk", channel), "data": data}


def delete(channel: Channel | int) -> Op:
    return {"type": "deleteChannel", "channelId": getattr(channel, "pk", channel)}


def assign(start: float | None, *channels: Channel) -> Op:
    given = {} if start is None else {"startingNumber": start}
    return {"type": "bulkAssignChannelNumbers", "channelIds": [channel.pk for channel in channels], **given}


def stream(verb: str, channel: Channel | int, stream_id: int) -> Op:
    kind = {"add": "addStreamToChannel", "remove": "removeStreamFromChannel"}[verb]
    return {"type": kind, "channelId": getattr(channel, "pk", channel), "streamId": stream_id}


def reorder(channel: Channel, *stream_ids: int) -> Op:
    return {"type": "reorderChannelStreams", "channelId": channel.pk, "streamIds": list(stream_ids)}


def create(temp_id: int, name: str, **values: Any) -> Op:
    return {"type": "createChannel", "tempId": temp_id, "name": name, **values}


def streams_of(channel: Channel | int) -> list[int]:
    pk = channel.pk if isinstance(channel, Channel) else channel
    return list(Channel.objects.get(pk=pk).channel_streams.values_list("stream_id", flat=True))


def entries(answer: dict[str, Any]) -> list[str]:
    rows = JournalEntry.objects.filter(batch_id=answer["batchId"]).exclude(action_type="bulk_commit")
    return list(rows.order_by("pk").values_list("action_type", flat=True))


def numbers() -> dict[str, str]:
    return {name: f"{number.normalize():f}" if number else "" for name, number in Channel.objects.values_list("name", "number")}


def test_69_updates_of_one_channel_become_one(client: Client) -> None:
    channel, logo = make_channel("A"), Logo.objects.create(name="L", url="http://x.example/l.png")
    answer = send(client, update(channel, name="foo"), update(channel, logo_id=logo.pk), update(channel, name="baz"))
    assert (answer["success"], answer["operationsApplied"], entries(answer)) == (True, 3, ["update"])
    channel.refresh_from_db()
    assert (channel.name, channel.logo_url) == ("baz", logo.url)


@pytest.mark.parametrize("verbs", [("add", "remove"), ("remove", "add")])
def test_70_nothing_is_written_when_the_net_effect_is_none(client: Client, verbs: tuple[str, str]) -> None:
    made = make_streams(["a", "b"])
    channel = make_channel("A", streams=made if verbs[0] == "remove" else made[:1])
    before = streams_of(channel)
    answer = send(client, *(stream(verb, channel, made[1].pk) for verb in verbs))
    assert (answer["success"], answer["batchId"], streams_of(channel)) == (True, None, before)


def test_71_only_the_last_order_is_written(client: Client) -> None:
    made = make_streams(["10", "20", "30"])
    ten, twenty, thirty = (item.pk for item in made)
    channel = make_channel("A", streams=list(reversed(made)))
    answer = send(client, reorder(channel, ten, twenty, thirty), reorder(channel, twenty, ten, thirty))
    assert (streams_of(channel), entries(answer)) == ([twenty, ten, thirty], ["stream_reorder"])


def test_72_only_the_deletion_is_written(client: Client) -> None:
    made = make_streams(["a", "b"])
    channel = make_channel("Five", streams=made[:1])
    operations = (
        update(channel, name="x"),
        stream("add", channel, made[1].pk),
        reorder(channel, made[1].pk, made[0].pk),
        delete(channel),
    )
    answer = send(client, *operations, consolidate=True)
    assert (answer["operationsApplied"], entries(answer), Channel.objects.exists()) == (4, ["delete"], False)


def test_73_to_78_numbers(client: Client) -> None:
    a, b, c = (make_channel(name) for name in "ABC")
    send(client, assign(100, a, b, c), delete(b))  # 73
    assert numbers() == {"A": "100", "C": "102"}
    send(client, assign(100, a, c), assign(500, a))  # 77
    assert numbers() == {"A": "500", "C": "101"}
    send(client, assign(100, a), update(a, channel_number=7))  # 78
    assert numbers()["A"] == "7"
    send(client, assign(None, a))  # without a start: behind all others, never 0
    assert numbers()["A"] == "102"
    send(client, assign(38.9, a, c))
    assert numbers() == {"A": "38.9", "C": "39"}


def test_74_created_and_deleted_is_nothing(client: Client) -> None:
    answer = send(client, create(-1, "A"), stream("add", -1, make_streams(["a"])[0].pk), delete(-1))
    assert (answer["success"], answer["operationsApplied"], answer["tempIdMap"]) == (True, 3, {})
    assert not Channel.objects.exists()


def test_79_the_move_comes_before_the_deletion(client: Client) -> None:
    five, nine = make_group("Five"), make_group("Nine")
    channel = make_channel("A", group=five)
    send(client, update(channel, channel_group_id=nine.pk), {"type": "deleteChannelGroup", "groupId": five.pk})
    channel.refresh_from_db()
    assert (channel.group_id, ChannelGroup.objects.filter(pk=five.pk).exists()) == (nine.pk, False)


def test_80_an_empty_list_is_a_success(client: Client) -> None:
    answer = send(client)
    assert (answer["success"], answer["operationsApplied"], answer["operationsFailed"]) == (True, 0, 0)


def test_81_validating_only_reports_the_missing_channel(client: Client) -> None:
    answer = send(client, update(999, name="x"), validateOnly=True)
    assert (answer["success"], answer["validationPassed"], answer["operationsApplied"]) == (False, False, 0)
    (issue,) = answer["validationIssues"]
    assert (issue["type"], issue["severity"], issue["operationIndex"], issue["channelId"]) == (
        "missing_channel",
        "error",
        0,
        999,
    )


def test_82_deleting_a_missing_channel_is_applied(client: Client) -> None:
    answer = send(client, delete(42))
    assert (answer["success"], answer["operationsApplied"], answer["errors"]) == (True, 1, [])


def test_83_one_error_keeps_everything_from_being_done(client: Client) -> None:
    channel = make_channel("A")
    answer = send(client, update(channel, name="x"), update(999, name="y"))
    assert (answer["success"], answer["operationsApplied"], answer["operationsFailed"]) == (False, 0, 1)
    assert answer["errors"][0]["operationId"] == "op-1-updateChannel"
    assert Channel.objects.get().name == "A"


def test_84_with_continue_on_error_the_others_are_applied(client: Client) -> None:
    a, b = make_channel("A"), make_channel("B")
    answer = send(client, update(a, name="x"), stream("add", a, 999), update(b, name="y"), continueOnError=True)
    assert (answer["success"], answer["operationsApplied"], answer["operationsFailed"]) == (True, 2, 1)
    (error,) = answer["errors"]
    assert (error["streamId"], error["channelName"], error["operationType"]) == (999, "x", "addStreamToChannel")
    assert set(Channel.objects.values_list("name", flat=True)) == {"x", "y"}


def test_85_a_new_group_that_exists_is_used_and_both_maps_are_filled(client: Client) -> None:
    group = make_group("News")
    answer = send(client, create(-1, "CNN", newGroupName="News", groupId=999), groupsToCreate=[{"name": "News"}, {}])
    channel = Channel.objects.get()
    assert (channel.group_id, answer["tempIdMap"], answer["groupIdMap"]) == (group.pk, {"-1": channel.pk}, {"News": group.pk})


def test_a_new_channel_gets_everything_that_later_operations_give_it(client: Client) -> None:
    made = make_streams(["a", "b"])
    answer = send(
        client,
        create(-1, "CNN", channelNumber=4.1, logoUrl="http://x.example/cnn.png", tvgId="cnn", tvcGuideStationId="123"),
        stream("add", -1, made[0].pk),
        update(-1, streams=[made[1].pk, made[0].pk]),
        {"type": "bulkAssignChannelNumbers", "channelIds": [-1], "startingNumber": 9},
        {"type": "createGroup", "name": "New"},
    )
    channel = Channel.objects.get(pk=answer["tempIdMap"]["-1"])
    assert (channel.name, channel.number, channel.tvg_id, channel.gracenote_id) == ("CNN", Decimal(9), "cnn", "123")
    assert streams_of(channel) == [made[1].pk, made[0].pk]
    assert Logo.objects.get().name == "CNN"
    assert answer["groupIdMap"] == {"New": ChannelGroup.objects.get().pk}
    assert undo_batch(answer["batchId"]).conflicts == []
    assert [model.objects.count() for model in (Channel, ChannelGroup, Logo)] == [0, 0, 0]


def test_what_depends_on_a_failed_creation_fails_with_it(client: Client) -> None:
    answer = send(client, create(-1, "  "), update(-1, name="x"), create(-2, "Good"), continueOnError=True)
    assert [error["error"] for error in answer["errors"]] == [
        "Give the channel a name.", "This depends on op-0-createChannel, which failed.",
    ]  # fmt: skip
    assert Channel.objects.get().name == "Good"


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        (update(-7, name="x"), "unknown_temp_id"),
        ({"type": "renameChannelGroup", "groupId": 999, "newName": "x"}, "missing_group"),
        ({"type": "deleteChannelGroup", "groupId": 999}, "missing_group"),
        (create(-1, "A", groupId=999), "missing_group"),
        (create(-1, "A", logoId=999), "missing_logo"),
    ],
)
def test_unknown_things_are_named(client: Client, operation: Op, kind: str) -> None:
    answer = send(client, operation, validateOnly=True)
    assert [issue["type"] for issue in answer["validationIssues"]] == [kind]


def test_duplicate_numbers_are_a_warning_and_a_taken_group_name_is_an_error(client: Client) -> None:
    a, _ = make_channel("A", "1"), make_channel("B", "5")
    answer = send(client, update(a, channel_number=5))
    assert (answer["success"], [(issue["type"], issue["severity"]) for issue in answer["validationIssues"]]) == (
        True, [("duplicate_number", "warning")],
    )  # fmt: skip
    one, _ = make_group("One"), make_group("Two")
    assert not send(client, {"type": "renameChannelGroup", "groupId": one.pk, "newName": "TWO"})["success"]


def test_a_reorder_with_unknown_streams_is_refused(client: Client) -> None:
    made = make_streams(["a"])
    channel = make_channel("A", streams=made)
    answer = send(client, reorder(channel, made[0].pk, 999))
    assert answer["validationIssues"][0]["type"] == "missing_stream"


def test_an_unusable_logo_address_leaves_the_channel_without_one(client: Client) -> None:
    send(client, create(-1, "A", logoUrl="javascript:alert(1)"))
    assert (Channel.objects.get().logo_url, Logo.objects.exists()) == ("", False)


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        ({"type": "explode"}, "operations.0.type"),
        ({"type": "updateChannel", "channelId": "5", "data": {}}, "operations.0.channelId"),
        ({"type": "updateChannel", "channelId": 5}, "operations.0.data"),
        (update(5, group_id=3), "operations.0.data.group_id"),
        (update(5, name=None), "operations.0.data.name"),
        ({"type": "createChannel", "tempId": 1, "name": "A"}, "operations.0.tempId"),
        ({"type": "createChannel", "tempId": -1}, "operations.0.name"),
        ({"type": "deleteChannel", "channelId": 5, "bogus": 1}, "operations.0.bogus"),
        ({"type": "reorderChannelStreams", "channelId": 5, "streamIds": [1, "2"]}, "operations.0.streamIds"),
        ("text", "operations.0"),
    ],
)
def test_wrong_types_are_422_with_index_and_field(client: Client, operation: Any, field: str) -> None:
    assert list(send(client, operation, status=422)["errors"]) == [field]


def test_the_request_itself_is_checked(client: Client) -> None:
    assert "operations" in send(client, status=422, operations=5)["errors"]
    assert "bogus" in send(client, status=422, bogus=1)["errors"]
    assert "validateOnly" in send(client, status=422, validateOnly="yes")["errors"]
    assert "groupsToCreate" in send(client, status=422, groupsToCreate=["News"])["errors"]
    assert client.get("/api/channels/bulk-commit").status_code == 405
    assert Client().post("/api/channels/bulk-commit", {}, content_type="application/json").status_code in (302, 401, 403)


def test_only_referenced_streams_are_read(client: Client) -> None:
    made = make_streams([f"s{place}" for place in range(30)])
    channel = make_channel("A")
    send(client, stream("add", channel, made[3].pk))
    assert (streams_of(channel), Stream.objects.count()) == ([made[3].pk], 30)
