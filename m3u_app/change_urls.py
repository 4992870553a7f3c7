"""Addresses of what changed at providers: pages, and the same for programs (20 §10.4, §21)."""

from django.urls import path

from m3u_app.views import changes, changes_api

app_name = "m3u_changes"
urlpatterns = [
    path("m3u/changes/", changes.changes, name="list"),
    path("m3u/changes/export.csv", changes.export, name="export"),
    path("m3u/changes/<int:change_id>/", changes.streams, name="streams"),
    path("api/m3u/changes", changes_api.changes, name="api_changes"),
    path("api/m3u/changes/summary", changes_api.summary, name="api_summary"),
    path("api/m3u/snapshots", changes_api.snapshots, name="api_snapshots"),
    path("api/m3u/accounts/<int:account_id>/changes", changes_api.of_account, name="api_account_changes"),
]
