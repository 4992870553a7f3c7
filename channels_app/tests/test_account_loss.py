"""Deleting a provider takes its own channels and leaves the ones that were built by hand (20 §1.5)."""

import os
from collections.abc import Collection

import pytest

from channels_app.account_loss import LineupOfAccount
from channels_app.models import Channel, ChannelStream
from m3u_app.delete_account import delete_account, preview_deletion
from m3u_app.models import Account, Stream
from m3u_app.stream_users import StreamUse, register_stream_user, unregister_stream_user

pytestmark = pytest.mark.django_db


def stream(account: Account, name: str) -> Stream:
    return Stream.objects.create(account=account, name=name, url=f"http://h/{name}", stream_hash=os.urandom(32))


def channel(name: str, *streams: Stream, **values: object) -> Channel:
    made = Channel.objects.create(name=name, **values)
    for position, item in enumerate(streams, 1):
        ChannelStream.objects.create(channel=made, stream=item, position=position)
    return made


@pytest.fixture
def going() -> Account:
    return Account.objects.create(name="Going")


def test_hand_made_channels_keep_their_other_streams(going: Account) -> None:
    staying = Account.objects.create(name="Staying")
    kept = stream(staying, "kept")
    both = channel("Both", stream(going, "a"), kept, stream(going, "b"))
    emptied = channel("Emptied", stream(going, "c"))
    untouched = channel("Untouched", kept)
    auto = channel("Auto", stream(going, "d"), auto_created=True, auto_created_by=going)
    foreign = channel("Foreign auto", kept, auto_created=True, auto_created_by=staying)

    sentences = {loss.sentence: (loss.samples, loss.is_grave) for loss in preview_deletion(going.pk).losses}
    assert sentences == {
        "1 channel created from this account": (["Auto"], True),
        "1 channel left without any stream": (["Emptied"], True),
        "2 channels with fewer streams or none": (["Both", "Emptied"], False),
    }
    delete_account(going.pk)
    assert list(both.streams.all()) == [kept]
    assert list(emptied.streams.all()) == []
    assert list(untouched.streams.all()) == [kept]
    assert not Channel.objects.filter(pk=auto.pk).exists()
    assert Channel.objects.filter(pk=foreign.pk).exists()


def test_many_auto_created_channels_all_go(going: Account) -> None:
    for index in range(450):
        Channel.objects.create(name=f"Auto {index}", auto_created=True, auto_created_by=going)
    removed = LineupOfAccount().before_removal(going.pk, "b1")
    assert not Channel.objects.exists()
    assert len(removed.deleted) == 100


def test_an_account_that_no_channel_uses_loses_nothing(going: Account) -> None:
    stream(going, "a")
    assert LineupOfAccount().losses(going.pk) == []


@pytest.mark.django_db(transaction=True)
def test_whatever_still_points_at_a_stream_goes_along() -> None:
    account = Account.objects.create(name="Going")
    item = stream(account, "a")

    class Forgetful:
        """Holds a stream and does not let go of it."""

        def used(self, stream_ids: Collection[int]) -> set[int]:
            return set()

        def uses(self, stream_ids: Collection[int]) -> dict[int, list[StreamUse]]:
            return {}

        def known(self, keys: Collection[int]) -> dict[int, StreamUse]:
            return {}

        def before_removal(self, stream_ids: Collection[int], reason: str, batch_id: str) -> None:
            channel("Late", item)

    user = Forgetful()
    register_stream_user(user)
    try:
        delete_account(account.pk)
    finally:
        unregister_stream_user(user)
    assert not Stream.objects.exists()
    assert not ChannelStream.objects.exists()
