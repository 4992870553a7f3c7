"""Makes the plan of an import: reads the lineup once, pairs rows with channels, compares. Writes nothing (10 §20.2).

The number of queries does not depend on the number of rows, but for ids that are looked up a few hundred at a time.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from channels_app.bulk_existing import lineup_mark
from channels_app.channel_fields import clean_logo, same_value
from channels_app.commands import FieldValue
from channels_app.lineup_csv.checking import CsvRow, check_row
from channels_app.lineup_csv.options import KEY_LABELS, ImportOptions, Mode
from channels_app.lineup_csv.pairing import ChannelNow, Pairs, pair_rows
from channels_app.lineup_csv.plan import Action, ImportPlan, PlannedRow
from channels_app.lineup_csv.reading import LineProblem, Sheet
from channels_app.lineup_csv.stream_lookup import StreamLookup
from channels_app.link_guide import linked_entries
from channels_app.models import Channel, ChannelGroup, ChannelStream
from channels_app.number_changes import duplicate_warnings, shared_numbers
from channels_app.numbering import plain
from ecm_site.wording import counted, shortened
from epg_app.find_icons import icons_for_names, icons_for_tvg_ids

_FIELDS = ("name", "number", "tvg_id", "gracenote_id", "logo_url")


def plan_import(sheet: Sheet, options: ImportOptions) -> ImportPlan:
    """What carrying out the rows of ``sheet`` would do to the lineup as it is now."""
    plan = ImportPlan(errors=list(sheet.problems), mark=lineup_mark())
    groups = dict(ChannelGroup.objects.order_by("-pk").values_list("pk", "name"))
    names = {name.casefold(): name for name in groups.values()}
    plan.group_ids = {name.casefold(): pk for pk, name in groups.items()}
    rows = _checked(sheet, plan)
    channels = _channels(rows, options, groups, plan.group_ids)
    pairs = pair_rows(rows, channels, options.key, inside_groups=options.mode is Mode.REPLACE) if channels else Pairs({}, {})
    rows = _without_unclear(rows, pairs, options, plan)
    lookup = StreamLookup(row.urls for row in rows if row.urls)
    _name_groups(rows, names, plan)
    for row in rows:
        channel = pairs.found.get(row.line)
        if channel is not None:
            plan.rows.append(_update(row, channel, options, names=names, lookup=lookup, plan=plan))
        else:
            plan.rows.append(_creation(row, names, lookup, plan))
    if options.mode is Mode.REPLACE:
        _delete_the_rest(rows, channels, plan)
    if options.logos_from_guide:
        _add_icons(plan)
    _link_guide(plan, {channel.id: channel for channel in channels})
    plan.errors.sort(key=lambda error: error.line)
    plan.warnings += _duplicates(plan)
    return plan


def _checked(sheet: Sheet, plan: ImportPlan) -> list[CsvRow]:
    rows = []
    for sheet_row in sheet.rows:
        checked = check_row(sheet_row)
        if isinstance(checked, LineProblem):
            plan.errors.append(checked)
        else:
            rows.append(checked)
    return rows


def _channels(
    rows: Sequence[CsvRow], options: ImportOptions, groups: Mapping[int, str], ids: Mapping[str, int]
) -> list[ChannelNow]:
    """The channels that rows may be about: all of them, or those of the groups that are replaced. Two queries."""
    if options.mode is Mode.CREATE or not rows:
        return []
    channels, links = Channel.objects.order_by("number", "name", "pk"), ChannelStream.objects.order_by("position", "pk")
    if options.mode is Mode.REPLACE:
        named = {(row.group or "").casefold() for row in rows}
        inside = [ids[name] for name in named if name in ids]
        uncategorized = channels.filter(group=None) if "" in named else channels.none()
        channels = channels.filter(group_id__in=inside) | uncategorized
    with_streams = any(row.urls is not None for row in rows)
    streams: dict[int, list[int]] = defaultdict(list)
    for channel_id, stream_id in links.values_list("channel_id", "stream_id").iterator() if with_streams else ():
        streams[channel_id].append(stream_id)
    columns = ("pk", *_FIELDS, "group_id", "auto_created", "guide_entry_id", "epg_locked", "no_epg")
    return [
        ChannelNow(
            id=values["pk"],
            values={name: values[name] for name in _FIELDS},
            group=groups.get(values["group_id"], ""),
            stream_ids=tuple(streams.get(values["pk"], ())),
            auto_created=values["auto_created"],
            may_be_linked=values["guide_entry_id"] is None and not values["epg_locked"] and not values["no_epg"],
        )
        for values in channels.values(*columns).iterator()
    ]


def _without_unclear(rows: list[CsvRow], pairs: Pairs, options: ImportOptions, plan: ImportPlan) -> list[CsvRow]:
    """Rows that can be carried out; the others become errors."""
    kept = []
    for row in rows:
        if row.line in pairs.unclear:
            label = KEY_LABELS[options.key]
            several = counted(pairs.unclear[row.line], "channel")
            problem = f"{several} have this {label}, and nothing in the row tells which one is meant."
            plan.errors.append(LineProblem(row.line, (problem,)))
        elif options.mode is Mode.UPDATE and not options.create_missing and row.line not in pairs.found:
            plan.errors.append(LineProblem(row.line, (f"No channel has this {KEY_LABELS[options.key]}.",)))
        else:
            kept.append(row)
    if options.mode is Mode.REPLACE and plan.errors:
        plan.problem = (
            "Replacing groups needs a file without errors: otherwise the channels of the rows that cannot be read would be "
            "deleted. Correct the rows named below and choose the file again."
        )
    return kept


def _name_groups(rows: Sequence[CsvRow], names: dict[str, str], plan: ImportPlan) -> None:
    for row in rows:
        if row.group and row.group.casefold() not in names:
            names[row.group.casefold()] = row.group
            plan.new_groups.append(row.group)


def _creation(row: CsvRow, names: Mapping[str, str], lookup: StreamLookup, plan: ImportPlan) -> PlannedRow:
    values = {name: row.values.get(name) for name in _FIELDS}
    texts: dict[str, FieldValue] = {name: value or "" for name, value in values.items() if name != "number"}
    linked = lookup.link(row.urls or ())
    _warn(row, linked.warnings, plan)
    return PlannedRow(
        row.line,
        Action.CREATE,
        row.name,
        after={**texts, "number": row.number, "group": names.get((row.group or "").casefold(), "")},
        streams=linked.ids,
    )


def _update(
    row: CsvRow,
    channel: ChannelNow,
    options: ImportOptions,
    *,
    names: Mapping[str, str],
    lookup: StreamLookup,
    plan: ImportPlan,
) -> PlannedRow:
    after: dict[str, FieldValue] = {}
    for name, value in row.values.items():
        is_empty = value in (None, "")
        if (not is_empty or options.clear_empty) and not same_value(name, channel.values[name], value):
            after[name] = value
    before = {name: channel.values[name] for name in after}
    group = names.get((row.group or "").casefold(), "")
    if row.group is not None and (row.group or options.clear_empty) and group.casefold() != channel.group.casefold():
        before["group"], after["group"] = channel.group, group
    streams = _new_streams(row, channel, options, lookup, plan)
    action = Action.UPDATE if after or streams is not None else Action.UNCHANGED
    name = str(channel.values["name"])
    return PlannedRow(row.line, action, name, channel.id, before, after, channel.stream_ids, streams)


def _new_streams(
    row: CsvRow, channel: ChannelNow, options: ImportOptions, lookup: StreamLookup, plan: ImportPlan
) -> tuple[int, ...] | None:
    """The streams that the channel is to have, or None to leave them."""
    if row.urls is None or (not row.urls and not options.clear_empty):
        return None
    linked = lookup.link(row.urls, channel.stream_ids)
    if row.urls and not linked.ids:  # nobody means to empty a channel with addresses that are unknown
        _warn(row, ("none of its stream addresses is known, so its streams stay as they are",), plan)
        return None
    _warn(row, linked.warnings, plan)
    return None if linked.ids == channel.stream_ids else linked.ids


def _delete_the_rest(rows: Sequence[CsvRow], channels: Sequence[ChannelNow], plan: ImportPlan) -> None:
    """Channels of replaced groups that no row names. Uncategorized is no group, and auto-sync would make its own again."""
    kept = {row.channel_id for row in plan.rows}
    replaced = {(row.group or "").casefold() for row in rows} - {""}
    going = [item for item in channels if item.id not in kept and item.group.casefold() in replaced]
    synced = sum(item.auto_created for item in going)
    for channel in going:
        if not channel.auto_created:
            before: dict[str, FieldValue] = {**channel.values, "group": channel.group}
            name = str(channel.values["name"])
            plan.rows.append(PlannedRow(0, Action.DELETE, name, channel.id, before, streams_before=channel.stream_ids))
    if synced:
        plan.warnings.append(f"{counted(synced, 'channel')} of these groups came from auto-sync and stay.")


def _add_icons(plan: ImportPlan) -> None:
    """New channels without a logo take the icon of their guide entry: by TVG-ID, else by name."""
    without = [(place, row) for place, row in enumerate(plan.rows) if row.action is Action.CREATE and not row.after["logo_url"]]
    if not without:
        return
    by_id = icons_for_tvg_ids({str(row.after["tvg_id"]) for _, row in without if row.after["tvg_id"]})
    by_name = icons_for_names({row.name for _, row in without if str(row.after["tvg_id"]) not in by_id})
    for place, row in without:
        icon = _usable(by_id.get(str(row.after["tvg_id"])) or by_name.get(row.name, ""))
        if icon:
            after = {**row.after, "logo_url": icon}
            plan.rows[place] = PlannedRow(
                row.line, row.action, row.name, after=after, streams=row.streams, logo_from_guide=True
            )


def _usable(icon: str) -> str:
    try:
        return clean_logo(icon)
    except ValueError:
        return ""


def _link_guide(plan: ImportPlan, channels: Mapping[int, ChannelNow]) -> None:
    """A TVG-ID links a guide entry, as it does when it is typed (10 §7.2)."""
    tvg_ids = {str(row.after["tvg_id"]) for row in plan.rows if row.after.get("tvg_id")}
    plan.guide_entries = linked_entries(sorted(tvg_ids))
    for place, row in enumerate(plan.rows):
        entry_id = plan.guide_entries.get(str(row.after.get("tvg_id", "")))
        if entry_id is None or row.channel_id is None or not channels[row.channel_id].may_be_linked:
            continue
        before: dict[str, FieldValue] = {**row.before, "guide_entry_id": None}
        after: dict[str, FieldValue] = {**row.after, "guide_entry_id": entry_id}
        streams = row.streams_before, row.streams
        plan.rows[place] = PlannedRow(row.line, row.action, row.name, row.channel_id, before, after, *streams)


def _duplicates(plan: ImportPlan) -> list[str]:
    """Numbers that several channels would have afterwards, over the whole lineup (10 §8.10)."""
    numbers: dict[int, Decimal | None] = {}
    new_names: dict[int, str] = {}
    for place, row in enumerate(plan.rows):
        number = row.after.get("number")
        if "number" in row.after and row.action is not Action.DELETE:
            numbers[row.channel_id or -place - 1] = plain(number) if isinstance(number, Decimal) else None
            if not row.channel_id:
                new_names[-place - 1] = row.name
    deleted = [row.channel_id for row in plan.rows if row.action is Action.DELETE and row.channel_id]
    return duplicate_warnings(shared_numbers(numbers, without=deleted, new_names=new_names), 10)


def _warn(row: CsvRow, warnings: Sequence[str], plan: ImportPlan) -> None:
    plan.warnings += [f"Line {row.line:,}: “{shortened(row.name)}”: {warning}." for warning in warnings]
