"""What the fake server does in the background, as the recordings show it: refreshes, guide imports, stale streams."""

from ecm_site.dispatcharr.client import Dispatcharr
from tests.fake_dispatcharr import Entry, FakeServer, Guide, Playlist


def status(client: Dispatcharr, account_id: int) -> tuple[str, str | None]:
    row = client.accounts.get(account_id)
    return row["status"], row["updated_at"]


def test_a_refresh_shows_its_stages_and_is_done_when_updated_at_has_changed(fake: FakeServer, client: Dispatcharr) -> None:
    fake.world.refresh_seconds = 60
    before = client.accounts.get(2)["updated_at"]
    client.accounts.refresh(2)
    assert status(client, 2) == ("success", before)  # the old one for a while
    fake.world.clock.advance(13)
    assert status(client, 2) == ("fetching", before)
    fake.world.clock.advance(12)
    assert status(client, 2) == ("parsing", before)
    fake.world.clock.advance(36)
    state, after = status(client, 2)
    assert state == "success"
    assert after != before


def test_refreshes_are_dropped_while_one_runs_and_right_after_it(fake: FakeServer, client: Dispatcharr) -> None:
    client.accounts.refresh(2)
    client.accounts.refresh(2)
    client.accounts.refresh(999)
    fake.world.clock.advance(0.55)
    assert status(client, 2)[0] == "success"
    client.accounts.refresh(2)
    assert fake.world.refreshes == {2: 1}
    fake.world.finish()
    client.accounts.refresh(2)
    assert fake.world.refreshes == {2: 2}


def test_a_filter_that_does_not_compile_breaks_every_refresh(fake: FakeServer, client: Dispatcharr) -> None:
    before = client.accounts.get(2)["updated_at"]
    made = client.accounts.create_filter(2, {"filter_type": "name", "regex_pattern": " ( ", "exclude": True})
    assert made["regex_pattern"] == "("
    client.accounts.refresh(2)
    fake.world.finish()
    assert status(client, 2) == ("error", before)
    client.accounts.update_filter(2, made["id"], {"regex_pattern": "^UK"})
    client.accounts.refresh(2)
    fake.world.finish()
    assert status(client, 2)[0] == "success"
    assert {stream["is_stale"] for batch in client.streams.every() for stream in batch if stream["name"].startswith("UK")} == {
        True
    }


def test_streams_keep_their_ids_while_their_url_stays(fake: FakeServer, client: Dispatcharr) -> None:
    url = fake.world.tables["accounts"][2]["server_url"]
    old = {stream["url"]: stream for batch in client.streams.every() for stream in batch}
    kept = Playlist.generated(40, groups=5)
    first, second = kept.entry(0), kept.entry(1)
    renamed = Entry("Renamed", first.url, first.group)
    moved = Entry(second.name, "http://provider.test/new", second.group)
    fake.world.playlists[url] = Playlist.of([renamed, moved, *(kept.entry(number) for number in range(2, 39))])
    client.accounts.refresh(2)
    fake.world.finish()
    new = {stream["url"]: stream for batch in client.streams.every() for stream in batch}
    assert new[first.url]["id"] == old[first.url]["id"]
    assert new[first.url]["name"] == "Renamed"
    assert new[second.url]["is_stale"]
    assert new["http://provider.test/new"]["id"] not in {stream["id"] for stream in old.values()}
    assert new[kept.entry(39).url]["is_stale"]


def test_an_empty_playlist_leaves_the_streams_alone(fake: FakeServer, client: Dispatcharr) -> None:
    fake.world.playlists[fake.world.tables["accounts"][2]["server_url"]] = Playlist.of([])
    client.accounts.refresh(2)
    fake.world.finish()
    assert status(client, 2)[0] == "error"
    assert client.streams.count() == 40


def test_a_new_account_shows_groups_first_and_its_first_refresh_imports_what_was_downloaded_then(
    fake: FakeServer, client: Dispatcharr
) -> None:
    url = "http://provider.test/second.m3u"
    fake.world.playlists[url] = Playlist.of([Entry("Old", "http://p.test/old", "G")])
    made = client.accounts.create({"name": "Second", "server_url": url})
    assert (made["status"], made["channel_groups"]) == ("idle", [])
    fake.world.finish()
    assert client.accounts.get(made["id"])["status"] == "pending_setup"
    fake.world.playlists[url] = Playlist.of([Entry("New", "http://p.test/new", "G")])
    for expected in ("Old", "New"):
        client.accounts.refresh(made["id"])
        fake.world.finish()
        streams = [stream for batch in client.streams.every(account_id=made["id"]) for stream in batch]
        assert [stream["name"] for stream in streams if not stream["is_stale"]] == [expected]


def test_disabling_a_group_deletes_its_streams_at_the_next_refresh_and_links_with_them(
    fake: FakeServer, client: Dispatcharr
) -> None:
    group = client.streams.get(1)["channel_group"]
    settings = next(row for row in client.accounts.get(2)["channel_groups"] if row["channel_group"] == group)
    client.accounts.set_groups(2, [settings | {"enabled": False}])
    assert client.streams.get(1)
    fake.world.playlists[fake.world.tables["accounts"][2]["server_url"]] = Playlist.generated(39, groups=5)
    fake.world.change("accounts", 2, stale_stream_days=0)
    client.accounts.refresh(2)
    fake.world.finish()
    assert client.channels.get(1)["streams"] == []


def test_deleting_an_account_takes_its_streams_and_automatic_channels(fake: FakeServer, client: Dispatcharr) -> None:
    number = fake.world.add_channel("Auto", auto_created=True, auto_created_by=2, streams=[4])
    assert client.accounts.delete(2) == 1
    assert number not in client.channels.ids()
    assert client.channels.get(1)["streams"] == []
    assert client.streams.count() == 0


def test_a_guide_import_says_success_twice(fake: FakeServer, client: Dispatcharr) -> None:
    fake.world.refresh_seconds = 60
    fake.world.guides["http://provider.test/two.xml"] = Guide([("a.tv", "A", None)])
    made = client.guide.create_source({"name": "Two", "source_type": "xmltv", "url": "http://provider.test/two.xml"})
    fake.world.clock.advance(31)
    row = client.guide.source(made["id"])
    assert (row["status"], row["updated_at"]) == ("success", None)
    fake.world.clock.advance(30)
    assert client.guide.source(made["id"])["updated_at"] is not None
    assert any(entry["tvg_id"] == "a.tv" for entry in client.guide.entries())


def test_programmes_get_new_ids_with_each_import_and_entries_keep_theirs(fake: FakeServer, client: Dispatcharr) -> None:
    entry = client.guide.entries()[0]["id"]
    client.channels.link_guide({1: entry})
    before = {row["id"] for row in client.guide.search()}
    client.guide.refresh(1)
    fake.world.finish()
    assert before.isdisjoint(row["id"] for row in client.guide.search())
    assert client.guide.entries()[0]["id"] == entry


def test_a_restart_loses_what_is_under_way(fake: FakeServer, client: Dispatcharr) -> None:
    before = client.accounts.get(2)["updated_at"]
    client.accounts.refresh(2)
    fake.world.clock.advance(0.15)
    assert status(client, 2)[0] == "fetching"
    fake.restart()
    fake.world.clock.advance(60)
    assert status(client, 2) == ("fetching", before)
