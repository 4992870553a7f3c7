"""Carries out what was decided about the names of all channels (10 §11.3): directly, journalled, one batch to undo."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from channels_app.merging.merge_into import MergeGroup, merge_groups
from channels_app.models import Channel
from channels_app.normalizing.one_at_a_time import one_run
from channels_app.normalizing.plan_apply import Action, ApplyPlan, ApplyRow, plan_apply
from channels_app.write_changes import ChannelChange, write_changes
from ecm_site.wording import counted, shortened
from tasks_app import journal

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Decision:
    """What shall become of one row; ``target_id`` None merges into the channel that has the name already."""

    action: Action
    target_id: int | None = None


@dataclass(frozen=True)
class RowProblem:
    """A row that was left alone, and why."""

    channel_id: int
    name: str
    reason: str


@dataclass
class ApplyResult:
    renamed: list[int] = field(default_factory=list)
    merged: list[int] = field(default_factory=list)
    skipped: list[RowProblem] = field(default_factory=list)
    errors: list[RowProblem] = field(default_factory=list)
    rule_set_hash: str = ""
    batch_id: str = ""

    @property
    def message(self) -> str:
        told = [f"renamed {counted(len(self.renamed), 'channel')}", f"merged {len(self.merged):,}"]
        told += [f"skipped {len(self.skipped):,}", *([f"{len(self.errors):,} failed"] if self.errors else [])]
        text = ", ".join(told)
        return f"{text[0].upper()}{text[1:]}."


class _RowRefused(Exception):
    """Why a row is left alone."""


def apply_to_channels(decisions: Mapping[int, Decision]) -> ApplyResult:
    """Rename and merge as decided; rows that are not named are skipped.

    Names are made again from the channels as they are now. A rename to a name that is taken is an error row, also when
    another row of this run took it. Raises ``one_at_a_time.AnotherRuns`` or ``TooManyRuns``; then nothing was done.
    """
    with one_run():
        plan = plan_apply()
        result = ApplyResult(rule_set_hash=plan.rule_set_hash, batch_id=journal.new_batch_id())
        changes, merges = _sort_out(plan, decisions, result)
        written = write_changes(changes, action_type="rename", batch_id=result.batch_id)
        result.renamed = written.changed
        passed_over = set(written.passed_over)
        for change in changes:
            if change.channel_id in passed_over:
                name = str(change.before["name"])
                result.errors.append(RowProblem(change.channel_id, name, "It was changed meanwhile. Look at it again."))
        _merge(merges, result)
        _log(result)
    return result


def _sort_out(
    plan: ApplyPlan, decisions: Mapping[int, Decision], result: ApplyResult
) -> tuple[list[ChannelChange], dict[int, list[ApplyRow]]]:
    """What to rename and what to merge into which channel; everything else goes into the result."""
    changes: list[ChannelChange] = []
    merges: dict[int, list[ApplyRow]] = {}
    given: set[str] = set()
    leaving = {row.channel_id for row in plan.rows if _action(decisions, row) is Action.MERGE}
    existing = _existing({item.target_id for item in decisions.values() if item.target_id is not None})
    known: set[int] = set()
    for row in plan.rows:
        known.add(row.channel_id)
        decision = decisions.get(row.channel_id)
        if decision is None or decision.action is Action.SKIP:
            reason = "Not chosen." if decision is None else "Skipped as you decided."
            result.skipped.append(RowProblem(row.channel_id, row.current, reason))
            continue
        try:
            if decision.action is Action.RENAME:
                changes.append(_rename(row, given))
            else:
                merges.setdefault(_target(row, decision, leaving, existing), []).append(row)
        except _RowRefused as refused:
            result.errors.append(RowProblem(row.channel_id, row.current, str(refused)))
    others = [pk for pk in decisions if pk not in known]
    names = dict(Channel.objects.filter(pk__in=others[:500]).values_list("pk", "name")) if others else {}
    for pk in others:
        reason = "Its name is as it should be." if pk in names else "It no longer exists, or its name is as it should be."
        result.skipped.append(RowProblem(pk, names.get(pk, ""), reason))
    return changes, merges


def _action(decisions: Mapping[int, Decision], row: ApplyRow) -> Action:
    decision = decisions.get(row.channel_id)
    return decision.action if decision else Action.SKIP


def _rename(row: ApplyRow, given: set[str]) -> ChannelChange:
    folded = row.proposed.casefold()
    if row.collision_id:
        raise _RowRefused(f"Another channel is called “{shortened(row.collision_name)}” already. Merge it, or skip it.")
    if folded in given:
        raise _RowRefused(f"Another channel of this run gets the name “{shortened(row.proposed)}”. Only one of them can.")
    given.add(folded)
    return ChannelChange(row.channel_id, {"name": row.current}, {"name": row.proposed})


def _target(row: ApplyRow, decision: Decision, leaving: set[int], existing: set[int]) -> int:
    target = decision.target_id or row.collision_id
    if target is None:
        raise _RowRefused("There is no channel to merge it into. Rename it, or skip it.")
    if target == row.channel_id:
        raise _RowRefused("A channel cannot be merged into itself.")
    if target in leaving:
        raise _RowRefused("The channel to merge it into is merged itself in this run.")
    if decision.target_id is not None and target not in existing:
        raise _RowRefused("The channel to merge it into no longer exists.")
    return target


def _existing(channel_ids: set[int]) -> set[int]:
    ids = sorted(channel_ids)
    found: set[int] = set()
    for start in range(0, len(ids), 500):
        found.update(Channel.objects.filter(pk__in=ids[start : start + 500]).values_list("pk", flat=True))
    return found


def _merge(merges: Mapping[int, Sequence[ApplyRow]], result: ApplyResult) -> None:
    if not merges:
        return
    groups = [MergeGroup(target, tuple(row.channel_id for row in rows)) for target, rows in merges.items()]
    outcome = merge_groups(groups, batch_id=result.batch_id)
    failed = {item.target_id: item.error for item in outcome.failed}
    for target, rows in merges.items():
        if target in failed:
            result.errors += [RowProblem(row.channel_id, row.current, failed[target]) for row in rows]
        else:
            result.merged += [row.channel_id for row in rows]


def _log(result: ApplyResult) -> None:
    after = {
        "renamed": len(result.renamed),
        "merged": len(result.merged),
        "skipped": len(result.skipped),
        "errors": len(result.errors),
        "rule_set_hash": result.rule_set_hash,
    }
    journal.log_entry(
        "channel",
        "bulk_apply_normalization",
        entity_type="journal_batch",
        entity_name=f"Batch {result.batch_id}",
        description=f"Normalized names: {result.message}",
        after=after,
        batch_id=result.batch_id,
    )
    logger.info("[NAMES] Applied rules %s: %s batch=%s", result.rule_set_hash, result.message, result.batch_id)
