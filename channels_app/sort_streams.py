"""Puts the streams of channels into the order in which players should try them (10 §9.4). One undo step, however many."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

from channels_app.chunks import chunked
from channels_app.models import ChannelStream
from channels_app.outcomes import Outcome
from channels_app.write_streams import StreamsChange, write_streams
from ecm_site.conf import EcmSettings, get_settings
from ecm_site.wording import counted
from m3u_app.models import Account
from m3u_app.stream_facts import facts_of
from m3u_app.stream_order import (
    SMART,
    Criterion,
    SortableStream,
    SortRules,
    categories_from,
    criteria_from,
    criteria_of,
    sorter,
)
from tasks_app import journal
from tasks_app.progress import NoProgress, Progress

logger = logging.getLogger(__name__)

_ASKED_BY_ID = 500
_PORTION = 1000


@dataclass(frozen=True)
class SortPlan:
    """``changes`` of those ``considered`` channels that have two streams or more; ``skipped`` have fewer."""

    changes: list[StreamsChange] = field(default_factory=list)
    considered: int = 0
    skipped: int = 0


@dataclass
class SortOutcome(Outcome):
    """How many of how many channels have their streams in another order now."""

    considered: int = 0
    sorted: int = 0


def rules_from(settings: EcmSettings, weights: Mapping[int, int]) -> SortRules:
    """The operator's choices; ``weights`` are the priorities of providers."""
    return SortRules(
        criteria=criteria_from(settings.stream_sort_priority, settings.stream_sort_enabled),
        weights=weights,
        push_down=settings.deprioritize_failed_streams,
        push_down_black_screen=settings.deprioritize_black_screen,
        push_down_low_fps=settings.deprioritize_low_fps,
        categories=categories_from(settings.failed_stream_sort_order),
    )


def current_rules() -> SortRules:
    return rules_from(get_settings(), dict(Account.objects.values_list("pk", "priority")))


def plan_sorting(channel_ids: Sequence[int], mode: str = SMART) -> SortPlan:
    """What sorting these channels would change; a fixed number of queries.

    Raises :class:`m3u_app.stream_order.UnknownMode`.
    """
    rules = current_rules()
    sort = sorter(rules, mode)
    wanted = set(channel_ids)
    links = _links(wanted, with_providers=Criterion.M3U_PRIORITY in criteria_of(mode, rules))
    facts = facts_of({link[1] for link in links})
    changes = []
    considered = 0
    for channel_id, found in groupby(links, itemgetter(0)):
        streams = list(found)
        if len(streams) == 1 or channel_id not in wanted:
            continue
        considered += 1
        before = [stream_id for _, stream_id, _ in streams]
        if facts.keys().isdisjoint(before) and len({provider for _, _, provider in streams}) == 1:
            after = sorted(before)  # nothing tells them apart; most lineups are full of these
        else:
            after = sort([SortableStream(stream_id, provider, facts.get(stream_id)) for _, stream_id, provider in streams])
        if after != before:
            changes.append(StreamsChange(channel_id, tuple(before), tuple(after)))
    return SortPlan(changes, considered, len(wanted) - considered)


def sort_streams(
    channel_ids: Sequence[int], mode: str = SMART, *, batch_id: str = "", progress: Progress | None = None
) -> SortOutcome:
    """Sort and store. Raises :class:`m3u_app.stream_order.UnknownMode`."""
    progress = progress or NoProgress()
    plan = plan_sorting(channel_ids, mode)
    own_batch = not batch_id
    outcome = SortOutcome("", batch_id or journal.new_batch_id(), considered=plan.considered)
    progress.report(phase="sorting streams", current=0, total=len(plan.changes))
    for changes in chunked(plan.changes, _PORTION):
        progress.raise_if_cancelled()
        written = write_streams(changes, batch_id=outcome.batch_id)
        outcome.note(written.entries)
        outcome.channel_ids += written.changed
        if written.passed_over:
            told = f"{counted(len(written.passed_over), 'channel')} had other streams by then and were left alone."
            outcome.warnings.append(told)
        outcome.sorted = len(outcome.channel_ids)
        progress.report(current=outcome.sorted, succeeded=outcome.sorted)
    outcome.message = _message(outcome, plan)
    if own_batch and outcome.sorted:
        after = {"mode": mode, "sorted": outcome.sorted, "considered": outcome.considered}
        journal.log_summary("channel", outcome.batch_id, outcome.message, action_type="stream_sort", after=after)
    logger.info("[CHANNELS] Sorted the streams of %s of %s channels mode=%s", outcome.sorted, outcome.considered, mode)
    return outcome


def _message(outcome: SortOutcome, plan: SortPlan) -> str:
    if outcome.sorted:
        return f"Sorted the streams of {outcome.sorted:,} of {counted(outcome.considered, 'channel')}."
    if not plan.considered:
        return "Nothing to sort: none of these channels has more than one stream."
    return (
        f"The streams of {counted(plan.considered, 'channel')} are in this order already. If you expected another one, "
        "switch more criteria on in the settings, or probe the streams first."
    )


def _links(channel_ids: Collection[int], *, with_providers: bool) -> list[tuple[int, int, int | None]]:
    """(channel, stream, provider or None), channel after channel, each in its order. One query: of many channels, those of all
    are read, which is quicker than asking for thousands of ids."""
    links = ChannelStream.objects.order_by("channel_id", "position", "id")
    if len(channel_ids) <= _ASKED_BY_ID:
        links = links.filter(channel_id__in=channel_ids)
    if with_providers:
        return list(links.values_list("channel_id", "stream_id", "stream__account_id"))
    return [(channel_id, stream_id, None) for channel_id, stream_id in links.values_list("channel_id", "stream_id")]
