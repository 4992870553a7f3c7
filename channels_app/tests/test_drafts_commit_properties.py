"""Any edits in any order: committed they leave what the draft showed, which is what editing directly leaves; undoing the
commit's batch leaves the start."""

import random
from collections import defaultdict
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_app.drafts.commit_draft import Applied
from channels_app.drafts.entity_changes import entity_changes
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
)
from channels_app.models import Draft
from channels_app.tests.commit_fixtures import applied
from channels_app.tests.draft_fixtures import Rows, rows_in, stored_rows
from channels_app.tests.random_edits import edit, small_lineup
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db(transaction=True)
_QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_SEEDS = st.lists(st.integers(0, 2**32), min_size=1, max_size=14)
_KINDS = {
    CHANNELS: "channel", GROUPS: "group", PROFILES: "channel_profile", STREAM_PROFILES: "stream_profile", LOGOS: "logo",
    HIDDEN_GROUPS: "hidden_group",
}  # fmt: skip
_POINTERS = {
    "group_id": "group",
    "stream_profile_id": "stream_profile",
    "profile_id": "channel_profile",
    "channel_id": "channel",
}
_OWN = {"created_at", "updated_at", "uuid"}


def begin() -> Draft:
    small_lineup()
    user, _ = get_user_model().objects.get_or_create(username="op")
    return open_draft(user)


def edit_all(seeds: list[int]) -> None:
    for seed in seeds:
        with step() as taken:
            if not edit(random.Random(seed)):
                taken.withdraw()


def comparable(rows: Rows, done: Applied | None = None, *, own_moments: bool = True) -> dict[str, Any]:
    """Rows with real ids; links by what they join, in order. Moments of writing are nobody's concern."""
    ids: dict[str, dict[int, int]] = done.ids if done else {}
    left_out = _OWN if own_moments else {"updated_at"}
    found: dict[str, Any] = {}
    for table in LINEUP:
        listed = []
        for row in rows[table.name]:
            values = {name: value for name, value in row.items() if name not in left_out}
            if table.parent:
                values.pop("id")
            else:
                values["id"] = ids.get(_KINDS[table], {}).get(row["id"], row["id"])
            for name, kind in _POINTERS.items():
                if values.get(name):
                    values[name] = ids.get(kind, {}).get(values[name], values[name])
            listed.append(values)
        if table is STREAMS:
            chains: dict[int, list[tuple[int, int]]] = defaultdict(list)
            for values in listed:
                chains[values["channel_id"]].append((values["position"], values["stream_id"]))
            found[table.name] = {key: [stream for _, stream in sorted(chain)] for key, chain in chains.items()}
        elif table is MEMBERSHIPS:
            found[table.name] = sorted((values["profile_id"], values["channel_id"]) for values in listed)
        else:
            found[table.name] = sorted(listed, key=lambda values: values["id"])
    return found


def nameable(rows: Rows) -> dict[str, Any]:
    """A lineup told without ids, so that two made in different ways can be compared."""
    names = {table.name: {row["id"]: row.get("name") for row in rows[table.name]} for table in _KINDS}
    streams: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    members: dict[int, list[str]] = defaultdict(list)
    for row in rows[STREAMS.name]:
        streams[row["channel_id"]].append((row["position"], row["id"], row["stream_id"]))
    for row in rows[MEMBERSHIPS.name]:
        members[row["channel_id"]].append(str(names[PROFILES.name][row["profile_id"]]))
    channels = sorted(
        (
            row["name"], str(row["number"]), names[GROUPS.name].get(row["group_id"]) or "", row["logo_url"], row["tvg_id"],
            row["is_hidden"], [stream for _, _, stream in sorted(streams[row["id"]])], sorted(members[row["id"]]),
        )
        for row in rows[CHANNELS.name]
    )  # fmt: skip
    return {
        "channels": channels,
        "groups": sorted((row["name"], row["position"] or 0) for row in rows[GROUPS.name]),
        **{table.name: sorted(filter(None, names[table.name].values())) for table in (PROFILES, STREAM_PROFILES, LOGOS)},
    }


@given(seeds=_SEEDS)
@_QUICK
def test_committed_is_what_the_draft_showed_and_undoing_the_batch_is_the_start(seeds: list[int]) -> None:
    draft = begin()
    start = comparable(stored_rows(), own_moments=False)
    with working_in(draft):
        edit_all(seeds)
    if not entity_changes(draft):
        assert comparable(rows_in(draft)) == comparable(stored_rows())
        discard(draft)
        return
    shown = rows_in(draft)
    done = applied(draft)
    assert comparable(stored_rows()) == comparable(shown, done)
    report = undo_batch(done.batch_id)
    assert report.conflicts == []
    assert comparable(stored_rows(), own_moments=False) == start


@given(seeds=_SEEDS)
@_QUICK
def test_committed_is_what_editing_directly_leaves(seeds: list[int]) -> None:
    draft = begin()
    with working_in(draft):
        edit_all(seeds)
    staged = nameable(rows_in(draft))
    for seed in seeds:
        edit(random.Random(seed))
    directly = nameable(stored_rows())
    discard(draft)
    assert staged == directly
