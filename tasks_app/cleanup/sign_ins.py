"""Sign-ins that have run out (50 C-1)."""

from django.contrib.sessions.models import Session

from tasks_app.cleanup.steps import Cleared, Context, register_step
from tasks_app.cleanup.turns import delete_in_turns


def clear(context: Context) -> Cleared:
    return Cleared(delete_in_turns(Session.objects.filter(expire_date__lt=context.now).order_by("expire_date"), context))


register_step("sign_ins", "Sign-ins that ended", clear, order=70)
