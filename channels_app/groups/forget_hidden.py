"""The clean-up drops records of hidden groups whose ids mean other groups now (10 §7.4, §24)."""

from channels_app.groups.hidden import forget_invalid_records, invalid_records
from tasks_app.cleanup.steps import Cleared, Context, register_step


def forget(context: Context) -> Cleared:
    return Cleared(invalid_records().count() if context.dry_run else forget_invalid_records())


register_step("hidden_groups", "Records of hidden groups that no longer exist", forget, order=70)
