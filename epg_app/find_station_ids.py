"""Finds Gracenote station ids by guide id (10 §18, 30 §10.2), from what imports stored: no guide is fetched for it."""

from collections.abc import Iterable
from typing import NamedTuple

from ecm_site.many_ids import among
from epg_app.entry_keys import tvg_key
from epg_app.models import GuideEntry


class StationIdHit(NamedTuple):
    """What the guides say about one id. ``station_id`` "" = nothing; then ``reason`` says why, in words."""

    station_id: str = ""
    source_id: int | None = None
    source_name: str = ""
    reason: str = ""


_NOT_LISTED = StationIdHit(reason="No active guide lists this TVG-ID.")

Asked = tuple[str, int | None]
"""A guide id and the source to ask first, or None."""


class _Known(NamedTuple):
    source_id: int
    source_name: str
    station_id: str
    lcn: str


def find_station_ids(asked: Iterable[Asked], *, only_that_source: bool = False) -> dict[Asked, StationIdHit]:
    """An answer for every pair: the own source first, then all active ones by priority; the first that has an id wins.

    ``only_that_source``: where a source is named, no other is asked. Ids are compared trimmed and without regard to case;
    each distinct one is looked up once. One query.
    """
    pairs = list(dict.fromkeys(asked))
    known = _known(tvg_id for tvg_id, _ in pairs)
    return {
        (tvg_id, source): _answer(known.get(tvg_key(tvg_id), []), source, only=only_that_source) for tvg_id, source in pairs
    }


def _known(tvg_ids: Iterable[str]) -> dict[str, list[_Known]]:
    """Entries of active sources by key, best source first."""
    keys = sorted({tvg_key(tvg_id) for tvg_id in tvg_ids} - {""})
    found: dict[str, list[_Known]] = {}
    entries = GuideEntry.objects.filter(tvg_key__in=among(keys), source__is_active=True)
    rows = entries.order_by("-in_feed", "-source__priority", "source__name", "id")
    for key, source_id, name, station_id, lcn in rows.values_list("tvg_key", "source_id", "source__name", "station_id", "lcn"):
        found.setdefault(key, []).append(_Known(source_id, name, station_id, lcn))
    return found


def _answer(entries: list[_Known], source_id: int | None, *, only: bool) -> StationIdHit:
    own = [entry for entry in entries if entry.source_id == source_id]
    asked = own if only and source_id is not None else own + [entry for entry in entries if entry.source_id != source_id]
    hit = next((entry for entry in asked if entry.station_id), None)
    if hit:
        return StationIdHit(hit.station_id, hit.source_id, hit.source_name)
    if not asked:
        return _NOT_LISTED
    lcn = next((entry.lcn for entry in asked if entry.lcn), "")
    if lcn:
        return StationIdHit(reason=f"The guide only gives a channel number for it ({lcn}).")
    return StationIdHit(reason="The guide has no station id for it.")
