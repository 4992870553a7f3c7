"""Settings of a group that refer to other rows: ids of the server and ours (20 §4.2). Everything else passes untouched."""

from collections.abc import Mapping
from typing import Any

from tasks_app.mirror.kinds import LinkBook

REFERENCES = {
    "group_override": "group",
    "custom_epg_id": "guide_source",
    "custom_logo_id": "logo",
    "stream_profile_id": "stream_profile",
    "channel_profile_ids": "channel_profile",
}
"""Keys whose values are ids (or a list of them) → kind of the rows."""
THERE = "_there"
"""Where values wait whose rows are not known here yet: as the server wrote them, by key."""


class NotThereYet(Exception):
    """A setting names a row that the server does not have. Text: a sentence."""


def our_settings(stored: Mapping[str, Any] | None, links: LinkBook) -> dict[str, Any]:
    """The server's settings with our ids. What cannot be translated yet is kept under :data:`THERE`."""
    settings: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for key, value in (stored or {}).items():
        kind = REFERENCES.get(key)
        if kind is None or not _ids(value):
            settings[key] = value
            continue
        ours = {number: links.local(kind, number) for number in _ids(value)}
        if None in ours.values():
            unknown[key] = value
        else:
            settings[key] = _mapped(value, ours)
    return settings | ({THERE: unknown} if unknown else {})


def their_settings(settings: Mapping[str, Any], links: LinkBook) -> dict[str, Any]:
    """The reverse. Raises :class:`NotThereYet`."""
    stored: dict[str, Any] = dict(settings.get(THERE) or {})
    for key, value in settings.items():
        if key == THERE:
            continue
        kind = REFERENCES.get(key)
        if kind is None or not _ids(value):
            stored[key] = value
            continue
        theirs = {number: links.remote(kind, number) for number in _ids(value)}
        if None in theirs.values():
            raise NotThereYet(f"Waits until the {kind.replace('_', ' ')} of its auto-sync is on the server.")
        stored[key] = _mapped(value, theirs)
    return stored


def _ids(value: object) -> list[int]:
    """The ids in a value: one, several, or none. Zero means nothing there."""
    found = value if isinstance(value, list) else [value]
    numbers = [_number(part) for part in found]
    return [number for number in numbers if number]


def _number(value: object) -> int:
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19 else 0


def _mapped(value: Any, ids: Mapping[int, int | None]) -> Any:
    if isinstance(value, list):
        return [ids.get(_number(part), part) for part in value]
    return ids[_number(value)]
