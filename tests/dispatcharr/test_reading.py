"""Every kind of row is read whole, whatever the server does with pages."""

import pytest

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import Incomplete
from ecm_site.dispatcharr.paging import read_pages
from tests.fake_dispatcharr import Entry, FakeServer, Playlist, World, serving

STREAMS = "/api/channels/streams/"


@pytest.fixture
def world() -> World:
    """2,000 streams that share 20 names."""
    world = World(seed=3)
    world.add_account("Ties", Playlist.generated(2000, names=20))
    return world


def test_pages_of_the_fake_lose_rows_when_names_tie_as_the_real_ones_do(client: Dispatcharr) -> None:
    found: list[int] = []
    for page in range(1, 30):
        answer = client.session.get(STREAMS, what="x", params={"page": page, "page_size": 70})
        found += [row["id"] for row in answer["results"]]
    assert len(found) == 2000
    assert len(set(found)) < 1950


def test_all_streams_come_exactly_once_by_their_ids(fake: FakeServer, client: Dispatcharr) -> None:
    batches = list(client.streams.every(batch=300))
    ids = [stream["id"] for batch in batches for stream in batch]
    assert len(ids) == len(set(ids)) == 2000
    assert [len(batch) for batch in batches] == [300] * 6 + [200]
    assert fake.count("POST", "/by-ids/") == 7


def test_streams_that_vanish_while_we_read_are_left_out(fake: FakeServer, client: Dispatcharr) -> None:
    batches = client.streams.every(batch=500)
    first = next(batches)
    gone = next(number for number in range(1, 2001) if number not in {stream["id"] for stream in first})
    fake.world.remove("streams", gone)
    rest = [stream["id"] for batch in batches for stream in batch]
    assert gone not in rest
    assert len(first) + len(rest) == 1999


def test_streams_of_an_inactive_account_are_only_there_by_id(fake: FakeServer, client: Dispatcharr) -> None:
    fake.world.change("accounts", 2, is_active=False)
    assert client.streams.ids() == []
    assert [stream["id"] for batch in client.streams.by_ids([5, 6]) for stream in batch] != []
    assert client.streams.count() == 0


def test_lists_that_can_only_be_paged_are_read_until_nothing_is_missing(client: Dispatcharr) -> None:
    found = list(read_pages(client.session, STREAMS, {"ordering": "name,tvg_id"}, page_size=1999, what="read"))
    assert len({row["id"] for row in found}) == len(found) == 2000


def test_what_stays_missing_is_told_after_all_that_came(client: Dispatcharr) -> None:
    """Who took such a list for whole would delete what is missing from it."""
    found: list[int] = []
    with pytest.raises(Incomplete) as caught:
        found.extend(row["id"] for row in read_pages(client.session, STREAMS, {}, page_size=70, what="read"))
    assert len(set(found)) == len(found) > 1000
    assert f"{2000 - len(found):,} of them are on none of its pages" in str(caught.value)


def test_links_to_the_next_page_lose_the_port_and_are_not_followed(fake: FakeServer, client: Dispatcharr) -> None:
    answer = client.session.get(STREAMS, what="x", params={"page_size": 100})
    assert str(fake.port) not in answer["next"]


def test_100_000_streams_are_made_without_keeping_them() -> None:
    world = World()
    world.add_account("Large", Playlist.generated(100_000))
    assert len(world.streams) == 100_000
    assert world.streams.own == {}
    row = world.streams.get(99_999)
    assert row is not None
    assert row["name"]


def test_every_kind_of_row_is_read(client: Dispatcharr, fake: FakeServer) -> None:
    channel = client.channels.create_from_stream({"stream_id": 2})
    profile = client.channel_profiles.create("Kids")
    fake.world.watched.append({"channel_id": channel["uuid"], "state": "active", "client_count": 1, "clients": []})
    assert client.server.version()["version"] == "0.29.0"
    assert client.server.me()["user_level"] == 10
    assert [user["username"] for user in client.server.users()] == ["admin"]
    assert client.server.settings()["stream_settings"]["m3u_hash_key"] == "url"
    assert client.server.proxy_status()["count"] == 1
    assert client.server.events(event_type="m3u_refresh")[0]["details"]["account_name"] == "Ties"
    assert [account["name"] for account in client.accounts.all()] == ["custom", "Ties"]
    assert client.accounts.get(2)["channel_groups"][0]["enabled"] is True
    assert client.accounts.profiles(2)[0]["is_default"]
    assert client.accounts.filters(2) == []
    assert client.accounts.server_groups() == []
    assert client.channels.get(channel["id"])["streams"] == [2]
    assert client.channels.ids() == [channel["id"]]
    assert client.channels.summary()[0]["uuid"] == channel["uuid"]
    assert client.channels.streams(channel["id"])[0]["id"] == 2
    assert client.channel_profiles.all() == [{"id": profile["id"], "name": "Kids", "channels": [channel["id"]]}]
    assert {row["locked"] for row in client.stream_profiles.all()} == {True}
    assert len(client.logos.all()) == 1
    assert client.guide.sources() == []
    assert client.guide.entries() == []
    assert client.guide.grid()[0]["title"] == channel["name"]
    assert client.streams.get(2)["m3u_account"] == 2
    assert any(group["name"] == "Default Group" for group in client.groups.all())


def test_hidden_channels_are_read_as_well(client: Dispatcharr, fake: FakeServer) -> None:
    number = fake.world.add_channel("Hidden", hidden_from_output=True)
    assert client.channels.ids() == [number]
    assert [row["name"] for row in client.channels.all()] == ["Hidden"]
    assert [row["id"] for row in client.channels.summary()] == [number]


def test_the_same_seed_gives_the_same_answers() -> None:
    def story() -> list[object]:
        world = World(seed=11)
        world.add_account("A", Playlist.of([Entry("one", "http://p.test/1"), Entry("two", "http://p.test/2")]))
        world.add_channel("X", streams=[1])
        with serving(world):
            return [row["uuid"] for row in world.tables["channels"].values()]

    assert story() == story()
