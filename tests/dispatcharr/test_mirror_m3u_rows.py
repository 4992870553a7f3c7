"""Groups, filters, profiles and custom streams on a mirrored server, with the traps that the recordings prove."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from ecm_site.crypto import encrypt
from ecm_site.dispatcharr.client import Dispatcharr
from m3u_app.choose_groups import SetMatching, choose_groups
from m3u_app.custom_streams import CustomStream, create_custom_stream, delete_custom_stream, group_of
from m3u_app.edit_filters import FilterValues, add_filter, change_filter, order_filters, remove_filter, switch_filter
from m3u_app.edit_profiles import ProfileValues, add_profile, change_profile, remove_profile
from m3u_app.mirror.ids import joined, parted
from m3u_app.mirror.patterns_there import (
    NotForTheServer,
    pattern_for_server,
    pattern_from_server,
    replacement_for_server,
)
from m3u_app.models import Account, AccountProfile, Stream, StreamFilter, StreamGroup
from tasks_app.mirror.answers import DELETED, THEIRS, answer_conflict, drop, take_theirs
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import pull
from tasks_app.models import MirrorLink, MirrorState, OutboxEntry, OutboxState
from tests.dispatcharr.m3u_house import EVERYTHING, Sync, base, sent, waiting
from tests.fake_dispatcharr import FakeServer, Kind

pytestmark = pytest.mark.django_db


def relation(fake: FakeServer, group: StreamGroup) -> dict[str, Any]:
    number = parted(MirrorLink.objects.get(kind="account_group", local_id=group.pk).remote_id)[1]
    return fake.world.relations[2][number]


def some_group() -> StreamGroup:
    return StreamGroup.objects.exclude(name="Default Group").order_by("name")[0]


def filters_there(fake: FakeServer) -> list[tuple[str, bool, int]]:
    rows = fake.world.tables["filters"].values()
    return sorted(((row["regex_pattern"], row["exclude"], row["order"]) for row in rows), key=lambda row: row[2])


def profiles_there(fake: FakeServer) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in fake.world.tables["account_profiles"].values() if row["owner"] == 2}


# Groups


def test_group_settings_go_whole_in_one_request_and_only_those_that_changed(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    kept = {"xc_id": "7", "unheard_of": [1, 2]}
    for settings in fake.world.relations[2].values():
        settings["custom_properties"] = dict(kept)
    pulled_kinds()
    first, second = StreamGroup.objects.exclude(name="Default Group").order_by("name")[:2]
    choose_groups(base().pk, [SetMatching(first.name, enabled=False, expected=1)])
    StreamGroup.objects.filter(pk=second.pk).update(
        auto_channel_sync=True, auto_sync_channel_start=Decimal("100.5"), sync_settings={**kept, "compact_numbering": True}
    )
    deliver(client)
    [body] = sent(fake, "PATCH", "group-settings")
    assert len(body["group_settings"]) == 2  # type: ignore[index, call-overload]
    assert relation(fake, first)["enabled"] is False
    assert relation(fake, first)["custom_properties"] == kept
    assert relation(fake, second)["auto_sync_channel_start"] == 100.5
    assert relation(fake, second)["custom_properties"] == {**kept, "compact_numbering": True}
    assert relation(fake, second)["enabled"] is True
    assert waiting() == {}
    assert pulled_kinds().changed == 0
    first.refresh_from_db()
    assert first.xc_id == "7"


def test_a_range_that_the_server_refuses_costs_only_its_group(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    first, second = StreamGroup.objects.exclude(name="Default Group").order_by("name")[:2]
    StreamGroup.objects.filter(pk=first.pk).update(auto_sync_channel_start=20, auto_sync_channel_end=10)
    StreamGroup.objects.filter(pk=second.pk).update(enabled=False)
    deliver(client)
    assert "ends (10) before it begins (20)" in waiting()["account_group", first.pk]
    assert relation(fake, second)["enabled"] is False
    assert relation(fake, first)["auto_sync_channel_start"] is None


def test_settings_of_one_group_changed_on_both_sides_come_together(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    group = some_group()
    StreamGroup.objects.filter(pk=group.pk).update(auto_channel_sync=True)
    relation(fake, group)["auto_sync_channel_end"] = 50.0
    deliver(client)
    assert (relation(fake, group)["auto_channel_sync"], relation(fake, group)["auto_sync_channel_end"]) == (True, 50.0)
    group.refresh_from_db()
    assert group.auto_sync_channel_end == 50


def test_references_in_settings_are_translated_and_unknown_ones_come_back_untouched(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    group = some_group()
    MirrorLink.objects.create(kind="channel_profile", local_id=5, remote_id=50)
    relation(fake, group)["custom_properties"] = {"channel_profile_ids": ["50"], "custom_logo_id": 77, "group_override": None}
    pulled_kinds()
    group.refresh_from_db()
    assert group.sync_settings["channel_profile_ids"] == [5]
    assert "custom_logo_id" not in group.sync_settings
    group.sync_settings = {**group.sync_settings, "channel_profile_ids": [], "compact_numbering": True}
    group.save()
    deliver(client)
    assert relation(fake, group)["custom_properties"] == {
        "channel_profile_ids": [],
        "custom_logo_id": 77,
        "group_override": None,
        "compact_numbering": True,
    }


def test_a_setting_that_names_a_row_unknown_there_waits(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    group = some_group()
    StreamGroup.objects.filter(pk=group.pk).update(sync_settings={"custom_epg_id": 3})
    deliver(client)
    assert "guide source" in waiting()["account_group", group.pk]
    assert relation(fake, group)["custom_properties"] == {}


def test_choices_made_before_the_server_knew_the_account_find_its_groups(
    connected: None, fake: FakeServer, client: Dispatcharr
) -> None:
    fake.world.refresh_seconds = 600  # it reads the groups when the test lets the time pass, however slow this machine is
    fake.world.playlists["http://provider.test/new.m3u"] = fake.world.playlists["http://provider.test/Base.m3u"]
    account = Account.objects.create(name="New", server_url="http://provider.test/new.m3u", is_active=True)
    name = fake.world.playlists["http://provider.test/new.m3u"].group_name(0)
    group = StreamGroup.objects.create(account=account, name=name, enabled=False)
    gone = StreamGroup.objects.create(account=account, name="Long gone")
    deliver(client)
    assert "has read the groups" in waiting()["account_group", group.pk]
    fake.world.finish()
    pull(client, EVERYTHING)  # comes in between, and must not take the server's defaults for ours
    group.refresh_from_db()
    assert not group.enabled
    OutboxEntry.objects.update(next_attempt_at=None)
    deliver(client)
    number = max(fake.world.relations)
    off = [row["channel_group"] for row in fake.world.relations[number].values() if not row["enabled"]]
    assert [fake.world.tables["groups"][row]["name"] for row in off] == [name]
    assert "does not have this group" in waiting()["account_group", gone.pk]
    entry = OutboxEntry.objects.get(kind="account_group")
    drop([entry.pk])
    assert waiting() == {}


def test_a_group_deleted_here_comes_back(pulled_kinds: Sync, client: Dispatcharr) -> None:
    name = some_group().name
    some_group().delete()
    deliver(client)
    pulled_kinds()
    assert StreamGroup.objects.filter(name=name).exists()
    assert waiting() == {}


# Filters


def test_filters_are_made_changed_ordered_and_deleted_there(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    account = base().pk
    first, _ = add_filter(account, FilterValues("name", "^UK", exclude=True))
    second, _ = add_filter(account, FilterValues("group", "Sports", exclude=False, case_sensitive=False))
    deliver(client)
    assert filters_there(fake) == [("^UK", True, 1), ("(?i)Sports", False, 2)]
    order_filters(account, [second.pk, first.pk])
    change_filter(account, first.pk, FilterValues("name", "^(UK|DE)", exclude=True))
    deliver(client)
    assert filters_there(fake) == [("(?i)Sports", False, 1), ("^(UK|DE)", True, 2)]
    remove_filter(account, second.pk)
    deliver(client)
    assert filters_there(fake) == [("^(UK|DE)", True, 2)]
    assert waiting() == {}
    assert pulled_kinds().changed == 0
    assert StreamFilter.objects.get().case_sensitive


def test_a_filter_that_is_switched_off_is_not_there_and_stays_here(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    made, _ = add_filter(base().pk, FilterValues("name", "^UK"))
    deliver(client)
    switch_filter(base().pk, made.pk, enabled=False)
    deliver(client)
    assert filters_there(fake) == []
    pulled_kinds()
    assert StreamFilter.objects.get().enabled is False
    switch_filter(base().pk, made.pk, enabled=True)
    deliver(client)
    assert filters_there(fake) == [("^UK", True, 1)]
    assert waiting() == {}


def give_back(how: str) -> None:
    """The operator gives up what waits, in one of the three ways."""
    entry = OutboxEntry.objects.get(kind="account_filter")
    if how == "conflict":
        answer_conflict(entry.pk, {DELETED: THEIRS})
    else:
        {"drop": drop, "take": take_theirs}[how]([entry.pk])


@pytest.mark.parametrize("how", ["drop", "take", "conflict"])
def test_a_filter_whose_switching_off_is_given_up_is_on_again_and_no_second_one(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr, how: str
) -> None:
    made, _ = add_filter(base().pk, FilterValues("name", "^UK", case_sensitive=False))
    other, _ = add_filter(base().pk, FilterValues("name", "^DE"))
    deliver(client)
    switch_filter(base().pk, made.pk, enabled=False)
    change_filter(base().pk, made.pk, FilterValues("name", "^FR", enabled=False))  # given up as well
    if how == "conflict":
        fake.world.tables["filters"][min(fake.world.tables["filters"])]["order"] = 5
        deliver(client)
    give_back(how)
    deliver(client)
    place = 5 if how == "conflict" else 1
    rows = StreamFilter.objects.order_by("pk").values_list("pk", "regex_pattern", "case_sensitive", "enabled", "position")
    assert list(rows) == [(made.pk, "^UK", False, True, place), (other.pk, "^DE", True, True, 2)]
    assert sorted(filters_there(fake)) == [("(?i)^UK", True, place), ("^DE", True, 2)]
    assert waiting() == {}
    assert pulled_kinds().changed == 0
    switch_filter(base().pk, made.pk, enabled=False)
    deliver(client)
    assert filters_there(fake) == [("^DE", True, 2)]
    assert StreamFilter.objects.count() == 2


def test_a_filter_that_is_off_here_and_made_there_by_somebody_is_switched_on(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    off, _ = add_filter(base().pk, FilterValues("name", "^UK", enabled=False))
    unlike, _ = add_filter(base().pk, FilterValues("group", "^UK", enabled=False))
    deliver(client)
    body = {"filter_type": "name", "regex_pattern": "^UK", "exclude": True, "order": 3}
    client.accounts.create_filter(2, body)
    client.accounts.create_filter(2, body)  # nobody keeps the server from having it twice
    pulled_kinds()
    rows = list(StreamFilter.objects.order_by("pk").values_list("pk", "enabled", "position"))
    assert rows[:2] == [(off.pk, True, 3), (unlike.pk, False, 2)]
    assert [row[1:] for row in rows[2:]] == [(True, 3)]
    assert pulled_kinds().changed == 0
    assert waiting() == {}


def test_a_filter_that_waits_for_its_deletion_is_not_taken_for_another_one(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    made, _ = add_filter(base().pk, FilterValues("name", "^UK"))
    deliver(client)
    switch_filter(base().pk, made.pk, enabled=False)
    client.accounts.create_filter(2, {"filter_type": "name", "regex_pattern": "^UK", "exclude": True, "order": 1})
    pulled_kinds()
    assert StreamFilter.objects.filter(enabled=True).exclude(pk=made.pk).count() == 1
    deliver(client)
    assert len(filters_there(fake)) == 1
    assert StreamFilter.objects.get(pk=made.pk).enabled is False


def test_a_lost_answer_makes_no_second_filter(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    fake.faults.order(Kind.RESET_AFTER, method="POST", path="/filters/$")
    add_filter(base().pk, FilterValues("name", "^UK"))
    deliver(client)
    MirrorState.objects.update(retry_at=None)
    OutboxEntry.objects.update(next_attempt_at=None)
    deliver(client)
    assert filters_there(fake) == [("^UK", True, 1)]
    assert waiting() == {}


@pytest.mark.parametrize("pattern", [r"\pL+", "[[:alpha:]]", r"\Qa\E", "(?<name>a)"])
def test_a_pattern_that_would_break_every_refresh_is_never_sent(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr, pattern: str
) -> None:
    made = StreamFilter.objects.create(account=base(), filter_type="name", regex_pattern=pattern, position=1)
    deliver(client)
    assert filters_there(fake) == []
    assert OutboxEntry.objects.get(kind="account_filter", local_id=made.pk).state == OutboxState.PARKED
    assert "every refresh of the account would fail" in waiting()["account_filter", made.pk]


def test_blanks_at_the_ends_of_a_pattern_survive(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    made, _ = add_filter(base().pk, FilterValues("name", "^TR: "))
    deliver(client)
    assert filters_there(fake) == [("^TR:[ ]", True, 1)]
    made.refresh_from_db()
    assert made.regex_pattern == "^TR:[ ]"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("a", "a"),
        (" a", "[ ]a"),
        ("a\\ ", "a[ ]"),
        ("a\\\\ ", "a\\\\[ ]"),
        ("\ta \t", r"\ta[ ]\t"),
        ("  ", "[ ][ ]"),
    ],
)
def test_patterns_are_written_for_the_server(ours: str, theirs: str) -> None:
    assert pattern_for_server(ours) == theirs


def test_case_is_part_of_the_pattern_there() -> None:
    assert pattern_for_server("a", case_sensitive=False) == "(?i)a"
    assert pattern_for_server(" a", case_sensitive=False) == "(?i) a"
    assert pattern_from_server("(?i)a") == ("a", False)
    assert pattern_from_server("a(?i)") == ("a(?i)", True)


def test_a_mark_about_case_that_the_servers_own_pages_left_is_honoured(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    made = client.accounts.create_filter(
        2, {"filter_type": "name", "regex_pattern": "uk", "order": 1, "custom_properties": {"case_sensitive": False, "x": 1}}
    )
    pulled_kinds()
    stored = StreamFilter.objects.get()
    assert not stored.case_sensitive
    change_filter(base().pk, stored.pk, FilterValues("name", "uk", exclude=True, case_sensitive=True))
    deliver(client)
    assert fake.world.tables["filters"][made["id"]]["custom_properties"] == {"case_sensitive": True, "x": 1}
    pulled_kinds()
    assert StreamFilter.objects.get().case_sensitive


# Profiles


def test_profiles_are_made_changed_and_deleted_with_both_patterns_each_time(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    account = base().pk
    made, _ = add_profile(
        account,
        ProfileValues("Second", max_streams=2, search_pattern="user1/pass1", replace_pattern="user2/pass2", notes="Anna"),
    )
    deliver(client)
    there = profiles_there(fake)["Second"]
    assert (there["max_streams"], there["replace_pattern"]) == (2, "user2/pass2")
    assert there["custom_properties"] == {"notes": "Anna"}
    there["custom_properties"]["user_info"] = {"status": "Active"}
    change_profile(account, made.pk, ProfileValues("Second", max_streams=5, notes="Berta"))
    deliver(client)
    there = profiles_there(fake)["Second"]
    assert there["max_streams"] == 5
    assert there["custom_properties"] == {"notes": "Berta", "user_info": {"status": "Active"}}
    remove_profile(account, made.pk)
    deliver(client)
    assert list(profiles_there(fake)) == ["Base Default"]
    assert waiting() == {}
    assert "pass2" not in str(list(MirrorLink.objects.values_list("agreed", flat=True)))


def test_replacements_are_written_as_the_server_knows_them() -> None:
    assert replacement_for_server("${1}/u/p/${2}") == "$1/u/p/$2"
    assert replacement_for_server("${1}23") == r"\g<1>23"
    assert replacement_for_server("$<host>/x") == r"\g<host>/x"
    assert replacement_for_server("a$$b") == "a$b"
    with pytest.raises(NotForTheServer):
        replacement_for_server("a$$1")


def test_a_name_that_is_taken_there_is_refused_before_the_server_falls_over(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    made, _ = add_profile(base().pk, ProfileValues("One", search_pattern="a", replace_pattern="b"))
    other, _ = add_profile(base().pk, ProfileValues("Two", search_pattern="a", replace_pattern="b"))
    deliver(client)
    fake.world.tables["account_profiles"][max(fake.world.tables["account_profiles"])]["name"] = "Three"
    AccountProfile.objects.filter(pk=made.pk).update(name="Three")
    deliver(client)
    assert "on the server already" in waiting()["account_profile", made.pk]
    assert not [call for call in fake.calls if call.method == "PATCH" and (call.body or {}).get("name") == "Three"]
    assert other.pk


def test_a_lost_answer_makes_no_second_profile(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    fake.faults.order(Kind.RESET_AFTER, method="POST", path="/profiles/$")
    add_profile(base().pk, ProfileValues("Second", search_pattern="a", replace_pattern="b"))
    deliver(client)
    MirrorState.objects.update(retry_at=None)
    OutboxEntry.objects.update(next_attempt_at=None)
    deliver(client)
    assert list(profiles_there(fake)) == ["Base Default", "Second"]
    assert waiting() == {}


def test_the_default_profile_takes_name_notes_and_date_and_is_never_deleted(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    stored = AccountProfile.objects.get(is_default=True)
    change_profile(base().pk, None, ProfileValues("Main login", notes="Paid by Anna"))
    deliver(client)
    assert profiles_there(fake)["Main login"]["custom_properties"] == {"notes": "Paid by Anna"}
    assert waiting() == {}
    stored.delete()
    deliver(client)
    assert list(profiles_there(fake)) == ["Main login"]
    pulled_kinds()
    assert AccountProfile.objects.get(is_default=True).name == "Main login"


def test_the_limit_of_an_account_reaches_its_default_profile(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    Account.objects.update(max_streams=4)
    deliver(client)
    assert profiles_there(fake)["Base Default"]["max_streams"] == 4
    assert pulled_kinds().changed == 0


def test_a_date_of_the_account_is_that_of_its_default_profile(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    account = base()
    account.exp_date = "2027-05-01T22:00:00+00:00"  # type: ignore[assignment]
    account.save()
    deliver(client)
    pulled_kinds()
    stored = AccountProfile.objects.get(is_default=True).exp_date
    assert stored is not None
    assert stored.isoformat() == "2027-05-01T22:00:00+00:00"
    assert waiting() == {}


def test_patterns_of_another_key_file_are_neither_sent_nor_lost(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    made, _ = add_profile(base().pk, ProfileValues("Second", search_pattern="a", replace_pattern="b"))
    deliver(client)
    AccountProfile.objects.filter(pk=made.pk).update(max_streams=3)
    with_other_key = encrypt("b")[:-6] + "AAAAAA"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE m3u_app_accountprofile SET replace_pattern = %s WHERE id = %s", [with_other_key, made.pk])
    deliver(client)
    assert (profiles_there(fake)["Second"]["max_streams"], profiles_there(fake)["Second"]["replace_pattern"]) == (3, "b")


# Custom streams


def custom_there(fake: FakeServer) -> list[dict[str, Any]]:
    rows = (fake.world.streams.get(number) for number in list(fake.world.streams.ids()))
    return [row for row in rows if row is not None and row["is_custom"]]


def test_custom_streams_go_both_ways(pulled: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    made, _ = create_custom_stream(CustomStream("Mine", "udp://@239.0.0.1:1234", "", "mine.tv", "Own"))
    deliver(client)
    [row] = custom_there(fake)
    assert (row["name"], row["url"], row["tvg_id"]) == ("Mine", "udp://239.0.0.1:1234", "mine.tv")
    assert fake.world.tables["groups"][row["channel_group"]]["name"] == "Own"
    made.refresh_from_db()
    assert made.url == "udp://239.0.0.1:1234"
    assert waiting() == {}
    fake.world.streams.put(row | {"name": "Theirs"})
    pulled()
    made.refresh_from_db()
    assert (made.name, group_of(made)) == ("Theirs", "Own")
    delete_custom_stream(made.pk)
    deliver(client)
    assert fake.world.streams.get(row["id"]) is None
    assert waiting() == {}


@pytest.mark.parametrize("url", ["http://p.test/mine", "udp://@239.0.0.1:1234"])
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("first", ["deliver", "pull"])
def test_a_lost_answer_makes_no_second_custom_stream(
    pulled: Sync, fake: FakeServer, client: Dispatcharr, url: str, kept: bool, first: str
) -> None:
    fake.faults.order(Kind.RESET_AFTER, method="POST", path="/api/channels/streams/$")
    made, _ = create_custom_stream(CustomStream("Mine", url))
    if kept:  # as versions before this one stored it
        Stream.objects.filter(pk=made.pk).update(url=url)
    deliver(client)
    MirrorState.objects.update(retry_at=None)
    OutboxEntry.objects.update(next_attempt_at=None)
    if first == "pull":
        pulled()
    deliver(client)
    assert [row["url"] for row in custom_there(fake)] == [url.replace("@", "")]
    assert Stream.objects.get(is_custom=True).pk == made.pk
    assert waiting() == {}


def test_an_address_with_an_at_sign_of_an_earlier_version_or_there_is_no_change(
    pulled: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    made, _ = create_custom_stream(CustomStream("Mine", "udp://239.0.0.1:1234"))
    deliver(client)
    Stream.objects.filter(pk=made.pk).update(url="udp://@239.0.0.1:1234")
    before = len(fake.calls)
    deliver(client)
    assert not [call for call in fake.calls[before:] if call.method == "PATCH"]
    [row] = custom_there(fake)
    Stream.objects.filter(pk=made.pk).update(url="udp://239.0.0.1:1234")
    deliver(client)
    fake.world.streams.put(row | {"url": "udp://@239.0.0.1:1234"})
    assert pulled().changed == 0
    assert waiting() == {}


def test_an_address_that_the_server_refuses_is_parked_with_its_words(
    pulled: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    made, _ = create_custom_stream(CustomStream("Mine", "rtmp://p.test/mine"))
    deliver(client)
    assert "valid URL" in waiting()["custom_stream", made.pk]
    entry = OutboxEntry.objects.get()
    drop([entry.pk])
    assert not Stream.objects.filter(is_custom=True).exists()


def test_taking_theirs_puts_a_filter_back(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    made, _ = add_filter(base().pk, FilterValues("name", "^UK"))
    deliver(client)
    change_filter(base().pk, made.pk, FilterValues("name", "^DE"))
    take_theirs([OutboxEntry.objects.get().pk])
    deliver(client)
    made.refresh_from_db()
    assert made.regex_pattern == "^UK"
    assert waiting() == {}


def test_ids_of_rows_inside_accounts() -> None:
    assert parted(joined(3, 17)) == (3, 17)
    assert joined(2**31 - 1, 2**31 - 1) < 2**63
