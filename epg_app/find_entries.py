"""Finds guide entries: by words for people (30 §7), by id for channels (30 §2.3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from epg_app.entry_keys import squash, tvg_key
from epg_app.models import GuideEntry, GuideSource
from epg_app.raw_sql import fetch_all

MAX_WORDS = 10  # of one search text; more words only cost time
IDS_AT_ONCE = 500
INDEXED_LENGTH = 3  # characters; shorter pieces are not in the trigram index

_ENTRIES = "epg_app_guideentry"
_INDEX = "epg_app_entry_search"


@dataclass(frozen=True)
class FoundEntry:
    """One hit. ``other_names`` are the display names after the first."""

    entry_id: int
    source_id: int
    source_name: str
    tvg_id: str
    name: str
    other_names: list[str]
    icon_url: str
    in_feed: bool


@dataclass(frozen=True)
class FoundEntries:
    """One page of hits, best source first, and how many there are in all."""

    entries: list[FoundEntry]
    total: int


def search_entries(
    text: str,
    *,
    source_ids: Sequence[int] = (),
    suffix: str = "",
    offset: int = 0,
    limit: int = 100,
    active_only: bool = True,
) -> FoundEntries:
    """Entries that contain every word of ``text`` in name, id, another display name or the name of their source.

    Words are compared as written and with everything but letters and digits removed, in both cases ignoring upper and
    lower case: "fox5" finds "FOX 5". No words = everything. Ordered by source priority, then name. ``source_ids``
    restricts to some sources, ``active_only`` to those that are switched on, ``suffix`` to ids that end in it (".us"). Four
    queries, whatever the number of hits.
    """
    sources = _sources(source_ids, active_only=active_only)
    if not sources:
        return FoundEntries([], 0)
    words = text.casefold().split()[:MAX_WORDS]
    parts: list[str] = []
    params: list[object] = []
    counted: list[object] = []
    counts: list[str] = []
    for rank, source in enumerate(sources):
        where, values = _condition(words, source, tvg_key(suffix))
        counts.append(f"SELECT COUNT(*) FROM {_ENTRIES} WHERE {where}")  # noqa: S608 - fixed names and placeholders
        counted += values
        parts.append(
            f"SELECT * FROM (SELECT {rank} AS rank, name, id FROM {_ENTRIES} WHERE {where}"  # noqa: S608
            " ORDER BY name, id LIMIT %s)"
        )
        params += [*values, offset + limit]
    total = sum(row[0] for row in fetch_all(" UNION ALL ".join(counts), counted))
    if offset >= total:
        return FoundEntries([], total)
    page = f"{' UNION ALL '.join(parts)} ORDER BY rank, name, id LIMIT %s OFFSET %s"
    ids = [row[2] for row in fetch_all(page, [*params, limit, offset])]
    return FoundEntries(_rows(ids, {source.pk: source for source in sources}), total)


def entries_for_tvg_ids(tvg_ids: Iterable[str]) -> dict[str, int]:
    """The entry for each id, compared trimmed and without regard to case, keyed by the id as given.

    Of several the one in the active source with the highest priority wins; one that is still in its feed goes first.
    Ids without an entry are missing.
    """
    asked = {tvg_id: tvg_key(tvg_id) for tvg_id in tvg_ids}
    keys = sorted(set(asked.values()) - {""})
    best: dict[str, int] = {}
    for begin in range(0, len(keys), IDS_AT_ONCE):
        rows = GuideEntry.objects.filter(tvg_key__in=keys[begin : begin + IDS_AT_ONCE], source__is_active=True)
        for key, entry_id in rows.order_by("-in_feed", "-source__priority", "source__name", "id").values_list("tvg_key", "id"):
            best.setdefault(key, entry_id)
    return {tvg_id: best[key] for tvg_id, key in asked.items() if key in best}


def _sources(source_ids: Sequence[int], *, active_only: bool) -> list[GuideSource]:
    sources = GuideSource.objects.only("id", "name", "priority")
    if source_ids:
        sources = sources.filter(pk__in=source_ids)
    if active_only:
        sources = sources.filter(is_active=True)
    return list(sources.order_by("-priority", "name"))


@dataclass
class _Tests:
    """The condition under construction: pieces for the index, and tests on the row for what the index cannot answer."""

    indexed: list[str] = field(default_factory=list)
    on_row: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)


def _condition(words: list[str], source: GuideSource, suffix: str) -> tuple[str, list[object]]:
    """SQL that is true for entries of ``source`` holding every word, their ids ending in ``suffix``, with its parameters.

    Words that the name of the source contains are met by all its entries and fall away.
    """
    tests = _Tests()
    if suffix:
        tests.on_row.append("substr(tvg_key, -length(%s)) = %s")
        tests.values += [suffix, suffix]
    own_name = source.name.casefold()
    own_squashed = squash(source.name)
    for word in words:
        squashed = squash(word)
        if word in own_name or (squashed and squashed in own_squashed):
            continue
        pieces = list(dict.fromkeys(piece for piece in (word, squashed) if piece))
        if all(len(piece) >= INDEXED_LENGTH for piece in pieces):
            tests.indexed.append(f"({' OR '.join(map(_quoted, pieces))})")
        else:
            tests.on_row.append(f"({' OR '.join('instr(search_text, %s) > 0' for _ in pieces)})")
            tests.values += pieces
    conditions = [f"source_id = {source.pk}", *tests.on_row]
    if tests.indexed:
        conditions.append(f"id IN (SELECT rowid FROM {_INDEX} WHERE search_text MATCH %s)")  # noqa: S608
        tests.values.append(" AND ".join(tests.indexed))
    return " AND ".join(conditions), tests.values


def _quoted(piece: str) -> str:
    """A piece as a phrase of the index language, in which only the quotation mark means something."""
    return '"' + piece.replace('"', '""').replace("\0", "") + '"'


def _rows(ids: list[int], sources: dict[int, GuideSource]) -> list[FoundEntry]:
    fields = ("id", "source_id", "tvg_id", "name", "other_names", "icon_url", "in_feed")
    found = {row[0]: row for row in GuideEntry.objects.filter(pk__in=ids).values_list(*fields)}
    return [
        FoundEntry(row[0], row[1], sources[row[1]].name, row[2], row[3], row[4], row[5], row[6])
        for row in (found[entry_id] for entry_id in ids if entry_id in found)
    ]
