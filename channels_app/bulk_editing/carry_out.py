"""Stores what a bulk edit planned: one batch in the journal, one step to undo."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from channels_app.bulk_editing.checks import NEW_GROUP
from channels_app.bulk_editing.command import BulkEdit
from channels_app.bulk_editing.plan import BulkPlan, plan_bulk_edit
from channels_app.commands import CreateGroup
from channels_app.edit_groups import create_group
from channels_app.errors import EditRefused
from channels_app.number_changes import duplicate_warnings
from channels_app.outcomes import Outcome
from channels_app.profiles.set_memberships import set_memberships
from channels_app.write_changes import ChannelChange, write_changes
from ecm_site.wording import counted
from tasks_app import journal

logger = logging.getLogger(__name__)

_REFUSALS_TOLD = 3


def bulk_edit(command: BulkEdit, channel_ids: Sequence[int], *, batch_id: str = "") -> Outcome:
    """Change the channels as :func:`plan_bulk_edit` says. Channels that are refused stay as they are and are told.

    Raises :class:`EditRefused` when the edit as a whole makes no sense; nothing is changed then.
    """
    if not command.asks_for_something:
        raise EditRefused("Choose what to change: everything is left as it is so far.")
    own_batch = not batch_id
    batch_id = batch_id or journal.new_batch_id()
    plan = plan_bulk_edit(command, channel_ids)
    outcome = Outcome("", batch_id)
    changes = _with_new_group(plan, outcome)
    written = write_changes(changes, batch_id=batch_id)
    outcome.channel_ids = list(written.changed)
    outcome.note(written.entries)
    _switch_members(plan, command, outcome)
    count = len(outcome.channel_ids)
    outcome.message = f"Changed {counted(count, 'channel')}." if count else "These channels are like that already."
    outcome.warnings += _warnings(plan)
    if written.passed_over:
        passed = counted(len(written.passed_over), "channel")
        outcome.warnings.append(f"{passed} changed at the same time and stayed as they are.")
    if own_batch and count:
        journal.log_summary("channel", batch_id, outcome.message, after={"channels": count})
    logger.info("[CHANNELS] Bulk edit changed %s of %s channels batch=%s", count, len(channel_ids), batch_id)
    return outcome


def _with_new_group(plan: BulkPlan, outcome: Outcome) -> list[ChannelChange]:
    if not plan.new_group:
        return plan.changes
    group, made = create_group(CreateGroup(plan.new_group), batch_id=outcome.batch_id)
    outcome.group_ids += made.group_ids
    outcome.entry_id = made.entry_id
    return [
        replace(change, after={**change.after, "group_id": group.pk}) if change.after.get("group_id") == NEW_GROUP else change
        for change in plan.changes
    ]


def _switch_members(plan: BulkPlan, command: BulkEdit, outcome: Outcome) -> None:
    if not plan.members_changed:
        return
    ids = [pk for pk in plan.member_ids if pk in plan.members_changed]
    done = set_memberships(ids, enable=command.enable, disable=command.disable, batch_id=outcome.batch_id)
    known = set(outcome.channel_ids)
    outcome.channel_ids += [pk for pk in done.channel_ids if pk not in known]
    outcome.entry_id = outcome.entry_id or done.entry_id
    outcome.warnings += done.warnings


def _warnings(plan: BulkPlan) -> list[str]:
    told = [f"“{row.name[:60]}” stayed as it is. {row.sentence}" for row in plan.refused[:_REFUSALS_TOLD]]
    if len(plan.refused) > _REFUSALS_TOLD:
        told.append(f"{counted(len(plan.refused) - _REFUSALS_TOLD, 'more channel')} stayed as they are.")
    return [*told, *plan.notes, *duplicate_warnings(plan.duplicates)]
