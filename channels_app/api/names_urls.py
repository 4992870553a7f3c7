"""Addresses for programs: names, duplicates, merging, Gracenote ids (10 §21.2)."""

from django.urls import path

from channels_app.api import gracenote, names

app_name = "names_api"
urlpatterns = [
    path("api/channels/<int:channel_id>/normalize-preview", names.normalize_preview, name="normalize_preview"),
    path("api/channels/normalize-preview-batch", names.normalize_preview_batch, name="normalize_preview_batch"),
    path("api/channels/find-duplicates", names.duplicates, name="find_duplicates"),
    path("api/channels/merge", names.merge, name="merge"),
    path("api/channels/bulk-merge", names.bulk_merge, name="bulk_merge"),
    path("api/normalization/apply-to-channels", names.apply_normalization, name="apply_normalization"),
    path("api/epg/lcn", gracenote.lcn, name="lcn"),
    path("api/epg/lcn/batch", gracenote.lcn_batch, name="lcn_batch"),
]
