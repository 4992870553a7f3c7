from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("ecm_site.site_urls")),
    path("channels/", include("channels_app.urls")),
    path("m3u/", include("m3u_app.urls")),
    path("guide/", include("epg_app.urls")),
    path("", include("tasks_app.urls")),
    path("", include("channels_app.publishing.urls")),
    path("admin/", admin.site.urls),
]
