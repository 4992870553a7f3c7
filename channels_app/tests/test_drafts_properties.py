"""Any edits in any order: undone they leave what was there, redone what they made; the server's edits come in meanwhile."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth import get_user_model
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from channels_app.drafts import moving
from channels_app.drafts.catching_up import catch_up
from channels_app.drafts.lives import discard, open_draft
from channels_app.drafts.steps import step
from channels_app.drafts.switching import working_in
from channels_app.drafts.tables import (
    CHANNELS,
    GROUPS,
    HIDDEN_GROUPS,
    LINEUP,
    LOGOS,
    MEMBERSHIPS,
    PROFILES,
    STREAM_PROFILES,
    STREAMS,
    LineupTable,
)
from channels_app.models import Draft, DraftChange, DraftStep
from channels_app.tests.draft_fixtures import Rows, rows_in, stored_rows
from channels_app.tests.random_edits import edit, small_lineup

pytestmark = pytest.mark.django_db(transaction=True)
_QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_SEEDS = st.lists(st.integers(0, 2**32), min_size=1, max_size=12)


@contextmanager
def new_draft() -> Iterator[Draft]:
    small_lineup()
    user, _ = get_user_model().objects.get_or_create(username="op")
    draft = open_draft(user)
    try:
        yield draft
    finally:
        discard(draft)


def states_after_each(draft: Draft, seeds: list[int]) -> list[Rows]:
    """The rows at the start and after each step; refused edits and those without a change make no step."""
    states = [rows_in(draft)]
    for seed in seeds:
        with working_in(draft), step() as taken:
            if not edit(random.Random(seed)):
                taken.withdraw()
        if taken.step is not None:
            states.append(rows_in(draft))
    return states


@given(seeds=_SEEDS, walk=st.lists(st.integers(-4, 4), max_size=5))
@_QUICK
def test_undone_is_the_start_and_redone_is_the_end_and_any_place_between_is_what_it_was(
    seeds: list[int], walk: list[int]
) -> None:
    with new_draft() as draft:
        assert rows_in(draft) == stored_rows()
        states = states_after_each(draft, seeds)
        end = place = len(states) - 1
        for move in [-end, end, *walk]:
            with working_in(draft):
                moving.undo(-move) if move < 0 else moving.redo(move)
                place = max(0, min(end, place + move))
                assert stored_rows() == states[place]
                assert DraftStep.objects.filter(undone=False).count() == place
                assert DraftStep.objects.filter(undone=True).count() == end - place


@given(seeds=_SEEDS, live_seeds=_SEEDS)
@example(seeds=[265137, 233742, 2367, 53663], live_seeds=[265137, 74298, 0, 53663, 233742])  # a row's id is used again there
@_QUICK
def test_what_the_draft_does_not_touch_is_as_on_the_server(seeds: list[int], live_seeds: list[int]) -> None:
    with new_draft() as draft:
        for place in range(max(len(seeds), len(live_seeds))):
            for seed in live_seeds[place : place + 1]:
                edit(random.Random(seed))
            for seed in seeds[place : place + 1]:
                with working_in(draft):
                    catch_up()
                    with step() as taken:
                        if not edit(random.Random(seed)):
                            taken.withdraw()
        with working_in(draft):
            catch_up()
            here = stored_rows()
            touched = touched_keys()
        there = stored_rows()
        for table in LINEUP:
            mine, theirs = by_key(here, table), by_key(expected(there, here, touched), table)
            for key in set(mine) | set(theirs):
                if (table.name, key) not in touched:
                    assert mine.get(key) == theirs.get(key), f"{table.name} {key}"
        assert all(row["group_id"] in ids(here, GROUPS) for row in here[CHANNELS.name] if row["group_id"])
        with working_in(draft):
            moving.undo(len(seeds))
            assert contents(stored_rows()) == contents(there)
            moving.redo(len(seeds))
            moving.undo(len(seeds))
            assert contents(stored_rows()) == contents(there)


def touched_keys() -> set[tuple[str, int]]:
    standing = DraftStep.objects.filter(undone=False).values("pk")
    rows = DraftChange.objects.filter(step_id__in=standing).values_list("table", "row_id", "parent_id")
    return {(table, row_id if parent is None else parent) for table, row_id, parent in rows}


def ids(rows: Rows, table: LineupTable) -> set[int]:
    return {row["id"] for row in rows[table.name]}


def by_key(rows: Rows, table: LineupTable) -> dict[int, list[str]]:
    """Rows of a table by what they are followed by; rows of a channel without their ids, which are nobody's concern."""
    found: dict[int, list[str]] = {}
    for row in rows[table.name]:
        values = {name: value for name, value in row.items() if not (table.parent and name == "id")}
        found.setdefault(row[table.key], []).append(repr(values))
    return {key: sorted(values) for key, values in found.items()}


def contents(rows: Rows) -> dict[str, dict[int, list[str]]]:
    return {table.name: by_key(rows, table) for table in LINEUP}


def expected(there: Rows, here: Rows, touched: set[tuple[str, int]]) -> Rows:
    """The server's rows as a draft shows them that has rows of its own."""
    rows = {name: [dict(row) for row in of_table] for name, of_table in there.items()}
    for row in here[CHANNELS.name]:  # deleted there, needed here
        if any((table.name, row["id"]) in touched for table in (STREAMS, MEMBERSHIPS)) and row["id"] not in ids(
            there, CHANNELS
        ):
            rows[CHANNELS.name].append(row)
    for table, column in ((GROUPS, "group_id"), (STREAM_PROFILES, "stream_profile_id")):
        used = {row[column] for row in here[CHANNELS.name]}
        rows[table.name] += [row for row in here[table.name] if row["id"] in used - ids(there, table)]
        for row in rows[CHANNELS.name]:
            if row[column] not in ids(here, table):  # deleted here
                row[column] = None
    for table, column in ((LOGOS, "url"), (HIDDEN_GROUPS, "group_id")):  # made here, too
        own = {row[column] for row in here[table.name] if (table.name, row["id"]) in touched}
        rows[table.name] = [row for row in rows[table.name] if row[column] not in own]
    for table in (STREAMS, MEMBERSHIPS):
        rows[table.name] = [row for row in rows[table.name] if row["channel_id"] in ids(here, CHANNELS)]
    rows[MEMBERSHIPS.name] = [row for row in rows[MEMBERSHIPS.name] if row["profile_id"] in ids(here, PROFILES)]
    return rows
