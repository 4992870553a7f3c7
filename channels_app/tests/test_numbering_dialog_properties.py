"""What must hold for every dialog that gives out numbers, with and without renames: no duplicate is made that was not
reported before (10 §8.10), nothing but numbers and names changes, and one step takes it back (10 §24)."""

from collections.abc import Callable
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from channels_app.commands import (
    MoveChannels,
    NumberChoice,
    RenumberAll,
    RenumberChannels,
    ReorderChannels,
    ReorderGroups,
    SortGroup,
)
from channels_app.models import Channel
from channels_app.move_channels import move_channels, plan_move, reorder_channels
from channels_app.number_changes import SharedNumber
from channels_app.numbering import plain
from channels_app.outcomes import Outcome
from channels_app.renumber_channels import plan_renumbering, renumber_channels
from channels_app.renumbering.reorder_groups import plan_reorder_groups, reorder_groups
from channels_app.renumbering.sort_group import plan_sort, sort_group
from channels_app.renumbering.whole_lineup import plan_renumber_all, renumber_lineup
from channels_app.tests.lineup_fixtures import lineup_state, make_channel, make_group
from ecm_site.conf import save_settings
from tasks_app.undo import undo_batch

numbers = st.sampled_from([None, "1", "2", "3", "4", "5", "5.1", "5.2", "6", "7", "9", "12", "12.5", "30"])
rows = st.lists(
    st.tuples(st.integers(0, 2), numbers, st.sampled_from(["{} | X", "Y {}", "Z", "US | {} - W"])), min_size=2, max_size=9
)
starts = st.sampled_from([Decimal(text) for text in ("1", "2", "4", "5.1", "11", "38.9")])
CHOICES: list[NumberChoice] = ["keep", "suggested", "custom"]
Deed = tuple[Callable[[], list[SharedNumber]], Callable[[], Outcome]]


def held_twice() -> dict[Decimal, frozenset[int]]:
    holders: dict[Decimal, set[int]] = {}
    for pk, number in Channel.objects.exclude(number=None).values_list("pk", "number"):
        if number is not None:
            holders.setdefault(plain(number), set()).add(pk)
    return {number: frozenset(ids) for number, ids in holders.items() if len(ids) > 1}


def created(before: dict[Decimal, frozenset[int]]) -> set[Decimal]:
    """Numbers that more or other channels share now than before."""
    return {number for number, ids in held_twice().items() if not ids <= before.get(number, frozenset())}


class EveryNumberingDialog(TestCase):
    @given(rows, st.data(), starts, st.booleans())
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def test_reports_duplicates_and_is_taken_back_in_one_step(
        self, lineup: list[tuple[int, str | None, str]], data: st.DataObject, start: Decimal, rename: bool
    ) -> None:
        save_settings(auto_rename_channel_number=rename)
        self.addCleanup(save_settings, auto_rename_channel_number=False)
        groups = [None, make_group("One"), make_group("Two")]
        channels = [make_channel(name.format(number or 0), number, group=groups[place]) for place, number, name in lineup]
        ids = tuple(channel.pk for channel in channels)
        chosen = tuple(data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True), "chosen"))
        one, two = (group.pk for group in groups if group)
        group_id = data.draw(st.sampled_from([None, one, two]), "group")
        choice: NumberChoice = data.draw(st.sampled_from(CHOICES), "numbers")
        own = data.draw(st.dictionaries(st.sampled_from([0, one, two]), starts, max_size=2), "own starts")
        move = MoveChannels(chosen, group_id, choice, start, close_gaps=data.draw(st.booleans(), "close gaps"))
        renumber = RenumberChannels(chosen, start, push_others=data.draw(st.booleans(), "push"), update_names=rename)
        order = ReorderGroups((two,), data.draw(st.sampled_from([one, None]), "before"), choice, start)
        sort = SortGroup(group_id, start, ignore_country=rename, update_names=rename)
        everything = RenumberAll(start, own, update_names=rename)
        deeds: dict[str, Deed] = {
            "move": (lambda: plan_move(move).duplicates, lambda: move_channels(move)),
            "renumber": (lambda: plan_renumbering(renumber).duplicates, lambda: renumber_channels(renumber)),
            "groups": (lambda: plan_reorder_groups(order).duplicates, lambda: reorder_groups(order)),
            "sort": (lambda: plan_sort(sort).duplicates, lambda: sort_group(sort)),
            "everything": (lambda: plan_renumber_all(everything).duplicates, lambda: renumber_lineup(everything)),
        }
        plan, carry_out = deeds[data.draw(st.sampled_from(sorted(deeds)), "deed")]
        twice, before = held_twice(), lineup_state()
        reported = {Decimal(item.number) for item in plan()}
        assert lineup_state() == before  # planning changes nothing
        outcome = carry_out()
        assert created(twice) <= reported
        assert set(lineup_state()["channels"]) == set(before["channels"])
        if outcome.changed:
            undo_batch(outcome.batch_id)
        assert lineup_state() == before

    @given(rows, st.data())
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def test_a_drag_inside_a_group_says_which_numbers_are_shared_then(
        self, lineup: list[tuple[int, str | None, str]], data: st.DataObject
    ) -> None:
        groups = [None, make_group("One"), make_group("Two")]
        channels = [make_channel(name.format(number or 0), number, group=groups[place]) for place, number, name in lineup]
        home = data.draw(st.sampled_from(channels)).group_id
        members = [channel.pk for channel in channels if channel.group_id == home]
        moved = tuple(data.draw(st.lists(st.sampled_from(members), min_size=1, unique=True)))
        before_id = data.draw(st.sampled_from([None, *members]))
        twice, before = held_twice(), lineup_state()
        outcome = reorder_channels(ReorderChannels(home, moved, before_id))
        assert bool(outcome.warnings) or not created(twice)
        if outcome.changed:
            undo_batch(outcome.batch_id)
        assert lineup_state() == before
