"""Addresses for programs: CSV, groups, streams of a channel (10 §21.2)."""

from django.urls import path

from channels_app.api import channel_streams, csv, groups

urlpatterns = [
    path("api/channels/csv-template", csv.template),
    path("api/channels/export-csv", csv.export),
    path("api/channels/preview-csv", csv.preview),
    path("api/channels/import-csv", csv.import_file),
    path("api/channels/clear-auto-created", groups.clear_flag),
    path("api/channels/<int:channel_id>/add-stream", channel_streams.add_stream),
    path("api/channels/<int:channel_id>/add-streams", channel_streams.add_several),
    path("api/channels/<int:channel_id>/remove-stream", channel_streams.remove_stream),
    path("api/channels/<int:channel_id>/reorder-streams", channel_streams.reorder),
    path("api/stream-stats/compute-sort", channel_streams.compute_sort),
    path("api/channel-groups", groups.collection),
    path("api/channel-groups/<int:group_id>", groups.single),
    path("api/channel-groups/<int:group_id>/restore", groups.restore),
    path("api/channel-groups/hidden", groups.hidden),
    path("api/channel-groups/orphaned", groups.orphaned),
    path("api/channel-groups/auto-created", groups.auto_created),
    path("api/channel-groups/with-streams", groups.with_streams),
    path("api/channel-groups/diagnostic", groups.diagnostic),
]
