"""An account, a guide or much of a playlist is gone on the server: channels keep what they had of it until somebody answers."""

from typing import Any

import pytest

from channels_app.models import Channel, ChannelProfile, ChannelStream, ProfileMembership
from ecm_site.dispatcharr.client import Dispatcharr
from m3u_app.models import Account, Stream
from tasks_app.mirror.answers import MINE, THEIRS, answer_conflict, answer_held_back
from tasks_app.models import JournalEntry, MirrorPull, MirrorState, OutboxEntry, OutboxState
from tests.dispatcharr.lineup_house import streams_of
from tests.dispatcharr.m3u_house import base, offer
from tests.dispatcharr.syncing import Syncing
from tests.fake_dispatcharr import FakeServer, Playlist

pytestmark = pytest.mark.django_db


class House(Syncing):
    """Channel One has two streams of the provider around one of its own; Two one of the provider; Three the one of its own."""

    def __init__(self, fake: FakeServer, client: Dispatcharr) -> None:
        self.fake, self.client, self.world = fake, client, fake.world
        own = client.streams.create({"name": "Own", "url": "http://own.test/1.ts"})["id"]
        for number, streams in {1: [1, own, 2], 2: [3], 3: [own]}.items():
            self.world.change("channels", number, streams=streams)
        self.pull()
        self.before = self.lists()
        assert {name: len(streams) for name, streams in self.before.items()} == {"One": 3, "Two": 1, "Three": 1}

    def refresh(self) -> None:
        """The first refresh of the account that was made again, which ECM asks for."""
        [row] = [row for row in self.client.accounts.all() if row["name"] == "Base"]
        self.client.accounts.refresh(row["id"])
        self.world.finish()

    def lists(self) -> dict[str, list[int]]:
        return {channel.name: streams_of(channel) for channel in Channel.objects.order_by("pk")}

    def there(self, number: int) -> dict[str, Any]:
        return self.world.tables["channels"][number]

    def lists_there(self) -> dict[str, list[str]]:
        rows = self.world.tables["channels"].values()
        return {row["name"]: [self.world.streams.name(number) for number in row["streams"]] for row in rows}


@pytest.fixture
def house(db: None, fake: FakeServer, client: Dispatcharr) -> House:
    MirrorState.objects.update_or_create(pk=1, defaults={"connected": True})
    return House(fake, client)


def asked() -> set[str]:
    return set(MirrorPull.objects.exclude(held_back={}).values_list("kind", flat=True))


def test_channels_keep_the_streams_of_an_account_that_is_asked_about(house: House) -> None:
    house.client.accounts.delete(2)
    assert house.lists_there() == {"One": ["Own"], "Two": [], "Three": ["Own"]}
    told = JournalEntry.objects.latest("pk").pk
    for _ in range(3):
        house.sync()
        assert asked() == {"account"}
        assert house.lists() == house.before
        assert not OutboxEntry.objects.exists()
    assert not JournalEntry.objects.filter(pk__gt=told, entity_name__in=house.before).exists()


def test_an_account_that_is_given_up_takes_them_along(house: House) -> None:
    own = house.before["Three"]
    house.client.accounts.delete(2)
    house.sync()
    answer_held_back("account", accept=True)
    house.sync(2)
    assert house.lists() == {"One": own, "Two": [], "Three": own}
    assert not OutboxEntry.objects.exists()


def test_an_account_that_is_kept_gets_them_back_there(house: House) -> None:
    there = house.lists_there()
    house.client.accounts.delete(2)
    house.sync()
    answer_held_back("account", accept=False)
    house.sync(2)
    assert house.lists() == house.before
    waiting = OutboxEntry.objects.get(kind="channel", name="Two")
    assert (
        waiting.reason == "Waits until the server has 1 stream of it: the account may be new or not read yet,"
        " or the page Server asks about it."
    )
    house.refresh()
    house.sync(2)
    assert house.lists() == house.before
    assert house.lists_there() == there
    assert not OutboxEntry.objects.exists()
    assert asked() == set()
    assert house.pull().changed == 0


