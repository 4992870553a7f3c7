"""Journal rows older than 90 days; this is the only place that forgets them by itself (50 J-4)."""

from tasks_app import journal_purge
from tasks_app.cleanup.steps import Cleared, Context, register_step


def clear(context: Context) -> Cleared:
    if context.dry_run:
        return Cleared(journal_purge.count_before(context.cutoff))
    return Cleared(journal_purge.delete_before(context.cutoff, progress=context.progress))


register_step("journal", "Journal entries", clear, journal_purge.DEFAULT_DAYS, order=30)
