"""What the preview of a bulk creation shows: a page of its rows, its conflicts and the streams it leaves out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from channels_app.bulk_plan import Addition, LeftOut, NewChannel, Plan
from channels_app.models import Channel
from channels_app.number_changes import renames_with_numbers
from channels_app.numbering import auto_rename, format_number
from ecm_site.wording import counted
from m3u_app.models import Stream

ROWS_PER_PAGE = 50
STREAMS_SHOWN = 5
LISTED = 5  # of conflicts, moves and left-out streams; the rest is counted

_REASONS = {
    LeftOut.TIMEZONE: "left out by the choice of east or west feeds",
    LeftOut.ALREADY: "already in the lineup",
    LeftOut.SKIPPED: "left out, because their channel exists",
    LeftOut.TOO_MANY: "left out, because a channel holds 1,000 streams at most",
    LeftOut.VANISHED: "no longer exist",
}
_NOTES = {
    "too_long": "Shortened: a name has at most 512 letters.",
    "fell_back": "Nothing was left of this name; it stays as it is.",
}


@dataclass(frozen=True)
class PreviewStream:
    name: str
    provider: str


@dataclass(frozen=True)
class PreviewRow:
    """A new channel, or (``existing``) a channel of the lineup that gets streams."""

    number: str
    name: str
    group: str
    streams: list[PreviewStream]
    more_streams: int
    existing: bool = False
    note: str = ""


@dataclass(frozen=True)
class Move:
    """An existing channel that makes room."""

    name: str
    old: str
    new: str
    new_name: str = ""


@dataclass
class Preview:
    plan: Plan
    rows: list[PreviewRow] = field(default_factory=list)
    page: int = 1
    pages: int = 1
    moves: list[Move] = field(default_factory=list)
    conflicts: list[Move] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    normalized: list[tuple[str, str]] = field(default_factory=list)

    @property
    def more_normalized(self) -> int:
        return len(self.plan.normalized) - len(self.normalized)

    @property
    def first_row(self) -> int:
        return (self.page - 1) * ROWS_PER_PAGE + 1

    @property
    def last_row(self) -> int:
        return self.first_row + len(self.rows) - 1

    @property
    def total_rows(self) -> int:
        return len(self.plan.channels) + len(self.plan.additions)

    @property
    def more_moves(self) -> int:
        return len(self.plan.pushed) - len(self.moves)

    @property
    def more_conflicts(self) -> int:
        return len(self.plan.conflicts) - len(self.conflicts)

    @property
    def sentence(self) -> str:
        """ "12 channels from 30 streams, 18 duplicates merged": also read out after every change."""
        plan = self.plan
        if plan.is_empty:
            return "Nothing to create"
        parts = []
        if plan.channels:
            parts.append(f"{counted(len(plan.channels), 'new channel')} from {counted(plan.streams_used, 'stream')}")
        if plan.merged:
            parts.append(f"{counted(plan.merged, 'duplicate')} merged")
        if plan.streams_added:
            parts.append(f"{counted(plan.streams_added, 'stream')} added to {counted(len(plan.additions), 'existing channel')}")
        return ", ".join(parts)

    @property
    def action(self) -> str:
        """The words on the button."""
        plan = self.plan
        if plan.channels or not plan.additions:
            return f"Create {counted(len(plan.channels), 'channel')}" if plan.channels else "Create channels"
        return f"Add {counted(plan.streams_added, 'stream')}"


def make_preview(plan: Plan, page: int = 1) -> Preview:
    """One page of the plan, ready to be shown. A handful of queries, whatever the size of the plan."""
    preview = Preview(plan)
    preview.pages = max(1, -(-preview.total_rows // ROWS_PER_PAGE))
    preview.page = min(max(1, page), preview.pages)
    preview.rows = _rows(plan, (preview.page - 1) * ROWS_PER_PAGE)
    conflicting = [row.id for row in plan.conflicts[:LISTED]]
    moving = sorted(plan.pushed, key=lambda channel_id: plan.pushed[channel_id])[:LISTED]
    known = Channel.objects.only("name", "number").in_bulk([*conflicting, *moving])
    preview.conflicts = [_move(known[pk], None) for pk in conflicting if pk in known]
    preview.moves = [_move(known[pk], plan.pushed[pk]) for pk in moving if pk in known]
    preview.left_out = _left_out(plan)
    preview.notes = _name_notes(plan)
    preview.groups = plan.new_groups
    preview.normalized = list(plan.normalized.items())[:LISTED]
    return preview


def _rows(plan: Plan, start: int) -> list[PreviewRow]:
    new = plan.channels[start : start + ROWS_PER_PAGE]
    behind = max(0, start - len(plan.channels))
    added = plan.additions[behind : behind + ROWS_PER_PAGE - len(new)]
    shown = [*(channel.stream_ids for channel in new), *(addition.stream_ids for addition in added)]
    streams = _streams(stream_id for ids in shown for stream_id in ids[:STREAMS_SHOWN])
    return [*(_new_row(plan, channel, streams) for channel in new), *_added_rows(added, streams)]


def _new_row(plan: Plan, channel: NewChannel, streams: dict[int, PreviewStream]) -> PreviewRow:
    return PreviewRow(
        number=format_number(channel.number),
        name=channel.name,
        group=plan.sections[channel.section].group_name,
        streams=[streams[pk] for pk in channel.stream_ids[:STREAMS_SHOWN] if pk in streams],
        more_streams=max(0, len(channel.stream_ids) - STREAMS_SHOWN),
        note=_NOTES.get(channel.note, ""),
    )


def _added_rows(additions: Sequence[Addition], streams: dict[int, PreviewStream]) -> Iterable[PreviewRow]:
    groups = dict(Channel.objects.filter(pk__in=[item.channel_id for item in additions]).values_list("pk", "group__name"))
    for item in additions:
        yield PreviewRow(
            number=format_number(item.number),
            name=item.channel_name,
            group=groups.get(item.channel_id) or "",
            streams=[streams[pk] for pk in item.stream_ids[:STREAMS_SHOWN] if pk in streams],
            more_streams=max(0, len(item.stream_ids) - STREAMS_SHOWN),
            existing=True,
        )


def _streams(stream_ids: Iterable[int]) -> dict[int, PreviewStream]:
    rows = Stream.objects.filter(pk__in=list(stream_ids)).values_list("pk", "name", "account__name")
    return {pk: PreviewStream(name, provider or "") for pk, name, provider in rows}


def _move(channel: Channel, number: Decimal | None) -> Move:
    renamed = auto_rename(channel.name, channel.number, number) if number is not None and renames_with_numbers() else ""
    return Move(channel.name, format_number(channel.number), format_number(number), renamed if renamed != channel.name else "")


def _left_out(plan: Plan) -> list[str]:
    """ "3 streams already in the lineup: A, B, C": every selected stream that gets no new place is accounted for."""
    told = []
    shown = {reason: ids[:LISTED] for reason, ids in plan.left_out.items()}
    names = _streams(stream_id for ids in shown.values() for stream_id in ids)
    for reason, ids in plan.left_out.items():
        listed = [names[stream_id].name for stream_id in shown[reason] if stream_id in names]
        more = len(ids) - len(listed)
        examples = f": {', '.join(listed)}{f' and {more:,} more' if more else ''}" if listed else ""
        told.append(f"{counted(len(ids), 'stream')} {_REASONS[reason]}{examples}")
    if plan.stale:
        told.append(f"{counted(plan.stale, 'stream')} left out, because the provider no longer lists them")
    return told


def _name_notes(plan: Plan) -> list[str]:
    told = []
    too_long = [channel.name for channel in plan.channels if channel.note == "too_long"]
    if too_long:
        told.append(f"{counted(len(too_long), 'name')} too long, shortened to 512 letters: {_examples(too_long)}")
    emptied = [channel.name for channel in plan.channels if channel.note == "fell_back"]
    if emptied:
        told.append(f"{counted(len(emptied), 'name')} would have been emptied and stay as they are: {_examples(emptied)}")
    return told


def _examples(names: list[str]) -> str:
    shown = ", ".join(f"{name[:40]}…" if len(name) > 40 else name for name in names[:3])
    return f"{shown} and {len(names) - 3:,} more" if len(names) > 3 else shown
