"""Accounts, guides, groups and channel profiles that are gone on the server: nothing goes here before somebody says so."""

import pytest

from channels_app.models import Channel, ChannelGroup, ChannelProfile
from ecm_site.dispatcharr.client import Dispatcharr
from epg_app.models import GuideSource
from m3u_app.models import Account, AccountProfile, Stream, StreamFilter, StreamGroup
from tasks_app.mirror.answers import MINE, answer_conflict, answer_held_back
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import pull
from tasks_app.mirror_pages.overview import held_back
from tasks_app.models import JournalEntry, MirrorLink, MirrorPull, OutboxEntry, OutboxState
from tests.dispatcharr.m3u_house import Sync, base
from tests.fake_dispatcharr import FakeServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def whole(connected: None, client: Dispatcharr) -> Sync:
    def again() -> object:
        return pull(client)

    again()
    return again  # type: ignore[return-value]


@pytest.fixture
def with_parts(whole: Sync, client: Dispatcharr) -> Account:
    """An account with a filter, another login and choices among its groups; both sides have them."""
    account = base()
    StreamFilter.objects.create(account=account, regex_pattern="^XXX", exclude=True)
    AccountProfile.objects.create(account=account, name="Attic", max_streams=2, search_pattern="a", replace_pattern="b")
    group = StreamGroup.objects.filter(account=account).exclude(name="Default Group").order_by("name")[0]
    group.enabled = not group.enabled
    group.save()
    deliver(client)
    whole()
    assert not OutboxEntry.objects.exists()
    return account


def asked() -> dict[str, int]:
    return {row.kind: row.held_back["count"] for row in MirrorPull.objects.exclude(held_back={})}


def parts(account: Account) -> list[object]:
    return [
        sorted(StreamFilter.objects.filter(account=account).values_list("regex_pattern", flat=True)),
        sorted(AccountProfile.objects.filter(account=account).values_list("name", flat=True)),
        sorted(StreamGroup.objects.filter(account=account).values_list("name", "enabled")),
    ]


def test_the_only_account_is_asked_about_and_keeps_all_that_belongs_to_it(
    with_parts: Account, whole: Sync, client: Dispatcharr
) -> None:
    before = parts(with_parts)
    client.accounts.delete(2)
    for _ in range(3):
        whole()
    assert asked() == {"account": 1}
    assert base().deleting_since is None
    assert Stream.objects.filter(account=with_parts).count() == 40
    assert parts(with_parts) == before
    question = held_back("account")
    assert (question.question, question.can_create, question.comes_back) == ("1 of 1 account", True, 0)
    assert "only a backup" in question.way_back


def test_an_account_that_somebody_gives_up_goes_with_its_parts_and_is_asked_about_once(
    with_parts: Account, whole: Sync, client: Dispatcharr, django_capture_on_commit_callbacks: object
) -> None:
    client.accounts.delete(2)
    whole()
    answer_held_back("account", accept=True)
    for _ in range(2):
        whole()
        assert asked() == {}
    assert base().deleting_since is not None
    assert [len(found) for found in parts(with_parts)] == [0, 0, 0]  # type: ignore[arg-type]
    deliver(client)
    assert [row["name"] for row in client.accounts.all()] == ["custom"]


def test_an_account_that_is_kept_is_made_there_again_with_all_that_belongs_to_it(
    with_parts: Account, whole: Sync, client: Dispatcharr, fake: FakeServer
) -> None:
    before = parts(with_parts)
    streams = set(Stream.objects.filter(account=with_parts).values_list("pk", flat=True))
    client.accounts.delete(2)
    whole()
    answer_held_back("account", accept=False)
    deliver(client)
    fake.world.finish()
    for _ in range(3):
        whole()
        deliver(client)
        fake.world.finish()
    whole()
    assert set(OutboxEntry.objects.values_list("kind", flat=True)) == {"channel"}, "they wait for its first refresh"
    assert asked() == {}
    [row] = [row for row in client.accounts.all() if row["name"] == "Base"]
    assert row["id"] != 2
    assert [one["regex_pattern"] for one in client.accounts.filters(row["id"])] == ["^XXX"]
    assert sorted(one["name"] for one in client.accounts.profiles(row["id"])) == ["Attic", "Base Default"]
    assert parts(with_parts) == before
    assert set(Stream.objects.filter(account=with_parts).values_list("pk", flat=True)) == streams


