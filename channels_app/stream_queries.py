"""What the right pane of the channel manager reads: providers, their groups with counts, streams of a group (10 §2.3, §3).

Counts come from the groups' own stored counts while nothing narrows the streams, so half a million of them cost nothing.
A search first counts its first :data:`QUICK_HITS` hits; when there are more, the page asks again for all (``full``).
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Sum, TextField, When
from django.db.models.fields.json import KeyTextTransform

from channels_app.chunks import chunked
from channels_app.finding.stream_order import hits_in_order, in_order
from channels_app.models import ChannelStream
from channels_app.numbering import natural_key
from channels_app.pane_filters import StreamFilter
from ecm_site.conf import get_settings
from m3u_app.models import Account, Stream, StreamGroup
from m3u_app.search import count_matches, matching_streams, scanned_streams

ROWS_PER_PAGE = 100
GROUPS_PER_PAGE = 60
QUICK_HITS = 1000
GROUPS_LISTED = 40  # of a search, over all providers; each provider's others follow when they come into view
ROWS_SHOWN_AT_ONCE = 40  # streams of a search that arrive with their groups already open
NATURAL_ORDER_UP_TO = 5000  # groups of one provider; beyond, the database's own order must do
MOST_SELECTED = 20_000
SCANNED_UP_TO = 100_000  # streams of a group whose names are read one by one when too many match for the index: 25 ms at most

Hit = tuple[int, int | None, int | None, str]
Key = tuple[int, int]
"""(account id, group id); 0 stands for none: custom streams, streams without a group."""


@dataclass(frozen=True, slots=True)
class StreamGroupSummary:
    """A group header."""

    account_id: int
    pk: int
    name: str
    count: int
    is_stale: bool = False


@dataclass(frozen=True)
class StreamRow:
    """``channels`` names the channels that use the stream; ``custom_group`` is the group that a custom stream was given."""

    stream: Stream
    channels: tuple[str, ...] = ()
    custom_group: str = ""


@dataclass
class StreamPage:
    account_id: int
    group_id: int
    rows: list[StreamRow]
    next_offset: int | None = None


@dataclass
class GroupNode:
    """A group as it arrives; ``page`` is filled when it arrives open."""

    summary: StreamGroupSummary
    page: StreamPage | None = None


@dataclass
class ProviderNode:
    pk: int
    name: str
    group_count: int = 0
    stream_count: int = 0
    groups: list[GroupNode] = field(default_factory=list)
    next_offset: int | None = None


@dataclass
class StreamTree:
    """``partial``: the counts are those of the first hits only, more are to come."""

    providers: list[ProviderNode]
    stream_count: int
    partial: bool = False


def stream_tree(wanted: StreamFilter, *, full: bool = False) -> StreamTree:
    """Providers with counts; groups of the first provider, or the hits of a search with their first rows."""
    if wanted.text:
        return _search_tree(wanted, full=full)
    providers = _provider_counts(wanted)
    first = next((node for node in providers if node.group_count), None)
    if first is not None:
        page = provider_groups(wanted, first.pk)
        first.groups, first.next_offset = page.groups, page.next_offset
    return StreamTree(providers, sum(node.stream_count for node in providers))


def provider_groups(wanted: StreamFilter, account_id: int, *, offset: int = 0, limit: int = GROUPS_PER_PAGE) -> ProviderNode:
    """A page of the groups of one provider (0 = custom streams), in natural order."""
    account = Account.objects.filter(pk=account_id).only("name").first() if account_id else None
    node = ProviderNode(account_id, account.name if account else "Custom streams")
    narrowed = replace(wanted, accounts=(account_id,))
    if not wanted.narrows and not wanted.groups and _stored_groups(narrowed).count() > NATURAL_ORDER_UP_TO:
        found = _summaries(_stored_groups(narrowed).order_by("name", "pk")[offset : offset + limit + 1])
    else:
        every = _search_groups(narrowed) if wanted.text else _listed_groups(narrowed)
        found = sorted(every, key=_group_order)[offset : offset + limit + 1]
    node.groups = [GroupNode(summary) for summary in found[:limit]]
    node.next_offset = offset + limit if len(found) > limit else None
    return node


def stream_rows(wanted: StreamFilter, key: Key, *, offset: int = 0, limit: int = ROWS_PER_PAGE) -> StreamPage:
    """A page of the streams of one group in the order that is asked for. Two queries; in a search two more, by quality one."""
    streams = _for_rows(matching(wanted, key, scan=_is_scanned(wanted, key)))
    found = list(in_order(streams, wanted.sort, offset=offset, limit=limit + 1))
    return StreamPage(*key, dressed_streams(found[:limit]), offset + limit if len(found) > limit else None)


def matching(wanted: StreamFilter, key: Key | None = None, *, scan: bool = False) -> QuerySet[Stream]:
    """Streams that pass the filter, of one group or of all. ``scan``: names are read instead of asking the index."""
    streams = Stream.objects.all()
    if key is not None:
        of_account = Q(account_id=key[0]) if key[0] else Q(account=None)
        streams = streams.filter(of_account, Q(group_id=key[1]) if key[1] else Q(group=None))
    else:
        if wanted.accounts:
            streams = streams.filter(account_id__in=wanted.accounts)
        if wanted.groups:
            streams = streams.filter(group_id__in=wanted.groups)
    if wanted.hide_mapped:
        streams = streams.filter(~Exists(ChannelStream.objects.filter(stream=OuterRef("pk"))))
    if not wanted.text:
        return streams
    return scanned_streams(streams, wanted.text) if scan else matching_streams(streams, wanted.text)


def _is_scanned(wanted: StreamFilter, key: Key) -> bool:
    """Whether a page of a group is found sooner along the group's names than among everything that the index finds.

    The index gives all matches of all groups, unsorted, and each costs a look at its stream; along the names of the group the
    first page is there as soon as it is full.
    """
    if not wanted.text or not wanted.text.isascii() or not key[1]:
        return False
    if count_matches(wanted.text, QUICK_HITS) <= QUICK_HITS:
        return False
    return StreamGroup.objects.filter(pk=key[1], stream_count__lte=SCANNED_UP_TO).exists()


def _for_rows(streams: QuerySet[Stream]) -> QuerySet[Stream]:
    """With what rows show, and no more: a stream's record holds everything that its provider says about it."""
    fields = ("name", "logo_url", "is_stale", "is_custom")
    shown = streams.only(*fields, "url") if get_settings().show_stream_urls else streams.only(*fields)
    own_group = Case(When(is_custom=True, then=KeyTextTransform("group", "extras")), output_field=TextField())
    return shown.annotate(custom_group=own_group)


