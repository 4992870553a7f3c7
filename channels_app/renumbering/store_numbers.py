"""What every renumbering ends with: changes, their journal entries in one batch, and sentences about duplicates (10 §8.10)."""

import logging
from collections.abc import Callable, Sequence

from channels_app.number_changes import SharedNumber, duplicate_warnings
from channels_app.outcomes import Outcome
from channels_app.write_changes import ChannelChange, write_changes
from ecm_site.wording import counted
from tasks_app import journal

logger = logging.getLogger(__name__)


def store_numbers(
    changes: Sequence[ChannelChange], duplicates: Sequence[SharedNumber], sentence: Callable[[str], str], *, batch_id: str = ""
) -> Outcome:
    """Write ``changes`` as one batch, one journal entry per channel (10 §8.2). ``sentence`` says it, given "3 channels"."""
    own_batch = not batch_id
    batch_id = batch_id or journal.new_batch_id()
    if not changes:
        return Outcome("These channels have these numbers already.", batch_id)
    written = write_changes(changes, action_type="reorder", batch_id=batch_id)
    outcome = Outcome(sentence(counted(len(written.changed), "channel")), batch_id, channel_ids=written.changed)
    outcome.note(written.entries)
    if written.passed_over:
        count = counted(len(written.passed_over), "channel")
        outcome.warnings.append(f"{count} changed at the same time and stayed as they are.")
    outcome.warnings += duplicate_warnings(list(duplicates))
    if own_batch:
        journal.log_summary("channel", batch_id, outcome.message, after={"channels": len(written.changed)})
    logger.info("[CHANNELS] Renumbered %s channels batch=%s", len(written.changed), batch_id)
    return outcome
