"""Writing through the typed methods, and the traps that they take care of."""

import threading

import pytest

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import Rejected, ServerFault
from tests.fake_dispatcharr import FakeServer


def test_a_channel_lives_and_dies(client: Dispatcharr) -> None:
    made = client.channels.create({"name": "  News  ", "streams": [3, 1]})
    assert made["name"] == "News"
    assert made["channel_number"] == 4.0
    assert made["streams"] == [3, 1]
    changed = client.channels.update(made["id"], {"streams": [1, 2, 3], "channel_number": 4.5})
    assert changed["streams"] == [1, 2, 3]
    assert changed["channel_number"] == 4.5
    client.channels.delete(made["id"])
    assert made["id"] not in client.channels.ids()


def test_a_thousand_edits_are_two_requests(fake: FakeServer, client: Dispatcharr) -> None:
    numbers = [fake.world.add_channel(f"C{number}") for number in range(1000)]
    done = client.channels.update_many([{"id": number, "name": f"N{number}"} for number in numbers])
    assert len(done) == 1000
    assert fake.count("PATCH", "edit/bulk/") == 2
    assert {row["name"] for row in client.channels.all()} >= {f"N{number}" for number in numbers}


def test_the_same_stream_or_channel_twice_is_refused_before_it_is_sent(fake: FakeServer, client: Dispatcharr) -> None:
    for attempt in (
        lambda: client.channels.update(1, {"streams": [1, 1]}),
        lambda: client.channels.create({"name": "x", "streams": [2, 2]}),
        lambda: client.channels.update_many([{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]),
        lambda: client.channels.assign_numbers([1, 1], 5),
    ):
        with pytest.raises(ValueError, match="twice"):
            attempt()
    assert fake.calls == []


def test_streams_of_one_channel_are_never_written_at_the_same_time(fake: FakeServer, client: Dispatcharr) -> None:
    fake.world.write_seconds = 0.05
    problems: list[Exception] = []

    def write(streams: list[int]) -> None:
        try:
            client.channels.update(1, {"streams": streams})
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=write, args=([number, number + 1],)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_two_clients_that_write_the_same_streams_at_once_get_the_500_of_the_recording(
    fake: FakeServer, client: Dispatcharr
) -> None:
    client.groups.all()
    fake.world.write_seconds = 0.2
    statuses: list[int] = []

    def write() -> None:
        try:
            client.session.patch("/api/channels/channels/1/", {"streams": [5]}, what="change")
            statuses.append(200)
        except ServerFault as fault:
            statuses.append(fault.status)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 500, 500]


def test_group_settings_are_only_sent_whole(fake: FakeServer, client: Dispatcharr) -> None:
    row = client.accounts.get(2)["channel_groups"][1]
    client.accounts.set_groups(2, [row | {"auto_channel_sync": True, "auto_sync_channel_start": 100.0}])
    kept = client.accounts.get(2)["channel_groups"][1]
    assert kept["auto_channel_sync"] is True
    with pytest.raises(ValueError, match="auto_channel_sync"):
        client.accounts.set_groups(2, [{"channel_group": row["channel_group"], "enabled": True}])  # type: ignore[list-item]
    client.session.patch(
        "/api/m3u/accounts/2/group-settings/",
        {"group_settings": [{"channel_group": row["channel_group"], "enabled": True}]},
        what="show the trap",
    )
    assert client.accounts.get(2)["channel_groups"][1]["auto_channel_sync"] is False


def test_profiles_of_accounts(client: Dispatcharr) -> None:
    made = client.accounts.create_profile(2, {"name": "Second", "search_pattern": "a", "replace_pattern": "b"})
    assert client.accounts.update_profile(2, made, {"max_streams": 4})["max_streams"] == 4
    with pytest.raises(ServerFault):
        client.accounts.create_profile(2, {"name": "Second", "search_pattern": "a", "replace_pattern": "b"})
    default = client.accounts.profiles(2)[0]
    with pytest.raises(ValueError, match="never deleted"):
        client.accounts.delete_profile(2, default)
    client.accounts.delete_profile(2, made)
    assert client.accounts.profiles(2) == [default]


