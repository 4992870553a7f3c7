"""Groups in a refresh: switched on and off, new, gone, too many (20 §2.2 step 4, §3.9, §4)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from m3u_app.entries import DEFAULT_GROUP, GroupHint
from m3u_app.importing import group_plan
from m3u_app.importing.group_plan import GroupPlan
from m3u_app.models import Account, AccountStatus, Stream, StreamGroup
from m3u_app.tests.refreshing import FileAccount, Users, assert_adds_up, playlist_of

FileAccounts = Callable[..., FileAccount]


def switch(acme: FileAccount, name: str, enabled: bool) -> None:
    StreamGroup.objects.filter(account=acme.account, name=name).update(enabled=enabled)


def test_streams_of_a_switched_off_group_are_not_imported_but_counted(acme: FileAccount) -> None:
    StreamGroup.objects.create(account=acme.account, name="Off", enabled=False)
    report = acme.refresh(playlist_of("A", "B@Off", "C@Off"))
    assert (report.created, report.disabled) == (1, 2)
    assert_adds_up(report)
    off = StreamGroup.objects.get(name="Off")
    assert (off.stream_count, off.entry_count, off.enabled) == (0, 2, False)


def test_switching_a_group_off_removes_its_unused_streams_and_keeps_the_used_ones(acme: FileAccount, users: Users) -> None:
    acme.refresh(playlist_of("A", "B@Off", "C@Off"))
    users.ids = {Stream.objects.get(name="B").pk}
    switch(acme, "Off", enabled=False)
    report = acme.refresh()
    assert acme.names() == ["A", "B"]
    assert (report.unchanged, report.disabled, report.removed, report.kept_disabled) == (1, 2, 1, 1)
    assert_adds_up(report)
    assert not users.told  # nothing that is used was taken away
    again = acme.refresh(playlist_of("A", "B@Off", "C@Off").replace(",B\n", ",B HD\n"))
    assert_adds_up(again)
    assert acme.names() == ["A", "B HD"]  # what is kept is kept up to date


def test_switching_it_on_again_brings_its_streams(acme: FileAccount) -> None:
    StreamGroup.objects.create(account=acme.account, name="Off", enabled=False)
    acme.refresh(playlist_of("A", "B@Off"))
    switch(acme, "Off", enabled=True)
    report = acme.refresh()
    assert (report.created, report.unchanged) == (1, 1)
    assert StreamGroup.objects.get(name="Off").stream_count == 1


def test_switching_groups_off_is_not_mistaken_for_a_shrunken_provider(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A", "B@Off", "C@Off", "D@Off", "E@Off"))
    switch(acme, "Off", enabled=False)
    assert acme.refresh().removed == 4
    switch(acme, "G", enabled=False)
    assert acme.refresh().removed == 1
    assert acme.now().status == AccountStatus.PENDING_SETUP


def test_new_groups_start_as_the_account_says(acme: FileAccount) -> None:
    acme.set(auto_enable_new_groups=False)
    report = acme.refresh(playlist_of("A@One", "B@Two"))
    assert (report.created, report.disabled, report.groups_new) == (0, 2, 2)
    account = acme.now()
    assert account.status == AccountStatus.PENDING_SETUP
    assert "Choose groups" in account.last_message
    switch(acme, "One", enabled=True)
    assert acme.refresh().created == 1
    assert acme.now().status == AccountStatus.SUCCESS


def test_a_group_that_vanishes_keeps_its_settings_for_the_days(acme: FileAccount) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        acme.refresh(playlist_of("A", "B@Gone"))
    switch(acme, "Gone", enabled=False)
    for days in (1, 6):
        with time_machine.travel(start + timedelta(days=days), tick=False):
            acme.refresh(playlist_of("A"))
        gone = StreamGroup.objects.get(name="Gone")
        assert (gone.is_stale, gone.enabled, gone.last_seen, gone.entry_count) == (True, False, start, 0)
    with time_machine.travel(start + timedelta(days=6.5), tick=False):
        acme.refresh(playlist_of("A", "B@Gone"))
    gone = StreamGroup.objects.get(name="Gone")
    assert (gone.is_stale, gone.enabled) == (False, False)


def test_a_group_missing_longer_than_the_days_is_deleted_with_its_streams(acme: FileAccount) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        acme.refresh(playlist_of("A", "B@Gone"))
    with time_machine.travel(start + timedelta(days=8), tick=False):
        report = acme.refresh(playlist_of("A"))
    assert (report.removed, report.groups_removed, report.groups) == (1, 1, 1)
    assert list(StreamGroup.objects.values_list("name", flat=True)) == ["G"]


def test_a_missing_group_with_a_typed_in_stream_stays(acme: FileAccount) -> None:
    acme.set(stale_stream_days=0)
    acme.refresh(playlist_of("A", "B@Gone"))
    Stream.objects.create(
        account=acme.account, group=StreamGroup.objects.get(name="Gone"), name="Mine", url="x", stream_hash=b"m", is_custom=True
    )
    report = acme.refresh(playlist_of("A"))
    assert (report.removed, report.groups_removed) == (1, 0)
    assert StreamGroup.objects.get(name="Gone").stream_count == 1


def test_more_groups_than_anybody_has_end_in_the_default_group(acme: FileAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_plan, "MAX_GROUPS", 10)
    names = [f"S{number}@Group {number}" for number in range(50)]
    report = acme.refresh(playlist_of(*names))
    assert report.created == 50
    assert StreamGroup.objects.count() == 11
    assert StreamGroup.objects.get(name=DEFAULT_GROUP).stream_count == 40
    assert "40 streams" in acme.now().last_message
    again = acme.refresh()
    assert (again.unchanged, again.updated) == (50, 0)
    assert_adds_up(again)


def test_a_plan_of_a_million_groups_stays_small(acme: FileAccount) -> None:
    plan = GroupPlan(acme.account.pk, enable_new=True)
    for number in range(1_000_000):
        plan.index_of(f"Group {number}")
    assert len(plan.groups) == group_plan.MAX_GROUPS + 1
    assert plan.overflow == 1_000_000 - group_plan.MAX_GROUPS


def test_group_names_are_trimmed_cut_and_told_apart_by_case(acme: FileAccount) -> None:
    long = "g" * 300
    lines = [
        f'#EXTINF:-1 group-title="{name}",S{number}\nhttp://h/{number}'
        for number, name in enumerate([" News ", "news", long, "A;B"])
    ]
    acme.refresh("#EXTM3U\n" + "\n".join(lines))
    assert set(StreamGroup.objects.values_list("name", flat=True)) == {"News", "news", "g" * 255, "A;B"}


@pytest.fixture
def xtream(db: None) -> Account:
    return Account.objects.create(name="Panel", account_type="XC")


def planned(account: Account, *hints: tuple[str, str]) -> dict[str, str]:
    plan = GroupPlan(account.pk, enable_new=True, hints=[GroupHint(name, key) for key, name in hints])
    return {group.xc_id: group.name for group in plan.groups if group.is_met}


def test_two_categories_of_one_name_are_two_groups(xtream: Account) -> None:
    assert planned(xtream, ("1", "Sports"), ("2", "Sports")) == {"1": "Sports", "2": "Sports (2)"}


def test_a_category_takes_over_the_group_of_its_name_when_that_has_no_id(xtream: Account) -> None:
    group = StreamGroup.objects.create(account=xtream, name="Sports", enabled=False)
    plan = GroupPlan(xtream.pk, enable_new=True, hints=[GroupHint("Sports", "7")])
    assert [(found.id, found.xc_id, found.enabled) for found in plan.groups] == [(group.pk, "7", False)]


def test_categories_that_were_numbered_anew_are_found_by_name(xtream: Account) -> None:
    StreamGroup.objects.create(account=xtream, name="Sports", xc_id="1")
    StreamGroup.objects.create(account=xtream, name="News", xc_id="2")
    assert planned(xtream, ("11", "Sports"), ("12", "News")) == {"11": "Sports", "12": "News"}


def test_a_rename_to_a_name_that_is_taken_does_not_collide(xtream: Account) -> None:
    StreamGroup.objects.create(account=xtream, name="Old", xc_id="1")
    StreamGroup.objects.create(account=xtream, name="Sports")
    assert planned(xtream, ("1", "Sports")) == {"1": "Sports (1)"}
    assert planned(xtream, ("1", "x" * 300)) == {"1": "x" * 255}
