"""Channel profiles and stream profiles: pages below ``/channels/profiles/``."""

from django.urls import URLPattern, URLResolver, path

from channels_app.drafts.staging import staged
from channels_app.views import profiles, stream_profiles

app_name = "profiles"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", staged(profiles.overview), name="overview"),
    path("add/", staged(profiles.add), name="add"),
    path("selection/", staged(profiles.selection), name="selection"),
    path("stream/", staged(stream_profiles.overview), name="stream_profiles"),
    path("stream/add/", staged(stream_profiles.add), name="add_stream_profile"),
    path("stream/<int:profile_id>/", staged(stream_profiles.edit), name="edit_stream_profile"),
    path("stream/<int:profile_id>/delete/", staged(stream_profiles.delete), name="delete_stream_profile"),
    path("<int:profile_id>/", staged(profiles.members), name="members"),
    path("<int:profile_id>/rows/", staged(profiles.rows), name="rows"),
    path("<int:profile_id>/ids/", staged(profiles.ids), name="ids"),
    path("<int:profile_id>/rename/", staged(profiles.rename), name="rename"),
    path("<int:profile_id>/delete/", staged(profiles.delete), name="delete"),
    path("<int:profile_id>/default/", staged(profiles.default), name="default"),
    path("<int:profile_id>/addresses/", staged(profiles.addresses), name="addresses"),
]
