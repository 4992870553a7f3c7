"""Addresses for programs: logos, channel profiles, stream profiles (10 §21.2)."""

from django.urls import path

from channels_app.api import logos, profiles

app_name = "logos_profiles_api"
urlpatterns = [
    path("api/channels/logos", logos.collection, name="logos"),
    path("api/channels/logos/upload", logos.upload, name="upload"),
    path("api/channels/logos/<int:logo_id>", logos.single, name="logo"),
    path("api/channel-profiles", profiles.profiles, name="profiles"),
    path("api/channel-profiles/<int:profile_id>", profiles.profile, name="profile"),
    path("api/channel-profiles/<int:profile_id>/channels/bulk-update", profiles.members, name="members"),
    path("api/channel-profiles/<int:profile_id>/channels/<int:channel_id>", profiles.member, name="member"),
    path("api/stream-profiles", profiles.stream_profiles, name="stream_profiles"),
    path("api/stream-profiles/<int:profile_id>", profiles.stream_profile, name="stream_profile"),
]
