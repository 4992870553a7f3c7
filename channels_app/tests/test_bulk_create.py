"""Bulk creation writes exactly what its plan says, leaves a journal, and can be taken back (10 §10.3 step 9, §10.5)."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from channels_app import bulk_create as module
from channels_app.bulk_create import PlanChanged, PlanRefused, bulk_create
from channels_app.bulk_options import BulkOptions, ConflictChoice, ExistingChoice, Selection
from channels_app.bulk_plan import Plan
from channels_app.errors import EditRefused
from channels_app.models import Channel, ChannelGroup, ChannelStream
from channels_app.plan_bulk_create import plan_bulk_create
from channels_app.tests.lineup_fixtures import (
    lineup_state,
    make_account,
    make_channel,
    make_entry,
    make_group,
    make_streams,
    numbers_of,
)
from m3u_app.models import Stream, StreamGroup
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db


def options(start: str | None = "100", **choices: Any) -> BulkOptions:
    return BulkOptions(start=Decimal(start) if start else None, **choices)


def whole_group(name: str = "UK") -> Selection:
    return Selection(group_ids=tuple(StreamGroup.objects.filter(name=name).order_by("pk").values_list("pk", flat=True)))


def streams_of(channel_name: str) -> list[str]:
    links = ChannelStream.objects.filter(channel__name=channel_name).order_by("position")
    return list(links.values_list("stream__name", flat=True))


def as_written(plan: Plan) -> list[tuple[Any, ...]]:
    groups = [section.group_name for section in plan.sections]
    return sorted(
        (item.name, item.number, groups[item.section] or None, item.stream_ids, item.tvg_id) for item in plan.channels
    )


def in_database() -> list[tuple[Any, ...]]:
    found = []
    for channel in Channel.objects.select_related("group"):
        ids = ChannelStream.objects.filter(channel=channel).order_by("position").values_list("stream_id", flat=True)
        group = channel.group.name if channel.group else None
        found.append((channel.name, channel.number, group, tuple(ids), channel.tvg_id))
    return sorted(found)


def test_what_was_previewed_is_what_is_written() -> None:
    make_streams(["US | ESPN HD", "ESPN 4K", "CNN <b>", "=1+1", "x" * 600, "قناة", "HBO", "HBO West"], tvg_id="a.b")
    for choices in (options(), options("38.8", group_name="New", number_in_name=True), options(separate=True)):
        with rolled_back():
            plan = plan_bulk_create(whole_group(), choices)
            outcome = bulk_create(whole_group(), choices, fingerprint=plan.fingerprint)
            assert in_database() == as_written(plan)
            assert len(outcome.channel_ids) == len(plan.channels)
            assert outcome.streams_assigned == plan.streams_used == 8


def test_streams_stand_in_failover_order() -> None:
    make_streams(["ESPN SD", "ESPN HD"])
    make_streams(["ESPN FHD"], account=make_account("Other"))
    bulk_create(Selection(account_ids=tuple(Stream.objects.values_list("account_id", flat=True).distinct())), options())
    assert streams_of("ESPN") == ["ESPN FHD", "ESPN HD", "ESPN SD"]


def test_a_group_is_made_or_used_whatever_its_case() -> None:
    make_group("Sports")
    make_streams(["A"], group="SPORTS")
    make_streams(["B"], group="News")
    bulk_create(Selection(group_ids=tuple(StreamGroup.objects.values_list("pk", flat=True))), options(separate=True))
    assert dict(Channel.objects.values_list("name", "group__name")) == {"A": "Sports", "B": "News"}
    assert ChannelGroup.objects.count() == 2


def test_guide_entries_are_linked_by_tvg_id() -> None:
    entry = make_entry("espn.us")
    make_streams(["ESPN"], tvg_id="ESPN.us ")
    bulk_create(whole_group(), options())
    assert Channel.objects.get().guide_entry_id == entry.pk


def test_push_down_moves_only_what_is_in_the_way() -> None:
    sports, kids = make_group("Sports"), make_group("Kids")
    for name, number, group in (("A", "100", sports), ("B", "101", sports), ("C", "500", kids)):
        make_channel(name, number, group=group)
    make_streams(["X", "Y", "Z"])
    outcome = bulk_create(whole_group(), options(conflict=ConflictChoice.PUSH))
    assert numbers_of(sports) == {"A": "103", "B": "104"}
    assert numbers_of(kids) == {"C": "500"}
    assert outcome.pushed == 2
    assert "moved 2 channels" in outcome.message


def test_taken_numbers_stop_it_until_the_operator_chooses() -> None:
    make_channel("A", "100")
    make_streams(["X"])
    with pytest.raises(PlanRefused) as refused:
        bulk_create(whole_group(), options())
    assert set(refused.value.problems) == {"conflict"}
    assert Channel.objects.count() == 1
    assert not JournalEntry.objects.exists()


def test_a_preview_that_is_out_of_date_is_shown_again() -> None:
    make_streams(["X", "Y"])
    shown = plan_bulk_create(whole_group(), options()).fingerprint
    make_streams(["Z"])
    with pytest.raises(PlanChanged) as changed:
        bulk_create(whole_group(), options(), fingerprint=shown)
    assert len(changed.value.plan.channels) == 3
    assert not Channel.objects.exists()
    bulk_create(whole_group(), options(), fingerprint=changed.value.plan.fingerprint)
    assert Channel.objects.count() == 3


def test_a_lineup_that_moves_between_plan_and_write_is_planned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    make_streams(["X"])
    real = module.plan_bulk_create
    calls = []

    def plan_and_be_overtaken(*args: Any) -> Plan:
        plan = real(*args)
        if not calls:
            make_channel("Sudden", "100")
        calls.append(plan)
        return plan

    monkeypatch.setattr(module, "plan_bulk_create", plan_and_be_overtaken)
    with pytest.raises(PlanRefused) as refused:
        bulk_create(whole_group(), options())
    assert set(refused.value.problems) == {"conflict"}
    assert len(calls) == 2


def test_streams_that_vanish_in_the_last_moment_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, _ = make_streams(["X HD", "Y"])
    make_streams(["X 4K"])
    real = module._start

    def start_late(*args: Any) -> Any:
        Stream.objects.filter(pk=gone.pk).delete()
        return real(*args)

    monkeypatch.setattr(module, "_start", start_late)
    outcome = bulk_create(whole_group(), options())
    assert outcome.vanished == [gone.pk]
    assert streams_of("X") == ["X 4K"]
    assert "no longer exist" in outcome.message


def test_selected_streams_that_do_not_exist_are_listed() -> None:
    (stream,) = make_streams(["X"])
    outcome = bulk_create(Selection(stream_ids=(stream.pk, 987654)), options())
    assert outcome.vanished == [987654]
    assert len(outcome.channel_ids) == 1


def test_groups_bring_all_their_streams_but_stale_and_unticked_ones() -> None:
    one, two, *_ = make_streams(["A", "B", "C", "D"])
    make_streams(["Gone"], is_stale=True)
    selection = Selection(group_ids=whole_group().group_ids, excluded_ids=frozenset({two.pk}))
    plan = plan_bulk_create(selection, options())
    assert [channel.name for channel in plan.channels] == ["A", "C", "D"]
    assert plan.stale == 1
    assert one.pk in plan.channels[0].stream_ids


def test_accounts_bring_only_groups_that_are_switched_on() -> None:
    make_streams(["A"], group="On")
    make_streams(["B"], group="Off")
    StreamGroup.objects.filter(name="Off").update(enabled=False)
    account_id = Stream.objects.values_list("account_id", flat=True)[0]
    assert [item.name for item in plan_bulk_create(Selection(account_ids=(account_id,)), options()).channels] == ["A"]


def test_a_search_selects_everything_that_matches() -> None:
    make_streams(["Sky Sports 1", "Sky News", "BBC"])
    plan = plan_bulk_create(Selection(search="sky"), options())
    assert [channel.name for channel in plan.channels] == ["Sky News", "Sky Sports 1"]


def test_running_it_twice_makes_nothing_twice() -> None:
    make_streams(["ESPN HD", "CNN"])
    bulk_create(whole_group(), options())
    Channel.objects.filter(name="CNN").update(name="My news")
    with pytest.raises(PlanRefused, match="in the lineup already"):
        bulk_create(whole_group(), options("200"))


def test_new_streams_of_a_second_provider_join_their_channels() -> None:
    make_streams(["US | ESPN HD"], group="US | Sports")
    bulk_create(whole_group("US | Sports"), options(separate=True))
    make_streams(["ESPN FHD", "Brand new"], account=make_account("Other"), group="Sport USA")
    make_streams(["US: ESPN 4K"], account=make_account("Third"), group="Sport USA")
    outcome = bulk_create(whole_group("Sport USA"), options("200", separate=True))
    assert streams_of("US | ESPN") == ["US | ESPN HD", "US: ESPN 4K", "ESPN FHD"]
    assert outcome.streams_added == 2
    assert set(Channel.objects.values_list("name", flat=True)) == {"US | ESPN", "Brand new"}


# --- journal and undo ---------------------------------------------------------------------------------------------------


def test_the_journal_has_a_row_for_every_channel_and_one_for_the_whole() -> None:
    make_channel("A", "100")
    make_streams(["X", "Y HD", "Y SD"])
    outcome = bulk_create(whole_group(), options(group_name="New", conflict=ConflictChoice.PUSH))
    entries = JournalEntry.objects.filter(batch_id=outcome.batch_id).order_by("pk")
    assert [(entry.action_type, entry.entity_name) for entry in entries] == [
        ("group_create", "New"),
        ("reorder", "A"),
        ("create", "X"),
        ("create", "Y"),
        ("bulk_create", "UK"),
    ]
    assert entries[4].description == outcome.message
    assert entries[4].description.startswith("Created 2 channels from 3 streams (1 duplicate merged)")
    assert entries[3].after_value["number"] == "101"
    assert len(entries[3].after_value["streams"]) == 2


def test_a_batch_can_be_taken_back() -> None:
    (held,) = make_streams(["ESPN HD"])
    make_channel("ESPN", "100", streams=[held])
    make_channel("Other", "101")
    make_streams(["ESPN 4K", "CNN", "BBC"])
    before = lineup_state()
    outcome = bulk_create(whole_group(), options("100", group_name="New", conflict=ConflictChoice.PUSH))
    assert outcome.streams_added == 1
    assert lineup_state() != before
    report = undo_batch(outcome.batch_id)
    assert report.conflicts == []
    assert lineup_state() == before


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# --- size -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ONE_TRANSACTION", 2)
    monkeypatch.setattr(module, "PORTION", 2)


@pytest.mark.usefixtures("small_portions")
def test_portions_write_the_same_as_one_transaction() -> None:
    make_streams([f"Channel {place}" for place in range(7)] + [f"Channel {place} HD" for place in range(7)])
    plan = plan_bulk_create(whole_group(), options())
    bulk_create(whole_group(), options())
    assert in_database() == as_written(plan)


@pytest.mark.usefixtures("small_portions")
def test_a_failure_in_the_middle_takes_everything_back(monkeypatch: pytest.MonkeyPatch) -> None:
    make_streams([f"Channel {place}" for place in range(7)])
    make_channel("A", "100")
    before = lineup_state()
    real = module.insert_streams
    calls = []

    def fail_later(rows: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise DatabaseError("disk I/O error")
        real(rows)

    monkeypatch.setattr(module, "insert_streams", fail_later)
    with pytest.raises(EditRefused, match="taken back"):
        bulk_create(whole_group(), options(group_name="New", conflict=ConflictChoice.PUSH))
    assert lineup_state() == before


def test_the_number_of_queries_of_a_plan_does_not_grow() -> None:
    make_streams([f"A {place}" for place in range(10)])
    few = queries_of_plan()
    make_streams([f"B {place}" for place in range(300)])
    for place in range(100):
        make_channel(f"L {place}", str(1000 + place))
    assert queries_of_plan() <= few + 1  # where the streams are used is asked only when there are channels


def queries_of_plan() -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        plan_bulk_create(whole_group(), options())
    return len(captured)


def test_the_number_of_queries_of_writing_grows_only_by_portions() -> None:
    make_streams([f"A {place}" for place in range(20)], group="Few")
    make_streams([f"B {place}" for place in range(200)], group="Many")
    counts = []
    for name, start in (("Few", "1"), ("Many", "1000")):
        plan = plan_bulk_create(whole_group(name), options(start, existing=ExistingChoice.CREATE))
        with CaptureQueriesContext(connection) as captured:
            module.apply_plan(plan)
        counts.append(len([query for query in captured if "tasks_app_journalentry" not in query["sql"]]))
    assert counts[1] <= counts[0] + 2


def test_ten_thousand_streams_are_planned_and_merged() -> None:
    make_streams([f"Channel {place % 2500} {quality}" for place in range(2500) for quality in ("HD", "FHD", "4K", "SD")])
    plan = plan_bulk_create(whole_group(), options())
    assert (len(plan.channels), plan.merged) == (2500, 7500)
    assert plan.channels[1].name == "Channel 1"
    assert plan.sections[0].range == "100–2599"
