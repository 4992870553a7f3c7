"""Accounts for programs, under the addresses that scripts know (20 §21)."""

from django.urls import path

from m3u_app.views.api import accounts, filters, profiles, refreshes, server_groups

app_name = "m3u_api"
urlpatterns = [
    path("api/m3u/accounts", accounts.accounts, name="accounts"),
    path("api/m3u/accounts/<int:account_id>", accounts.account, name="account"),
    path("api/m3u/accounts/<int:account_id>/group-settings", accounts.group_settings, name="group_settings"),
    path("api/m3u/accounts/<int:account_id>/stream-metadata", accounts.stream_metadata, name="stream_metadata"),
    path("api/m3u/accounts/<int:account_id>/filters", filters.filters, name="filters"),
    path("api/m3u/accounts/<int:account_id>/filters/<int:row_id>", filters.filter_, name="filter"),
    path("api/m3u/accounts/<int:account_id>/profiles", profiles.profiles, name="profiles"),
    path("api/m3u/accounts/<int:account_id>/profiles/<int:row_id>", profiles.profile, name="profile"),
    path("api/m3u/upload", accounts.upload, name="upload"),
    path("api/m3u/refresh", refreshes.refresh_all, name="refresh_all"),
    path("api/m3u/refresh/<int:account_id>", refreshes.refresh, name="refresh"),
    path("api/m3u/server-groups", server_groups.server_groups, name="server_groups"),
    path("api/m3u/server-groups/<int:group_id>", server_groups.server_group, name="server_group"),
]
