"""Plans a bulk creation (10 §10.3): from selected streams to numbered channels, without writing anything.

The preview and the creation both come from here, so what is shown is what happens.
"""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

from channels_app.arrange_streams import MOST_STREAMS
from channels_app.bulk_clusters import Cluster, Member, build_clusters
from channels_app.bulk_existing import ExistingChannels, Lineup, read_lineup
from channels_app.bulk_options import BulkOptions, ConflictChoice, ExistingChoice, Selection, StreamOrder
from channels_app.bulk_plan import Addition, LeftOut, NewChannel, Plan, PlannedSection
from channels_app.bulk_streams import SelectedStreams, Stations, StreamRow, read_selection
from channels_app.channel_fields import NAME_LENGTH
from channels_app.edit_groups import GROUP_NAME_LENGTH
from channels_app.naming import (
    CleanOptions,
    CountryChoice,
    best_first,
    clean,
    compose_name,
    has_variants,
    kept_by_timezone,
    split_region,
)
from channels_app.numbering import (
    NumberBlock,
    block,
    conflicts,
    format_number,
    natural_key,
    next_free_start,
    overlapping,
    push_down,
)

START_MISSING = "Enter a starting number."


def plan_bulk_create(selection: Selection, options: BulkOptions) -> Plan:
    """Read what is selected and the lineup, and plan.

    The number of queries does not grow with streams or channels, except by one for every 5,000 ids.
    """
    return plan_selected(read_selection(selection), options)


def plan_selected(selected: SelectedStreams, options: BulkOptions) -> Plan:
    """The plan for streams that are already read."""
    with _garbage_kept():
        stream_ids = [row.id for section in selected.sections for row in section.streams]
        return make_plan(selected, read_lineup(stream_ids), options)


def make_plan(selected: SelectedStreams, lineup: Lineup, options: BulkOptions) -> Plan:
    """The plan for streams and a lineup that are already read. Never raises for bad choices: they are ``plan.problems``."""
    plan = Plan(options, _planned_sections(selected, lineup, options), selected.count, lineup.mark, stale=selected.stale)
    plan.suggested_start = next_free_start(lineup.highest)
    if selected.missing:
        plan.left_out[LeftOut.VANISHED] = list(selected.missing)
    clusters = _clusters(_members_by_section(selected, plan), plan)
    if options.existing is not ExistingChoice.CREATE:
        clusters = _without_existing(clusters, lineup, plan)
    _sort(clusters)
    _number_sections(clusters, lineup, plan)
    _build_channels(clusters, plan, selected.stations)
    _check_groups(plan)
    if plan.is_empty and not plan.problems:
        plan.problems[""] = _nothing_to_do(plan)
    return plan


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Without the cyclic garbage collector: it would walk the growing mass of small objects again and again, which takes
    half the time of a plan for 100,000 streams, and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# --- which streams belong together --------------------------------------------------------------------------------------


def _planned_sections(selected: SelectedStreams, lineup: Lineup, options: BulkOptions) -> list[PlannedSection]:
    if not options.separate:
        name = options.group_name.strip()
        count = sum(len(section.streams) for section in selected.sections)
        label = selected.sections[0].name if len(selected.sections) == 1 else ""
        return [PlannedSection(0, label, count, name, lineup.group_id(name), options.start)]
    planned = []
    for place, section in enumerate(selected.sections):
        choice = options.sections.get(section.key)
        name = section.name if choice is None else choice.group_name.strip()
        start = choice.start if choice else None
        planned.append(
            PlannedSection(
                section.key,
                section.name,
                len(section.streams),
                name,
                lineup.group_id(name),
                options.start if start is None and place == 0 else start,
            )
        )
    return planned


def _members_by_section(selected: SelectedStreams, plan: Plan) -> list[list[Member]]:
    """Clean all names (step 2) and drop what the timezone choice excludes (step 1, judged on cleaned names)."""
    cleaning = plan.options.cleaning
    cleaned = [
        [Member(row, clean(row.name, cleaning), section.name) for row in section.streams] for section in selected.sections
    ]
    if plan.options.rules is not None:
        plan.normalized = _changed_by_rules(cleaned, replace(plan.options, rules=None).cleaning)
    everything = [member.names for members in cleaned for member in members]
    regions = [split_region(names.key) for names in everything]
    plan.has_variants = has_variants(regions)
    plan.countries = tuple(sorted({names.country for names in everything} - {""}))
    if not plan.has_variants:
        return cleaned
    stays = iter(kept_by_timezone(regions, plan.options.timezone))
    kept = []
    for members in cleaned:
        verdicts = [(member, next(stays)) for member in members]
        kept.append([member for member, stay in verdicts if stay])
        _leave_out(plan, LeftOut.TIMEZONE, (member.row.id for member, stay in verdicts if not stay))
    return kept


