"""Operations of a bulk commit that are carried out together: the same result as one after the other, in far fewer queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_app.drafts import bulk_commit, carry_out_together
from channels_app.drafts.bulk_commit import Outcome, Request
from channels_app.drafts.carry_out import Doing
from channels_app.drafts.operations import read_operations
from channels_app.drafts.review import review
from channels_app.drafts.storage import create_file, main_database, new_file_name, remove_file
from channels_app.drafts.switching import working_in
from channels_app.models import Channel, ChannelGroup, ChannelStream, Draft, Logo
from channels_app.tests.commit_fixtures import make_user
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_group, make_streams
from m3u_app.models import Stream

pytestmark = pytest.mark.django_db(transaction=True)
Op = dict[str, Any]
_MISSING = 987_654


@contextmanager
def one_by_one() -> Iterator[None]:
    with patch.object(carry_out_together, "LONGEST_RUN", 1):
        yield


def result(operations: list[Op]) -> dict[str, Any]:
    """What operations come to: who failed and why, the net changes, and whom their problems are told with."""
    draft = Draft(owner_id=1, file_name=new_file_name(1))
    outcome = Outcome()
    try:
        create_file(draft.file_name, main_database())
        doing = bulk_commit._stage(draft, Request(read_operations(operations)), outcome)
        changes = review(draft).changes
    finally:
        remove_file(draft.file_name)
    return {
        "failed": [(failed.operation.id, failed.type, failed.message, failed.stream_id) for failed in outcome.failed],
        "changes": [(change.kind, change.id, change.action, _plain(change.before), _plain(change.after)) for change in changes],
        "touched": {key: operation.id for key, operation in doing.touched.items()},
        "channels": doing.channels,
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in ("uuid", "created_at", "updated_at")}


def lineup() -> dict[str, list[int]]:
    if not Channel.objects.exists():
        group = make_group("News")
        streams = make_streams([f"s{place}" for place in range(6)])
        Logo.objects.create(name="L", url="http://l.example/1.png")
        make_entry("guide.one")
        for place in range(5):
            held = streams[place : place + 2]
            made = make_channel(f"{place} | Channel {place}", str(place), group=group if place % 2 else None, streams=held)
            Channel.objects.filter(pk=made.pk).update(auto_created=place == 4)
    return {
        "channel": [*Channel.objects.order_by("pk").values_list("pk", flat=True), _MISSING, -1, -2],
        "stream": [*Stream.objects.order_by("pk").values_list("pk", flat=True), _MISSING],
        "group": [*ChannelGroup.objects.order_by("pk").values_list("pk", flat=True), _MISSING],
        "logo": [*Logo.objects.values_list("pk", flat=True), _MISSING],
    }


def _operations(ids: dict[str, list[int]]) -> st.SearchStrategy[list[Op]]:
    channel, stream = st.sampled_from(ids["channel"]), st.sampled_from(ids["stream"])
    data = st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from(["A", "B", "", "x" * 600]),
            "channel_number": st.sampled_from([None, 1, 7.5, -3]),
            "channel_group_id": st.sampled_from([None, *ids["group"]]),
            "tvg_id": st.sampled_from([None, "", "guide.one", "GUIDE.ONE", "none"]),
            "logo_id": st.sampled_from([None, *ids["logo"]]),
            "epg_data_id": st.sampled_from([None, _MISSING]),
            "stream_profile_id": st.sampled_from([None, _MISSING]),
        },
    )
    kinds = [
        st.fixed_dictionaries({"type": st.just("updateChannel"), "channelId": channel, "data": data}),
        st.fixed_dictionaries({"type": st.just("deleteChannel"), "channelId": channel}),
        st.fixed_dictionaries({"type": st.just("addStreamToChannel"), "channelId": channel, "streamId": stream}),
        st.fixed_dictionaries({"type": st.just("removeStreamFromChannel"), "channelId": channel, "streamId": stream}),
        st.fixed_dictionaries(
            {"type": st.just("reorderChannelStreams"), "channelId": channel, "streamIds": st.permutations(ids["stream"][:2])}
        ),
        st.fixed_dictionaries({"type": st.just("createChannel"), "tempId": st.sampled_from([-1, -2]), "name": st.just("New")}),
    ]
    # Runs of one kind, as programs send them, among others.
    return st.lists(st.one_of(*(st.lists(kind, min_size=1, max_size=4) for kind in kinds)), min_size=1, max_size=5).map(
        lambda runs: [operation for run in runs for operation in run]
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_together_comes_to_the_same_as_one_by_one(data: st.DataObject) -> None:
    operations = data.draw(_operations(lineup()))
    together = result(operations)
    with one_by_one():
        assert together == result(operations)


def update(channel_id: int, **data: Any) -> Op:
    return {"type": "updateChannel", "channelId": channel_id, "data": data}


def test_runs_end_where_the_kind_changes_and_where_a_channel_comes_again() -> None:
    add = {"type": "addStreamToChannel", "channelId": 1, "streamId": 5}
    operations = read_operations(
        [
            update(1, name="A"),
            update(2, name="B"),
            update(1, name="C"),
            update(3, streams=[1]),
            add,
            {**add, "channelId": 2},
            add,
        ]
    )
    assert [[operation.index for operation in run] for run in carry_out_together.in_runs(operations)] == [
        [0, 1],
        [2],
        [3],
        [4, 5, 6],
    ]


def test_a_refusal_costs_its_own_operation_only() -> None:
    ids = lineup()["channel"]
    found = result([update(ids[0], name="A"), update(_MISSING, name="B"), update(ids[1], name="C")])
    assert [(name, kind) for name, kind, _, _ in found["failed"]] == [("op-1-updateChannel", "missing_channel")]
    assert {after["name"] for _, _, _, _, after in found["changes"]} == {"A", "C"}
    assert found["touched"] == {("channel", ids[0]): "op-0-updateChannel", ("channel", ids[1]): "op-2-updateChannel"}


def test_streams_are_arranged_in_the_order_of_the_operations() -> None:
    ids = lineup()
    channel, (first, second, third) = ids["channel"][0], ids["stream"][:3]
    act = {"channelId": channel}
    found = result(
        [
            {"type": "addStreamToChannel", "streamId": third, **act},
            {"type": "removeStreamFromChannel", "streamId": first, **act},
            {"type": "addStreamToChannel", "streamId": first, **act},
            {"type": "reorderChannelStreams", "streamIds": [first, third, second], **act},
        ]
    )
    assert not found["failed"]
    assert [after for _, _, _, _, after in found["changes"]] == [{"stream_ids": [first, third, second]}]


def test_the_number_of_queries_does_not_grow_with_a_run() -> None:
    streams = make_streams([f"s{place}" for place in range(3)])
    channels = [make_channel(f"C{place}", str(place), streams=streams[:1]).pk for place in range(40)]

    def asked(count: int) -> int:
        """Statements in the draft for three runs of ``count`` operations."""
        runs = [
            *(update(pk, name=f"N{pk}", channel_number=pk) for pk in channels[:count]),
            *({"type": "addStreamToChannel", "channelId": pk, "streamId": streams[1].pk} for pk in channels[:count]),
            *({"type": "deleteChannel", "channelId": pk} for pk in channels[:count]),
        ]
        draft = Draft(owner_id=1, file_name=new_file_name(1))
        create_file(draft.file_name, main_database())
        try:
            with working_in(draft) as session, CaptureQueriesContext(session.own) as queries:
                doing = Doing()
                for run in carry_out_together.in_runs(read_operations(runs)):
                    carry_out_together.carry_out_together(doing, run)
                assert not Channel.objects.filter(pk__in=channels[:count]).exists()
        finally:
            remove_file(draft.file_name)
        return len(queries)

    assert asked(4) == asked(40)


def test_a_program_gets_its_changes() -> None:
    """Through the address, to the lineup itself."""
    ids = lineup()["channel"][:3]
    client = Client()
    client.force_login(make_user())
    body = {"operations": [update(pk, name=f"Program {pk}", channel_number=900 + place) for place, pk in enumerate(ids)]}
    answer = client.post("/api/channels/bulk-commit", body, content_type="application/json").json()
    assert (answer["success"], answer["operationsApplied"]) == (True, 3)
    stored = dict(Channel.objects.filter(pk__in=ids).values_list("name", "number"))
    assert stored == {f"Program {pk}": Decimal(900 + place) for place, pk in enumerate(ids)}
    assert ChannelStream.objects.count() == 10
