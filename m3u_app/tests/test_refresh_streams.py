"""What a refresh does to streams: new, changed, unchanged, twice there, missing, back (20 §2.2, §3.7–3.9)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from ecm_site.conf import save_settings
from m3u_app.entries import DEFAULT_GROUP, GroupHint
from m3u_app.importing.identity import IdentityRefused, identity_fields
from m3u_app.models import Account, AccountStatus, Stream, StreamGroup
from m3u_app.refresh_account import RefreshFailed, refresh_account
from m3u_app.tests.refreshing import FakeProvider, FileAccount, Users, assert_adds_up, playlist_of, rows_changed
from tasks_app.models import JournalEntry
from tasks_app.progress import NoProgress

FileAccounts = Callable[..., FileAccount]


def test_a_first_refresh_stores_every_field(acme: FileAccount) -> None:
    report = acme.refresh(
        "#EXTM3U url-tvg=http://e/guide.xml\n"
        '#EXTINF:-1 tvg-id="a.us" tvg-name="A!" tvg-logo="http://l/a.png" group-title="News" tvg-chno="2.1" '
        'tvc-guide-stationid="777" catchup-days="3" is_adult="1" radio="true",Channel A\n'
        "#EXTVLCOPT:http-user-agent=VLC\n#KODIPROP:inputstream.adaptive.license_key=x\nhttp://h/1\n"
    )
    stream = Stream.objects.get()
    assert (report.created, report.streams_total, report.groups) == (1, 1, 1)
    assert (stream.name, stream.url, stream.tvg_id, stream.tvg_name) == ("Channel A", "http://h/1", "a.us", "A!")
    assert (stream.logo_url, str(stream.stream_chno), stream.station_id) == ("http://l/a.png", "2.1000", "777")
    assert (stream.is_adult, stream.is_radio, stream.is_catchup, stream.catchup_days, stream.needs_drm) == (
        True,
        True,
        True,
        3,
        True,
    )
    assert stream.extras["headers"] == {"User-Agent": "VLC"}
    assert stream.extras["attributes"] == {"catchup-days": "3", "is_adult": "1", "radio": "true"}
    assert (stream.is_stale, stream.last_seen, stream.account_id, len(stream.stream_hash)) == (False, None, acme.account.pk, 32)
    assert stream.group is not None
    assert (stream.group.name, stream.group.enabled, stream.group.is_new, stream.group.stream_count) == ("News", True, True, 1)
    account = acme.now()
    assert (account.status, account.stream_count) == (AccountStatus.SUCCESS, 1)
    assert account.playlist_header == {"guides": ["http://e/guide.xml"]}
    assert account.last_report["created"] == 1
    assert "1 stream in" in account.last_message


def test_streams_keep_the_order_of_the_playlist(acme: FileAccount) -> None:
    names = [f"S{number}" for number in range(1234)]
    acme.refresh(playlist_of(*names))
    assert acme.names() == names


def test_a_second_refresh_of_the_same_playlist_writes_no_stream_and_no_group(
    acme: FileAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.refresh(playlist_of("A", "B", "C@Other"))
    before = list(Stream.objects.order_by("pk").values()) + list(StreamGroup.objects.order_by("pk").values())
    changes = rows_changed()
    report = acme.refresh()
    after = list(Stream.objects.order_by("pk").values()) + list(StreamGroup.objects.order_by("pk").values())
    assert (report.unchanged, report.created, report.updated, report.stale) == (3, 0, 0, 0)
    assert after == before
    assert not report.changed_anything
    # Account: fetching, parsing, result, status; one journal entry with its counters; the batch of changes. Nothing per stream.
    assert rows_changed() - changes <= 12


def test_the_number_of_queries_does_not_grow_with_the_playlist(
    file_account: FileAccounts, django_assert_num_queries: Callable[..., object]
) -> None:
    small, large = file_account("Small"), file_account("Large")
    small.refresh(playlist_of("A"))
    large.refresh(playlist_of(*(f"S{number}" for number in range(1500))))
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        small.refresh()
    with CaptureQueriesContext(connection) as many:
        large.refresh()
    assert len(many) == len(few)


def test_only_what_really_differs_counts_as_updated(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A", "B", "C"))
    stamps = dict(Stream.objects.values_list("name", "updated_at"))
    marks = dict(Stream.objects.values_list("name", "content_mark"))
    changed = playlist_of("A", "B", "C").replace("A.id", "A.new").replace(",B\n", " , B\n")
    report = acme.refresh(changed)
    assert (report.updated, report.unchanged, report.created) == (1, 2, 0)
    assert_adds_up(report)
    streams = {stream.name: stream for stream in Stream.objects.all()}
    assert streams["A"].tvg_id == "A.new"
    assert streams["A"].updated_at > stamps["A"]
    assert streams["B"].updated_at == stamps["B"]
    assert streams["B"].content_mark != marks["B"]  # so that the next look is a short one
    assert acme.refresh().unchanged == 3


def test_channel_numbers_and_flags_compare_equal_to_what_is_stored(acme: FileAccount) -> None:
    line = '#EXTM3U\n#EXTINF:-1 tvg-chno="{}" is_adult="1" catchup-days="2",A\nhttp://h/1\n'
    acme.refresh(line.format("7.50"))
    assert acme.refresh(line.format("7.5")).updated == 0
    assert acme.refresh(line.format("7.6")).updated == 1


def test_a_renamed_stream_keeps_its_row(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A", "B"))
    row = Stream.objects.get(name="A").pk
    report = acme.refresh(playlist_of("A", "B").replace(",A\n", ",A HD\n"))
    assert (report.updated, report.created, report.stale) == (1, 0, 0)
    assert Stream.objects.get(pk=row).name == "A HD"


def test_a_stream_that_moves_to_another_group_keeps_its_row(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A", "B"))
    row = Stream.objects.get(name="A").pk
    report = acme.refresh(playlist_of("A@New", "B"))
    assert (report.updated, report.created) == (1, 0)
    moved = Stream.objects.select_related("group").get(pk=row)
    assert moved.group is not None
    assert (moved.group.name, moved.group.stream_count) == ("New", 1)
    assert StreamGroup.objects.get(name="G").stream_count == 1


def test_the_same_address_twice_is_one_stream_and_one_duplicate(acme: FileAccount) -> None:  # 36
    playlist = playlist_of("A") + "#EXTINF:-1,Again\nhttp://h/live/A.ts\n" + playlist_of("A")
    report = acme.refresh(playlist)
    assert (report.created, report.duplicate) == (1, 2)
    assert acme.names() == ["A"]
    assert_adds_up(report)
    again = acme.refresh()
    assert (again.unchanged, again.duplicate, again.updated) == (1, 2, 0)
    assert_adds_up(again)


def test_the_first_of_two_wins_also_when_their_order_changes(acme: FileAccount) -> None:
    first = '#EXTM3U\n#EXTINF:-1 group-title="G",A\nhttp://h/1\n#EXTINF:-1 group-title="G",B\nhttp://h/1\n'
    acme.refresh(first)
    report = acme.refresh('#EXTM3U\n#EXTINF:-1 group-title="G",B\nhttp://h/1\n#EXTINF:-1 group-title="G",A\nhttp://h/1\n')
    assert (report.updated, report.duplicate) == (1, 1)
    assert acme.names() == ["B"]


def test_one_address_in_two_accounts_is_two_streams(file_account: FileAccounts) -> None:  # 37
    first, second = file_account("One"), file_account("Two")
    first.refresh(playlist_of("A"))
    report = second.refresh(playlist_of("A"))
    assert report.created == 1
    assert Stream.objects.values("stream_hash").distinct().count() == 2


def test_identity_by_name_keeps_the_row_when_the_address_changes(acme: FileAccount) -> None:
    acme.set(identity_fields=["name"])
    acme.refresh(playlist_of("A") + "#EXTINF:-1,A\nhttp://h/other\n#EXTINF:-1,B\nhttp://h/live/A.ts\n")
    assert acme.names() == ["A", "B"]
    row = Stream.objects.get(name="A").pk
    report = acme.refresh(playlist_of("A", "B").replace("http://h/", "http://new/"))
    assert (report.updated, report.created) == (2, 0)
    assert Stream.objects.get(pk=row).url == "http://new/live/A.ts"


def test_the_global_identity_choice_holds_for_accounts_without_their_own(acme: FileAccount) -> None:
    save_settings(stream_identity=["name", "group"])
    assert identity_fields(acme.account) == ("group", "name")
    acme.account.identity_fields = ["tvg_id", "m3u_id"]
    assert identity_fields(acme.account) == ("tvg_id",)


def test_an_identity_that_distinguishes_nothing_is_refused(acme: FileAccount) -> None:
    acme.set(identity_fields=["m3u_id"])
    with pytest.raises(RefreshFailed, match="at least one"):
        acme.refresh(playlist_of("A"))
    acme.account.identity_fields = ["m3u_id"]
    with pytest.raises(IdentityRefused):
        identity_fields(acme.account)
    assert acme.now().status == AccountStatus.ERROR


def test_a_stream_that_is_missing_for_days_and_comes_back_is_the_same_stream(acme: FileAccount) -> None:  # 51
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        acme.refresh(playlist_of("A", "B", "C"))
    row = Stream.objects.get(name="A").pk
    for hours in (1, 24, 48):
        with time_machine.travel(start + timedelta(hours=hours), tick=False):
            report = acme.refresh(playlist_of("B", "C"))
        assert report.stale == (1 if hours == 1 else 0)
        stream = Stream.objects.get(pk=row)
        assert (stream.is_stale, stream.last_seen) == (True, start)
        assert acme.now().stream_count == 3
    with time_machine.travel(start + timedelta(hours=49), tick=False):
        report = acme.refresh(playlist_of("A", "B", "C"))
    assert (report.returned, report.unchanged, report.updated) == (1, 3, 0)
    stream = Stream.objects.get(pk=row)
    assert (stream.is_stale, stream.last_seen) == (False, None)


def test_a_stream_that_comes_back_changed_loses_its_stale_mark_too(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A", "B"))
    acme.refresh(playlist_of("B"))
    report = acme.refresh(playlist_of("A", "B").replace(",A\n", ",A HD\n"))
    assert (report.returned, report.updated) == (1, 1)
    assert not Stream.objects.get(name="A HD").is_stale


def test_a_stream_missing_longer_than_the_days_is_deleted(acme: FileAccount, users: Users) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        acme.refresh(playlist_of("A", "B"))
    users.ids = {Stream.objects.get(name="A").pk}
    gone = set(users.ids)
    for days, left in ((1, ["A", "B"]), (6.9, ["A", "B"]), (7.1, ["B"])):
        with time_machine.travel(start + timedelta(days=days), tick=False):
            report = acme.refresh(playlist_of("B"))
        assert acme.names() == left
    assert report.removed == 1
    assert report.removed_in_use == 1
    assert [(ids, reason) for ids, reason, _ in users.told] == [(gone, "missing from the provider for 7 days")]
    assert users.told[0][2]


def test_with_stale_days_0_a_missing_stream_goes_at_once(acme: FileAccount) -> None:  # 52
    acme.set(stale_stream_days=0)
    acme.refresh(playlist_of("A", "B"))
    report = acme.refresh(playlist_of("B"))
    assert (report.removed, report.stale) == (1, 0)
    assert acme.names() == ["B"]
    assert StreamGroup.objects.get().stream_count == 1


def test_counts_of_a_messy_playlist_add_up(acme: FileAccount) -> None:
    StreamGroup.objects.create(account=acme.account, name="Off", enabled=False)
    playlist = playlist_of("A", "B", "A", "C@Off") + "#EXTINF:-1,D\n#EXTINF:-1,E\n/file\nhttp://h/stray\n#EXTINF:-1,F\n"
    for expected in ({"created": 2}, {"unchanged": 2}):
        report = acme.refresh(playlist)
        assert_adds_up(report)
        assert (report.disabled, report.duplicate, report.no_url, report.bad) == (1, 1, 2, 2)
        assert {name: getattr(report, name) for name in expected} == expected
    assert acme.now().last_report["samples"]["bad_url"] == [[12, "/file"]]


def test_an_empty_answer_of_an_xtream_server_changes_nothing(provider: FakeProvider, db: None) -> None:  # 47
    account = Account.objects.create(name="Panel", account_type="XC")
    provider.items = [{"name": "A", "url": "http://h/1", "identity_key": "1"}]
    refresh_account(account.pk, progress=NoProgress())
    provider.items = []
    with pytest.raises(RefreshFailed, match="No streams found"):
        refresh_account(account.pk, progress=NoProgress())
    assert list(Stream.objects.values_list("name", "is_stale")) == [("A", False)]
    account.refresh_from_db()
    assert account.status == AccountStatus.ERROR


def test_a_new_xtream_password_keeps_the_rows_and_brings_the_new_addresses(provider: FakeProvider, db: None) -> None:  # 48
    account = Account.objects.create(name="Panel", account_type="XC")
    provider.items = [{"name": "A", "url": "http://h/live/u/old/1.ts", "identity_key": "1", "provider_stream_id": "1"}]
    provider.salt = "old"
    refresh_account(account.pk, progress=NoProgress())
    row = Stream.objects.get().pk
    provider.items = [provider.items[0] | {"url": "http://h/live/u/new/1.ts"}]
    provider.salt = "new"
    report = refresh_account(account.pk, progress=NoProgress())
    assert (report.updated, report.created, report.stale) == (1, 0, 0)
    assert (Stream.objects.get().pk, Stream.objects.get().url) == (row, "http://h/live/u/new/1.ts")


def test_a_renamed_category_keeps_its_group_and_settings(provider: FakeProvider, db: None) -> None:  # 49
    account = Account.objects.create(name="Panel", account_type="XC")
    provider.items = [{"name": "A", "url": "http://h/1", "identity_key": "1", "group": "Sports", "group_key": "5"}]
    provider.groups = [GroupHint("Sports", "5"), GroupHint("Empty", "6")]
    refresh_account(account.pk, progress=NoProgress())
    group = StreamGroup.objects.get(xc_id="5")
    provider.groups = [GroupHint("US Sports", "5"), GroupHint("Sports", "6")]
    report = refresh_account(account.pk, progress=NoProgress())
    assert report.groups_renamed == [("Sports", "US Sports"), ("Empty", "Sports")]
    assert (report.unchanged, report.groups) == (1, 2)
    assert dict(StreamGroup.objects.values_list("xc_id", "name")) == {"5": "US Sports", "6": "Sports"}
    assert StreamGroup.objects.get(xc_id="5").pk == group.pk
    assert JournalEntry.objects.filter(action_type="refresh").latest("pk").after_value["groups_renamed"]


def test_texts_that_json_can_carry_and_a_database_cannot_are_mended(provider: FakeProvider, db: None) -> None:
    account = Account.objects.create(name="Panel", account_type="XC")
    provider.items = [{"name": "A\ud83d\0B", "url": "http://h/1", "identity_key": "1"}]
    refresh_account(account.pk, progress=NoProgress())
    assert Stream.objects.get().name == "A?B"


def test_entries_without_a_group_go_to_the_default_group(acme: FileAccount) -> None:
    acme.refresh('#EXTM3U\n#EXTINF:-1 group-title="",A\nhttp://h/1\n')
    assert StreamGroup.objects.get().name == DEFAULT_GROUP


def test_typed_in_streams_are_left_alone(acme: FileAccount) -> None:
    Stream.objects.create(account=acme.account, name="Mine", url="http://mine", stream_hash=b"x" * 32, is_custom=True)
    acme.refresh(playlist_of("A"))
    acme.set(stale_stream_days=0)
    acme.refresh()
    assert set(acme.names()) == {"Mine", "A"}
    assert not Stream.objects.get(name="Mine").is_stale


def test_what_a_refresh_did_is_journalled(acme: FileAccount) -> None:
    acme.refresh(playlist_of("A"))
    entry = JournalEntry.objects.get(category="m3u", action_type="refresh")
    assert entry.entity_id == acme.account.pk
    assert entry.after_value is not None
    assert entry.after_value["created"] == 1
