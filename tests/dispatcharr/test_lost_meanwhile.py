"""The server loses an account, and deliveries, partial pulls, edits and answers come in between: no channel loses its streams
before somebody was asked."""

from typing import Any

import pytest

from channels_app.models import Channel, ChannelStream
from tasks_app.mirror.answers import answer_held_back
from tasks_app.mirror.pull import pull
from tasks_app.models import JournalEntry, OutboxEntry, OutboxState
from tests.dispatcharr.test_lost_with_account import House, asked, house

pytestmark = pytest.mark.django_db

__all__ = ["house"]


def test_a_delivery_that_sees_it_first_takes_no_stream_off(house: House) -> None:
    house.client.accounts.delete(2)
    Channel.objects.filter(name="One").update(tvg_id="one.tv")
    house.deliver()
    assert house.there(1)["tvg_id"] == "one.tv"
    house.pull()
    assert asked() == {"account"}
    assert house.lists() == house.before


def test_a_pull_of_channels_alone_takes_no_stream_off(house: House) -> None:
    house.client.accounts.delete(2)
    pull(house.client, ["channel", "programme"])
    house.pull()
    assert asked() == {"account"}
    assert house.lists() == house.before


def test_what_somebody_there_takes_off_goes_with_the_next_whole_pull(house: House) -> None:
    house.world.change("channels", 1, streams=[1])
    pull(house.client, ["channel"])
    assert house.lists() == house.before
    house.pull()
    assert house.lists()["One"] == house.before["One"][:1]


def test_keep_that_is_answered_while_a_channel_is_on_its_way_gives_its_streams_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = house.lists_there()
    house.client.accounts.delete(2)
    house.sync()
    Channel.objects.filter(name="One").update(tvg_id="one.tv")
    update_many = house.client.channels.update_many
    answers = [False]

    def answered_meanwhile(*args: Any, **kwargs: Any) -> Any:
        found = list(update_many(*args, **kwargs))
        if answers:
            answer_held_back("account", accept=answers.pop())
        return found

    monkeypatch.setattr(house.client.channels, "update_many", answered_meanwhile)
    house.deliver()
    assert not answers
    house.sync()
    house.refresh()
    house.sync(2)
    assert house.lists() == house.before
    assert house.lists_there() == there


def test_a_list_that_is_edited_meanwhile_waits_and_brings_no_stranger(house: House) -> None:
    """The ids of the lost streams belong to others by now."""
    house.client.accounts.delete(2)
    house.sync()
    streams = house.world.streams
    streams.next_id = 1
    streams.gone.clear()
    streams.blocks.clear()
    for number in range(3):
        house.client.streams.create({"name": f"Stranger {number}", "url": f"http://other.test/{number}.ts"})
    ChannelStream.objects.filter(channel__name="One", stream_id=house.before["One"][-1]).delete()
    house.deliver()
    assert not [name for name in house.lists_there()["One"] if name.startswith("Stranger")]
    [waiting] = OutboxEntry.objects.filter(kind="channel", state=OutboxState.WAITING)
    assert waiting.reason.startswith("Waits until the server has 1 stream of it: ")


def test_profiles_that_are_asked_about_change_nothing_at_every_pull(house: House) -> None:
    ids = [house.world.insert("channel_profiles", {"id": 0, "name": name})["id"] for name in ("P1", "P2", "P3")]
    for pk in ids:
        house.world.memberships[pk] = {1: pk != ids[0], 2: False, 3: False}
    house.pull()
    for pk in ids[1:]:
        house.client.channel_profiles.delete(pk)
    house.sync()
    assert asked() == {"channel_profile"}
    house.world.memberships[ids[0]][1] = True  # somebody there; its id is lower than those of the lost ones
    house.sync()
    told = JournalEntry.objects.count()
    assert house.pull().changed == 0
    assert JournalEntry.objects.count() == told
