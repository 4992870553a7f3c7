from django.urls import path

from channels_app.views import auto_sync, auto_sync_group

urlpatterns = [
    path("<int:account_id>/", auto_sync.overview, name="auto_sync"),
    path("<int:account_id>/run/", auto_sync.run_now, name="auto_sync_run"),
    path("<int:account_id>/leftovers/", auto_sync.leftovers, name="auto_sync_leftovers"),
    path("groups/<int:group_id>/", auto_sync_group.group, name="auto_sync_group"),
    path("groups/<int:group_id>/preview/", auto_sync_group.preview, name="auto_sync_preview"),
    path("groups/<int:group_id>/logos/", auto_sync_group.logos, name="auto_sync_logos"),
]
