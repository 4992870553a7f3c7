"""The address of the bulk commit for programs (10 §14, §21.2)."""

from django.urls import path

from channels_app.api import bulk_commit

app_name = "bulk_commit_api"
urlpatterns = [path("api/channels/bulk-commit", bulk_commit.commit, name="bulk_commit")]
