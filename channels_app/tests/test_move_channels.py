from decimal import Decimal

import pytest

from channels_app.chunks import WRITTEN_AT_ONCE
from channels_app.commands import MoveChannels, RenumberChannels, ReorderChannels
from channels_app.errors import EditRefused, NotThere
from channels_app.models import Channel
from channels_app.move_channels import (
    by_natural_name,
    move_channels,
    plan_move,
    reorder_channels,
    source_has_gaps_after,
    suggested_start,
)
from channels_app.renumber_channels import plan_renumbering, renumber_channels
from channels_app.tests.lineup_fixtures import make_channel, make_channels, make_group, numbers_of
from ecm_site.conf import save_settings
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db


def ids(channels: dict[str, Channel], names: str) -> tuple[int, ...]:
    return tuple(channels[name].pk for name in names)


@pytest.mark.parametrize(
    ("numbers", "moved", "before", "expected"),
    [
        ("A100 B101 C102 D103", "A", "D", "B100 C101 A102 D103"),  # 25.2 #14: dropped onto C, coming from above
        ("A100 B105 C110 D120", "A", "D", "B104 C109 A110 D120"),  # #15
        ("A100 B105 C110 D120", "D", "B", "A100 D105 B106 C111"),  # #16
        ("A100 B105 C110", "A", None, "B104 C109 A111"),  # #17
        ("A10 B20 C30", "BC", "A", "B10 C20 A30"),  # #18
    ],
)
def test_numbers_follow_the_new_order_inside_a_group(numbers: str, moved: str, before: str | None, expected: str) -> None:
    group = make_group()
    channels = make_channels(group, **{part[0]: part[1:] for part in numbers.split()})
    target = channels[before].pk if before else None
    reorder_channels(ReorderChannels(group.pk, ids(channels, moved), target))
    assert numbers_of(group) == {part[0]: part[1:] for part in expected.split()}
    assert len(set(JournalEntry.objects.values_list("batch_id", flat=True))) == 1
    *reordered, last = JournalEntry.objects.order_by("pk").values_list("action_type", flat=True)
    assert {*reordered, last} - {"bulk_update"} == {"reorder"}
    assert (last == "bulk_update") == (len(reordered) > 1)  # a row that speaks for several (50 J-2)


def test_a_reorder_renames_when_the_setting_says_so() -> None:
    group = make_group()
    first, second = make_channel("1 | One", "1", group=group), make_channel("2 | Two", "2", group=group)
    save_settings(auto_rename_channel_number=True)
    try:
        reorder_channels(ReorderChannels(group.pk, (second.pk,), first.pk))
    finally:
        save_settings(auto_rename_channel_number=False)
    assert numbers_of(group) == {"1 | Two": "1", "2 | One": "2"}


def test_a_reorder_with_a_channel_of_another_group_is_refused() -> None:
    group = make_group()
    make_channels(group, A="1", B="2")
    stranger = make_channel("X", "9")
    with pytest.raises(EditRefused, match="no longer in this group"):
        reorder_channels(ReorderChannels(group.pk, (stranger.pk,), None))


def test_moving_makes_room_only_when_a_number_is_taken() -> None:
    """Examples 25.2 #24 and #25."""
    target = make_group("Target")
    make_channels(target, A="10", B="11", C="12")
    source = make_channels(None, X="1", Y="2")
    move_channels(MoveChannels(ids(source, "XY"), target.pk, "suggested", Decimal(11)))
    assert numbers_of(target) == {"A": "10", "X": "11", "Y": "12", "B": "13", "C": "14"}
    more = make_channels(None, P="1", Q="2")
    move_channels(MoveChannels(ids(more, "PQ"), target.pk, "custom", Decimal(20)))
    assert numbers_of(target) == {"A": "10", "X": "11", "Y": "12", "B": "13", "C": "14", "P": "20", "Q": "21"}


def test_kept_numbers_are_reported_when_others_have_them() -> None:
    target = make_group("Target")
    make_channels(target, A="10")
    source = make_channels(None, X="10")
    outcome = move_channels(MoveChannels(ids(source, "X"), target.pk, "keep"))
    assert numbers_of(target) == {"A": "10", "X": "10"}
    assert "10 is shared by" in outcome.warnings[0]


def test_the_gap_left_behind_can_be_closed() -> None:
    source, target = make_group("Source"), make_group("Target")
    channels = make_channels(source, A="1", B="2", C="3", D="4")
    assert source_has_gaps_after(ids(channels, "B"), target.pk)
    assert not source_has_gaps_after(ids(channels, "A"), target.pk)
    move_channels(MoveChannels(ids(channels, "B"), target.pk, "custom", Decimal(50), close_gaps=True))
    assert numbers_of(source) == {"A": "1", "C": "2", "D": "3"}
    assert numbers_of(target) == {"B": "50"}
    assert len(set(JournalEntry.objects.values_list("batch_id", flat=True))) == 1