def _changed_by_rules(members: list[list[Member]], without_rules: CleanOptions) -> dict[str, str]:
    """What normalizing alone changes: names as the other choices make them → as they become."""
    found: dict[str, str] = {}
    for row, names, _ in (member for group in members for member in group):
        plain = clean(row.name, without_rules).name
        if plain != names.name:
            found[plain] = names.name
    return found


def _clusters(members: list[list[Member]], plan: Plan) -> list[Cluster]:
    separate = plan.options.separate
    places = [(place if separate else 0, found) for place, found in enumerate(members)]
    sections = [(place, plan.sections[place].group_name, found) for place, found in places]
    return build_clusters(sections, across_groups=separate and plan.options.across_groups and len(sections) > 1)


def _without_existing(clusters: list[Cluster], lineup: Lineup, plan: Plan) -> list[Cluster]:
    """Hand clusters whose channel is in the lineup to that channel; return the others."""
    existing = ExistingChannels(lineup, plan.options.cleaning, (cluster.bare_key for cluster in clusters))
    added: dict[int, list[Member]] = {}
    fresh = []
    for cluster in clusters:
        channel = None
        if cluster.bare_key in existing.by_key or any(member.row.id in lineup.assigned for member in cluster.members):
            channel = existing.find(cluster, plan.sections[cluster.section].group_name)
        if channel is None:
            fresh.append(cluster)
            continue
        new = [member for member in cluster.members if member.row.id not in lineup.assigned]
        _leave_out(plan, LeftOut.ALREADY, (stream_id for stream_id in cluster.ids() if stream_id in lineup.assigned))
        if plan.options.existing is ExistingChoice.SKIP:
            _leave_out(plan, LeftOut.SKIPPED, (member.row.id for member in new))
        elif new:
            added.setdefault(channel.id, []).extend(new)
    present = lineup.counts_of(list(added)) if added else {}
    for channel_id, members in added.items():
        channel = existing.by_id[channel_id]
        ids = [member.row.id for member in _in_order(members, plan.options)]
        room = max(0, MOST_STREAMS - present.get(channel_id, 0))
        _leave_out(plan, LeftOut.TOO_MANY, ids[room:])
        if room:
            plan.additions.append(Addition(channel_id, channel.name, channel.number, tuple(ids[:room])))
    plan.additions.sort(key=lambda item: (item.number is None, item.number or Decimal(0), item.channel_id))
    return fresh


# --- order, numbers, names ----------------------------------------------------------------------------------------------


def _in_order(members: list[Member], options: BulkOptions) -> list[Member]:
    """Step 4: failover order."""
    if options.stream_order is StreamOrder.LISTED or len(members) == 1:
        return members
    return best_first(members, priority=lambda member: member.names.priority, provider=lambda member: member.row.account_id)


def _sort(clusters: list[Cluster]) -> None:
    """Step 5: section after section, natural name order inside."""
    clusters.sort(key=lambda cluster: (cluster.section, natural_key(cluster.best.name), cluster.key))


def _number_sections(clusters: list[Cluster], lineup: Lineup, plan: Plan) -> None:
    """Step 6, and the conflicts of 10 §10.4."""
    for cluster in clusters:
        plan.sections[cluster.section].channel_count += 1
    if not clusters:
        return
    _give_blocks(plan, None)
    if plan.problems:
        return
    rows = lineup.number_rows
    plan.conflicts = conflicts(rows, _blocks(plan))
    if not plan.conflicts:
        return
    for section in plan.sections:
        section.conflicts = sum(
            1 for row in plan.conflicts if section.numbers and row.number and section.numbers.holds(row.number)
        )
    choice = plan.options.conflict
    if choice is ConflictChoice.END:
        _give_blocks(plan, plan.suggested_start)
    elif choice is ConflictChoice.PUSH:
        try:
            plan.pushed = push_down(rows, _blocks(plan))
        except ValueError as error:
            plan.problems["conflict"] = f"The existing channels cannot be moved. {error}"
    elif choice is ConflictChoice.ASK:
        plan.problems["conflict"] = "Some of these numbers are taken. Choose what should happen, or change the starting number."


