from django.contrib import admin
from django.urls import include, path

from ecm_site.views.admin_sign_in import admin_sign_in

handler400 = "ecm_site.views.errors.bad_request"
handler403 = "ecm_site.views.errors.permission_denied"
handler404 = "ecm_site.views.errors.not_found"
handler500 = "ecm_site.views.errors.server_error"

urlpatterns = [
    path("", include("ecm_site.site_urls")),
    path("channels/profiles/", include("channels_app.profiles_urls")),
    path("channels/logos/", include("channels_app.channel_logos_urls")),
    path("channels/", include("channels_app.urls")),
    path("", include("channels_app.group_csv_api_urls")),
    path("logos/", include("channels_app.logos_urls")),
    path("", include("m3u_app.change_urls")),
    path("", include("m3u_app.api_urls")),
    path("", include("m3u_app.digest_urls")),
    path("m3u/", include("m3u_app.urls")),
    path("guide/", include("epg_app.urls")),
    path("", include("tasks_app.urls")),
    path("", include("tasks_app.alert_urls")),
    path("server/", include("tasks_app.mirror_urls")),
    path("", include("channels_app.publishing.urls")),
    path("", include("channels_app.api.lineup_urls")),
    path("", include("channels_app.api.names_urls")),
    path("", include("channels_app.api.logos_profiles_urls")),
    path("", include("channels_app.api.bulk_commit_urls")),
    path("", include("channels_app.api.preview_urls")),
    path("", include("channels_app.apply_names_urls")),
    path("admin/login/", admin_sign_in),
    path("admin/", admin.site.urls),
]
