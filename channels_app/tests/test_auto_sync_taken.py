"""The warning about numbers that other channels have (20 §4.2) counts exactly those that were passed over."""

from decimal import Decimal
from typing import Any

import pytest

from channels_app.autosync.change_settings import change_settings
from channels_app.autosync.preview import preview_sync
from channels_app.autosync.settings import Numbering, SyncSettings
from channels_app.autosync.sync_account import sync_account
from channels_app.commands import UpdateChannel
from channels_app.edit_channels import update_channel
from channels_app.models import Channel
from channels_app.tests.lineup_fixtures import make_account, make_channel, make_streams
from m3u_app.models import StreamGroup

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> StreamGroup:
    make_streams(["One", "Two", "Three"])
    return StreamGroup.objects.get()


def warnings(group: StreamGroup, **values: Any) -> list[str]:
    return preview_sync(group, SyncSettings(**values)).warnings


@pytest.mark.parametrize(
    ("others", "values", "expected"),
    [
        pytest.param(("5",), {"start": 10}, None, id="below the range"),
        pytest.param(("10", "12"), {"start": 10}, (2, "10"), id="in the way"),
        pytest.param(("10", "500", "600"), {"start": 10}, (1, "10"), id="open range: none behind the last number needed"),
        pytest.param(("15", "16"), {"start": 10, "end": 20}, None, id="in the range, behind the last number needed"),
        pytest.param(("10.5", "11.1"), {"start": 10}, None, id="between the numbers that are given out"),
        pytest.param(("10.5",), {"start": Decimal("10.5")}, (1, "10.5"), id="the fraction it starts at"),
        pytest.param(("10", "10"), {"start": 10}, (1, "10"), id="two channels with one number"),
        pytest.param(("10", "11", "12"), {"start": 10, "end": 12}, (3, "10"), id="all of a range"),
        pytest.param(("1", "2"), {"numbering": Numbering.NEXT_AVAILABLE}, None, id="taking what is free was asked for"),
    ],
)
def test_numbers_of_other_channels(
    group: StreamGroup, others: tuple[str, ...], values: dict[str, Any], expected: tuple[int, str] | None
) -> None:
    for number in others:
        make_channel(f"No {number}", number)
    told = warnings(group, **{name: Decimal(value) if isinstance(value, int) else value for name, value in values.items()})
    if expected is None:
        assert told == []
    else:
        count, first = expected
        are = "number of the range is" if count == 1 else "numbers of the range are"
        assert told == [f"{count} {are} taken by other channels, the first by “No {first}” ({first})."]


def test_numbers_that_its_own_channels_have_are_not_taken_by_others(group: StreamGroup) -> None:
    change_settings(group.pk, SyncSettings(start=Decimal(10)), switched_on=True)
    sync_account(group.account_id)
    assert warnings(group, start=Decimal(10)) == []
    assert warnings(group, start=Decimal(11)) == []
    update_channel(UpdateChannel(Channel.objects.get(name="Three").pk, {"number": "10", "name": "Three"}))
    assert warnings(group, start=Decimal(10)) == []


def test_a_number_that_an_own_channel_and_another_one_have_is_taken(group: StreamGroup) -> None:
    change_settings(group.pk, SyncSettings(start=Decimal(10)), switched_on=True)
    sync_account(group.account_id)
    update_channel(UpdateChannel(Channel.objects.get(name="Three").pk, {"number": "10", "name": "Three"}))
    make_channel("Mine", "10")
    assert warnings(group, start=Decimal(10)) == ["1 number of the range is taken by other channels, the first by “Mine” (10)."]


def test_groups_of_the_same_account_count_with_the_numbers_that_they_will_have(group: StreamGroup) -> None:
    make_streams(["A", "B"], group="Kids")
    kids = StreamGroup.objects.get(name="Kids")
    change_settings(kids.pk, SyncSettings(start=Decimal(1), end=Decimal(50)), switched_on=True)
    told = warnings(group, start=Decimal(2))
    assert told[1:] == ["1 number of the range is taken by other channels, the first by “B” (2)."]
    sync_account(group.account_id)
    assert warnings(group, start=Decimal(2))[1:] == told[1:]


def test_channels_of_a_group_that_no_longer_follows_count(group: StreamGroup) -> None:
    make_streams(["A", "B"], group="Kids")
    kids = StreamGroup.objects.get(name="Kids")
    change_settings(kids.pk, SyncSettings(start=Decimal(10)), switched_on=True)
    sync_account(group.account_id)
    change_settings(kids.pk, SyncSettings(start=Decimal(10)), switched_on=False)
    assert warnings(group, start=Decimal(11)) == ["1 number of the range is taken by other channels, the first by “B” (11)."]


def test_channels_that_the_same_sync_removes_are_in_nobodys_way(group: StreamGroup) -> None:
    change_settings(group.pk, SyncSettings(start=Decimal(10)), switched_on=True)
    sync_account(group.account_id)
    assert warnings(group, start=Decimal(10), exclude="One") == []


def test_with_the_providers_numbers_those_that_others_have_are_counted() -> None:
    for name, number in (("One", 7), ("Two", 7), ("Three", 8), ("Four", 9)):
        make_streams([name], stream_chno=Decimal(number))
    group = StreamGroup.objects.get()
    make_channel("Mine", "8")
    told = warnings(group, numbering=Numbering.PROVIDER, fallback=Decimal(100))
    assert told == ["1 number is taken by other channels, the first by “Mine” (8)."]  # 7 is in use by One itself


def test_the_same_warning_for_another_account(group: StreamGroup) -> None:
    make_streams(["A"], account=make_account("Beta"), group="Other")
    other = StreamGroup.objects.get(name="Other")
    change_settings(other.pk, SyncSettings(start=Decimal(10), end=Decimal(10)), switched_on=True)
    sync_account(other.account_id)
    told = warnings(group, start=Decimal(10))
    assert told[-1] == "1 number of the range is taken by other channels, the first by “A” (10)."
