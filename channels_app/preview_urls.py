"""Looking at streams and channels, and handing them to VLC (10 §19)."""

from django.urls import path

from channels_app.drafts.staging import staged
from channels_app.views import preview

urlpatterns = [
    path("streams/<int:stream_id>/preview/", preview.stream, name="preview_stream"),
    path("streams/<int:stream_id>/m3u/", preview.stream_m3u, name="stream_m3u"),
    path("streams/<int:stream_id>/vlc/", preview.stream_vlc, name="stream_vlc"),
    path("<int:channel_id>/preview/", staged(preview.channel), name="preview_channel"),
    path("<int:channel_id>/m3u/", staged(preview.channel_m3u), name="channel_m3u"),
    path("<int:channel_id>/vlc/", staged(preview.channel_vlc), name="channel_vlc"),
    path("vlc/<slug:system>/", preview.vlc_script, name="vlc_script"),
]
