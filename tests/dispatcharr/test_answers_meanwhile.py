"""Questions about what vanished there: answers that come while a pull runs count, and nobody is asked without a reason."""

from collections.abc import Collection
from typing import Any

import pytest

from channels_app.models import Channel, ChannelProfile
from tasks_app.mirror.answers import answer_held_back
from tasks_app.mirror.pull import KindPull
from tasks_app.mirror.which_server_marks import Verdict
from tasks_app.models import MirrorPull, OutboxEntry
from tasks_app.switching import same_server
from tests.dispatcharr.lineup_house import House, make_channel

pytestmark = pytest.mark.django_db


def with_more_channels(house: House, count: int) -> None:
    for number in range(count):
        house.world.add_channel(f"Old {number}", channel_number=float(number + 100), streams=[number % 40 + 1])
    house.pull()


def question() -> dict[str, Any]:
    return dict(MirrorPull.objects.get(kind="channel").held_back)


@pytest.fixture
def emptied(house: House) -> House:
    """The server has lost all channels, and that is asked about."""
    with_more_channels(house, 20)
    house.world.tables["channels"].clear()
    house.pull()
    assert question()
    return house


def test_keep_is_not_asked_for_again_by_a_pull_that_ran_meanwhile(emptied: House, monkeypatch: pytest.MonkeyPatch) -> None:
    read, answers = emptied.client.channels.all, [False]

    def answered_meanwhile(*args: Any, **kwargs: Any) -> Any:
        found = read(*args, **kwargs)
        if answers:
            answer_held_back("channel", accept=answers.pop())
        return found

    monkeypatch.setattr(emptied.client.channels, "all", answered_meanwhile)
    emptied.pull()
    assert not answers
    assert question() == {}


def test_a_yes_that_comes_at_the_end_of_a_pull_is_carried_out_by_the_next(
    emptied: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    contested, answers = KindPull._contested, [True]

    def answered_meanwhile(self: KindPull, gone: Collection[int]) -> set[int]:
        if answers and self._kind.name == "channel":
            answer_held_back("channel", accept=answers.pop())
        return contested(self, gone)

    monkeypatch.setattr(KindPull, "_contested", answered_meanwhile)
    emptied.pull()
    assert question() == {}
    assert Channel.objects.exists()
    emptied.pull()
    assert not Channel.objects.exists()


def test_channels_that_exchange_their_ids_are_not_asked_about(house: House) -> None:
    """As after an export and import there."""
    with_more_channels(house, 30)
    before = dict(Channel.objects.values_list("name", "pk"))
    table = house.world.tables["channels"]
    ids = sorted(table)
    rows = [table[pk] for pk in reversed(ids)]
    for pk, row in zip(ids, rows, strict=True):
        table[pk] = row | {"id": pk}
    house.pull()
    assert dict(Channel.objects.values_list("name", "pk")) == before
    assert question() == {}


def test_a_channel_in_a_lost_profile_waits_instead_of_being_made_and_deleted(house: House) -> None:
    ids = [house.world.insert("channel_profiles", {"id": 0, "name": name})["id"] for name in ("P1", "P2")]
    for pk in ids:
        house.world.memberships[pk] = {}
    house.pull()
    for pk in ids:
        house.client.channel_profiles.delete(pk)
    house.pull()
    make_channel("Mine", house.streams[20], profiles=[ChannelProfile.objects.get(name="P1")])
    before = len(house.fake.calls)
    house.deliver()
    assert [call.method for call in house.fake.calls[before:] if call.method != "GET"] == []
    assert OutboxEntry.objects.get().reason == "Waits until the server has its channel profile."


def test_channels_that_were_set_aside_are_not_asked_for_by_their_numbers(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.pull()
    backup = house.world.backed_up()
    house.world.add_channel("Four", streams=[4])
    house.pull()
    Channel.objects.filter(name="Four").update(tvg_id="four.tv")
    house.world.put_back(backup)
    house.world.add_channel("Other", streams=[9])
    house.pull()
    monkeypatch.setattr(same_server, "compare", lambda *_: Verdict.UNKNOWN)
    before = len(house.fake.calls)
    same_server.is_same_server(house.client)
    assert [call.path for call in house.fake.calls[before:] if "/-" in call.path] == []
