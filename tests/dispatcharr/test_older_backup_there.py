"""An older backup of the server is put back, and ids are given again: a channel is known by its uuid, not by its id."""

from typing import Any

import pytest

from channels_app.models import Channel, ChannelStream, Logo
from tasks_app.mirror.answers import MINE, THEIRS, answer_conflict, answer_held_back
from tasks_app.mirror.identity import IDENTITY
from tasks_app.models import MirrorLink, MirrorPull, OutboxEntry, OutboxState
from tests.dispatcharr.lineup_house import House, make_channel, streams_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def backup(house: House) -> dict[str, Any]:
    """Taken when there were three channels; a fourth has come since, which both sides know."""
    backup = house.world.backed_up()
    house.world.add_channel("Four", channel_number=4.0, streams=[4])
    house.pull()
    return backup


def lose(house: House, backup: dict[str, Any], *made: str) -> None:
    """The backup is put back, and other channels are made."""
    house.world.put_back(backup)
    for name in made:
        house.world.add_channel(name, channel_number=50.0, streams=[9])


def linked() -> dict[int, str]:
    names = dict(Channel.objects.values_list("pk", "name"))
    return {link.remote_id: names[link.local_id] for link in MirrorLink.objects.filter(kind="channel")}


def test_another_channel_under_the_same_id_is_a_new_one(house: House, backup: dict[str, Any]) -> None:
    four = Channel.objects.get(name="Four")
    lose(house, backup, "Other")
    house.pull()
    assert not Channel.objects.filter(pk=four.pk).exists()
    other = Channel.objects.get(name="Other")
    assert other.pk != four.pk
    assert streams_of(other) == [house.streams[9]]
    assert str(other.uuid) == house.there("Other")["uuid"]
    assert linked() == {1: "One", 2: "Two", 3: "Three", 4: "Other"}
    assert house.pull().changed == 0


@pytest.mark.parametrize("first", ["deliver", "pull"])
def test_an_edit_that_waits_is_asked_about_and_never_reaches_the_other_channel(
    house: House, backup: dict[str, Any], first: str
) -> None:
    four = Channel.objects.get(name="Four")
    Channel.objects.filter(pk=four.pk).update(tvg_id="four.tv")
    lose(house, backup, "Other")
    getattr(house, first)()
    house.deliver()
    house.pull()
    [entry] = OutboxEntry.objects.all()
    assert (entry.local_id, entry.state, entry.conflict["deleted"]) == (four.pk, OutboxState.CONFLICT, "there")
    assert house.there("Other")["tvg_id"] is None
    assert Channel.objects.count() == 5
    answer_conflict(entry.pk, {"deleted": MINE})
    house.deliver()
    house.pull()
    assert house.names_there() == ["Four", "One", "Other", "Three", "Two"]
    assert house.there("Four")["tvg_id"] == "four.tv"
    assert house.there("Other")["id"] == 4
    assert Channel.objects.get(name="Four").pk == four.pk
    assert not OutboxEntry.objects.exists()


def test_an_edit_that_is_given_up_goes_with_its_channel(house: House, backup: dict[str, Any]) -> None:
    Channel.objects.filter(name="Four").update(tvg_id="four.tv")
    lose(house, backup, "Other")
    house.deliver()
    house.pull()
    answer_conflict(OutboxEntry.objects.get().pk, {"deleted": THEIRS})
    house.deliver()
    house.pull()
    assert linked() == {1: "One", 2: "Two", 3: "Three", 4: "Other"}
    assert house.names_there() == ["One", "Other", "Three", "Two"]


@pytest.mark.parametrize("first", ["deliver", "pull"])
def test_a_deletion_that_waits_does_not_hit_the_other_channel(house: House, backup: dict[str, Any], first: str) -> None:
    Channel.objects.filter(name="Four").delete()
    lose(house, backup, "Other")
    getattr(house, first)()
    house.deliver()
    house.pull()
    assert house.names_there() == ["One", "Other", "Three", "Two"]
    assert linked() == {1: "One", 2: "Two", 3: "Three", 4: "Other"}
    assert not OutboxEntry.objects.exists()


