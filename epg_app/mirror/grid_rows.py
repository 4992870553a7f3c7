"""Programmes of the server in the form that imports save (30 §3.2)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from epg_app.importing.compact_json import encode_json
from epg_app.importing.programme_reader import ICON_LENGTH, NO_TITLE, TITLE_LENGTH, Content
from epg_app.importing.spool import SpooledRow
from m3u_app.providers.loose_values import count_of, text_of

MAX_REMEMBERED: Final = 100_000
MAX_CATEGORIES: Final = 50
_FLAGS: Final = (
    ("new", "is_new", "new"),
    ("live", "is_live", "live"),
    ("premiere", "is_premiere", "premiere"),
    ("finale", "is_finale", "finale"),
    ("repeat", "is_previously_shown", "previously_shown"),
)


class GridReader:
    """Turns rows of ``grid/`` and ``programs/search/`` into rows of a spool. Remembers times: few repeat very often."""

    def __init__(self) -> None:
        self._times: dict[str, int | None] = {}

    def read(self, row: Mapping[str, Any]) -> SpooledRow | None:
        """None for an invented programme (its id is a text: it belongs to a channel without guide) and one without times."""
        if not isinstance(row.get("id"), int):
            return None
        start, stop = self._time(row.get("start_time")), self._time(row.get("end_time"))
        if start is None or stop is None or stop <= start:
            return None
        return start, stop, _content(row)

    def _time(self, text: object) -> int | None:
        if not isinstance(text, str):
            return None
        if text in self._times:
            return self._times[text]
        if len(self._times) >= MAX_REMEMBERED:
            self._times.clear()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            found = None
        else:
            found = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        self._times[text] = found
        return found


def _content(row: Mapping[str, Any]) -> Content:
    """``grid/`` has season, episode and flags beside the title; ``programs/search/`` keeps them in ``custom_properties``."""
    more = row.get("custom_properties")
    more = more if isinstance(more, Mapping) else {}
    flags = [flag for flag, name, short in _FLAGS if row.get(name) is True or more.get(short) is True]
    found = row.get("categories") or more.get("categories")
    categories = [text for text in map(text_of, found[:MAX_CATEGORIES]) if text] if isinstance(found, list) else []
    icon = text_of(row.get("icon") or more.get("icon"))
    return (
        (text_of(row.get("title")) or NO_TITLE)[:TITLE_LENGTH],
        text_of(row.get("sub_title")),
        text_of(row.get("description")),
        encode_json(categories) if categories else "[]",
        count_of(row.get("season") or more.get("season")) or None,
        count_of(row.get("episode") or more.get("episode")) or None,
        icon if len(icon) <= ICON_LENGTH else "",
        encode_json({"flags": flags}) if flags else "{}",
        0,
    )
