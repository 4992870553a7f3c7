"""Streams of a mirrored server: read by ids, once per refresh there, with our search, changes, guard and stream users."""

import copy
from typing import Any

import pytest

from ecm_site.dispatcharr.client import Dispatcharr
from m3u_app.changes.models import Change, HeldStream
from m3u_app.mirror import accounts_there, pull_streams
from m3u_app.mirror.own_identity import own_identity
from m3u_app.mirror.stream_identity import locals_of, remotes_of
from m3u_app.models import Account, Stream, StreamGroup
from m3u_app.search import matching_streams
from m3u_app.stream_users import StreamUse, register_stream_user, unregister_stream_user
from tasks_app.mirror.kinds import LinkBook
from tasks_app.mirror.pull import pull
from tasks_app.mirror.trouble import Trouble
from tasks_app.models import MirrorPull, Notification
from tests.dispatcharr.m3u_house import EVERYTHING, Sync, base, here, offer, there, waiting
from tests.fake_dispatcharr import Entry, FakeServer, Kind, Playlist

pytestmark = pytest.mark.django_db


def entries(playlist: Playlist, *numbers: int) -> list[Entry]:
    return [playlist.entry(number) for number in numbers]


def test_all_streams_come_with_groups_search_and_counts(pulled: Sync, fake: FakeServer) -> None:
    assert here() == there(fake)
    assert len(here()) == 40
    stream = Stream.objects.get(provider_stream_id="1")
    row = fake.world.streams.get(1)
    assert row is not None
    assert stream.group is not None
    assert stream.group.name == fake.world.tables["groups"][row["channel_group"]]["name"]
    assert (stream.tvg_id, stream.logo_url) == (row["tvg_id"] or "", row["logo_url"] or "")
    assert list(matching_streams(Stream.objects.all(), stream.name)) == [stream]
    assert base().stream_count == 40
    assert sorted(StreamGroup.objects.exclude(stream_count=0).values_list("stream_count", flat=True)) == [8] * 5
    assert waiting() == {}


def test_nothing_is_read_again_while_nothing_changed(pulled: Sync, fake: FakeServer) -> None:
    before = len(fake.calls)
    report = pulled()
    assert report.changed == 0
    assert report.counts["stream"].skipped == 40
    paths = [call.path for call in fake.calls[before:]]
    assert not [path for path in paths if "by-ids" in path]
    assert len([path for path in paths if "streams/ids" in path]) == 2  # the account's, and the custom ones
    assert len([path for path in paths if path.endswith("/m3u/accounts/")]) == 1


def test_a_refresh_there_brings_new_changed_and_stale_streams_into_the_record_of_changes(
    pulled: Sync, fake: FakeServer
) -> None:
    old = Playlist.generated(40, groups=5)
    renamed = Entry("Renamed", old.entry(0).url, old.entry(0).group)
    fresh = Entry("Brand new", "http://provider.test/new", "Extra")
    offer(fake, Playlist.of([renamed, fresh, *entries(old, *range(1, 37))]))
    kept = Stream.objects.get(provider_stream_id="1").pk
    report = pulled()
    assert here() == there(fake)
    counts = report.counts["stream"]
    assert (counts.created, counts.deleted) == (1, 0)
    assert Stream.objects.get(pk=kept).name == "Renamed"
    assert Stream.objects.filter(is_stale=True).count() == 3
    assert Stream.objects.filter(is_stale=True, last_seen=None).count() == 0
    found = set(Change.objects.filter(baseline=False).values_list("change_type", "group_name", "count"))
    assert ("group_added", "Extra", 1) in found
    assert ("streams_renamed", old.entry(0).group, 1) in found
    assert sum(count for kind, _, count in found if kind == "streams_removed") == 3
    assert list(matching_streams(Stream.objects.all(), "Brand new").values_list("name", flat=True)) == ["Brand new"]


def test_stale_streams_that_come_back_are_no_longer_stale(pulled: Sync, fake: FakeServer) -> None:
    old = Playlist.generated(40, groups=5)
    offer(fake, Playlist.of(entries(old, *range(30))))
    pulled()
    stale = set(Stream.objects.filter(is_stale=True).values_list("pk", flat=True))
    assert len(stale) == 10
    offer(fake, Playlist.of(entries(old, *range(40))))
    pulled()
    assert not Stream.objects.filter(is_stale=True).exists()
    assert set(Stream.objects.filter(pk__in=stale, last_seen=None).values_list("pk", flat=True)) == stale


def test_what_is_stale_there_when_we_first_look_is_here_too_and_no_news(
    connected: None, fake: FakeServer, client: Dispatcharr
) -> None:
    old = Playlist.generated(40, groups=5)
    offer(fake, Playlist.of(entries(old, *range(38))))
    pull(client, EVERYTHING)
    assert here() == there(fake)
    assert Stream.objects.filter(is_stale=True).count() == 2


