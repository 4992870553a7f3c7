"""Rows that exchange what is unique on the server: in which order to send them, and which of them has to step aside first."""

from collections.abc import Mapping
from typing import Any

from tasks_app.mirror.kinds import MirroredKind
from tasks_app.mirror.reconcile import Pending


def in_turn(kind: MirroredKind, rows: Mapping[int, Pending]) -> tuple[dict[int, Pending], dict[int, Any]]:
    """``rows`` in an order in which every name is free by its turn, and stand-ins (local id → value) to be set before.

    A row that wants what another one of ``rows`` has on the server comes after it. In a ring somebody has to begin: one row
    of it gets a stand-in and comes last.
    """
    key = kind.natural_key
    holders = {_plain(row.there[key]): pk for pk, row in rows.items() if key in row.send and key in row.there}
    wants = {pk: holders.get(_plain(row.send[key])) for pk, row in rows.items() if key in row.send}
    order: dict[int, Pending] = {}
    aside: dict[int, Any] = {}
    for first in rows:
        path: list[int] = []
        on_path: set[int] = set()
        step: int | None = first
        while step is not None and step not in order and step not in on_path:
            path.append(step)
            on_path.add(step)
            step = wants.get(step) if wants.get(step) != step else None
        if step in on_path:
            start = path.index(step)
            ring = path[start:]
            for place, pk in enumerate(ring):
                value = kind.stand_in(rows[pk].there[key], rows[pk].remote_id)
                if value is not None:
                    aside[pk] = value
                    path[start:] = ring[place:] + ring[:place]
                    break
        order |= {pk: rows[pk] for pk in reversed(path)}
    return order, aside


def _plain(value: Any) -> Any:
    """The server trims texts before it compares them."""
    return value.strip() if isinstance(value, str) else value
