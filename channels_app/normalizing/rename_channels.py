"""Gives channels the names that the operator agreed to: one step, one undo (10 §11.1)."""

import logging
from collections.abc import Mapping

from channels_app.channel_fields import clean_name
from channels_app.chunks import chunked
from channels_app.errors import EditRefused
from channels_app.models import Channel
from channels_app.outcomes import Outcome
from channels_app.write_changes import ChannelChange, change_of, write_changes
from ecm_site.wording import counted, shortened
from tasks_app import journal

logger = logging.getLogger(__name__)


def rename_channels(names: Mapping[int, str]) -> Outcome:
    """Rename channels; those that are gone or have that name already are passed over.

    Raises :class:`EditRefused` naming ``value-<channel id>`` for every name that cannot be; then nothing is renamed.
    """
    cleaned = _cleaned(names)
    batch_id = journal.new_batch_id()
    outcome = Outcome("", batch_id)
    changes: list[ChannelChange] = []
    for portion in chunked(list(cleaned)):
        for channel in Channel.objects.filter(pk__in=portion):
            change = change_of(channel, {"name": cleaned[channel.pk]})
            if change:
                changes.append(change)
    written = write_changes(changes, action_type="rename", batch_id=batch_id)
    outcome.channel_ids = written.changed
    outcome.note(written.entries)
    renamed = len(written.changed)
    outcome.message = f"Renamed {counted(renamed, 'channel')}." if renamed else "Nothing was renamed."
    if written.passed_over:
        outcome.warnings.append(f"{counted(len(written.passed_over), 'channel')} changed meanwhile and kept their names.")
    if renamed:
        journal.log_summary("channel", batch_id, f"Normalized the names of {counted(renamed, 'channel')}", action_type="rename")
        logger.info("[NAMES] Renamed %s channels batch=%s", renamed, batch_id)
    return outcome


def _cleaned(names: Mapping[int, str]) -> dict[int, str]:
    cleaned: dict[int, str] = {}
    problems: dict[str, str] = {}
    for pk, name in names.items():
        try:
            cleaned[pk] = clean_name(name)
        except ValueError as error:
            problems[f"value-{pk}"] = f"{shortened(name, 30) or 'An empty name'}: {error}"
    if problems:
        raise EditRefused(problems)
    return cleaned
