"""``manage.py create_channels``: what operators' scripts and our own checks rely on."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from channels_app.models import Channel, ChannelGroup
from channels_app.tests.lineup_fixtures import make_account, make_channel, make_streams
from m3u_app.models import StreamGroup

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("create_channels", *arguments, "--json", stdout=out)
    lines = out.getvalue().splitlines()
    assert len(lines) == 1
    result: dict[str, Any] = json.loads(lines[0])
    return result


def lineup() -> list[str]:
    rows = Channel.objects.order_by("number").values_list("number", "name", "group__name")
    return [f"{number.normalize():f} {name} ({group})" for number, name, group in rows if number is not None]


def test_every_provider_group_becomes_a_channel_group() -> None:
    make_streams(["ESPN HD", "ESPN 4K", "Fox"], group="Sports")
    make_streams(["CNN"], group="News")
    result = run("--account", "Acme")
    assert lineup() == ["1 ESPN (Sports)", "2 Fox (Sports)", "3 CNN (News)"]
    assert (result["channels_created"], result["streams_assigned"]) == (3, 4)
    assert (result["merged"], result["groups_created"]) == (1, 2)


def test_numbers_continue_behind_the_lineup() -> None:
    make_channel("Old", "812.5")
    make_streams(["A"])
    run("--account", "acme")
    assert lineup() == ["812.5 Old (None)", "813 A (UK)"]


def test_groups_and_start_can_be_chosen() -> None:
    make_streams(["A"], group="One")
    make_streams(["B"], group="Two")
    make_streams(["C"], group="Three")
    run("--account", "Acme", "--group", "two", "--group", "One", "--start", "38.9")
    assert lineup() == ["38.9 B (Two)", "39 A (One)"]


def test_everything_can_go_into_one_group() -> None:
    make_streams(["A"], group="One")
    make_streams(["A HD"], group="Two")
    run("--account", "Acme", "--channel-group", "Mine")
    assert lineup() == ["1 A (Mine)"]


def test_a_second_run_makes_nothing_twice_and_takes_only_what_is_new() -> None:
    make_streams(["A", "B"])
    run("--account", "Acme")
    assert run("--account", "Acme")["channels_created"] == 0
    make_streams(["A HD", "C"])
    again = run("--account", "Acme")
    assert (again["channels_created"], again["streams_added"], again["streams_assigned"]) == (1, 1, 2)
    assert lineup() == ["1 A (UK)", "2 B (UK)", "3 C (UK)"]


def test_disabled_groups_and_stale_streams_stay_out() -> None:
    make_streams(["A"], group="On")
    make_streams(["Gone"], group="On", is_stale=True)
    make_streams(["B"], group="Off")
    StreamGroup.objects.filter(name="Off").update(enabled=False)
    assert run("--account", "Acme")["channels_created"] == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--account", "Acmee"), "no account called “Acmee”. Did you mean “Acme”"),
        (("--account", "Acme", "--group", "UKK"), "no group called “UKK”. Did you mean “UK”"),
        (("--account", "Acme", "--start", "ten"), "--start: “ten” is not a number"),
        (("--account", "Acme", "--start", "-1"), "cannot be negative"),
        (("--account", "Empty"), "“Empty” has no streams here"),
        (("--account", "Acme", "--start", "5"), "1 existing channel in the way, at 5"),
        (("--account", "Acme", "--channel-group", "G" * 300), "at most 255"),
    ],
)
def test_mistakes_are_told_and_change_nothing(arguments: tuple[str, ...], says: str) -> None:
    make_streams(["A"])
    make_account("Empty")
    make_channel("Old", "5")
    with pytest.raises(CommandError) as failed:
        call_command("create_channels", *arguments, "--json", stdout=StringIO())
    assert says in str(failed.value)
    assert (Channel.objects.count(), ChannelGroup.objects.count()) == (1, 0)


def test_taken_numbers_can_be_pushed_down() -> None:
    make_channel("Old", "5")
    make_streams(["A"])
    assert run("--account", "Acme", "--start", "5", "--conflict", "push")["moved"] == 1
    assert lineup() == ["5 A (UK)", "6 Old (None)"]


def test_people_get_a_sentence() -> None:
    make_streams(["A"])
    out = StringIO()
    call_command("create_channels", "--account", "Acme", stdout=out)
    assert out.getvalue().strip() == "Created 1 channel from 1 stream; made the group “UK”."
