"""Auto-sync on the database: what it creates, follows, leaves alone, and that a second run finds nothing to do."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_app.autosync.apply_plan import SyncOutcome
from channels_app.autosync.settings import SyncSettings, merged, read_settings
from channels_app.autosync.sync_account import sync_account
from channels_app.autosync.tasks import TASK_ID
from channels_app.commands import RenameGroup, UpdateChannel
from channels_app.edit_channels import update_channel
from channels_app.edit_groups import rename_group
from channels_app.link_guide import link_waiting_channels
from channels_app.models import AccountSync, Channel, ChannelGroup, ChannelStream
from channels_app.tests.lineup_fixtures import lineup_state, make_account, make_channel, make_entry, make_streams, numbers_of
from epg_app.models import GuideSource
from m3u_app.models import Account, AccountStatus, Stream, StreamGroup
from m3u_app.signals import account_refreshed
from tasks_app import engine
from tasks_app.models import JournalEntry, RunStatus
from tasks_app.undo import undo_batch, undo_entry

pytestmark = pytest.mark.django_db


def follow(
    account: Account, group: str = "UK", *, start: str | None = None, end: str | None = None, **stored: Any
) -> StreamGroup:
    found = StreamGroup.objects.get(account=account, name=group)
    found.auto_channel_sync = True
    found.auto_sync_channel_start = Decimal(start) if start else None
    found.auto_sync_channel_end = Decimal(end) if end else None
    found.sync_settings = stored
    found.save()
    return found


@pytest.fixture
def account() -> Account:
    return make_account()


def sync(account: Account) -> SyncOutcome:
    return sync_account(account.pk)


def test_channels_are_made_and_owned_by_the_account(account: Account) -> None:
    entry = make_entry("bbc.uk")
    make_streams(["BBC One", "BBC Two"], account=account, tvg_id="bbc.uk", logo_url="http://logo.example/a.png")
    follow(account, start="100")
    outcome = sync(account)
    assert (outcome.created, outcome.updated, outcome.deleted, outcome.failed) == (2, 0, 0, 0)
    assert numbers_of(ChannelGroup.objects.get(name="UK")) == {"BBC One": "100", "BBC Two": "101"}
    channel = Channel.objects.get(name="BBC One")
    assert (channel.auto_created, channel.auto_created_by) == (True, account)
    assert (channel.guide_entry, channel.tvg_id, channel.logo_url) == (entry, "bbc.uk", "http://logo.example/a.png")
    assert [link.stream.name for link in channel.channel_streams.all()] == ["BBC One"]


def test_a_stored_id_that_no_row_can_have_is_none() -> None:
    stored = merged(SyncSettings(group_id=1, guide_source_id=2), {})
    group = StreamGroup(name="News", sync_settings=dict.fromkeys(stored, "9" * 5000))
    settings = read_settings(group)
    assert (settings.group_id, settings.guide_source_id) == (None, None)


def test_it_follows_the_provider(account: Account) -> None:
    one, two, three = make_streams(["One", "Two", "Three"], account=account)
    follow(account, start="10")
    sync(account)
    Stream.objects.filter(pk=one.pk).update(name="Uno", logo_url="http://logo.example/b.png")
    Stream.objects.filter(pk=two.pk).update(is_stale=True)
    make_streams(["Four"], account=account)
    outcome = sync(account)
    assert (outcome.created, outcome.updated, outcome.deleted) == (1, 2, 1)
    assert numbers_of(ChannelGroup.objects.get()) == {"Uno": "10", "Three": "11", "Four": "12"}
    assert ChannelStream.objects.filter(stream=three).get().channel.name == "Three"


def test_edits_by_hand_win_and_undoing_them_lets_go(account: Account) -> None:
    make_streams(["One", "Two"], account=account)
    follow(account, start="10")
    sync(account)
    channel = Channel.objects.get(name="One")
    edit = update_channel(UpdateChannel(channel.pk, {"name": "My One", "number": "77"}))
    assert sync(account).updated == 1  # the other one moves to the number that became free
    channel.refresh_from_db()
    assert (channel.name, channel.number, channel.pinned_fields) == ("My One", 77, ["name", "number"])
    assert undo_entry(JournalEntry.objects.get(pk=edit.entry_id)).undone == 1
    channel.refresh_from_db()
    assert channel.pinned_fields == []
    sync(account)
    assert numbers_of(ChannelGroup.objects.get()) == {"One": "10", "Two": "11"}


def test_edits_of_channels_that_were_not_made_by_auto_sync_pin_nothing(account: Account) -> None:
    channel = make_channel("Mine", "1")
    update_channel(UpdateChannel(channel.pk, {"name": "Still mine"}))
    channel.refresh_from_db()
    assert channel.pinned_fields == []


def test_a_sync_is_one_batch_that_can_be_undone(account: Account) -> None:
    one, *_ = make_streams(["One", "Two"], account=account)
    follow(account, start="10")
    sync(account)
    before = lineup_state()
    Stream.objects.filter(pk=one.pk).update(is_stale=True)
    make_streams(["Three"], account=account)
    outcome = sync(account)
    assert JournalEntry.objects.filter(batch_id=outcome.batch_id).values("batch_id").distinct().count() == 1
    report = undo_batch(outcome.batch_id)
    assert report.conflict_count == 0
    assert lineup_state() == before


def test_a_renamed_channel_group_keeps_its_channels(account: Account) -> None:
    make_streams(["One"], account=account)
    follow(account)
    sync(account)
    rename_group(RenameGroup(ChannelGroup.objects.get().pk, "My sports"))
    assert sync(account).changed == 0
    assert [group.name for group in ChannelGroup.objects.all()] == ["My sports"]


def test_a_chosen_group_and_guide_source(account: Account) -> None:
    make_streams(["One"], account=account, tvg_id="one")
    make_entry("one")
    mine = make_entry("ONE", source=GuideSource.objects.create(name="Second"))
    target = ChannelGroup.objects.create(name="Target")
    group = follow(account, group_override=target.pk, custom_epg_id=mine.source_id)
    sync(account)
    channel = Channel.objects.get()
    assert (channel.group, channel.guide_entry) == (target, mine)
    group.sync_settings = {"force_dummy_epg": True}
    group.save()
    sync(account)
    channel.refresh_from_db()
    assert (channel.no_epg, channel.guide_entry) == (True, None)


def test_channels_of_a_group_that_no_longer_follows_stay_and_keep_their_numbers(account: Account) -> None:
    make_streams(["One"], account=account)
    group = follow(account, start="1")
    sync(account)
    group.auto_channel_sync = False
    group.save()
    make_streams(["Other"], account=account, group="Kids")
    follow(account, "Kids", start="1")
    sync(account)
    assert dict(Channel.objects.values_list("name", "number")) == {"One": 1, "Other": 2}


def test_channels_of_streams_that_are_gone_are_left_over(account: Account) -> None:
    make_streams(["One"], account=account)
    follow(account)
    sync(account)
    StreamGroup.objects.all().delete()
    assert sync(account).deleted == 1
    assert not Channel.objects.exists()


def test_deleting_the_account_takes_its_state_along(account: Account) -> None:
    make_streams(["One"], account=account)
    follow(account)
    sync(account)
    account.delete()
    assert not AccountSync.objects.exists()


def test_queries_do_not_grow_with_groups(account: Account, django_assert_max_num_queries: Any) -> None:
    def ready(*names: str) -> None:
        for name in names:
            make_streams([f"{name} 1", f"{name} 2"], account=account, group=name)
            follow(account, name, channel_numbering_mode="next_available")

    ready("A", "B")
    sync(account)
    with django_assert_max_num_queries(20) as few:
        sync(account)
    ready(*(f"G{number}" for number in range(30)))
    sync(account)
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert sync(account).changed == 0


def test_a_refresh_asks_for_a_sync_only_where_groups_follow(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("channels_app.signals.request_sync", asked.append)
    make_streams(["One"], account=account)
    account_refreshed.send(sender=Account, account_id=account.pk, report=None)
    assert asked == []
    follow(account)
    account_refreshed.send(sender=Account, account_id=account.pk, report=None)
    assert asked == [account.pk]


def test_the_task_syncs_one_account_or_all(account: Account) -> None:
    make_streams(["One"], account=account)
    follow(account)
    other = make_account("Beta")
    make_streams(["Two"], account=other)
    follow(other)
    run = engine.run_here(TASK_ID, {"account_ids": [account.pk]})
    assert (run.status, run.message) == (RunStatus.COMPLETED, "Created 1, changed 0 and removed 0 channels.")
    run = engine.run_here(TASK_ID)
    assert (run.status, run.message) == (RunStatus.COMPLETED, "2 of 2 accounts synchronised.")
    assert Channel.objects.count() == 2


def test_a_sync_waits_for_a_refresh_that_is_under_way(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    make_streams(["One"], account=account)
    follow(account)
    Account.objects.filter(pk=account.pk).update(status=AccountStatus.PARSING)
    again: list[dict[str, Any]] = []
    monkeypatch.setattr(engine, "request_run_soon", lambda task_id, parameters, **_: again.append(parameters))
    run = engine.run_here(TASK_ID, {"account_ids": [account.pk]})
    assert run.message == "The account is being refreshed; the sync follows."
    assert again == [{"account_ids": [account.pk]}]
    assert not Channel.objects.exists()


def test_guide_entries_that_are_linked_by_themselves_are_not_pinned(account: Account) -> None:
    make_streams(["One"], account=account, tvg_id="one")
    follow(account)
    sync(account)
    entry = make_entry("one")
    assert link_waiting_channels() == 1
    channel = Channel.objects.get()
    assert (channel.guide_entry, channel.pinned_fields) == (entry, [])
    assert sync(account).changed == 0


def test_a_stored_pattern_that_is_none_fails_with_words(account: Account) -> None:
    make_streams(["One"], account=account)
    follow(account, name_match_regex="(")
    run = engine.run_here(TASK_ID, {"account_ids": [account.pk]})
    assert run.status == RunStatus.FAILED
    assert "pattern" in run.message


def test_settings_merge_and_unknown_keys_survive() -> None:
    stored = {"xc_id": "5", "compact_numbering": True, "made_elsewhere": 3}
    assert merged(SyncSettings(include="HD"), stored) == {"xc_id": "5", "made_elsewhere": 3, "name_match_regex": "HD"}


MODES = st.sampled_from(["fixed", "provider", "next_available"])
GROUPS = st.fixed_dictionaries(
    {
        "start": st.sampled_from([None, "1", "2.5", "5"]),
        "end": st.sampled_from([None, "6", "8"]),
        "mode": MODES,
        "compact": st.booleans(),
        "numbers": st.lists(st.sampled_from([None, "1", "3", "7"]), max_size=5),
    }
)
EDITS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["number", "name", "hide", "stale", "link"])), max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=st.lists(GROUPS, min_size=1, max_size=3), edits=EDITS)
@pytest.mark.django_db(transaction=False)
def test_sync_twice_is_nothing_to_do(groups: list[dict[str, Any]], edits: list[tuple[int, str]]) -> None:
    for model in (Channel, ChannelGroup, Account):
        model.objects.all().delete()
    account = make_account()
    make_channel("Taken", "2")
    for place, wanted in enumerate(groups):
        name = f"G{place}"
        for number in wanted["numbers"]:
            make_streams([f"S{number}"], account=account, group=name, stream_chno=number and Decimal(number))
        StreamGroup.objects.get_or_create(account=account, name=name)
        stored = {"channel_numbering_mode": wanted["mode"], "compact_numbering": wanted["compact"]}
        follow(account, name, start=wanted["start"], end=wanted["end"], **stored)
    sync(account)
    assert sync(account).changed == 0
    for place, kind in edits:
        _edit(place, kind)
    sync(account)
    state = lineup_state()
    assert sync(account).changed == 0
    assert lineup_state() == state


def _edit(place: int, kind: str) -> None:
    channels = list(Channel.objects.filter(auto_created=True).order_by("pk"))
    if not channels:
        return
    channel = channels[place % len(channels)]
    if kind == "number":
        update_channel(UpdateChannel(channel.pk, {"number": str(place)}))
    elif kind == "name":
        update_channel(UpdateChannel(channel.pk, {"name": f"Mine {place}"}))
    elif kind == "hide":
        update_channel(UpdateChannel(channel.pk, {"is_hidden": True}))
    elif kind == "stale":
        Stream.objects.filter(channel_streams__channel=channel).update(is_stale=True)
    else:
        other = channels[(place + 1) % len(channels)]
        stream_id = other.channel_streams.values_list("stream_id", flat=True).first()
        if stream_id and not channel.channel_streams.filter(stream_id=stream_id).exists():
            ChannelStream.objects.create(channel=channel, stream_id=stream_id, position=9)
