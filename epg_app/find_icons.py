"""Icons of guide entries for channels that have no logo: by guide id, else by name (10 §20.2)."""

import re
from collections.abc import Iterable

from epg_app.entry_keys import tvg_key
from epg_app.find_entries import IDS_AT_ONCE
from epg_app.models import GuideEntry

_QUALITY = re.compile(r"\s+(?:\(\s*(?:HD|SD)\s*\)|HD|SD)\s*$", re.IGNORECASE)
_BEST_FIRST = ("-in_feed", "-source__priority", "source__name", "id")


def icons_for_tvg_ids(tvg_ids: Iterable[str]) -> dict[str, str]:
    """Icon address by id as given, compared without regard to case, of active sources; ids without one are missing."""
    asked = {tvg_id: tvg_key(tvg_id) for tvg_id in tvg_ids}
    keys = sorted(set(asked.values()) - {""})
    best: dict[str, str] = {}
    for begin in range(0, len(keys), IDS_AT_ONCE):
        entries = GuideEntry.objects.filter(tvg_key__in=keys[begin : begin + IDS_AT_ONCE], source__is_active=True)
        rows = entries.exclude(icon_url="").order_by(*_BEST_FIRST).values_list("tvg_key", "icon_url")
        for key, icon in rows:
            best.setdefault(key, icon)
    return {tvg_id: best[key] for tvg_id, key in asked.items() if key in best}


def icons_for_names(names: Iterable[str]) -> dict[str, str]:
    """Icon address by name as given: an entry of the same name, else one without a trailing HD or SD on either side.

    One pass over the entries that have an icon, however many names.
    """
    asked = {name: (_folded(name), _folded(without_quality(name))) for name in names}
    wanted = {key for keys in asked.values() for key in keys} - {""}
    if not wanted:
        return {}
    best: dict[str, str] = {}
    entries = GuideEntry.objects.filter(source__is_active=True).exclude(icon_url="").order_by(*_BEST_FIRST)
    bare: dict[str, str] = {}
    for name, icon in entries.values_list("name", "icon_url").iterator(chunk_size=5000):
        if _folded(name) in wanted:
            best.setdefault(_folded(name), icon)
        elif _folded(without_quality(name)) in wanted:
            bare.setdefault(_folded(without_quality(name)), icon)
    found = {
        name: next((icons[key] for icons in (best, bare) for key in keys if key in icons), "") for name, keys in asked.items()
    }
    return {name: icon for name, icon in found.items() if icon}


def without_quality(name: str) -> str:
    """ "ESPN HD" and "ESPN (HD)" → "ESPN"; a name that is nothing else stays."""
    return _QUALITY.sub("", name) or name


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