def _give_blocks(plan: Plan, common_start: Decimal | None) -> None:
    """Number section by section; a section without a start of its own continues behind the previous one (25.4 #49)."""
    following, step = common_start, None
    for section in plan.sections:
        if common_start is None and section.own_start is not None:
            following, step = section.own_start, None
        name = f"start_{section.key}" if plan.options.separate else "start"
        if following is None:
            plan.problems[name] = START_MISSING
            return
        try:
            section.numbers = block(following, section.channel_count, step=step)
        except ValueError as error:
            plan.problems[name] = str(error)
            return
        step = section.numbers.step
        following = section.numbers.end + step if section.channel_count else section.numbers.start
    for first, second in overlapping([section.numbers for section in plan.sections if section.numbers]):
        one, other = plan.sections[first], plan.sections[second]
        plan.problems[f"start_{other.key}"] = (
            f"{other.range} overlaps with {one.range} of “{one.name or 'Ungrouped'}”. Choose another start."
        )


def _blocks(plan: Plan) -> list[NumberBlock]:
    return [section.numbers for section in plan.sections if section.numbers]


def _build_channels(clusters: list[Cluster], plan: Plan, stations: Stations) -> None:
    """Steps 7 and 8: final names and metadata."""
    places = [0] * len(plan.sections)
    for cluster in clusters:
        numbers = plan.sections[cluster.section].numbers
        number = numbers.start + numbers.step * places[cluster.section] if numbers else None
        places[cluster.section] += 1
        ordered = _in_order(cluster.members, plan.options)
        if len(ordered) > MOST_STREAMS:
            _leave_out(plan, LeftOut.TOO_MANY, (member.row.id for member in ordered[MOST_STREAMS:]))
            ordered = ordered[:MOST_STREAMS]
        name, note = _final_name(cluster, number, plan.options)
        rows = [member.row for member in ordered]
        plan.channels.append(
            NewChannel(
                name=name,
                number=None if number is None else Decimal(format_number(number)),
                section=cluster.section,
                stream_ids=tuple(row.id for row in rows),
                logo_url=next((row.logo_url for row in rows if row.logo_url), ""),
                tvg_id=next((row.tvg_id.strip() for row in rows if row.tvg_id.strip()), ""),
                gracenote_id=_gracenote(rows, stations),
                note=note,
            )
        )


def _final_name(cluster: Cluster, number: Decimal | None, options: BulkOptions) -> tuple[str, str]:
    """The name of the best member, with country and number as chosen; and a note when it is not what was asked for."""
    best = cluster.best
    country = best.country or next((member.names.country for member in cluster.members if member.names.country), "")
    name = compose_name(
        best.name,
        country=country if options.country_choice is CountryChoice.KEEP else "",
        country_separator=options.country_separator,
        number=format_number(number) if options.number_in_name else "",
        number_separator=options.number_separator,
        country_first=options.country_first,
    )
    if len(name) > NAME_LENGTH:
        return f"{name[: NAME_LENGTH - 1]}…", "too_long"
    return name, "fell_back" if best.fell_back else ""


def _gracenote(rows: list[StreamRow], stations: Stations) -> str:
    own = next((row.station_id for row in rows if row.station_id), "")
    if own or not stations:
        return own
    return next((found for row in rows if (found := stations.get((row.account_id, row.tvg_id.strip().casefold()), ""))), "")


# --- checks ---------------------------------------------------------------------------------------------------------------


def _check_groups(plan: Plan) -> None:
    for section in plan.sections:
        if len(section.group_name) > GROUP_NAME_LENGTH:
            name = f"group_name_{section.key}" if plan.options.separate else "group_name"
            plan.problems[name] = f"This is too long: use at most {GROUP_NAME_LENGTH} characters."


def _leave_out(plan: Plan, reason: LeftOut, stream_ids: Iterable[int]) -> None:
    ids = list(stream_ids)
    if ids:
        plan.left_out.setdefault(reason, []).extend(ids)


def _nothing_to_do(plan: Plan) -> str:
    if not plan.stream_count:
        return "There are no streams to make channels of."
    if plan.left_out.get(LeftOut.ALREADY) or plan.left_out.get(LeftOut.SKIPPED):
        return "All of these streams are in the lineup already. To make second channels of them, choose “Create anyway”."
    return "All of these streams are left out by the choices made here."
