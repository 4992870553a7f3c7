"""The streams behind a change as the page shows them, with the channels that lost one (20 §10.4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from m3u_app.changes.models import Change, StreamChange, StreamChangeKind
from m3u_app.changes.queries import stream_changes
from m3u_app.models import Stream
from m3u_app.stream_users import StreamUse, known_users, stream_uses

FIRST_LINES = 20
MORE_LINES = 500


@dataclass(frozen=True)
class ChannelLine:
    """A channel that used a removed stream. ``can_replace``: nothing has taken the stream's place yet."""

    name: str
    url: str = ""
    replace_url: str = ""
    position: int = 0
    left: int = 0
    can_replace: bool = False
    note: str = ""


@dataclass(frozen=True)
class StreamLine:
    row: StreamChange
    channels: list[ChannelLine] = field(default_factory=list)
    is_back: bool = False

    @property
    def came_back(self) -> bool:
        return self.row.kind == StreamChangeKind.RETURNED


@dataclass(frozen=True)
class StreamLines:
    """``next_offset`` is where the next portion begins, None at the end. ``unlisted`` were counted only."""

    lines: list[StreamLine]
    total: int
    next_offset: int | None
    unlisted: int


def stream_lines(change: Change, *, text: str = "", offset: int = 0, limit: int = FIRST_LINES) -> StreamLines:
    """Return a portion of the streams behind ``change``; five queries, however many there are."""
    found = stream_changes(change, text)
    total = found.count()
    rows = list(found[offset : offset + limit])
    end = offset + len(rows)
    listed = total if text else stream_changes(change).count()
    return StreamLines(
        lines=_with_channels(rows),
        total=total,
        next_offset=end if end < total else None,
        unlisted=max(0, change.count - listed) if change.change_type != "group_renamed" else 0,
    )


def _with_channels(rows: Sequence[StreamChange]) -> list[StreamLine]:
    lost = [row for row in rows if row.kind == StreamChangeKind.REMOVED]
    ids = [row.stream_id for row in lost]
    there = dict(Stream.objects.filter(pk__in=ids).values_list("pk", "is_stale")) if ids else {}
    now = stream_uses(ids) if ids else {}
    keys = {int(key) for row in lost for key, *_ in row.used_by}
    users = known_users(keys) if keys else {}
    lines = []
    for row in rows:
        is_back = row.kind == StreamChangeKind.REMOVED and there.get(row.stream_id) is False
        channels = _channels(row, now.get(row.stream_id, []), users, is_there=row.stream_id in there, is_back=is_back)
        lines.append(StreamLine(row, channels, is_back))
    return lines


def _channels(
    row: StreamChange, now: Sequence[StreamUse], users: dict[int, StreamUse], *, is_there: bool, is_back: bool
) -> list[ChannelLine]:
    """First the channels that use the stream at this moment, then those that did when it was removed."""
    if row.kind != StreamChangeKind.REMOVED:
        return []
    lines = [
        ChannelLine(
            use.name, use.url, use.replace_url, use.position, use.left, can_replace=not is_back and bool(use.replace_url)
        )
        for use in now
    ]
    using = {use.key for use in now}
    for key, name, position in row.used_by:
        if key in using:
            continue
        user = users.get(key)
        if user is None:
            lines.append(ChannelLine(str(name), note="deleted since"))
        elif is_there:
            lines.append(ChannelLine(user.name, user.url, left=user.left, note="does not use it any more"))
        else:
            lines.append(
                ChannelLine(user.name, user.url, user.replace_url, int(position), user.left, can_replace=True, note="lost it")
            )
    return lines