def test_channels_that_are_in_the_target_already_are_left_out() -> None:
    target = make_group("Target")
    inside = make_channels(target, A="10")
    outside = make_channels(None, X="1")
    plan = plan_move(MoveChannels((inside["A"].pk, outside["X"].pk), target.pk, "suggested", Decimal(11)))
    assert [channel.name for channel in plan.channels] == ["X"]
    assert not move_channels(MoveChannels((inside["A"].pk,), target.pk)).changed


def test_the_suggestion_stands_behind_the_highest_number_or_is_missing() -> None:
    target, empty = make_group("Target"), make_group("Empty")
    make_channels(target, A="200", B="249")
    assert suggested_start(target.pk) == 250
    assert suggested_start(empty.pk) is None


@pytest.mark.parametrize("start", [None, Decimal(0), Decimal("NaN"), Decimal("-3")])
def test_a_bad_start_is_refused_beside_its_field(start: Decimal | None) -> None:
    channels = make_channels(None, X="1")
    group = make_group()
    with pytest.raises(EditRefused) as refused:
        move_channels(MoveChannels(ids(channels, "X"), group.pk, "custom", start))
    assert "start" in refused.value.problems
    assert numbers_of(None) == {"X": "1"}


def test_a_target_that_is_gone_is_refused() -> None:
    channels = make_channels(None, X="1")
    with pytest.raises(NotThere):
        move_channels(MoveChannels(ids(channels, "X"), 404))
    with pytest.raises(NotThere):
        move_channels(MoveChannels((404,), None))


def test_menu_moves_stand_in_natural_name_order() -> None:
    channels = [make_channel(name) for name in ("ESPN10", "ESPN2", "A&E")]
    assert by_natural_name(tuple(channel.pk for channel in channels)) == (channels[2].pk, channels[1].pk, channels[0].pk)


def test_a_selection_is_renumbered_and_others_are_pushed_behind_it() -> None:
    """Example 25.2 #27."""
    selected = make_channels(None, A="101", B="102", C="103")
    make_channels(make_group(), X="10", Y="12")
    command = RenumberChannels(ids(selected, "ABC"), Decimal(10))
    assert len(plan_renumbering(command).in_the_way) == 2
    renumber_channels(command)
    assert dict(Channel.objects.order_by("number").values_list("name", "number")) == {
        "A": 10, "B": 11, "C": 12, "X": 13, "Y": 14,
    }  # fmt: skip


def test_a_renumbering_that_leaves_others_alone_reports_duplicates() -> None:
    selected = make_channels(None, A="101", B="102")
    make_channels(make_group(), X="10")
    outcome = renumber_channels(RenumberChannels(ids(selected, "AB"), Decimal(10), push_others=False))
    assert "10 is shared by" in outcome.warnings[0]


def test_names_follow_a_renumbering_only_when_asked() -> None:
    channel = make_channel("101 | Sports", "101")
    renumber_channels(RenumberChannels((channel.pk,), Decimal(5), update_names=False))
    channel.refresh_from_db()
    assert channel.name == "101 | Sports"
    renumber_channels(RenumberChannels((channel.pk,), Decimal(6)))
    channel.refresh_from_db()
    assert channel.name == "6 | Sports"


def test_each_renumbered_channel_has_its_own_entry_in_one_batch() -> None:
    """Example 25.2 #13."""
    channels = make_channels(None, A="1", B="2", C="3")
    renumber_channels(RenumberChannels(ids(channels, "ABC"), Decimal(100)))
    assert list(Channel.objects.order_by("name").values_list("number", flat=True)) == [100, 101, 102]
    *entries, summary = JournalEntry.objects.order_by("pk")
    assert len(entries) == 3
    assert summary.description == "Renumbered 3 channels."
    assert len({entry.batch_id for entry in [*entries, summary]}) == 1
    assert entries[0].before_value == {"number": "1"}


def test_queries_do_not_grow_within_a_portion() -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for size in (10, WRITTEN_AT_ONCE):
        Channel.objects.all().delete()
        group = make_group(f"G{size}")
        channels = [make_channel(f"C{place}", str(place + 1), group=group) for place in range(size)]
        with CaptureQueriesContext(connection) as queries:
            reorder_channels(ReorderChannels(group.pk, (channels[-1].pk,), channels[0].pk))
        counts.append(len([query for query in queries if "journalentry" not in query["sql"].lower()]))
    assert counts[0] == counts[1]