def test_a_kept_account_with_other_ids_for_its_streams_puts_no_other_stream_on_a_channel(house: House) -> None:
    """An older backup there: the account is lost, and ids of its streams are given again in another order."""
    there = house.lists_there()
    backup_of_ids = house.world.streams
    house.client.accounts.delete(2)
    url = base().server_url
    turned = list(map(Playlist.generated(40, groups=5).entry, range(40)))[::-1]
    house.sync()
    backup_of_ids.next_id = 1
    backup_of_ids.gone.clear()
    backup_of_ids.blocks.clear()
    own = [row for row in backup_of_ids.own.values() if row["is_custom"]]
    assert len(own) == 1
    house.world.playlists[url] = Playlist.of(turned)
    answer_held_back("account", accept=False)
    house.sync(2)
    house.refresh()
    house.sync(3)
    assert house.lists() == house.before
    assert house.lists_there() == there


def test_a_kept_account_that_comes_back_much_shorter_gives_its_channels_what_is_left(house: House) -> None:
    there = house.lists_there()
    house.client.accounts.delete(2)
    house.sync()
    url = base().server_url
    answer_held_back("account", accept=False)
    house.sync()
    house.world.playlists[url] = Playlist.of([Playlist.generated(40, groups=5).entry(place) for place in range(3)])
    house.refresh()  # the first one takes what was read at its creation
    house.refresh()
    for row in list(house.world.streams.ids()):
        if house.world.streams.get(row)["is_stale"]:  # type: ignore[index]
            house.world.remove("streams", row)
    house.sync(2)
    assert base().held_back
    assert house.lists() == house.before
    Account.objects.update(held_back={**base().held_back, "accepted": True})
    house.sync(2)
    assert house.lists() == house.before
    assert house.lists_there() == there
    assert not OutboxEntry.objects.exists()


def test_what_is_edited_meanwhile_is_delivered_and_keeps_them(house: House) -> None:
    house.client.accounts.delete(2)
    house.sync()
    Channel.objects.filter(name="One").update(tvg_id="one.tv")
    house.world.change("channels", 2, name="Zwei")
    house.sync(2)
    assert house.world.tables["channels"][1]["tvg_id"] == "one.tv"
    assert Channel.objects.filter(name="Zwei").exists()
    assert sorted(house.lists().values()) == sorted(house.before.values())
    assert not OutboxEntry.objects.exists()


def test_what_somebody_there_adds_meanwhile_comes_beside_them(house: House) -> None:
    house.client.accounts.delete(2)
    house.sync()
    more = house.client.streams.create({"name": "More", "url": "http://own.test/2.ts"})["id"]
    own = house.world.tables["channels"][3]["streams"][0]
    house.world.change("channels", 1, streams=[own, more])
    house.sync()
    first, middle, last = house.before["One"]
    added = Stream.objects.get(name="More").pk
    assert house.lists()["One"] == [first, middle, last, added]
    assert not OutboxEntry.objects.exists()


def test_a_stream_taken_off_here_meanwhile_stays_off(house: House) -> None:
    house.client.accounts.delete(2)
    house.sync()
    first, middle, last = house.before["One"]
    ChannelStream.objects.filter(channel__name="One", stream_id=first).delete()
    house.sync()
    assert house.lists()["One"] == [middle, last]
    answer_held_back("account", accept=False)
    house.sync()
    house.refresh()
    house.sync(2)
    assert house.lists()["One"] == [middle, last]
    assert len(house.lists_there()["One"]) == 2
    assert not OutboxEntry.objects.exists()