class Watcher:
    """A stream user that has everything and remembers what it lost."""

    def __init__(self) -> None:
        self.lost: dict[int, str] = {}

    def used(self, stream_ids: Any) -> set[int]:
        return set(stream_ids)

    def uses(self, stream_ids: Any) -> dict[int, list[StreamUse]]:
        return {}

    def known(self, keys: Any) -> dict[int, StreamUse]:
        return {}

    def before_removal(self, stream_ids: Any, reason: str, batch_id: str) -> None:
        self.lost |= dict.fromkeys(stream_ids, reason)


def test_what_is_gone_there_is_deleted_here_after_its_users_were_told(pulled: Sync, fake: FakeServer) -> None:
    gone = Stream.objects.get(provider_stream_id="5").pk
    watcher = Watcher()
    register_stream_user(watcher)
    try:
        fake.world.remove("streams", 5)
        report = pulled()
    finally:
        unregister_stream_user(watcher)
    assert watcher.lost == {gone: "gone on the Dispatcharr server"}
    assert here() == there(fake)
    assert report.counts["stream"].deleted == 1
    assert waiting() == {}


def test_a_group_that_is_deleted_there_takes_no_stream_along(pulled: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    group = fake.world.streams.get(1)["channel_group"]  # type: ignore[index]
    pks = set(Stream.objects.values_list("pk", flat=True))
    client.groups.delete(group)
    pulled()
    assert set(Stream.objects.values_list("pk", flat=True)) == pks
    assert Stream.objects.get(provider_stream_id="1").group.name == "Default Group"  # type: ignore[union-attr]
    offer(fake, Playlist.generated(40, groups=5))  # the next refresh makes the group again, under a new id
    pulled()
    assert here() == there(fake)
    assert set(Stream.objects.values_list("pk", flat=True)) == pks


def test_a_group_that_is_renamed_there_is_renamed_here(pulled: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    stream = Stream.objects.get(provider_stream_id="1")
    group = fake.world.streams.get(1)["channel_group"]  # type: ignore[index]
    client.groups.rename(group, "Other name")
    pulled()
    stream.refresh_from_db()
    assert stream.group is not None
    assert stream.group.name == "Other name"
    assert waiting() == {}


def test_streams_of_an_account_that_is_off_are_kept_and_looked_at_by_id(pulled: Sync, fake: FakeServer) -> None:
    fake.world.change("accounts", 2, is_active=False)
    fake.world.remove("streams", 7)
    pulled()
    assert len(here()) == 39
    assert not base().is_active


@pytest.mark.parametrize("percent", [0, 50])
@pytest.mark.parametrize("happens", ["off", "deleted", "emptied"])
def test_an_account_that_was_switched_off_while_others_were_read_keeps_its_streams(
    pulled: Sync, fake: FakeServer, monkeypatch: pytest.MonkeyPatch, percent: int, happens: str
) -> None:
    Account.objects.update(shrink_guard_percent=percent)
    MirrorPull.objects.filter(kind="stream").update(mark={})

    def all_accounts(client: Dispatcharr, links: LinkBook) -> Any:
        found = copy.deepcopy(accounts_there.all_accounts(client, links))
        if happens == "off":
            fake.world.change("accounts", 2, is_active=False)
            fake.world.remove("streams", 7)
        elif happens == "deleted":
            fake.world.remove("accounts", 2)
        else:
            for number in list(fake.world.streams.ids()):
                fake.world.remove("streams", number)
        return found

    monkeypatch.setattr(pull_streams, "all_accounts", all_accounts)
    pulled()
    really_empty = happens == "emptied" and percent == 0
    assert len(here()) == {"off": 39, "deleted": 40, "emptied": 0 if really_empty else 40}[happens]
    assert bool(base().held_back) is (happens == "emptied" and percent > 0)
    monkeypatch.undo()
    if happens == "off":
        fake.world.change("accounts", 2, is_active=True)
        pulled()
        assert here() == there(fake)


def test_a_sharply_shrunken_account_waits_for_an_answer_and_asks_once(pulled: Sync, fake: FakeServer) -> None:
    fake.world.change("accounts", 2, stale_stream_days=0)
    offer(fake, Playlist.of(entries(Playlist.generated(40, groups=5), 0, 1, 2)))
    pulled()
    assert len(here()) == 40
    account = base()
    assert (account.held_back["before"], account.held_back["after"]) == (40, 3)
    assert Notification.objects.filter(source="m3u_held_back").count() == 1
    before = len(fake.calls)
    pulled()
    assert not [call for call in fake.calls[before:] if "by-ids" in call.path]
    Account.objects.update(held_back={**account.held_back, "accepted": True})
    pulled()
    assert here() == there(fake)
    assert base().held_back == {}


def test_the_question_is_over_when_the_server_has_again_what_is_here(pulled: Sync, fake: FakeServer) -> None:
    before = copy.deepcopy((fake.world.tables["accounts"][2], fake.world.relations[2], fake.world.streams))
    fake.world.change("accounts", 2, stale_stream_days=0)
    offer(fake, Playlist.of(entries(Playlist.generated(40, groups=5), 0, 1, 2)))
    pulled()
    assert base().held_back
    fake.world.tables["accounts"][2], fake.world.relations[2], fake.world.streams = before  # somebody put a backup of it back
    pulled()
    assert base().held_back == {}
    assert not HeldStream.objects.exists()
    assert len(here()) == 40


def test_an_account_without_streams_there_is_no_error(pulled: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    StreamGroup.objects.update(enabled=False)
    fake.world.change("accounts", 2, stale_stream_days=0)
    for relation in fake.world.relations[2].values():
        relation["enabled"] = False
    offer(fake, Playlist.generated(40, groups=5))
    report = pulled()
    assert report.notes == []
    assert here() == {}


def test_ids_are_translated_both_ways_custom_ones_as_well(pulled: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    custom = client.streams.create({"name": "Mine", "url": "http://p.test/mine"})["id"]
    pulled()
    ids = dict(Stream.objects.filter(is_custom=False).values_list("provider_stream_id", "pk"))
    mine = Stream.objects.get(is_custom=True).pk
    assert locals_of([1, 40, 999, custom]) == {1: ids["1"], 40: ids["40"], custom: mine}
    assert remotes_of([ids["1"], ids["40"], mine, 10**9]) == {ids["1"]: 1, ids["40"]: 40, mine: custom}


def test_a_number_of_a_provider_is_no_number_of_the_server(connected: None) -> None:
    account = Account.objects.create(name="Own")
    stream = Stream.objects.create(account=account, name="A", url="http://a", provider_stream_id="17", stream_hash=b"x" * 32)
    assert remotes_of([stream.pk]) == {}


def test_an_answer_that_breaks_off_changes_nothing(pulled: Sync, fake: FakeServer) -> None:
    offer(fake, Playlist.of(entries(Playlist.generated(40, groups=5), *range(39))))
    before = here()
    fake.faults.order(Kind.GARBAGE, path="by-ids", times=5)
    with pytest.raises(Trouble):
        pulled()
    assert here() == before
    fake.faults.clear()
    pulled()
    assert here() == there(fake)


def test_streams_that_an_answer_leaves_out_are_asked_for_again_before_they_count_as_gone(
    pulled: Sync, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(fake, Playlist.of(entries(Playlist.generated(40, groups=5), *range(39))))
    original, left_out = fake.world.streams.get, [3, 9]

    def forgetful(number: int) -> Any:
        if number in left_out:
            left_out.remove(number)
            return None
        return original(number)

    monkeypatch.setattr(fake.world.streams, "get", forgetful)
    pulled()
    monkeypatch.undo()
    assert here() == there(fake)


def test_back_to_standalone_and_over_again_streams_keep_their_rows(pulled: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    pks = dict(Stream.objects.values_list("url", "pk"))
    assert own_identity(base()) == 40
    assert remotes_of(list(pks.values())) == {}
    assert own_identity(base()) == 0
    MirrorPull.objects.filter(kind="stream").update(mark={})
    report = pulled()
    assert dict(Stream.objects.values_list("url", "pk")) == pks
    assert here() == there(fake)
    assert report.counts["stream"].deleted == 0
    assert not Change.objects.filter(change_type__in=["streams_new_id", "streams_new_url"]).exists()


def test_streams_of_a_pushed_account_are_recognised_and_what_the_provider_lost_goes(
    connected: None,
    fake: FakeServer,
    client: Dispatcharr,
) -> None:
    playlist = Playlist.generated(40, groups=5)
    account = Account.objects.create(name="Base", server_url="http://provider.test/Base.m3u")
    group = StreamGroup.objects.create(account=account, name=playlist.group_name(0))
    mine = {
        number: Stream.objects.create(
            account=account,
            group=group,
            name=playlist.entry(number).name,
            url=playlist.entry(number).url,
            stream_hash=bytes([number]) * 32,
        ).pk
        for number in range(40)
    }
    pull(client, EVERYTHING)
    assert locals_of(range(1, 41)) == {number + 1: pk for number, pk in mine.items()}
    assert Stream.objects.count() == 40


@pytest.mark.parametrize("fault", [Kind.GARBAGE, Kind.HTML])
def test_a_list_of_ids_that_is_none_deletes_nothing(pulled: Sync, fake: FakeServer, fault: Kind) -> None:
    before = here()
    fake.faults.order(fault, path="streams/ids", times=5)
    with pytest.raises(Trouble):
        pulled()
    assert here() == before


def test_ids_come_in_their_order_and_once(fake: FakeServer, client: Dispatcharr) -> None:
    assert list(client.streams.sorted_ids(account_id=2)) == list(range(1, 41))
    assert list(client.streams.sorted_ids(account_id=999)) == []
