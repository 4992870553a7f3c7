"""Carries out single operations of a bulk commit with the ordinary use cases, in a draft that lives for a moment only.

Negative ids stand for channels that an earlier operation of the same request creates.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from channels_app.arrange_streams import add_streams, remove_streams, reorder_streams, stream_ids_of
from channels_app.channel_fields import clean_logo
from channels_app.chunks import chunked
from channels_app.commands import (
    AddStreams,
    AssignNumbers,
    CreateChannel,
    CreateGroup,
    DeleteChannels,
    DeleteGroups,
    FieldValue,
    RemoveStreams,
    RenameGroup,
    ReorderStreams,
    UpdateChannel,
)
from channels_app.drafts.operations import Operation
from channels_app.edit_channels import create_channel, delete_channels, update_channel
from channels_app.edit_groups import create_group, find_group, rename_group
from channels_app.errors import EditRefused
from channels_app.groups.remove_groups import remove_groups
from channels_app.models import Channel, ChannelGroup, Logo, StreamProfile
from channels_app.normalizing.proposals import preview_names
from channels_app.renumbering.assign_numbers import assign_numbers
from m3u_app.models import Stream

Key = tuple[str, int]


class OperationRefused(Exception):
    """Why one operation cannot be carried out; ``type`` is for programs."""

    def __init__(self, type_: str, message: str, *, stream_id: int | None = None) -> None:
        super().__init__(message)
        self.type = type_
        self.stream_id = stream_id


@dataclass
class Doing:
    """What a request has made so far: channels by temporary id, groups by name, and whose turn touched what last."""

    channels: dict[int, int] = field(default_factory=dict)
    failed_creates: dict[int, Operation] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    touched: dict[Key, Operation] = field(default_factory=dict)

    def carry_out(self, operation: Operation) -> None:
        """Do one operation in the draft. Raises :class:`OperationRefused`; call inside a savepoint."""
        try:
            _ACTS[operation.type](self, operation)
        except EditRefused as refused:
            raise OperationRefused("refused", str(refused)) from None

    def create_group(self, name: str) -> int:
        """Make a group, or use the one that has this name."""
        group, _ = create_group(CreateGroup(name))
        self.groups[name] = group.pk
        return group.pk

    def channel(self, operation: Operation, channel_id: int) -> int:
        """The real (or the draft's) id of a channel that must exist."""
        pk = self.known_channel(channel_id)
        if pk is None or not Channel.objects.filter(pk=pk).exists():
            raise OperationRefused("missing_channel", f"There is no channel {channel_id}.")
        self.touched["channel", pk] = operation
        return pk

    def known_channel(self, channel_id: int) -> int | None:
        if channel_id >= 0:
            return channel_id
        if channel_id in self.failed_creates:
            raise OperationRefused("depends", f"This depends on {self.failed_creates[channel_id].id}, which failed.")
        if channel_id not in self.channels:
            raise OperationRefused("unknown_temp_id", f"No operation before this one creates channel {channel_id}.")
        return self.channels[channel_id]


def _create(doing: Doing, operation: Operation) -> None:
    values = operation.values
    name = _normalized(values["name"]) if values.get("normalize") else values["name"]
    number = values.get("channelNumber")
    fields = {
        "name": name,
        "number": None if number is None else Decimal(str(number)),
        "group_id": _group_for(doing, values),
        "logo_url": _logo_for(values, name),
        "tvg_id": values.get("tvgId") or "",
        "gracenote_id": values.get("tvcGuideStationId") or "",
    }
    if values["tempId"] in doing.channels:
        raise OperationRefused("duplicate_temp_id", f"Two operations create channel {values['tempId']}.")
    made = create_channel(CreateChannel(fields)).channel_ids[0]
    doing.channels[values["tempId"]] = made
    doing.touched["channel", made] = operation


def _update(doing: Doing, operation: Operation) -> None:
    pk = doing.channel(operation, operation.values["channelId"])
    data = operation.values["data"]
    changes = wanted_changes(data, Referred())
    if changes:
        update_channel(UpdateChannel(pk, changes), rename_with_number=False)
    if "streams" in data:
        _set_streams(pk, data["streams"])


class Referred:
    """What operations refer to, each looked up once: valid as long as nothing of it is made or deleted."""

    def __init__(self) -> None:
        self._groups: dict[int, bool] = {}
        self._profiles: dict[int, bool] = {}
        self._logos: dict[int, str] = {}

    def check_group(self, group_id: int) -> None:
        if group_id not in self._groups:
            self._groups[group_id] = bool(_group(group_id))

    def check_stream_profile(self, profile_id: int) -> None:
        if profile_id not in self._profiles and not StreamProfile.objects.filter(pk=profile_id).exists():
            raise OperationRefused("missing_stream_profile", f"There is no stream profile {profile_id}.")
        self._profiles[profile_id] = True

    def logo(self, logo_id: int) -> str:
        if logo_id not in self._logos:
            self._logos[logo_id] = _logo(logo_id)
        return self._logos[logo_id]


def wanted_changes(data: Mapping[str, Any], referred: Referred) -> dict[str, FieldValue]:
    """The fields of a channel that an update asks for, but for its streams. Raises :class:`OperationRefused`."""
    changes: dict[str, Any] = {}
    for name, own in _OWN_NAMES.items():
        if name in data:
            changes[own] = data[name] if data[name] is not None or (own.endswith("_id") and own != "tvg_id") else ""
    changes = {name: "" if value is None and name in ("tvg_id", "gracenote_id") else value for name, value in changes.items()}
    if "channel_number" in data:
        number = data["channel_number"]
        changes["number"] = None if number is None else Decimal(str(number))
    if data.get("channel_group_id") is not None:
        referred.check_group(data["channel_group_id"])
    if data.get("stream_profile_id") is not None:
        referred.check_stream_profile(data["stream_profile_id"])
    if "logo_id" in data:
        changes["logo_url"] = "" if data["logo_id"] is None else referred.logo(data["logo_id"])
    return changes


_OWN_NAMES = {
    "name": "name",
    "channel_group_id": "group_id",
    "tvg_id": "tvg_id",
    "tvc_guide_stationid": "gracenote_id",
    "epg_data_id": "guide_entry_id",
    "stream_profile_id": "stream_profile_id",
}


def _delete(doing: Doing, operation: Operation) -> None:
    pk = doing.known_channel(operation.values["channelId"])
    if pk is not None and Channel.objects.filter(pk=pk).exists():  # one that is gone already does not matter (25.6 #82)
        doing.touched["channel", pk] = operation
        delete_channels(DeleteChannels((pk,)))


def _add_stream(doing: Doing, operation: Operation) -> None:
    pk = doing.channel(operation, operation.values["channelId"])
    refuse_unknown_streams([operation.values["streamId"]])
    add_streams(AddStreams(pk, (operation.values["streamId"],)))


def _remove_stream(doing: Doing, operation: Operation) -> None:
    pk = doing.channel(operation, operation.values["channelId"])
    remove_streams(RemoveStreams(pk, (operation.values["streamId"],)))


def _reorder(doing: Doing, operation: Operation) -> None:
    pk = doing.channel(operation, operation.values["channelId"])
    refuse_unknown_streams(operation.values["streamIds"])
    reorder_streams(ReorderStreams(pk, tuple(operation.values["streamIds"])))


def _assign(doing: Doing, operation: Operation) -> None:
    ids = tuple(doing.channel(operation, channel_id) for channel_id in operation.values["channelIds"])
    start = operation.values.get("startingNumber")
    if ids:
        assign_numbers(AssignNumbers(ids, None if start is None else Decimal(str(start))), rename=None if start else False)


def _create_group(doing: Doing, operation: Operation) -> None:
    doing.touched["group", doing.create_group(operation.values["name"])] = operation


def _rename_group(doing: Doing, operation: Operation) -> None:
    pk = _group(operation.values["groupId"])
    doing.touched["group", pk] = operation
    rename_group(RenameGroup(pk, operation.values["newName"]))


def _delete_group(doing: Doing, operation: Operation) -> None:
    pk = _group(operation.values["groupId"])
    doing.touched["group", pk] = operation
    remove_groups(DeleteGroups((pk,)))


_ACTS: dict[str, Callable[[Doing, Operation], None]] = {
    "createChannel": _create,
    "updateChannel": _update,
    "deleteChannel": _delete,
    "addStreamToChannel": _add_stream,
    "removeStreamFromChannel": _remove_stream,
    "reorderChannelStreams": _reorder,
    "bulkAssignChannelNumbers": _assign,
    "createGroup": _create_group,
    "renameChannelGroup": _rename_group,
    "deleteChannelGroup": _delete_group,
}


def _group(group_id: int) -> int:
    if not ChannelGroup.objects.filter(pk=group_id).exists():
        raise OperationRefused("missing_group", f"There is no group {group_id}.")
    return group_id


def _group_for(doing: Doing, values: Mapping[str, Any]) -> int | None:
    """newGroupName wins over groupId when that group was created in this request (10 §14.1)."""
    name = (values.get("newGroupName") or "").strip()
    made = next((pk for known, pk in doing.groups.items() if known.strip().casefold() == name.casefold()), None)
    if name and made is not None:
        return made
    if values.get("groupId") is not None:
        return _group(values["groupId"])
    existing = find_group(name) if name else None
    if name and existing is None:
        raise OperationRefused("missing_group", f"There is no group “{name[:60]}”: name it among groupsToCreate.")
    return existing.pk if existing else None


def _logo(logo_id: int) -> str:
    url = Logo.objects.filter(pk=logo_id).values_list("url", flat=True).first()
    if url is None:
        raise OperationRefused("missing_logo", f"There is no logo {logo_id}.")
    return url


def _logo_for(values: Mapping[str, Any], name: str) -> str:
    """An address that cannot be used leaves the channel without a logo (10 §14.1)."""
    if values.get("logoId") is not None:
        return _logo(values["logoId"])
    try:
        url = clean_logo(values.get("logoUrl"))
    except ValueError:
        return ""
    if url:
        Logo.objects.get_or_create(url=url, defaults={"name": name[:255]})
    return url


def _normalized(name: str) -> str:
    """The name as normalizing proposes it; the raw one when there is no proposal."""
    proposed = preview_names([(None, name)])
    return (proposed[0].proposed if proposed else "") or name


def _set_streams(channel_id: int, wanted: list[int]) -> None:
    """Exactly these streams in this order."""
    refuse_unknown_streams(wanted)
    current = stream_ids_of(channel_id)
    gone = tuple(pk for pk in current if pk not in set(wanted))
    if gone:
        remove_streams(RemoveStreams(channel_id, gone))
    new = tuple(pk for pk in dict.fromkeys(wanted) if pk not in set(current))
    if new:
        add_streams(AddStreams(channel_id, new))
    if stream_ids_of(channel_id) != list(dict.fromkeys(wanted)):
        reorder_streams(ReorderStreams(channel_id, tuple(dict.fromkeys(wanted))))


def refuse_unknown_streams(stream_ids: Sequence[int]) -> None:
    """Raises :class:`OperationRefused` for the first stream that does not exist."""
    known: set[int] = set()
    for portion in chunked(list(dict.fromkeys(stream_ids))):
        known.update(Stream.objects.filter(pk__in=portion).values_list("pk", flat=True))
    for pk in stream_ids:
        if pk not in known:
            raise OperationRefused("missing_stream", f"There is no stream {pk}.", stream_id=pk)
