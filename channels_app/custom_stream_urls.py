"""Custom streams live beside the providers' streams, not in drafts: these addresses are never staged."""

from django.urls import path

from channels_app.views import custom_streams

urlpatterns = [
    path("custom-streams/", custom_streams.custom_streams, name="custom_streams"),
    path("custom-streams/create/", custom_streams.create, name="create_custom_stream"),
    path("custom-streams/<int:stream_id>/", custom_streams.edit, name="edit_custom_stream"),
    path("custom-streams/<int:stream_id>/delete/", custom_streams.delete, name="delete_custom_stream"),
]
