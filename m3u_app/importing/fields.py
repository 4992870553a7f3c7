"""Attributes of a playlist entry to the fields of a stream (20 §3.6), names and catch-up included."""

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from m3u_app.entries import (
    DEFAULT_GROUP,
    GROUP_LIMIT,
    ID_LIMIT,
    NAME_LIMIT,
    SHORT_LIMIT,
    URL_LIMIT,
    Entry,
    channel_number,
)

CATCHUP_DEFAULTS = ("catchup", "catchup-type", "catchup-source", "catchup-days", "catchup-correction")
"""Header attributes that hold for entries that lack them (20 §3.2)."""

# Attributes that live in a column of their own. The aliases (channel-id, logo, …) stay in extras and go out again.
_COLUMN_ATTRIBUTES = ("tvg-id", "tvg-name", "tvg-logo", "group-title", "tvg-chno", "tvc-guide-stationid")

_OFF_WORDS = ("none", "0", "false")
_NO_WORDS = ("0", "false", "no")
_DAYS = re.compile(r"(\d{1,5})(?:\.\d+)?", re.ASCII)
_EXTENSION = re.compile(r"\.\w{1,5}$", re.ASCII)
_NOT_INLINE = re.compile(r"[\x0a-\x0d\x1c-\x1e\x85\u2028\u2029]+")


def one_line(text: str) -> str:
    """Collapse line breaks inside ``text`` (Unicode knows more than LF and CR) and trim it; the rest stays as sent."""
    return _NOT_INLINE.sub(" ", text).strip()


def make_entry(
    attributes: dict[str, str],
    title: str,
    url: str,
    *,
    extra_group: str = "",
    extra_logo: str = "",
    extras: dict[str, Any] | None = None,
    needs_drm: bool = False,
    defaults: dict[str, str] | None = None,
) -> Entry:
    """Build an entry from what the reader found; ``attributes`` is used up.

    ``defaults`` are the catch-up attributes of the header. The name is empty when nothing at all gives one.
    """
    if defaults and not _opted_out(attributes):
        attributes = {**defaults, **attributes}
    get = attributes.get
    tvg_id = get("tvg-id") or get("channel-id", "")
    tvg_name = get("tvg-name", "")
    name = title or get("tvc-guide-title") or tvg_name or tvg_id or name_from_url(url)
    logo = get("tvg-logo") or get("logo") or extra_logo
    group = get("group-title") or extra_group or DEFAULT_GROUP
    chno = get("tvg-chno") or get("channel-number") or get("ch-number")
    station_id = get("tvc-guide-stationid", "")
    is_adult = is_radio = is_catchup = False
    catchup_days = 0
    for key in _COLUMN_ATTRIBUTES:
        attributes.pop(key, None)
    if attributes:
        is_adult = get("is_adult") == "1" or bool(get("parent-code")) or get("adult", "0").lower() not in _NO_WORDS
        is_radio = get("radio", "").lower() in ("true", "1", "yes")
        is_catchup, catchup_days = catch_up(attributes)
        extras = {"attributes": attributes, **(extras or {})}
    if len(name) > NAME_LIMIT or not name.isprintable():
        name = one_line(name)[:NAME_LIMIT].strip()
    if len(group) > GROUP_LIMIT or not group.isprintable():
        group = one_line(group)[:GROUP_LIMIT].strip() or DEFAULT_GROUP
    return Entry(
        name=name,
        url=url,
        group=group,
        tvg_id=tvg_id[:ID_LIMIT],
        tvg_name=tvg_name[:NAME_LIMIT],
        logo_url=logo if len(logo) <= URL_LIMIT else "",  # half an address is no address
        stream_chno=channel_number(chno) if chno else None,
        station_id=station_id[:SHORT_LIMIT],
        is_adult=is_adult,
        is_radio=is_radio,
        is_catchup=is_catchup,
        catchup_days=catchup_days,
        needs_drm=needs_drm,
        extras=extras or None,
    )


def catch_up(attributes: dict[str, str]) -> tuple[bool, int]:
    """Return (is_catchup, days) from the attributes of an entry, header defaults already mixed in (20 §3.6)."""
    get = attributes.get
    kind = (get("catchup") or get("catchup-type") or "").lower()
    days = [_whole_days(get(key)) for key in ("tv_archive_duration", "catchup-days", "tvg-rec", "timeshift")]
    is_catchup = get("tv_archive", "").lower() in ("1", "true") or bool(kind and kind not in _OFF_WORDS) or any(days[1:])
    return is_catchup, next((value for value in days if value), 0) if is_catchup else 0


def name_from_url(url: str) -> str:
    """Return the last path part of ``url`` without its extension, or ""."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return one_line(_EXTENSION.sub("", unquote(path.rstrip("/").rpartition("/")[2])))


def _whole_days(text: str | None) -> int:
    match = _DAYS.fullmatch(text) if text else None
    return int(match[1]) if match else 0


def _opted_out(attributes: dict[str, str]) -> bool:
    """An entry that says "no catch-up" does not inherit the header's."""
    kind = attributes.get("catchup") or attributes.get("catchup-type")
    return kind is not None and kind.lower() in _OFF_WORDS
