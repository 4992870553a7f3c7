"""The server has lost much of several kinds at once: whatever is answered first, the other questions stay as they are."""

from typing import Any

import pytest

from channels_app.models import Channel, ChannelGroup, ChannelStream
from ecm_site.dispatcharr.client import Dispatcharr
from m3u_app.delete_account import delete_account
from m3u_app.models import Account
from tasks_app.mirror.answers import MINE, answer_conflict, answer_held_back
from tasks_app.models import MirrorPull, MirrorState, OutboxEntry, OutboxState
from tasks_app.progress import NoProgress
from tests.dispatcharr.syncing import Syncing
from tests.fake_dispatcharr import FakeServer

pytestmark = pytest.mark.django_db
KEEP, ACCEPT = False, True
GROUPS = ("News", "Sports", "Kids")


class House(Syncing):
    """Nine channels in three groups; all groups and the six channels of two of them are lost there."""

    def __init__(self, fake: FakeServer, client: Dispatcharr) -> None:
        self.client, self.world = client, fake.world
        self.world.tables["channels"].clear()
        numbers = [self.world.add_group(name) for name in GROUPS]
        for place in range(9):
            self.world.add_channel(f"Channel {place}", channel_group_id=numbers[place // 3], streams=[place + 1])
        self.pull()

    def lose(self) -> None:
        channels = self.world.tables["channels"]
        for number in list(channels)[:6]:
            self.world.remove("channels", number)
        for row in channels.values():
            row["channel_group_id"] = self.world.add_group("Default Group")
        for number, row in list(self.world.tables["groups"].items()):
            if row["name"] in GROUPS:
                self.world.remove("groups", number)

    def here(self) -> dict[str, str | None]:
        """Channel → its group."""
        return dict(Channel.objects.values_list("name", "group__name"))

    def there(self) -> dict[str, str | None]:
        names = {number: row["name"] for number, row in self.world.tables["groups"].items()}
        rows = self.world.tables["channels"].values()
        return {row["name"]: names.get(row["channel_group_id"]) for row in rows}


@pytest.fixture
def house(db: None, fake: FakeServer, client: Dispatcharr, monkeypatch: pytest.MonkeyPatch) -> House:
    from tasks_app.mirror import pull as pulling

    monkeypatch.setattr(pulling, "HELD_BACK_FROM", 3)
    MirrorState.objects.update_or_create(pk=1, defaults={"connected": True})
    return House(fake, client)


def asked() -> dict[str, int]:
    return {row.kind: row.held_back["count"] for row in MirrorPull.objects.exclude(held_back={})}


def conflicts() -> list[Any]:
    return list(OutboxEntry.objects.filter(state=OutboxState.CONFLICT).values_list("kind", "name", "conflict"))


def left() -> list[Any]:
    return list(OutboxEntry.objects.values_list("kind", "name", "state", "reason", "conflict"))


@pytest.mark.parametrize("between", [False, True], ids=["at once", "a sync between"])
@pytest.mark.parametrize("groups", [KEEP, ACCEPT])
@pytest.mark.parametrize("channels", [KEEP, ACCEPT])
@pytest.mark.parametrize("order", [("group", "channel"), ("channel", "group")])
def test_each_question_is_answered_as_a_whole(
    house: House, order: tuple[str, ...], channels: bool, groups: bool, between: bool
) -> None:
    said = {"group": groups, "channel": channels}
    whole = house.here()
    house.lose()
    house.sync()
    assert asked() == {"group": 3, "channel": 6}
    answer_held_back(order[0], said[order[0]])
    if between:
        house.sync()
    assert not conflicts()
    assert asked() == {order[1]: {"group": 3, "channel": 6}[order[1]]}
    answer_held_back(order[1], said[order[1]])
    house.sync(3)
    assert (asked(), left()) == ({}, [])
    wanted = {
        name: None if groups == ACCEPT else group
        for name, group in whole.items()
        if channels == KEEP or name in ("Channel 6", "Channel 7", "Channel 8")
    }
    assert house.here() == wanted
    there = house.there()
    assert {name: group if group in GROUPS else None for name, group in there.items()} == wanted
    assert set(ChannelGroup.objects.values_list("name", flat=True)) == (set(GROUPS) if groups == KEEP else set())


@pytest.mark.parametrize("moment", ["before the answers", "between the answers"])
@pytest.mark.parametrize("first", ["group", "channel"])
@pytest.mark.parametrize("between", [False, True], ids=["at once", "a sync between"])
def test_only_what_was_edited_here_is_told_alone(house: House, first: str, moment: str, between: bool) -> None:
    house.lose()
    house.sync()
    second = "group" if first == "channel" else "channel"

    def edit() -> None:
        Channel.objects.filter(name="Channel 2").update(tvg_id="two.tv")
        if between:
            house.sync()

    if moment == "before the answers":
        edit()
        alone = {"Channel 2"} if between else set()
        assert {name for _, name, _ in conflicts()} == alone
        assert asked() == {"group": 3, "channel": 6 - len(alone)}
    answer_held_back(first, KEEP)
    if moment == "between the answers":
        edit()
    answer_held_back(second, KEEP)
    house.sync(2)
    for entry in OutboxEntry.objects.filter(state=OutboxState.CONFLICT):
        assert entry.name == "Channel 2"
        assert set(entry.conflict) == {"deleted", "tvg_id"}, "its group is no edit"
        answer_conflict(entry.pk, {"deleted": MINE})
    house.sync(2)
    assert (asked(), left()) == ({}, [])
    assert house.there() == house.here()
    assert set(house.here().values()) == set(GROUPS)
    assert len(house.here()) == 9
    assert {row["tvg_id"] for row in house.world.tables["channels"].values() if row["name"] == "Channel 2"} == {"two.tv"}


def test_an_edit_survives_a_yes_to_the_rest(house: House) -> None:
    house.lose()
    house.sync()
    Channel.objects.filter(name="Channel 2").update(tvg_id="two.tv")
    answer_held_back("channel", ACCEPT)
    answer_held_back("group", KEEP)
    house.sync(2)
    assert set(house.here()) == {"Channel 2", "Channel 6", "Channel 7", "Channel 8"}
    assert [name for _, name, _ in conflicts()] == ["Channel 2"]


def lists(house: House) -> dict[str, list[int]]:
    rows = ChannelStream.objects.order_by("channel__name", "position").values_list("channel__name", "stream_id")
    found: dict[str, list[int]] = {name: [] for name in house.here()}
    for name, stream in rows:
        found[name].append(stream)
    return found


def give_up_accounts() -> None:
    """What the background does."""
    for account in Account.objects.exclude(deleting_since=None):
        delete_account(account.pk, progress=NoProgress())


@pytest.mark.parametrize("accounts", [KEEP, ACCEPT])
@pytest.mark.parametrize("channels", [KEEP, ACCEPT])
@pytest.mark.parametrize("first", ["account", "channel"])
def test_so_it_is_with_accounts(house: House, first: str, channels: bool, accounts: bool) -> None:
    whole, streams = house.here(), lists(house)
    house.lose()
    house.client.accounts.delete(2)
    house.sync()
    said = {"account": accounts, "channel": channels, "group": KEEP}
    counts = {"account": 1, "channel": 6, "group": 3}
    assert asked() == counts
    for kind in (first, *(kind for kind in counts if kind != first)):
        assert asked() == counts
        answer_held_back(kind, said[kind])
        del counts[kind]
        house.sync()
        give_up_accounts()
        house.deliver()
        assert not conflicts()
    house.sync()
    give_up_accounts()
    house.sync()
    if accounts == KEEP:
        [row] = [row for row in house.client.accounts.all() if row["name"] == "Base"]
        house.client.accounts.refresh(row["id"])
        house.world.finish()
    house.sync(3)
    assert (asked(), left()) == ({}, [])
    wanted = {name for name in whole if channels == KEEP or name in ("Channel 6", "Channel 7", "Channel 8")}
    assert house.here() == house.there() == {name: whole[name] for name in wanted}
    assert lists(house) == {name: streams[name] if accounts == KEEP else [] for name in wanted}
    there = {row["name"]: len(row["streams"]) for row in house.world.tables["channels"].values()}
    assert there == {name: int(accounts == KEEP) for name in wanted}