def dressed_streams(streams: Sequence[Stream]) -> list[StreamRow]:
    """Add to streams the names of the channels they are on. One query."""
    marks = mapped_marks([stream.pk for stream in streams])
    return [StreamRow(stream, marks.get(stream.pk, ()), str(getattr(stream, "custom_group", None) or "")) for stream in streams]


def mapped_marks(stream_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Names of the channels that each of these streams is on; streams on none are left out."""
    marks: dict[int, tuple[str, ...]] = {}
    links = ChannelStream.objects.filter(stream_id__in=list(stream_ids)).order_by("stream_id", "channel__number", "pk")
    for stream_id, name in links.values_list("stream_id", "channel__name"):
        marks[stream_id] = (*marks.get(stream_id, ()), name)
    return marks


def selected_stream_ids(wanted: StreamFilter, key: Key) -> tuple[list[int], bool]:
    """Ids of the streams of a group that pass the filter, in row order, and whether there are more than fit.

    At most :data:`MOST_SELECTED`; a whole group without a filter needs no ids and has no limit.
    """
    streams = matching(wanted, key).order_by("name", "pk").values_list("pk", flat=True)
    found = list(streams[: MOST_SELECTED + 1])
    return found[:MOST_SELECTED], len(found) > MOST_SELECTED


def any_mapped() -> bool:
    """True when at least one stream sits on a channel: only then "hide mapped" makes a difference."""
    return ChannelStream.objects.exists()


@dataclass(frozen=True)
class GroupOptions:
    """Choices of the group filter: those already chosen first, then what the search finds; ``more`` are not listed."""

    chosen: list[StreamGroupSummary]
    found: list[StreamGroupSummary]
    more: int


def group_options(wanted: StreamFilter, text: str, *, limit: int = 100) -> GroupOptions:
    """Groups for the filter's own search, of the chosen providers. Three queries."""
    chosen = StreamGroup.objects.filter(pk__in=wanted.groups[:500]) if wanted.groups else StreamGroup.objects.none()
    groups = StreamGroup.objects.filter(stream_count__gt=0).exclude(pk__in=wanted.groups)
    if wanted.accounts:
        groups = groups.filter(account_id__in=wanted.accounts)
    if text:
        groups = groups.filter(name__icontains=text)
    found = _summaries(groups.order_by("name", "pk")[:limit])
    more = groups.count() - len(found) if len(found) == limit else 0
    return GroupOptions(_summaries(chosen.order_by("name")), found, more)


# --- without a search -------------------------------------------------------------------------------------------------


def _stored_groups(wanted: StreamFilter) -> QuerySet[StreamGroup]:
    groups = StreamGroup.objects.filter(stream_count__gt=0)
    if wanted.accounts:
        groups = groups.filter(account_id__in=wanted.accounts)
    return groups.filter(pk__in=wanted.groups) if wanted.groups else groups


def _without_group(wanted: StreamFilter) -> dict[int, int]:
    """Streams that have no group row, by account; custom streams under 0.

    With the setting, those of providers that have groups as well are left out (10 §1.3).
    """
    if wanted.groups:
        return {}
    counts = Stream.objects.filter(group=None).order_by().values_list("account_id").annotate(Count("pk"))
    found = {account_id or 0: count for account_id, count in counts}
    left_out: set[int] = set()
    if found and get_settings().hide_ungrouped_streams:
        left_out = set(
            StreamGroup.objects.filter(stream_count__gt=0, account_id__in=found).values_list("account_id", flat=True)
        )
    return {pk: count for pk, count in found.items() if pk not in left_out and (not wanted.accounts or pk in wanted.accounts)}


def _mapped_counts(wanted: StreamFilter) -> Counter[Key]:
    """How many streams of each group sit on channels; found from the channels' side, which is the short one."""
    streams = Stream.objects.filter(pk__in=ChannelStream.objects.values("stream_id"))
    if wanted.accounts and 0 not in wanted.accounts:
        streams = streams.filter(account_id__in=wanted.accounts)
    rows = streams.order_by().values_list("account_id", "group_id").annotate(Count("pk"))
    return Counter({(account_id or 0, group_id or 0): count for account_id, group_id, count in rows})


def _provider_counts(wanted: StreamFilter) -> list[ProviderNode]:
    if wanted.hide_mapped:
        counts: dict[int, tuple[int, int]] = {}
        for summary in _listed_groups(wanted):
            groups, streams = counts.get(summary.account_id, (0, 0))
            counts[summary.account_id] = (groups + 1, streams + summary.count)
    else:
        rows = _stored_groups(wanted).order_by().values_list("account_id").annotate(Count("pk"), Sum("stream_count"))
        counts = {pk: (groups, streams) for pk, groups, streams in rows}
        for pk, count in _without_group(wanted).items():
            groups, streams = counts.get(pk, (0, 0))
            counts[pk] = (groups + 1, streams + count)
    return _providers(counts, wanted)


def _providers(counts: dict[int, tuple[int, int]], wanted: StreamFilter) -> list[ProviderNode]:
    names = dict(Account.objects.order_by("name").values_list("pk", "name"))
    nodes = [
        ProviderNode(pk, name, *counts.get(pk, (0, 0)))
        for pk, name in sorted(names.items(), key=lambda item: natural_key(item[1]))
        if pk in counts or (not wanted.is_active or pk in wanted.accounts)
    ]
    if 0 in counts:
        nodes.append(ProviderNode(0, "Custom streams", *counts[0]))
    return nodes


def _listed_groups(wanted: StreamFilter) -> list[StreamGroupSummary]:
    """All groups with stored counts, less the mapped streams when those are hidden; unsorted."""
    found = _summaries(_stored_groups(wanted).order_by())
    found += [StreamGroupSummary(pk, 0, "Ungrouped", count) for pk, count in _without_group(wanted).items()]
    if not wanted.hide_mapped:
        return found
    mapped = _mapped_counts(wanted)
    left = [replace(item, count=item.count - mapped[item.account_id, item.pk]) for item in found]
    return [item for item in left if item.count > 0]


def _summaries(groups: QuerySet[StreamGroup]) -> list[StreamGroupSummary]:
    rows = groups.values_list("account_id", "pk", "name", "stream_count", "is_stale")
    return [StreamGroupSummary(*row) for row in rows]


def _group_order(summary: StreamGroupSummary) -> tuple[object, ...]:
    return (summary.pk == 0, natural_key(summary.name), summary.pk)


# --- with a search ----------------------------------------------------------------------------------------------------


def _search_tree(wanted: StreamFilter, *, full: bool) -> StreamTree:
    quick = _first_hits(wanted)
    is_exact = len(quick) <= QUICK_HITS
    if is_exact or not full:
        counts = Counter((account_id or 0, group_id or 0) for _, account_id, group_id, _ in quick[:QUICK_HITS])
    else:
        counts = _all_hit_counts(wanted)
    per_provider: dict[int, list[StreamGroupSummary]] = {}
    for summary in _named(counts):
        per_provider.setdefault(summary.account_id, []).append(summary)
    totals = {pk: (len(groups), sum(group.count for group in groups)) for pk, groups in per_provider.items()}
    nodes = [node for node in _providers(totals, wanted) if node.group_count]
    room = GROUPS_LISTED
    for node in nodes:
        listed = sorted(per_provider[node.pk], key=_group_order)
        node.groups = [GroupNode(summary) for summary in listed[:room]]
        node.next_offset = len(node.groups) if len(listed) > room else None
        room = max(0, room - len(node.groups))
    groups = [group for node in nodes for group in node.groups]
    if is_exact:
        _open_groups_with(groups, quick, wanted)
    elif groups:
        first = groups[0]
        first.page = stream_rows(wanted, (first.summary.account_id, first.summary.pk), limit=ROWS_SHOWN_AT_ONCE)
    return StreamTree(nodes, sum(counts.values()), partial=not is_exact and not full)


def _open_groups_with(groups: list[GroupNode], hits: list[Hit], wanted: StreamFilter) -> None:
    """Give the first groups their rows out of all hits of a search, so that it shows streams at once. Two queries."""
    of_group: dict[Key, list[tuple[str, int]]] = {}
    for stream_id, account_id, group_id, name in hits:
        of_group.setdefault((account_id or 0, group_id or 0), []).append((name, stream_id))
    chosen: dict[Key, list[int]] = {}
    room = ROWS_SHOWN_AT_ONCE
    for group in groups:
        key = (group.summary.account_id, group.summary.pk)
        if room > 0:
            chosen[key] = hits_in_order(of_group[key], wanted.sort)[:room]
            room -= len(chosen[key])
    streams = _for_rows(Stream.objects.all()).in_bulk([stream_id for ids in chosen.values() for stream_id in ids])
    rows = {row.stream.pk: row for row in dressed_streams(list(streams.values()))}
    for group in groups:
        key = (group.summary.account_id, group.summary.pk)
        if key in chosen:
            shown = [rows[stream_id] for stream_id in chosen[key] if stream_id in rows]
            following = len(chosen[key]) if len(chosen[key]) < group.summary.count else None
            group.page = StreamPage(*key, shown, following)


def _search_groups(wanted: StreamFilter) -> list[StreamGroupSummary]:
    return _named(_all_hit_counts(wanted))


def _first_hits(wanted: StreamFilter) -> list[Hit]:
    """At most one more than :data:`QUICK_HITS`."""
    limit = QUICK_HITS + 1
    narrowed = wanted.accounts or wanted.groups or wanted.hide_mapped
    found = matching(wanted) if narrowed else matching_streams(Stream.objects.all(), wanted.text, among_first=limit)
    return list(found.order_by().values_list("pk", "account_id", "group_id", "name")[:limit])


def _all_hit_counts(wanted: StreamFilter) -> Counter[Key]:
    rows = matching(wanted).order_by().values_list("account_id", "group_id").annotate(Count("pk"))
    return Counter({(account_id or 0, group_id or 0): count for account_id, group_id, count in rows})


def _named(counts: Counter[Key]) -> list[StreamGroupSummary]:
    """Counted groups with their names. One query for every 5,000 groups."""
    ids = [group_id for _, group_id in counts if group_id]
    groups: dict[int, tuple[str, bool]] = {}
    for portion in chunked(ids, 5000):
        rows = StreamGroup.objects.filter(pk__in=portion).order_by().values_list("pk", "name", "is_stale")
        groups.update({pk: (name, is_stale) for pk, name, is_stale in rows})
    unknown = ("Ungrouped", False)
    return [
        StreamGroupSummary(account_id, group_id, groups.get(group_id, unknown)[0], count, groups.get(group_id, unknown)[1])
        for (account_id, group_id), count in counts.items()
    ]
