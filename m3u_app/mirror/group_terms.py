"""What the settings of a group are called on the server and here (20 §4.2)."""

from decimal import Decimal
from typing import Any

from ecm_site.dispatcharr.shapes import AccountGroup, AccountGroupRow
from m3u_app.mirror.expected import decimal, flag, properties
from m3u_app.mirror.group_settings_terms import our_settings, their_settings
from m3u_app.providers.loose_values import word_of
from tasks_app.mirror.kinds import LinkBook, Values

SAME = ("enabled", "auto_channel_sync")
RANGE = {"start": "auto_sync_channel_start", "end": "auto_sync_channel_end"}


def our_values(relation: AccountGroupRow, account_id: int, name: str, links: LinkBook) -> Values:
    return {
        "account": account_id,
        "name": name,
        "enabled": flag(relation, "enabled"),
        "auto_channel_sync": flag(relation, "auto_channel_sync"),
        "start": decimal(relation, "auto_sync_channel_start"),
        "end": decimal(relation, "auto_sync_channel_end"),
        "settings": our_settings(properties(relation), links),
    }


def our_books(relation: AccountGroupRow) -> Values:
    xc_id = properties(relation).get("xc_id")
    return {"xc_id": word_of(xc_id)[:40]}  # whether it is stale shows with its streams


def columns_of(values: Values) -> dict[str, Any]:
    """Columns of our table; account and name are not among them."""
    columns: dict[str, Any] = {name: values[name] for name in SAME if name in values}
    for name, column in RANGE.items():
        if name in values:
            columns[column] = None if values[name] is None else Decimal(str(values[name]))
    if "settings" in values:
        columns["sync_settings"] = values["settings"]
    return columns


def whole_settings(relation: AccountGroupRow, values: Values, links: LinkBook) -> AccountGroup:
    """The settings as they are there, with ``values`` in their places. Raises :class:`NotThereYet`."""
    settings = relation["custom_properties"] or {}
    return {
        "channel_group": relation["channel_group"],
        "enabled": values.get("enabled", relation["enabled"]),
        "auto_channel_sync": values.get("auto_channel_sync", relation["auto_channel_sync"]),
        "auto_sync_channel_start": values.get("start", relation["auto_sync_channel_start"]),
        "auto_sync_channel_end": values.get("end", relation["auto_sync_channel_end"]),
        "custom_properties": their_settings(values["settings"], links) if "settings" in values else settings,
    }


def range_problem(settings: AccountGroup) -> str:
    """What the server refuses about the numbers, in words."""
    start, end = settings["auto_sync_channel_start"], settings["auto_sync_channel_end"]
    if start is not None and end is not None and end < start:
        return f"The range of its auto-sync ends ({end:g}) before it begins ({start:g}). Correct it in the group's settings."
    if any(number is not None and number < 1 for number in (start, end)):
        return "The server takes numbers for auto-sync from 1 on. Correct the range in the group's settings."
    return ""


def as_float(value: Any) -> float | None:
    return None if value is None else round(float(value), 4)
