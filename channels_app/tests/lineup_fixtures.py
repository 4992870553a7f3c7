"""Small lineups for tests, made without the use cases under test."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from channels_app.models import Channel, ChannelGroup, ChannelStream
from epg_app.entry_keys import search_text, tvg_key
from epg_app.models import GuideEntry, GuideSource
from m3u_app.models import Account, Stream, StreamGroup


def make_account(name: str = "Acme") -> Account:
    return Account.objects.create(name=name, server_url=f"http://{name.lower()}.example/list.m3u")


def make_streams(names: Sequence[str], *, account: Account | None = None, group: str = "UK", **values: Any) -> list[Stream]:
    """Streams of one provider group; its stream_count is kept right, as an import would."""
    account = account or Account.objects.filter(name="Acme").first() or make_account()
    stream_group, _ = StreamGroup.objects.get_or_create(account=account, name=group)
    known = Stream.objects.count()
    streams = [
        Stream(
            account=account,
            group=stream_group,
            name=name,
            url=f"http://provider.example/live/user/secret/{known + place}.ts",
            stream_hash=hashlib.sha256(f"{account.pk}/{known + place}".encode()).digest(),
            **values,
        )
        for place, name in enumerate(names)
    ]
    made = Stream.objects.bulk_create(streams)
    stream_group.stream_count = Stream.objects.filter(group=stream_group).count()
    stream_group.save()
    account.stream_count = Stream.objects.filter(account=account).count()
    account.save()
    return made


def make_group(name: str = "Sports", **values: Any) -> ChannelGroup:
    return ChannelGroup.objects.create(name=name, **values)


def make_channel(
    name: str, number: str | None = None, *, group: ChannelGroup | None = None, streams: Sequence[Stream] = (), **values: Any
) -> Channel:
    channel = Channel.objects.create(name=name, number=Decimal(number) if number else None, group=group, **values)
    ChannelStream.objects.bulk_create(
        ChannelStream(channel=channel, stream=stream, position=place) for place, stream in enumerate(streams, 1)
    )
    return channel


def make_channels(group: ChannelGroup | None, **numbers: str | None) -> dict[str, Channel]:
    """``make_channels(group, A="100", B="101")`` by name."""
    return {name: make_channel(name, number, group=group) for name, number in numbers.items()}


def make_entry(tvg_id: str, name: str = "", *, source: GuideSource | None = None) -> GuideEntry:
    source = source or GuideSource.objects.get_or_create(name="Guide")[0]
    keys = {"tvg_key": tvg_key(tvg_id), "search_text": search_text(tvg_id, [name or tvg_id])}
    return GuideEntry.objects.create(source=source, tvg_id=tvg_id, name=name or tvg_id, **keys)


def numbers_of(group: ChannelGroup | None) -> dict[str, str]:
    """Names with numbers as text, in number order."""
    rows = Channel.objects.filter(group=group).order_by("number", "name").values_list("name", "number")
    return {name: f"{number.normalize():f}" if number is not None else "" for name, number in rows}


def lineup_state() -> dict[str, Any]:
    """Everything that undo promises to restore."""
    channels = {
        row.pop("id"): row
        for row in Channel.objects.values(
            "id", "uuid", "name", "number", "group_id", "tvg_id", "gracenote_id", "logo_url", "guide_entry_id",
            "epg_locked", "no_epg", "is_hidden", "auto_created", "created_at",
        )
    }  # fmt: skip
    for channel_id, values in channels.items():
        links = ChannelStream.objects.filter(channel_id=channel_id).order_by("position", "id")
        values["streams"] = list(links.values_list("stream_id", flat=True))
    groups = {group.pk: (group.name, group.position) for group in ChannelGroup.objects.all()}
    return {"channels": channels, "groups": groups}
