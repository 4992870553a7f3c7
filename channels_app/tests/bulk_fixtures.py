"""Plans of bulk creations without a database: selected streams and lineups as plain values."""

from decimal import Decimal
from itertools import count
from typing import Any

from channels_app.bulk_existing import Lineup, LineupChannel
from channels_app.bulk_options import BulkOptions
from channels_app.bulk_plan import Plan
from channels_app.bulk_streams import Section, SelectedStreams, StreamRow
from channels_app.numbering import format_number
from channels_app.plan_bulk_create import make_plan

_ids = count(1)


def stream(name: str, provider: int | None = 1, **values: Any) -> StreamRow:
    row = StreamRow(next(_ids), name, provider, None, "", "", "")
    return row._replace(**values)


def selected(**groups: list[StreamRow]) -> SelectedStreams:
    return SelectedStreams(
        [Section(place, name.replace("_", " "), rows) for place, (name, rows) in enumerate(groups.items(), 1)]
    )


def streams(*names: str, provider: int = 1) -> SelectedStreams:
    return selected(Sports=[stream(name, provider) for name in names])


def lineup(
    *channels: tuple[str, str, int | None],
    groups: dict[int, str] | None = None,
    assigned: dict[int, list[int]] | None = None,
    accounts: dict[int, set[int]] | None = None,
    tvg_ids: dict[int, str] | None = None,
) -> Lineup:
    """``("ESPN", "101", group id)`` …: channels get the ids 1, 2, 3 …"""
    rows = [
        LineupChannel(pk, name, Decimal(number) if number else None, group, (tvg_ids or {}).get(pk, ""))
        for pk, (name, number, group) in enumerate(channels, 1)
    ]
    known = accounts or {}
    return Lineup(
        rows,
        groups or {},
        assigned or {},
        (len(rows), len(rows), None),
        lambda ids: {pk: known[pk] for pk in ids if pk in known},
        lambda _: {},
    )


def plan_for(chosen: SelectedStreams, standing: Lineup | None = None, *, start: str | None = "100", **choices: Any) -> Plan:
    options = BulkOptions(start=Decimal(start) if start is not None else None, **choices)
    return make_plan(chosen, standing or lineup(), options)


def shown(plan: Plan) -> list[str]:
    """``["100 CNN", "101 ESPN"]``."""
    return [f"{format_number(channel.number)} {channel.name}" for channel in plan.channels]


def names_on(plan: Plan, chosen: SelectedStreams, place: int) -> list[str]:
    """Names of the streams of one planned channel, first one first."""
    known = {row.id: row.name for section in chosen.sections for row in section.streams}
    return [known[stream_id] for stream_id in plan.channels[place].stream_ids]
