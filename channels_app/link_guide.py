"""Links channels to guide entries by their TVG-ID. Fuzzy matching by name is another matter and comes on top of this."""

import logging

from channels_app.chunks import chunked
from channels_app.commands import FieldValue
from channels_app.models import Channel
from channels_app.write_changes import ChannelChange, write_changes
from ecm_site.wording import counted
from epg_app.find_entries import entries_for_tvg_ids
from tasks_app import journal

logger = logging.getLogger(__name__)


def entry_for_tvg_id(tvg_id: str) -> int | None:
    """The guide entry with this id in the best active source, whatever the case; None when there is none."""
    return linked_entries([tvg_id]).get(tvg_id)


def linked_entries(tvg_ids: list[str]) -> dict[str, int]:
    """Guide entry of each id, keyed by the id as it was given; ids without an entry are left out."""
    wanted = [tvg_id for tvg_id in tvg_ids if tvg_id.strip()]
    return entries_for_tvg_ids(wanted) if wanted else {}


def link_waiting_channels() -> int:
    """Link every channel that has a TVG-ID, no guide entry, and may be linked automatically; returns how many were linked.

    Runs after a guide refresh: entries that were not there when the channel was made may be there now.
    """
    waiting = Channel.objects.filter(guide_entry=None, epg_locked=False, no_epg=False).exclude(tvg_id="")
    batch_id = journal.new_batch_id()
    linked = 0
    for portion in chunked(list(waiting.order_by("pk").values_list("pk", "tvg_id"))):
        entries = linked_entries([tvg_id for _, tvg_id in portion])
        before: dict[str, FieldValue] = {"guide_entry_id": None}
        changes = [
            ChannelChange(pk, before, {"guide_entry_id": entries[tvg_id]}) for pk, tvg_id in portion if tvg_id in entries
        ]
        linked += len(write_changes(changes, batch_id=batch_id, by_hand=False).changed)
    if linked:
        sentence = f"Linked {counted(linked, 'channel')} to guide entries by TVG-ID."
        journal.log_summary("channel", batch_id, sentence, after={"channels": linked})
        logger.info("[CHANNELS] Linked %s channels to guide entries by tvg-id", linked)
    return linked
