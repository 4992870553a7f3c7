"""Fields of auto-created channels that somebody set by hand: auto-sync never writes them again (20 §4.3 step 6).

They travel with the journal entry of the edit, so that undoing the edit also lets go of what it pinned.
"""

import json
from collections.abc import Iterable

from django.db import connection

from channels_app.models import Channel
from tasks_app.models import JournalEntry

PINNED = "pinned"  # the key under which journal entries keep them
PINNABLE = frozenset(
    {
        "name",
        "number",
        "group_id",
        "tvg_id",
        "gracenote_id",
        "logo_url",
        "guide_entry_id",
        "stream_profile_id",
        "no_epg",
        "epg_locked",
    }
)


def pin_changed(channel: Channel, changed: Iterable[str], entry: JournalEntry) -> list[tuple[str, int]]:
    """Note in ``entry`` what ``changed`` pins anew; returns the rows for :func:`write_pins` (none when nothing is new)."""
    before = sorted(channel.pinned_fields)
    after = sorted({*before, *PINNABLE.intersection(changed)})
    if after == before:
        return []
    if isinstance(entry.before_value, dict) and isinstance(entry.after_value, dict):
        entry.before_value[PINNED], entry.after_value[PINNED] = before, after
    return [(json.dumps(after), channel.pk)]


def write_pins(rows: list[tuple[str, int]]) -> None:
    """Store pinned fields (JSON) by channel id. Call inside the transaction of the edit."""
    if not rows:
        return
    quote = connection.ops.quote_name
    table, column = quote(Channel._meta.db_table), quote("pinned_fields")
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {column} = %s WHERE {quote('id')} = %s", rows)  # noqa: S608 - our own names


def pins_taken_back(current: list[str], before: object, after: object) -> list[str]:
    """The pinned fields once an edit that turned ``before`` into ``after`` is undone; what others pinned since stays."""
    if not isinstance(before, list) or not isinstance(after, list):
        return current
    return sorted((set(current) - (set(after) - set(before))) | (set(before) - set(after)))
