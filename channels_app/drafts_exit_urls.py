"""Leaving edit mode (10 §13.7)."""

from django.urls import path

from channels_app.views import draft_exit

urlpatterns = [
    path("draft/exit/", draft_exit.show, name="draft_exit"),
    path("draft/exit/changes/", draft_exit.changes, name="draft_exit_changes"),
    path("draft/exit/leave/", draft_exit.leave, name="draft_exit_leave"),
    path("draft/exit/leave-out/", draft_exit.leave_change_out, name="draft_exit_leave_out"),
    path("draft/exit/choose/", draft_exit.choose, name="draft_exit_choose"),
    path("draft/exit/drop-failed/", draft_exit.drop_failed, name="draft_exit_drop"),
    path("draft/exit/apply/", draft_exit.apply, name="draft_exit_apply"),
    path("draft/exit/progress/<int:draft_id>/", draft_exit.progress, name="draft_exit_progress"),
    path("draft/exit/later/", draft_exit.later, name="draft_exit_later"),
    path("draft/exit/discard/", draft_exit.throw_away, name="draft_exit_discard"),
]
