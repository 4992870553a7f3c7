"""Edit mode: its bar, undo and redo, checkpoints (10 §13). Leaving it is in ``drafts_exit_urls``."""

from django.urls import path

from channels_app.views import drafts

urlpatterns = [
    path("draft/bar/", drafts.bar, name="draft_bar"),
    path("draft/start/", drafts.start, name="draft_start"),
    path("draft/undo/", drafts.undo, name="draft_undo"),
    path("draft/undo/<int:step_id>/", drafts.undo, name="draft_undo_step"),
    path("draft/redo/", drafts.redo, name="draft_redo"),
    path("draft/checkpoints/", drafts.show_checkpoints, name="draft_checkpoints"),
    path("draft/checkpoints/<int:step_id>/revert/", drafts.revert, name="draft_revert"),
    path("draft/checkpoints/<int:step_id>/delete/", drafts.forget_checkpoint, name="draft_forget_checkpoint"),
]
