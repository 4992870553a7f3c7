"""Attributes of a playlist entry to the fields of a stream (20 §3.6), names and catch-up included."""

import re
from functools import lru_cache
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
    take = attributes.pop
    tvg_id, tvg_name, logo = take("tvg-id", ""), take("tvg-name", ""), take("tvg-logo", "")
    group = take("group-title", "") or extra_group or DEFAULT_GROUP
    chno, station_id = take("tvg-chno", ""), take("tvc-guide-stationid", "")
    guide_title = ""
    is_adult = is_radio = is_catchup = False
    catchup_days = 0
    if attributes:  # what has no column of its own, aliases included: it all goes out again
        get = attributes.get
        tvg_id = tvg_id or get("channel-id", "")
        logo = logo or get("logo", "")
        chno = chno or get("channel-number") or get("ch-number", "")
        guide_title = get("tvc-guide-title", "")
        is_adult = get("is_adult") == "1" or bool(get("parent-code")) or get("adult", "0").lower() not in _NO_WORDS
        is_radio = get("radio", "").lower() in ("true", "1", "yes")
        is_catchup, catchup_days = catch_up(attributes)
        extras = {"attributes": attributes, **(extras or {})}
    name = title or guide_title or tvg_name or tvg_id or name_from_url(url)
    logo = logo or extra_logo
    return Entry(
        name if len(name) <= NAME_LIMIT and name.isprintable() else one_line(name)[:NAME_LIMIT].strip(),
        url,
        tvg_id[:ID_LIMIT],
        tvg_name[:NAME_LIMIT],
        logo if len(logo) <= URL_LIMIT else "",  # half an address is no address
        channel_number(chno) if chno else None,
        station_id[:SHORT_LIMIT],
        is_adult=is_adult,
        is_radio=is_radio,
        is_catchup=is_catchup,
        catchup_days=catchup_days,
        needs_drm=needs_drm,
        extras=extras or None,
        group=_group_name(group),
    )


def make_usual_entry(title: str, url: str, tvg_id: str, tvg_name: str, logo: str, group: str) -> Entry:  # noqa: PLR0917
    """As :func:`make_entry`, for an entry with no other attribute than these: most entries of most providers."""
    tvg_id, tvg_name, logo, url = tvg_id.strip(), tvg_name.strip(), logo.strip(), url.strip()
    name = title.strip() or tvg_name or tvg_id or name_from_url(url)
    return _usual(
        (
            name if len(name) <= NAME_LIMIT and name.isprintable() else one_line(name)[:NAME_LIMIT].strip(),
            url,
            tvg_id[:ID_LIMIT],
            tvg_name[:NAME_LIMIT],
            logo if len(logo) <= URL_LIMIT else "",
            *_USUAL_MIDDLE,
            _group_name(group.strip() or DEFAULT_GROUP),
            "",
            "",
        )
    )


_usual = Entry._make
_USUAL_MIDDLE = Entry("", "")[5:14]  # the fields that such an entry does not have, in their order


@lru_cache(maxsize=4096)
def _group_name(group: str) -> str:
    if len(group) > GROUP_LIMIT or not group.isprintable():
        return one_line(group)[:GROUP_LIMIT].strip() or DEFAULT_GROUP
    return group


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