def test_guide_links_load_programmes_by_the_bulk_call_and_not_by_a_patch(fake: FakeServer, client: Dispatcharr) -> None:
    first, second = (entry["id"] for entry in client.guide.entries()[:2])
    client.channels.update(1, {"epg_data_id": first})
    uuids = {row["id"]: row["uuid"] for row in client.channels.summary()}
    assert list(client.guide.now_on_channels([uuids[1]])) == []
    assert client.channels.link_guide({2: second, 999: second}) == 1
    assert [row["channel_uuid"] for row in client.guide.now_on_channels(list(uuids.values()))] == [uuids[2]]
    assert [row["epg_data_id"] for row in client.guide.now_on_entries([first])] == [first]
    assert len(list(client.guide.search(title="News"))) > 0


def test_numbers_profiles_logos_and_groups(fake: FakeServer, client: Dispatcharr) -> None:
    client.channels.assign_numbers([3, 1], 10.5)
    assert fake.world.tables["channels"][3]["channel_number"] == 10.5
    assert fake.world.tables["channels"][1]["channel_number"] == 11.5
    profile = client.channel_profiles.create("Kids")
    client.channel_profiles.set_channels(profile["id"], {1: False, 2: True})
    assert client.channel_profiles.all()[0]["channels"] == [2, 3]
    with pytest.raises(Rejected, match="do not exist"):
        client.channel_profiles.set_channels(profile["id"], {1: True, 999: True})
    assert client.channel_profiles.rename(profile["id"], "Family")["name"] == "Family"
    logo = client.logos.create("ESPN", "http://logos.test/espn.png")
    client.channels.update(1, {"logo_id": logo["id"]})
    with pytest.raises(Rejected) as caught:
        client.logos.create("Other", "http://logos.test/espn.png")
    assert "url" in caught.value.fields
    client.logos.delete(logo["id"])
    assert client.channels.get(1)["logo_id"] is None
    uploaded = client.logos.upload("Mine", "mine.png", b"\x89PNG\r\n", "image/png")
    assert client.logos.upload("Again", "mine.png", b"\x89PNG\r\n", "image/png") == uploaded
    group = client.groups.create("Sport")
    client.channels.update(1, {"channel_group_id": group["id"]})
    with pytest.raises(Rejected, match="associated channels"):
        client.groups.delete(group["id"])
    assert client.groups.rename(group["id"], "Sports")["name"] == "Sports"


def test_refused_profiles_leave_the_channel_behind(fake: FakeServer, client: Dispatcharr) -> None:
    with pytest.raises(Rejected, match="not found"):
        client.channels.create({"name": "Left behind", "channel_profile_ids": [999]})
    assert [row["name"] for row in client.channels.all()].count("Left behind") == 1


def test_bulk_creation_happens_later_and_passes_over_unknown_streams(fake: FakeServer, client: Dispatcharr) -> None:
    before = set(client.channels.ids())
    receipt = client.channels.create_from_streams([10, 11, 99_999], starting_number=700)
    assert receipt["stream_count"] == 3
    assert set(client.channels.ids()) == before
    fake.world.finish()
    made = [client.channels.get(number) for number in set(client.channels.ids()) - before]
    assert sorted((row["channel_number"], row["streams"][0]) for row in made) == [(700.0, 10), (701.0, 11)]


def test_provider_streams_ignore_what_is_not_theirs_to_change(client: Dispatcharr) -> None:
    before = client.streams.get(1)
    after = client.streams.update(1, {"name": "Mine", "logo_url": "http://logos.test/1.png"})
    assert after["name"] == before["name"]
    assert after["logo_url"] == "http://logos.test/1.png"
    custom = client.streams.create({"name": "Custom", "url": "http://p.test/1.ts"})
    assert custom["is_custom"]
    assert client.streams.update(custom["id"], {"name": "Renamed"})["name"] == "Renamed"
    client.streams.delete_many([custom["id"], 99_999])
    client.streams.delete(1)
    assert client.channels.get(1)["streams"] == []


def test_only_channels_of_auto_sync_have_overrides(fake: FakeServer, client: Dispatcharr) -> None:
    number = fake.world.add_channel("Auto", auto_created=True, auto_created_by=2, streams=[4])
    changed = client.channels.update(number, {"override": {"name": "Mine"}})
    assert changed["name"] == "Auto"
    assert changed["effective_name"] == "Mine"  # type: ignore[typeddict-item]
    with pytest.raises(Rejected, match="manual channel"):
        client.channels.update(1, {"override": {"name": "x"}})
