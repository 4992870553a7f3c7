"""Edits of a small lineup chosen by chance, made with the ordinary use cases."""

import random
from collections.abc import Callable
from decimal import Decimal

from channels_app import arrange_streams, edit_channels, edit_groups, move_channels, renumber_channels
from channels_app.commands import (
    AddStreams,
    CreateChannel,
    CreateGroup,
    DeleteChannels,
    DeleteGroups,
    MoveChannels,
    PlaceGroups,
    RemoveStreams,
    RenameGroup,
    RenumberChannels,
    ReorderChannels,
    ReorderStreams,
    UpdateChannel,
)
from channels_app.errors import EditRefused
from channels_app.models import (
    Channel,
    ChannelGroup,
    ChannelProfile,
    ChannelStream,
    HiddenGroup,
    Logo,
    ProfileMembership,
    StreamProfile,
)
from channels_app.profiles.set_memberships import set_memberships
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams
from m3u_app.models import Stream

NAMES = ("RTL", "101 | RTL", "ZDF", "Ärte", "<b>x</b>", "=1+1", "Nul\\u0000", "K" * 300)


def small_lineup() -> None:
    """Six channels in two groups, with streams and a profile; whatever was there before is removed."""
    for model in (
        ProfileMembership,
        ChannelProfile,
        ChannelStream,
        Channel,
        ChannelGroup,
        HiddenGroup,
        Logo,
        StreamProfile,
        Stream,
    ):
        model.objects.all().delete()
    streams = make_streams([f"Stream {place}" for place in range(8)])
    news, sports = make_group("News"), make_group("Sports", position=2)
    profile = ChannelProfile.objects.create(name="Kids")
    for place in range(6):
        channel = make_channel(
            f"{100 + place} | Channel {place}" if place % 2 else f"Channel {place}",
            None if place == 5 else f"{100 + place}.{place}",
            group=[news, sports, None][place % 3],
            streams=streams[place : place + 2],
        )
        if place < 3:
            ProfileMembership.objects.create(profile=profile, channel=channel)


def edit(choose: random.Random) -> bool:
    """Make one edit; False when it was refused."""
    act = choose.choice(_EDITS)
    try:
        act(choose)
    except EditRefused:
        return False
    return True


def _channels(choose: random.Random, most: int = 3) -> tuple[int, ...]:
    ids = list(Channel.objects.order_by("pk").values_list("pk", flat=True))
    return tuple(choose.sample(ids, min(len(ids), choose.randint(1, most))))


def _channel(choose: random.Random) -> int:
    return next(iter(_channels(choose, 1)), 0)


def _group(choose: random.Random) -> int | None:
    return choose.choice([None, *ChannelGroup.objects.order_by("pk").values_list("pk", flat=True)])


def _streams(choose: random.Random) -> tuple[int, ...]:
    ids = list(Stream.objects.order_by("pk").values_list("pk", flat=True))
    return tuple(choose.sample(ids, min(len(ids), choose.randint(1, 3))))


def _create(choose: random.Random) -> None:
    number = choose.choice([None, Decimal("101"), Decimal("7.5")])
    fields = {"name": choose.choice(NAMES), "number": number, "group_id": _group(choose)}
    edit_channels.create_channel(CreateChannel(fields, _streams(choose)))


def _update(choose: random.Random) -> None:
    changes: dict[str, object] = choose.choice(
        [
            {"name": choose.choice(NAMES)},
            {"number": choose.choice([None, Decimal("103"), Decimal("9.25")])},
            {"logo_url": "http://logos.example/a.png", "tvg_id": f"id{choose.randint(1, 3)}"},
            {"is_hidden": choose.choice([True, False])},
        ]
    )
    edit_channels.update_channel(UpdateChannel(_channel(choose), changes))


def _delete(choose: random.Random) -> None:
    edit_channels.delete_channels(DeleteChannels(_channels(choose), move_up=choose.choice([True, False])))


