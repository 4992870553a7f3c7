"""Addresses of the digest: its page under the settings, and the same for programs (20 §11, §21)."""

from django.urls import path

from m3u_app.views import digest, digest_api

app_name = "m3u_digest"
urlpatterns = [
    path("settings/m3u-digest/", digest.page, name="page"),
    path("settings/m3u-digest/preview/", digest.preview, name="preview"),
    path("settings/m3u-digest/test/", digest.test, name="test"),
    path("api/m3u/digest/settings", digest_api.settings, name="api_settings"),
    path("api/m3u/digest/test", digest_api.test, name="api_test"),
]
