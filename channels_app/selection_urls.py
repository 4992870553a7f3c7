from django.urls import path

from channels_app.drafts.staging import staged
from channels_app.views import bulk_edit

urlpatterns = [
    path("bulk-edit/", staged(bulk_edit.bulk_edit), name="bulk_edit"),
]