def _move(choose: random.Random) -> None:
    numbers = choose.choice(["keep", "suggested", "custom"])
    move_channels.move_channels(
        MoveChannels(_channels(choose), _group(choose), numbers, Decimal(choose.randint(1, 104)), choose.choice([True, False]))
    )


def _reorder(choose: random.Random) -> None:
    group_id = _group(choose)
    inside = list(Channel.objects.filter(group_id=group_id).values_list("pk", flat=True))
    if len(inside) > 1:
        move_channels.reorder_channels(ReorderChannels(group_id, (inside[-1],), inside[0]))


def _renumber(choose: random.Random) -> None:
    renumber_channels.renumber_channels(RenumberChannels(_channels(choose), Decimal(choose.randint(1, 110))))


def _add_streams(choose: random.Random) -> None:
    arrange_streams.add_streams(AddStreams(_channel(choose), _streams(choose)))


def _remove_streams(choose: random.Random) -> None:
    channel_id = _channel(choose)
    arrange_streams.remove_streams(RemoveStreams(channel_id, tuple(arrange_streams.stream_ids_of(channel_id)[:1])))


def _reorder_streams(choose: random.Random) -> None:
    channel_id = _channel(choose)
    ids = arrange_streams.stream_ids_of(channel_id)
    choose.shuffle(ids)
    arrange_streams.reorder_streams(ReorderStreams(channel_id, tuple(ids)))


def _give_streams_away(choose: random.Random) -> None:
    """A stream goes from one channel to another by an update of its row, as merging may do it."""
    link = choose.choice([*ChannelStream.objects.order_by("pk"), None])
    target = _channel(choose)
    if link and target and not ChannelStream.objects.filter(channel_id=target, stream_id=link.stream_id).exists():
        ChannelStream.objects.filter(pk=link.pk).update(channel_id=target)


def _create_group(choose: random.Random) -> None:
    edit_groups.create_group(CreateGroup(choose.choice(["Kids", "Movies", "news"])))


def _rename_group(choose: random.Random) -> None:
    edit_groups.rename_group(RenameGroup(_group(choose) or 0, choose.choice(["Kids", "Other", "SPORTS"])))


def _delete_group(choose: random.Random) -> None:
    edit_groups.delete_groups(DeleteGroups((_group(choose) or 0,), choose.choice([True, False])))


def _place_groups(choose: random.Random) -> None:
    edit_groups.place_groups(PlaceGroups((_group(choose) or 0,)))


def _profiles(choose: random.Random) -> None:
    name = choose.choice(["Kids", "Adults", "Guests"])
    profile = ChannelProfile.objects.filter(name=name).first() or ChannelProfile.objects.create(name=name)
    if choose.random() < 0.2:
        profile.delete()
    else:
        set_memberships(_channels(choose), **{choose.choice(["enable", "disable"]): [profile.pk]})


def _library(choose: random.Random) -> None:
    number = choose.randint(1, 3)
    Logo.objects.get_or_create(url=f"http://logos.example/{number}.png", defaults={"name": str(number)})
    if not StreamProfile.objects.filter(name=f"Profile {number}").exists():
        StreamProfile.objects.create(name=f"Profile {number}")
    group_id = _group(choose)
    if group_id:
        HiddenGroup.objects.get_or_create(group_id=group_id, defaults={"name": "x"})
    if choose.random() < 0.3:
        Logo.objects.filter(name=str(number)).delete()
        HiddenGroup.objects.all().delete()


_EDITS: list[Callable[[random.Random], None]] = [
    _create, _create, _update, _update, _update, _delete, _move, _move, _reorder, _renumber, _add_streams, _add_streams,
    _remove_streams, _reorder_streams, _give_streams_away, _create_group, _rename_group, _delete_group, _place_groups,
    _profiles, _profiles, _library,
]  # fmt: skip
