"""Addresses that players in pages open (10 §21.2)."""

from django.urls import path

from channels_app.api import preview

app_name = "preview_api"
urlpatterns = [  # not wrapped in staged(): an answer without end must not hold a draft open; only the look-up works in it
    path("api/stream-preview/<int:stream_id>", preview.stream_preview, name="stream"),
    path("api/channel-preview/<int:channel_id>", preview.channel_preview, name="channel"),
]
