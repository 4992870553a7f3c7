"""Moments inside sentences, in the operator's time zone wherever they are written: pages, the worker, commands (50 §5.1)."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from ecm_site.conf import get_settings


def operators_zone() -> tzinfo:
    """The zone of the settings; UTC when none is chosen."""
    name = get_settings().time_zone
    return ZoneInfo(name) if name else UTC


def on_the_clock(moment: datetime, *, with_date: bool = True) -> str:
    """``2026-05-04 10:00 CEST``, or ``10:00 CEST``. ``moment`` must know its zone."""
    local = moment.astimezone(operators_zone())
    date = f"{local:%Y-%m-%d} " if with_date else ""
    return f"{date}{local:%H:%M} {local.tzname()}"
