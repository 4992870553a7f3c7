"""Many conflicts answered at once in favour of what is here: a server that lost its data leaves one for every row."""

from collections.abc import Collection

from ecm_site.wording import shortened
from tasks_app.mirror.answers import DELETED, MINE, Answered, answer_conflict
from tasks_app.models import OutboxEntry, OutboxState


def keep_mine(entry_ids: Collection[int]) -> Answered:
    """Let what is here go to the server, all fields of each conflict. What is in none is passed over.

    Each in a transaction of its own, so that others who write come in between.
    """
    answered = Answered()
    for entry in OutboxEntry.objects.filter(pk__in=entry_ids).order_by("queued_at", "pk"):
        if entry.state != OutboxState.CONFLICT:
            answered.refused.append(f"“{shortened(entry.name)}” was not changed on both sides: it is left as it is.")
            continue
        fields = [DELETED] if DELETED in entry.conflict else list(entry.conflict)
        try:
            one = answer_conflict(entry.pk, dict.fromkeys(fields, MINE))
        except (OutboxEntry.DoesNotExist, ValueError):  # answered or overtaken between looking and writing
            answered.refused.append(f"“{shortened(entry.name)}” is another conflict by now, or none. Look again.")
            continue
        answered.done += one.done
        answered.asked += one.asked
        answered.refused += one.refused
    return answered
