"""Addresses for programs: channels and streams (10 §21.2). No edit mode here: they are the lineup itself."""

from django.urls import path

from channels_app.api import channels, streams

app_name = "lineup_api"
urlpatterns = [
    path("api/channels", channels.collection, name="channels"),
    path("api/channels/<int:channel_id>", channels.single, name="channel"),
    path("api/channels/<int:channel_id>/streams", channels.streams, name="channel_streams"),
    path("api/channels/assign-numbers", channels.assign, name="assign_numbers"),
    path("api/streams", streams.collection, name="streams"),
    path("api/streams/by-ids", streams.by_ids, name="streams_by_ids"),
    path("api/stream-groups", streams.groups, name="stream_groups"),
]