@pytest.mark.parametrize("count", [1, 4])
def test_what_is_made_from_here_gets_a_lost_ones_id_and_is_made_once(
    house: House, backup: dict[str, Any], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels_app.mirror import create_channels

    monkeypatch.setattr(create_channels, "BULK_FROM", 3)
    lose(house, backup)
    for number in range(count):
        make_channel(f"Mine {number}", house.streams[20 + number])
    house.deliver()
    assert not OutboxEntry.objects.exists()
    house.pull()
    mine = [f"Mine {number}" for number in range(count)]
    assert house.names_there() == sorted(["One", "Two", "Three", *mine])
    assert linked() == {1: "One", 2: "Two", 3: "Three"} | dict(enumerate(mine, 4))
    assert Channel.objects.count() == 3 + count


def test_a_picture_that_gets_a_lost_ones_id_is_the_one_that_the_channel_shows(house: House) -> None:
    house.pull()
    backup = house.world.backed_up()
    Channel.objects.filter(name="One").update(logo_url="http://logos.test/old.png")
    house.deliver()
    house.pull()
    lost = house.there("One")["logo_id"]
    assert lost is not None
    house.world.put_back(backup)
    Channel.objects.filter(name="Two").update(logo_url="http://logos.test/new.png")
    house.deliver()
    house.pull()
    assert house.there("Two")["logo_id"] == lost
    assert Channel.objects.get(name="Two").logo_url == "http://logos.test/new.png"
    assert house.world.tables["logos"][lost]["url"] == "http://logos.test/new.png"
    assert Channel.objects.get(name="One").logo_url == ""
    assert list(Logo.objects.values_list("url", flat=True)) == ["http://logos.test/new.png"]
    Channel.objects.filter(name="Three").update(logo_url="http://logos.test/old.png")
    house.deliver()
    house.pull()
    assert house.there("Three")["logo_id"] not in (None, lost)
    assert Channel.objects.get(name="Three").logo_url == "http://logos.test/old.png"
    assert not OutboxEntry.objects.exists()


def test_a_link_made_by_a_delivery_knows_the_uuid(house: House) -> None:
    house.pull()
    make_channel("Mine", house.streams[20])
    house.deliver()
    link = MirrorLink.objects.get(kind="channel", local_id=Channel.objects.get(name="Mine").pk)
    assert link.agreed[IDENTITY] == house.there("Mine")["uuid"].replace("-", "")


def test_an_edit_keeps_the_mark_and_nobody_sees_it(house: House) -> None:
    house.pull()
    Channel.objects.filter(name="One").update(tvg_id="one.tv")
    house.deliver()
    house.pull()
    for link in MirrorLink.objects.filter(kind="channel"):
        assert link.agreed[IDENTITY]
    assert IDENTITY not in str([call.body for call in house.fake.calls])
    from tasks_app.mirror.queue import QueueFilter, queue_page

    Channel.objects.filter(name="One").update(tvg_id="two.tv")
    [row] = queue_page(QueueFilter()).rows
    assert [one.field for one in row.differences] == ["tvg_id"]


def test_a_link_of_an_older_ecm_takes_the_uuid_over_silently(house: House, backup: dict[str, Any]) -> None:
    for link in MirrorLink.objects.filter(kind="channel"):
        del link.agreed[IDENTITY]
        link.save()
    lose(house, backup, "Other")
    four = Channel.objects.get(name="Four").pk
    house.pull()
    assert Channel.objects.get(name="Other").pk == four
    assert all(link.agreed[IDENTITY] for link in MirrorLink.objects.filter(kind="channel"))
    assert house.pull().changed == 0


def test_the_same_channels_with_new_uuids_stay_ours(house: House) -> None:
    """As after an export and import there: nothing else differs, so nothing can be mistaken."""
    house.pull()
    before = dict(Channel.objects.values_list("pk", "name"))
    for number, row in house.world.tables["channels"].items():
        row["uuid"] = f"00000000-0000-4000-8000-{number:012}"
    house.pull()
    assert dict(Channel.objects.values_list("pk", "name")) == before
    assert {str(uuid)[:8] for uuid in Channel.objects.values_list("uuid", flat=True)} == {"00000000"}


def test_channels_come_back_with_the_newer_backup(house: House, backup: dict[str, Any]) -> None:
    """Put back by mistake, and then the newer one: what was edited here meanwhile is delivered after all."""
    newer = house.world.backed_up()
    four = Channel.objects.get(name="Four")
    Channel.objects.filter(pk=four.pk).update(tvg_id="four.tv")
    lose(house, backup, "Other")
    house.deliver()
    house.pull()
    assert OutboxEntry.objects.get().state == OutboxState.CONFLICT
    house.world.put_back(newer)
    house.pull()
    house.deliver()
    assert house.there("Four")["tvg_id"] == "four.tv"
    assert linked() == {1: "One", 2: "Two", 3: "Three", 4: "Four"}
    assert Channel.objects.get(name="Four").pk == four.pk
    assert not OutboxEntry.objects.exists()


def test_a_database_made_anew_is_asked_about_until_somebody_answers(house: House) -> None:
    """As many new channels as were lost are no reason to delete without a question, nor is any number that comes later."""
    empty = house.world.backed_up()
    for number in range(20):
        house.world.add_channel(f"Old {number}", streams=[number + 1])
    house.pull()
    kept = {name for name in linked().values() if name.startswith("Old")}
    house.world.put_back(empty)
    house.world.tables["channels"].clear()
    house.world._ids["channels"] = 0
    for number in range(30):
        house.world.add_channel(f"New {number}", streams=[number + 1])
    for later in range(3):
        house.pull()
        assert MirrorPull.objects.get(kind="channel").held_back["count"] == 23
        assert kept <= set(Channel.objects.values_list("name", flat=True))
        assert Channel.objects.count() == 53 + later
        house.world.add_channel(f"Later {later}")
    answer_held_back("channel", accept=True)
    house.pull()
    assert Channel.objects.count() == 33
    assert not OutboxEntry.objects.exists()


def test_what_is_kept_is_made_again_beside_the_new_ones(house: House) -> None:
    empty = house.world.backed_up()
    for number in range(20):
        house.world.add_channel(f"Old {number}", streams=[number + 1])
    house.pull()
    ids = dict(Channel.objects.values_list("name", "pk"))
    house.world.put_back(empty)
    house.world.tables["channels"].clear()
    house.world._ids["channels"] = 0
    for number in range(5):
        house.world.add_channel(f"New {number}", streams=[number + 1])
    house.pull()
    answer_held_back("channel", accept=False)
    house.deliver()
    house.pull()
    assert house.names_there() == sorted([*ids, *(f"New {number}" for number in range(5))])
    assert {name: pk for name, pk in Channel.objects.values_list("name", "pk") if name in ids} == ids
    assert ChannelStream.objects.filter(channel__name="Old 3").count() == 1
    assert not OutboxEntry.objects.exists()


def test_a_question_goes_on_when_a_lost_id_is_given_again(house: House) -> None:
    for number in range(20):
        house.world.add_channel(f"Old {number}")
    house.pull()
    house.world.tables["channels"].clear()
    house.pull()
    assert MirrorPull.objects.get(kind="channel").held_back["count"] == 23
    house.world._ids["channels"] = 0
    for number in range(12):
        house.world.add_channel(f"New {number}")
    house.pull()
    assert MirrorPull.objects.get(kind="channel").held_back["count"] == 23
    assert Channel.objects.count() == 35
