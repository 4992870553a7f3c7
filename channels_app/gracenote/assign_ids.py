"""Stores fetched Gracenote ids (10 §18): one step, one undo."""

import logging
from collections.abc import Sequence

from channels_app.channel_fields import clean_text
from channels_app.gracenote.plan_ids import IdRow
from channels_app.outcomes import Outcome
from channels_app.write_changes import ChannelChange, write_changes
from ecm_site.wording import counted
from tasks_app import journal

logger = logging.getLogger(__name__)

_LONGEST = 64


def assign_ids(rows: Sequence[IdRow]) -> Outcome:
    """Give each channel the id that was found for it. A channel that got another id meanwhile is passed over and told."""
    batch_id = journal.new_batch_id()
    changes = [
        ChannelChange(row.channel_id, {"gracenote_id": row.current}, {"gracenote_id": clean_text(row.found, longest=_LONGEST)})
        for row in rows
        if row.found and row.found != row.current
    ]
    written = write_changes(changes, batch_id=batch_id)
    outcome = Outcome("", batch_id, channel_ids=written.changed)
    outcome.note(written.entries)
    done = len(written.changed)
    outcome.message = f"Set the Gracenote id of {counted(done, 'channel')}." if done else "No Gracenote id was changed."
    if written.passed_over:
        outcome.warnings.append(f"{counted(len(written.passed_over), 'channel')} changed meanwhile and were left alone.")
    if done:
        journal.log_summary("channel", batch_id, outcome.message, after={"channels": done})
        logger.info("[GRACENOTE] Set %s ids batch=%s", done, batch_id)
    return outcome
