"""Use cases that number groups and the whole lineup (10 §8.2, §8.6, §8.7, §8.9), with and without renames (10 §24)."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from channels_app.commands import AssignNumbers, RenumberAll, ReorderGroups, SortGroup
from channels_app.errors import EditRefused, NotThere
from channels_app.models import Channel, ChannelGroup
from channels_app.renumbering.assign_numbers import assign_numbers
from channels_app.renumbering.reorder_groups import plan_reorder_groups, reorder_groups
from channels_app.renumbering.sort_group import default_start_of, plan_sort, sort_group
from channels_app.renumbering.whole_lineup import plan_renumber_all, renumber_lineup
from channels_app.tests.lineup_fixtures import lineup_state, make_account, make_channel, make_channels, make_group, numbers_of
from ecm_site.conf import save_settings
from m3u_app.models import StreamGroup
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db


@pytest.fixture
def renaming() -> Iterator[None]:
    save_settings(auto_rename_channel_number=True)
    yield
    save_settings(auto_rename_channel_number=False)


def order() -> list[str]:
    return list(ChannelGroup.objects.order_by("position").values_list("name", flat=True))


# --- assigning (§8.2) ---------------------------------------------------------------------------------------------------


def test_numbers_are_assigned_in_the_order_given() -> None:  # 25.2 #13
    channels = make_channels(None, A="7", B="3", C=None)
    outcome = assign_numbers(AssignNumbers(tuple(channels[name].pk for name in "ABC"), Decimal(100)))
    assert numbers_of(None) == {"A": "100", "B": "101", "C": "102"}
    entries = JournalEntry.objects.filter(action_type="reorder")
    assert entries.count() == 3
    assert set(entries.values_list("batch_id", flat=True)) == {outcome.batch_id}
    assert len(outcome.batch_id) == 8


def test_without_a_start_the_numbers_continue_behind_the_highest() -> None:
    """10 §24: upstream applied the change and then failed while writing the journal."""
    make_channels(make_group(), X="812")
    channels = make_channels(None, A="7", B=None)
    assign_numbers(AssignNumbers((channels["B"].pk, channels["A"].pk)))
    assert numbers_of(None) == {"B": "813", "A": "814"}
    assert JournalEntry.objects.filter(action_type="reorder").count() == 2


def test_a_channel_that_holds_the_highest_number_itself_does_not_push_it_on() -> None:
    channels = make_channels(None, A="812", B="811", C="7")
    assign_numbers(AssignNumbers((channels["B"].pk, channels["A"].pk)))
    assert numbers_of(None) == {"C": "7", "B": "8", "A": "9"}


def test_decimal_starts_count_in_tenths() -> None:  # 25.2 #23
    channels = make_channels(None, A=None, B=None, C=None)
    assign_numbers(AssignNumbers(tuple(item.pk for item in channels.values()), Decimal("38.9")))
    assert numbers_of(None) == {"A": "38.9", "B": "39", "C": "39.1"}


def test_assigned_numbers_that_others_have_are_told() -> None:
    make_channel("X", "100", group=make_group())
    channels = make_channels(None, A=None)
    assert "100 is shared by" in assign_numbers(AssignNumbers((channels["A"].pk,), Decimal(100))).warnings[0]


@pytest.mark.parametrize(("rename", "name"), [(True, "205 | ESPN"), (False, "1011 | ESPN")])
def test_assigned_numbers_and_names(rename: bool, name: str) -> None:  # 25.1 #11: the same algorithm as the dialogs
    channel = make_channel("1011 | ESPN", "101")
    assign_numbers(AssignNumbers((channel.pk,), Decimal(205)), rename=rename)
    channel.refresh_from_db()
    assert channel.name == name


def test_assigning_to_nobody_or_from_nonsense_is_refused() -> None:
    with pytest.raises(NotThere):
        assign_numbers(AssignNumbers((404,), Decimal(1)))
    channel = make_channel("A")
    for start in (Decimal("NaN"), Decimal(-1), Decimal("99999999999")):
        with pytest.raises(EditRefused) as refused:
            assign_numbers(AssignNumbers((channel.pk,), start))
        assert "start" in refused.value.problems
    assert not JournalEntry.objects.exists()


# --- sorting a group (§8.7) ---------------------------------------------------------------------------------------------


def test_a_group_is_sorted_naturally_and_numbered() -> None:  # 25.2 #30
    group = make_group()
    for name, number in (("ESPN10", "7"), ("ESPN", "8"), ("ESPN2", None), ("A&E", "20")):
        make_channel(name, number, group=group)
    other = make_channel("Other", "9")
    assert default_start_of(group.pk) == 7
    outcome = sort_group(SortGroup(group.pk, Decimal(7)))
    assert numbers_of(group) == {"A&E": "7", "ESPN": "8", "ESPN2": "9", "ESPN10": "10"}
    assert len(outcome.channel_ids) == 3  # ESPN has its number already and is not touched
    assert f"9 is shared by “{other.name}”" in outcome.warnings[0]


@pytest.mark.parametrize(("update_names", "first"), [(True, "1 | Alpha"), (False, "20 | Alpha")])
def test_sorting_updates_names_when_asked(update_names: bool, first: str) -> None:
    group = make_group()
    make_channel("10 | Beta", "10", group=group)
    make_channel("20 | Alpha", "20", group=group)
    sort_group(SortGroup(group.pk, Decimal(1), update_names=update_names))
    assert next(iter(numbers_of(group))) == first


def test_sorting_can_look_at_numbers_and_ignore_countries() -> None:
    group = make_group()
    for name in ("2 | Alpha", "1 | Beta", "US | Cnn", "UK | Bbc"):
        make_channel(name, group=group)
    plan = plan_sort(SortGroup(group.pk, Decimal(1), ignore_country=True))
    names = [Channel.objects.get(pk=pk).name for pk in plan.numbers]
    assert names == ["2 | Alpha", "UK | Bbc", "1 | Beta", "US | Cnn"]
    plan = plan_sort(SortGroup(group.pk, Decimal(1), ignore_numbers=False))
    assert [Channel.objects.get(pk=pk).name for pk in plan.numbers][:2] == ["1 | Beta", "2 | Alpha"]


@pytest.mark.parametrize("start", [None, Decimal(0), Decimal("0.5"), Decimal("NaN")])
def test_a_group_is_not_sorted_from_a_number_below_one(start: Decimal | None) -> None:
    group = make_group()
    make_channels(group, A="3")
    with pytest.raises(EditRefused) as refused:
        sort_group(SortGroup(group.pk, start))
    assert "start" in refused.value.problems
    assert numbers_of(group) == {"A": "3"}
    with pytest.raises(NotThere):
        sort_group(SortGroup(404, Decimal(1)))


def test_an_unsorted_group_with_braces_in_its_name_is_told_by_its_name() -> None:
    group = make_group("{0} %s {x}")
    make_channel("B", "1", group=group)
    make_channel("A", "2", group=group)
    assert "{0} %s {x}" in sort_group(SortGroup(group.pk, Decimal(1))).message


# --- the whole lineup (§8.9) ---------------------------------------------------------------------------------------------


def test_all_groups_are_renumbered_from_one_start_and_own_starts() -> None:  # 25.2 #28
    a, b, c = make_group("A", position=1), make_group("B", position=2), make_group("C", position=3)
    make_channels(a, A1="5", A2="9")
    make_channels(b, B1="20", B2="30", B3="40")
    make_channels(c, C1="50")
    make_channels(None, U="60")
    before = lineup_state()
    command = RenumberAll(Decimal(1), {b.pk: Decimal(100)})
    planned = plan_renumber_all(command)
    assert [(line.name, line.count, line.after) for line in planned.groups] == [
        ("A", 2, "1–2"),
        ("B", 3, "100–102"),
        ("C", 1, "103"),
        ("Uncategorized", 1, "104"),
    ]
    outcome = renumber_lineup(command)
    assert numbers_of(b) == {"B1": "100", "B2": "101", "B3": "102"}
    assert (numbers_of(c), numbers_of(None)) == ({"C1": "103"}, {"U": "104"})
    undo_batch(outcome.batch_id)  # one step
    assert lineup_state() == before


def test_groups_that_auto_sync_fills_are_left_out_and_their_numbers_reported() -> None:
    account = make_account()
    StreamGroup.objects.create(account=account, name="Synced", enabled=True, auto_channel_sync=True)
    mine, synced = make_group("Mine"), make_group("synced")
    make_channels(mine, A="10", B="11")
    make_channels(synced, S="2")
    planned = plan_renumber_all(RenumberAll())
    assert planned.left_out == ["synced"]
    assert [str(item) for item in planned.duplicates] == ["2 is shared by “S”, “B”"]
    renumber_lineup(RenumberAll())
    assert (numbers_of(mine), numbers_of(synced)) == ({"A": "1", "B": "2"}, {"S": "2"})


@pytest.mark.parametrize(("update_names", "name"), [(True, "1 | X"), (False, "9 | X")])
def test_mass_renumbering_updates_names_when_asked(update_names: bool, name: str) -> None:
    """10 §24: upstream ignored the choice."""
    channel = make_channel("9 | X", "9")
    renumber_lineup(RenumberAll(update_names=update_names))
    channel.refresh_from_db()
    assert (channel.name, channel.number) == (name, Decimal(1))


def test_bad_starts_are_named_at_their_group() -> None:
    group = make_group()
    make_channels(group, A="5")
    with pytest.raises(EditRefused) as refused:
        plan_renumber_all(RenumberAll(None, {group.pk: Decimal(0)}))
    assert set(refused.value.problems) == {"start", f"start_{group.pk}"}
    with pytest.raises(EditRefused):
        plan_renumber_all(RenumberAll(Decimal("99999999"), {group.pk: Decimal("99999999.9999")}))


def test_planning_the_whole_lineup_takes_the_same_queries_for_any_size() -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for size in (3, 60):
        for place in range(size):
            make_channel(f"C{size}-{place}", str(1000 + place), group=make_group(f"G{size}-{place}"))
        with CaptureQueriesContext(connection) as queries:
            plan_renumber_all(RenumberAll())
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- groups in another order (§8.6) ---------------------------------------------------------------------------------------


@pytest.fixture
def three() -> dict[str, ChannelGroup]:
    groups = {name: make_group(name) for name in ("News", "Sports", "Kids")}
    make_channels(groups["News"], N1="1", N2="2")
    make_channels(groups["Sports"], S1="50", S2="51")
    make_channels(groups["Kids"], K1="90", K2="95")
    return groups


def test_groups_move_and_keep_their_numbers(three: dict[str, ChannelGroup]) -> None:
    reorder_groups(ReorderGroups((three["Kids"].pk,), three["News"].pk))
    assert order() == ["Kids", "News", "Sports"]
    assert numbers_of(three["Kids"]) == {"K1": "90", "K2": "95"}


def test_the_suggestion_continues_behind_the_group_in_front_or_begins_at_one(three: dict[str, ChannelGroup]) -> None:
    before = lineup_state()
    kids = (three["Kids"].pk,)
    assert plan_reorder_groups(ReorderGroups(kids, three["Sports"].pk)).suggestion == 3
    assert plan_reorder_groups(ReorderGroups(kids, three["News"].pk)).suggestion == 1
    outcome = reorder_groups(ReorderGroups(kids, three["Sports"].pk, "suggested"))
    assert order() == ["News", "Kids", "Sports"]
    assert numbers_of(three["Kids"]) == {"K1": "3", "K2": "4"}
    undo_batch(outcome.batch_id)
    assert lineup_state() == before


def test_an_empty_group_in_front_counts_for_those_before_it(three: dict[str, ChannelGroup]) -> None:
    empty = make_group("Empty")
    reorder_groups(ReorderGroups((empty.pk,), three["Sports"].pk))
    planned = plan_reorder_groups(ReorderGroups((three["Kids"].pk,), three["Sports"].pk))
    assert (planned.in_front, planned.suggestion) == (empty, Decimal(3))


def test_several_groups_move_at_once_and_are_numbered_in_one_run(three: dict[str, ChannelGroup]) -> None:
    moved = (three["Kids"].pk, three["Sports"].pk)
    outcome = reorder_groups(ReorderGroups(moved, three["News"].pk, "custom", Decimal(10)))
    assert order() == ["Sports", "Kids", "News"]  # they keep their relative order
    assert numbers_of(three["Sports"]) == {"S1": "10", "S2": "11"}
    assert numbers_of(three["Kids"]) == {"K1": "12", "K2": "13"}
    assert len(set(JournalEntry.objects.values_list("batch_id", flat=True))) == 1
    assert outcome.message == "Moved 2 groups. 4 channels renumbered."


def test_numbers_that_a_reorder_would_give_twice_are_reported(three: dict[str, ChannelGroup]) -> None:
    command = ReorderGroups((three["Kids"].pk,), three["News"].pk, "suggested")
    assert [str(item) for item in plan_reorder_groups(command).duplicates] == [
        "1 is shared by “N1”, “K1”",
        "2 is shared by “N2”, “K2”",
    ]
    assert len(reorder_groups(command).warnings) == 2


@pytest.mark.usefixtures("renaming")
def test_names_follow_a_group_reorder(three: dict[str, ChannelGroup]) -> None:
    """10 §8.6: upstream skipped the renames; §24: renumbering after a reorder crashed."""
    make_channel("99 | Toon", "99", group=three["Kids"])
    reorder_groups(ReorderGroups((three["Kids"].pk,), three["Sports"].pk, "suggested"))
    assert numbers_of(three["Kids"]) == {"K1": "3", "K2": "4", "5 | Toon": "5"}
    renumber_lineup(RenumberAll(Decimal(1)))
    assert numbers_of(three["Kids"]) == {"K1": "3", "K2": "4", "5 | Toon": "5"}
    assert numbers_of(three["Sports"]) == {"S1": "6", "S2": "7"}


def test_bad_choices_change_nothing(three: dict[str, ChannelGroup]) -> None:
    before = lineup_state()
    for command in (
        ReorderGroups((three["Kids"].pk,), three["News"].pk, "custom", None),
        ReorderGroups((three["Kids"].pk,), three["News"].pk, "custom", Decimal(0)),
        ReorderGroups((404,), None),
        ReorderGroups((three["Kids"].pk,), 404),
        ReorderGroups((), None),
    ):
        with pytest.raises(EditRefused):
            reorder_groups(command)
    assert lineup_state() == before


def test_numbers_with_decimals_are_planned_as_they_are_stored() -> None:
    group = make_group("Sports")
    channels = make_channels(group, A="0.1", B="4.1", C="38.9999", D="99999999.9999", E=None)
    planned = plan_renumber_all(RenumberAll(Decimal("4.1")))
    assert planned.groups[0].before == "0.1–99999999.9999"
    new = {name: planned.numbers.get(channel.pk) for name, channel in channels.items()}
    assert new == {"A": Decimal("4.1"), "B": Decimal("4.2"), "C": Decimal("4.3"), "D": Decimal("4.4"), "E": Decimal("4.5")}
    Channel.objects.filter(pk=channels["A"].pk).update(number=Decimal("1.1"))
    assert channels["A"].pk not in plan_renumber_all(RenumberAll(Decimal("1.1"))).numbers  # it has that number