@pytest.mark.parametrize("answer", [MINE, THEIRS])
def test_an_account_that_was_changed_here_is_one_question_and_channels_wait_for_its_answer(house: House, answer: str) -> None:
    there = house.lists_there()
    Account.objects.filter(name="Base").update(priority=7)
    house.client.accounts.delete(2)
    house.sync(2)
    [entry] = OutboxEntry.objects.all()
    assert (entry.kind, entry.state) == ("account", OutboxState.CONFLICT)
    assert house.lists() == house.before
    answer_conflict(entry.pk, {"deleted": answer})
    house.sync(2)
    if answer == MINE:
        house.refresh()
        house.sync(2)
        assert (house.lists(), house.lists_there()) == (house.before, there)
    else:
        own = house.before["Three"]
        assert house.lists() == {"One": own, "Two": [], "Three": own}
    assert not OutboxEntry.objects.exists()


def test_an_account_that_is_there_again_changes_nothing(house: House) -> None:
    backup = house.world.backed_up()
    house.client.accounts.delete(2)
    house.sync()
    house.world.put_back(backup)
    house.sync()
    assert house.lists() == house.before
    assert asked() == set()
    assert not OutboxEntry.objects.exists()


def test_a_playlist_that_is_much_shorter_takes_no_stream_off_while_it_is_held_back(house: House) -> None:
    house.world.tables["accounts"][2]["stale_stream_days"] = 0
    offer(house.fake, Playlist.of([Playlist.generated(40, groups=5).entry(30)]))
    assert house.lists_there()["Two"] == []
    for _ in range(2):
        house.sync()
        assert base().held_back
        assert house.lists() == house.before
    Account.objects.update(held_back={**base().held_back, "accepted": True})
    house.sync()
    own = house.before["Three"]
    assert house.lists() == {"One": own, "Two": [], "Three": own}
    assert not OutboxEntry.objects.exists()


def test_a_playlist_that_is_whole_again_ends_the_question_and_nothing_has_changed(house: House) -> None:
    house.world.tables["accounts"][2]["stale_stream_days"] = 0
    backup = house.world.backed_up()
    offer(house.fake, Playlist.of([Playlist.generated(40, groups=5).entry(30)]))
    house.sync()
    assert base().held_back
    house.world.put_back(backup)
    house.sync()
    assert not base().held_back
    assert house.lists() == house.before
    house.world.change("channels", 2, streams=[])  # by somebody, who means it
    house.sync()
    assert house.lists()["Two"] == []


def test_channels_keep_their_guide_entries_and_profiles_and_get_them_back(house: House) -> None:
    for name in ("Kids", "Living room"):
        house.world.memberships[house.world.insert("channel_profiles", {"id": 0, "name": name})["id"]] = {1: True}
    house.client.channels.link_guide({2: 4})
    house.pull()
    entry = Channel.objects.get(name="Two").guide_entry_id
    assert entry is not None
    assert ProfileMembership.objects.count() == 2
    url = next(iter(house.world.tables["sources"].values()))["url"]
    house.client.guide.delete_source(1)
    for number in list(house.world.tables["channel_profiles"]):
        house.client.channel_profiles.delete(number)
    assert house.there(2)["epg_data_id"] is None
    for _ in range(2):
        house.sync()
        assert asked() == {"guide_source", "channel_profile"}
        assert Channel.objects.get(name="Two").guide_entry_id == entry
        assert ProfileMembership.objects.count() == 2
    answer_held_back("guide_source", accept=False)
    answer_held_back("channel_profile", accept=False)
    assert url in house.world.guides
    house.sync(4)
    assert Channel.objects.get(name="Two").guide_entry_id == entry
    tvg_id = Channel.objects.values_list("guide_entry__tvg_id", flat=True).get(name="Two")
    assert house.world.tables["entries"][house.there(2)["epg_data_id"]]["tvg_id"] == tvg_id
    names = {row["name"]: house.world.memberships[pk] for pk, row in house.world.tables["channel_profiles"].items()}
    assert {name: [pk for pk, on in members.items() if on] for name, members in names.items()} == {
        "Kids": [1],
        "Living room": [1],
    }
    assert set(ChannelProfile.objects.values_list("name", flat=True)) == {"Kids", "Living room"}
    assert not OutboxEntry.objects.exists()
