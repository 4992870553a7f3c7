from django.urls import URLPattern, URLResolver, include, path

from channels_app.views import (
    channel_actions,
    channel_forms,
    channel_pane,
    group_actions,
    guide_choice,
    manager,
    move_dialog,
    replace_stream,
    stream_actions,
    stream_pane,
)

app_name = "channels"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", manager.manager, name="manager"),
    path("preferences/", manager.preferences, name="preferences"),
    path("", include("channels_app.finding_urls")),
    path("", include("channels_app.csv_urls")),
    path("", include("channels_app.numbering_urls")),
    path("", include("channels_app.selection_urls")),
    # parts of the left pane
    path("tree/", channel_pane.tree, name="tree"),
    path("refresh/", channel_pane.refresh, name="refresh"),
    path("ids/", channel_pane.selected_ids, name="ids"),
    path("matching/", channel_pane.matching, name="matching"),
    path("groups/options/", channel_pane.options, name="group_options"),
    path("groups/<int:group_id>/rows/", channel_pane.group_rows, name="group_rows"),
    path("<int:channel_id>/streams/", channel_pane.expanded_channel, name="channel_streams"),
    # parts of the right pane
    path("streams/", stream_pane.tree, name="stream_tree"),
    path("streams/providers/<int:account_id>/", stream_pane.provider, name="stream_provider"),
    path("streams/groups/<int:account_id>-<int:group_id>/", stream_pane.group_rows, name="stream_rows"),
    path("streams/marks/", stream_pane.marks, name="stream_marks"),
    path("streams/ids/", stream_pane.selected_ids, name="stream_ids"),
    path("streams/options/", stream_pane.options, name="stream_options"),
    # channels
    path("create/", channel_forms.create, name="create"),
    path("delete/", channel_actions.delete, name="delete"),
    path("move/", move_dialog.move, name="move"),
    path("renumber/", channel_actions.renumber_selected, name="renumber_selected"),
    path("reorder/", channel_actions.reorder, name="reorder"),
    path("guide-entries/", guide_choice.guide_entries, name="guide_entries"),
    path("<int:channel_id>/", channel_forms.edit, name="edit"),
    path("<int:channel_id>/name/", channel_forms.rename, name="rename"),
    path("<int:channel_id>/number/", channel_forms.renumber, name="renumber"),
    path("<int:channel_id>/hidden/", channel_forms.hide, name="hide"),
    path("<int:channel_id>/step/", channel_actions.step, name="step"),
    # groups
    path("groups/create/", group_actions.create, name="create_group"),
    path("groups/place/", group_actions.place, name="place_groups"),
    path("groups/<int:group_id>/rename/", group_actions.rename, name="rename_group"),
    path("groups/<int:group_id>/delete/", group_actions.delete, name="delete_group"),
    path("groups/<int:group_id>/step/", group_actions.step, name="step_group"),
    # streams on channels
    path("add-streams/", stream_actions.add_to_channel, name="add_to_channel"),
    path("add-streams/channels/", stream_actions.find_channels, name="find_channels"),
    path("create-from-stream/", stream_actions.create_channel, name="create_from_stream"),
    path("bulk-create/", include("channels_app.bulk_urls")),
    path("auto-sync/", include("channels_app.auto_sync_urls")),
    path("names/", include("channels_app.names_urls")),
    path("<int:channel_id>/streams/add/", stream_actions.add, name="add_streams"),
    path("<int:channel_id>/streams/remove/", stream_actions.remove, name="remove_streams"),
    path("<int:channel_id>/streams/reorder/", stream_actions.reorder, name="reorder_streams"),
    path("<int:channel_id>/streams/replace/", replace_stream.replace, name="replace_stream"),
    path("<int:channel_id>/streams/<int:stream_id>/step/", stream_actions.step, name="step_stream"),
]
