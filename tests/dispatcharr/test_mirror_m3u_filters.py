"""Filters and logins of an account on a mirrored server: second thoughts, and answers that were lost."""

import pytest

from ecm_site.dispatcharr.client import Dispatcharr
from m3u_app.edit_filters import FilterValues, add_filter, remove_filter, switch_filter
from m3u_app.edit_profiles import ProfileValues, add_profile, remove_profile
from m3u_app.models import AccountProfile, StreamFilter
from tasks_app.mirror.answers import DELETED, THEIRS, answer_conflict, drop, take_theirs
from tasks_app.mirror.deliver import deliver
from tasks_app.models import CreationAttempt, JournalEntry, MirrorState, OutboxEntry
from tasks_app.undo import undo_entry
from tests.dispatcharr.m3u_house import Sync, base, waiting
from tests.fake_dispatcharr import FakeServer, Kind

pytestmark = pytest.mark.django_db


def filters_there(fake: FakeServer) -> list[str]:
    return sorted(row["regex_pattern"] for row in fake.world.tables["filters"].values())


def profiles_there(fake: FakeServer) -> list[str]:
    return sorted(row["name"] for row in fake.world.tables["account_profiles"].values() if not row["is_default"])


def deliver_now(client: Dispatcharr) -> None:
    """Without waiting for the end of an outage."""
    MirrorState.objects.update(retry_at=None)
    OutboxEntry.objects.update(next_attempt_at=None)
    deliver(client)


def give_back(how: str) -> None:
    """The operator gives up what waits, in one of the three ways."""
    entry = OutboxEntry.objects.get(kind="account_filter")
    if how == "conflict":
        answer_conflict(entry.pk, {DELETED: THEIRS})
    else:
        {"drop": drop, "take": take_theirs}[how]([entry.pk])


@pytest.mark.parametrize("how", ["drop", "take", "conflict"])
def test_taking_back_that_a_switching_off_was_given_up_switches_off_again(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr, how: str
) -> None:
    made, _ = add_filter(base().pk, FilterValues("name", "^UK"))
    deliver(client)
    switch_filter(base().pk, made.pk, enabled=False)
    if how == "conflict":
        fake.world.tables["filters"][min(fake.world.tables["filters"])]["order"] = 5
        deliver(client)
    give_back(how)
    deliver(client)
    assert StreamFilter.objects.get().enabled
    entry = JournalEntry.objects.get(description__startswith="The server added the filter")
    undo_entry(entry)
    assert list(StreamFilter.objects.values_list("pk", "enabled")) == [(made.pk, False)]
    deliver(client)
    assert filters_there(fake) == []
    assert waiting() == {}
    assert pulled_kinds().changed == 0
    assert StreamFilter.objects.get().enabled is False


def test_taking_back_a_filter_that_was_made_there_takes_it_from_the_server(
    pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    client.accounts.create_filter(2, {"filter_type": "name", "regex_pattern": "^UK", "exclude": True, "order": 3})
    pulled_kinds()
    undo_entry(JournalEntry.objects.get(description__startswith="The server added the filter"))
    deliver(client)
    assert filters_there(fake) == []
    assert not StreamFilter.objects.filter(enabled=True).exists()


@pytest.fixture
def lost(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> StreamFilter:
    """A filter that was made there, of which no answer came."""
    fake.faults.order(Kind.RESET_AFTER, method="POST", path="/filters/$")
    made, _ = add_filter(base().pk, FilterValues("name", "^UK: "))
    deliver(client)
    assert filters_there(fake) == ["^UK:[ ]"]
    return made


@pytest.mark.parametrize("first", ["deliver", "pull"])
@pytest.mark.parametrize("other", [False, True])
def test_a_filter_whose_answer_was_lost_stays_off(
    lost: StreamFilter, pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr, first: str, *, other: bool
) -> None:
    switch_filter(base().pk, lost.pk, enabled=False)
    if other:
        add_filter(base().pk, FilterValues("name", "^DE"))
    if first == "pull":
        pulled_kinds()
    deliver_now(client)
    pulled_kinds()
    deliver_now(client)
    assert filters_there(fake) == (["^DE"] if other else [])
    assert StreamFilter.objects.get(pk=lost.pk).enabled is False
    assert StreamFilter.objects.count() == 1 + other
    assert waiting() == {}
    assert not CreationAttempt.objects.exists()


@pytest.mark.parametrize("first", ["deliver", "pull"])
def test_a_filter_whose_answer_was_lost_stays_deleted(
    lost: StreamFilter, pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr, first: str
) -> None:
    remove_filter(base().pk, lost.pk)
    if first == "pull":
        pulled_kinds()
    deliver_now(client)
    pulled_kinds()
    assert filters_there(fake) == []
    assert not StreamFilter.objects.exists()
    assert waiting() == {}


def test_a_filter_whose_answer_was_lost_and_that_is_given_up_is_deleted_there(
    lost: StreamFilter, pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr
) -> None:
    give_back("drop")
    deliver_now(client)
    pulled_kinds()
    assert filters_there(fake) == []
    assert not StreamFilter.objects.exists()
    assert waiting() == {}


def test_a_filter_that_never_arrived_and_is_off_is_forgotten(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    fake.faults.order(Kind.RESET_BEFORE, method="POST", path="/filters/$")
    made, _ = add_filter(base().pk, FilterValues("name", "^UK"))
    deliver(client)
    switch_filter(base().pk, made.pk, enabled=False)
    deliver_now(client)
    pulled_kinds()
    assert filters_there(fake) == []
    assert waiting() == {}
    assert not CreationAttempt.objects.exists()
    client.accounts.create_filter(2, {"filter_type": "name", "regex_pattern": "^UK", "exclude": True, "order": 1})
    pulled_kinds()
    assert StreamFilter.objects.get().enabled, "somebody else has made it"


def test_a_login_whose_answer_was_lost_stays_deleted(pulled_kinds: Sync, fake: FakeServer, client: Dispatcharr) -> None:
    fake.faults.order(Kind.RESET_AFTER, method="POST", path="/profiles/$")
    made, _ = add_profile(base().pk, ProfileValues("Attic", 2, search_pattern="a", replace_pattern="b"))
    deliver(client)
    assert profiles_there(fake) == ["Attic"]
    remove_profile(base().pk, made.pk)
    deliver_now(client)
    pulled_kinds()
    assert profiles_there(fake) == []
    assert not AccountProfile.objects.filter(is_default=False).exists()
    assert waiting() == {}