def test_an_account_changed_here_is_one_question_and_kept_with_its_parts(
    with_parts: Account, whole: Sync, client: Dispatcharr, fake: FakeServer
) -> None:
    before = parts(with_parts)
    Account.objects.filter(pk=with_parts.pk).update(priority=7)
    client.accounts.delete(2)
    deliver(client)
    whole()
    assert asked() == {}, "the queue asks already"
    [entry] = OutboxEntry.objects.filter(kind="account")
    assert entry.state == OutboxState.CONFLICT
    assert parts(with_parts) == before
    answer_conflict(entry.pk, {"deleted": MINE})
    for _ in range(3):
        deliver(client)
        fake.world.finish()
        whole()
    [row] = [row for row in client.accounts.all() if row["name"] == "Base"]
    assert [one["regex_pattern"] for one in client.accounts.filters(row["id"])] == ["^XXX"]
    assert parts(with_parts) == before


def test_one_of_two_accounts_goes_without_a_question(whole: Sync, client: Dispatcharr, fake: FakeServer) -> None:
    other = client.accounts.create({"name": "Other", "server_url": "http://p.test/o"})["id"]
    fake.world.finish()
    whole()
    client.accounts.delete(other)
    whole()
    assert asked() == {}
    assert not Account.objects.filter(name="Other", deleting_since=None).exists()


def test_an_account_that_is_there_again_ends_the_question(whole: Sync, client: Dispatcharr, fake: FakeServer) -> None:
    row = fake.world.tables["accounts"].pop(2)
    whole()
    assert asked() == {"account": 1}
    fake.world.tables["accounts"][2] = row
    whole()
    assert asked() == {}
    assert base().deleting_since is None


def test_the_only_guide_is_asked_about(whole: Sync, client: Dispatcharr, fake: FakeServer) -> None:
    entries = GuideSource.objects.get().pk
    client.guide.delete_source(next(iter(fake.world.tables["sources"])))
    whole()
    assert asked() == {"guide_source": 1}
    assert GuideSource.objects.get().pk == entries
    assert "only a backup" in held_back("guide_source").way_back
    answer_held_back("guide_source", accept=False)
    deliver(client)
    whole()
    assert [row["name"] for row in fake.world.tables["sources"].values()] == ["Guide"]
    assert asked() == {}


def test_groups_and_channel_profiles_are_asked_about_from_two_on(whole: Sync, fake: FakeServer) -> None:
    numbers = [fake.world.add_group(name) for name in ("News", "Sports")]
    channel = next(iter(fake.world.tables["channels"].values()))
    channel["channel_group_id"] = numbers[0]
    for name in ("Kids", "Living room"):
        fake.world.memberships[fake.world.insert("channel_profiles", {"id": 0, "name": name})["id"]] = {}
    whole()
    names = set(ChannelGroup.objects.values_list("name", flat=True))
    for table in ("groups", "channel_profiles"):
        fake.world.tables[table].clear()
    channel["channel_group_id"] = None
    whole()
    assert set(asked()) == {"group", "channel_profile"}
    assert set(ChannelGroup.objects.values_list("name", flat=True)) == names
    assert ChannelProfile.objects.count() == 2
    assert held_back("channel_profile").way_back == "The journal can bring back the channel profiles themselves."


def test_providers_groups_cannot_be_kept_there_and_no_page_says_so(
    whole: Sync, fake: FakeServer, monkeypatch: pytest.MonkeyPatch, alice: object
) -> None:
    from tasks_app.mirror import pull as pulling

    monkeypatch.setattr(pulling, "HELD_BACK_FROM", 3)
    fake.world.relations[2].clear()
    whole()
    assert asked()["account_group"] >= 3
    question = held_back("account_group")
    assert not question.can_create
    page = alice.get("/server/vanished/account_group/").content.decode()  # type: ignore[attr-defined]
    assert "Only the server can make these" in page
    assert "made on the server again" not in page
    assert "the journal can bring" not in page.lower()
    count = str(question.count)
    answer = alice.post("/server/vanished/account_group/", {"answer": "keep", "count": count})  # type: ignore[attr-defined]
    assert answer.status_code == 422
    assert StreamGroup.objects.filter(account=base()).count() >= 3


def test_what_an_answer_deletes_is_told_row_by_row_whatever_else_came(
    whole: Sync, fake: FakeServer, client: Dispatcharr, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks_app.mirror import pull as pulling
    from tasks_app.mirror import sync_journal

    monkeypatch.setattr(pulling, "HELD_BACK_FROM", 3)
    monkeypatch.setattr(sync_journal, "ROWS_KEPT", 3)
    fake.world.tables["channels"].clear()
    whole()
    assert held_back("channel").way_back == "The journal can bring back the channels themselves."
    answer_held_back("channel", accept=True)
    for number in range(3):
        fake.world.add_channel(f"New {number}", channel_number=50.0 + number)
    whole()
    told = JournalEntry.objects.filter(entity_type="mirror_row", description__startswith="The server removed the channel")
    assert told.count() == 3
    assert told.values("batch_id").distinct().count() == 1
    assert Channel.objects.count() == MirrorLink.objects.filter(kind="channel").count() == 3
