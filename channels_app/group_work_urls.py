from django.urls import path

from channels_app.drafts.staging import staged
from channels_app.views import group_work

urlpatterns = [
    path("groups/hidden/", staged(group_work.hidden), name="hidden_groups"),
    path("groups/<int:group_id>/restore/", staged(group_work.restore), name="restore_group"),
    path("groups/orphaned/", staged(group_work.orphaned), name="orphaned_groups"),
    path("groups/auto-created/", staged(group_work.auto_created), name="auto_created_groups"),
    path("groups/check/", staged(group_work.diagnosis), name="group_check"),
]
