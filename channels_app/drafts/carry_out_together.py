"""Carries out several operations of a bulk commit at once where the result is the same as one after the other.

Only neighbours of one kind are taken together, and only if none of them is refused: a run with a refusal is done again one by
one, so that errors, their order and what they keep from being done are those of the single operations.
"""

from collections.abc import Iterator, Sequence

from channels_app.arrange_streams import MOST_STREAMS
from channels_app.commands import DeleteChannels, UpdateChannel
from channels_app.drafts.carry_out import Doing, OperationRefused, Referred, refuse_unknown_streams, wanted_changes
from channels_app.drafts.operations import Operation
from channels_app.edit_channels import delete_channels, update_channels
from channels_app.errors import EditRefused
from channels_app.models import Channel
from channels_app.write_streams import StreamsChange, streams_of, write_streams

LONGEST_RUN = 500
"""Operations that are done again one by one, at most, when one among them is refused."""

_KINDS = {
    "updateChannel": "update",
    "deleteChannel": "delete",
    "addStreamToChannel": "streams",
    "removeStreamFromChannel": "streams",
    "reorderChannelStreams": "streams",
}


def in_runs(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    """All operations in their order, neighbours that can be carried out together as one run."""
    run: list[Operation] = []
    updated: set[int] = set()
    for operation in operations:
        kind = _kind(operation)
        channel_id = operation.values.get("channelId")
        fits = run and kind and kind == _kind(run[0]) and len(run) < LONGEST_RUN
        if fits and kind == "update" and channel_id in updated:
            fits = False  # the second change of a channel begins where the first one ends
        if run and not fits:
            yield run
            run, updated = [], set()
        run.append(operation)
        updated.add(channel_id or 0)
    if run:
        yield run


def carry_out_together(doing: Doing, run: Sequence[Operation]) -> None:
    """Do the operations of a run in the draft. Call inside a savepoint.

    Raises :class:`OperationRefused` if any of them is refused: then nothing may stay, and each is to be done by itself.
    """
    try:
        {"update": _update, "delete": _delete, "streams": _streams}[_kind(run[0])](doing, run)
    except EditRefused as refused:
        raise OperationRefused("refused", str(refused)) from None


def _kind(operation: Operation) -> str:
    if operation.type == "updateChannel" and "streams" in operation.values["data"]:
        return ""
    return _KINDS.get(operation.type, "")


def _update(doing: Doing, run: Sequence[Operation]) -> None:
    referred = Referred()
    channels = _channels(doing, run)
    if len(set(channels)) < len(run):
        raise OperationRefused("repeated", "Two names for one channel.")
    commands = [
        UpdateChannel(pk, changes)
        for pk, operation in zip(channels, run, strict=True)
        if (changes := wanted_changes(operation.values["data"], referred))
    ]
    update_channels(commands, rename_with_number=False)
    _note(doing, channels, run)


def _delete(doing: Doing, run: Sequence[Operation]) -> None:
    channels = [doing.known_channel(operation.values["channelId"]) for operation in run]
    there = _existing([pk for pk in channels if pk is not None])
    for pk, operation in zip(channels, run, strict=True):
        if pk in there:  # one that is gone already does not matter (25.6 #82)
            there.discard(pk)
            doing.touched["channel", pk] = operation
    delete_channels(DeleteChannels(tuple(pk for pk in channels if pk is not None)))


def _streams(doing: Doing, run: Sequence[Operation]) -> None:
    channels = _channels(doing, run)
    refuse_unknown_streams(_mentioned(run))
    before = {pk: tuple(ids) for pk, ids in streams_of(list(set(channels))).items()}
    after = {pk: list(before.get(pk, ())) for pk in channels}
    for pk, operation in zip(channels, run, strict=True):
        after[pk] = _rearranged(after[pk], operation)
    changes = [
        StreamsChange(pk, before.get(pk, ()), tuple(ids)) for pk, ids in after.items() if tuple(ids) != before.get(pk, ())
    ]
    if write_streams(changes).passed_over:
        raise OperationRefused("refused", "Somebody else changed these streams at the same time.")
    _note(doing, channels, run)


def _mentioned(run: Sequence[Operation]) -> list[int]:
    """Streams that must exist; one that is taken off a channel need not."""
    found: list[int] = []
    for operation in run:
        if operation.type == "addStreamToChannel":
            found.append(operation.values["streamId"])
        elif operation.type == "reorderChannelStreams":
            found += operation.values["streamIds"]
    return found


def _rearranged(current: list[int], operation: Operation) -> list[int]:
    """The list after one operation, by the rules of :mod:`channels_app.arrange_streams`."""
    if operation.type == "reorderChannelStreams":
        wanted = list(operation.values["streamIds"])
        if sorted(wanted) != sorted(current):
            raise OperationRefused("refused", "These are not the streams of the channel.")
        return wanted
    stream_id = operation.values["streamId"]
    if operation.type == "removeStreamFromChannel":
        return [pk for pk in current if pk != stream_id]
    if stream_id in current:
        return current
    if len(current) >= MOST_STREAMS:
        raise OperationRefused("refused", "A channel cannot hold so many streams.")
    return [*current, stream_id]


def _channels(doing: Doing, run: Sequence[Operation]) -> list[int]:
    """The channels of the operations, which must all exist."""
    found = [doing.known_channel(operation.values["channelId"]) for operation in run]
    channels = [pk for pk in found if pk is not None]
    if len(_existing(channels)) < len(set(found)):
        raise OperationRefused("missing_channel", "One of the channels does not exist.")
    return channels


def _existing(channel_ids: Sequence[int]) -> set[int]:
    return set(Channel.objects.filter(pk__in=set(channel_ids)).values_list("pk", flat=True))


def _note(doing: Doing, channels: Sequence[int], run: Sequence[Operation]) -> None:
    """Who touched what last: problems of the net effect are told with that operation."""
    for pk, operation in zip(channels, run, strict=True):
        doing.touched["channel", pk] = operation
