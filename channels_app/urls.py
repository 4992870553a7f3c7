from django.urls import URLPattern, URLResolver, include, path

from channels_app.drafts.staging import staged
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
    path("", staged(manager.manager), name="manager"),
    path("preferences/", manager.preferences, name="preferences"),
    path("", include("channels_app.drafts_urls")),
    path("", include("channels_app.drafts_exit_urls")),
    path("", include("channels_app.finding_urls")),
    path("", include("channels_app.csv_urls")),
    path("", include("channels_app.group_work_urls")),
    path("", include("channels_app.sort_urls")),
    path("", include("channels_app.numbering_urls")),
    path("", include("channels_app.selection_urls")),
    # parts of the left pane
    path("tree/", staged(channel_pane.tree), name="tree"),
    path("refresh/", staged(channel_pane.refresh), name="refresh"),
    path("ids/", staged(channel_pane.selected_ids), name="ids"),
    path("matching/", staged(channel_pane.matching), name="matching"),
    path("groups/options/", staged(channel_pane.options), name="group_options"),
    path("groups/<int:group_id>/rows/", staged(channel_pane.group_rows), name="group_rows"),
    path("<int:channel_id>/streams/", staged(channel_pane.expanded_channel), name="channel_streams"),
    # parts of the right pane
    path("streams/", staged(stream_pane.tree), name="stream_tree"),
    path("streams/providers/<int:account_id>/", staged(stream_pane.provider), name="stream_provider"),
    path("streams/groups/<int:account_id>-<int:group_id>/", staged(stream_pane.group_rows), name="stream_rows"),
    path("streams/marks/", staged(stream_pane.marks), name="stream_marks"),
    path("streams/ids/", staged(stream_pane.selected_ids), name="stream_ids"),
    path("streams/options/", staged(stream_pane.options), name="stream_options"),
    # channels
    path("create/", staged(channel_forms.create), name="create"),
    path("delete/", staged(channel_actions.delete), name="delete"),
    path("move/", staged(move_dialog.move), name="move"),
    path("renumber/", staged(channel_actions.renumber_selected), name="renumber_selected"),
    path("reorder/", staged(channel_actions.reorder), name="reorder"),
    path("guide-entries/", staged(guide_choice.guide_entries), name="guide_entries"),
    path("<int:channel_id>/", staged(channel_forms.edit), name="edit"),
    path("<int:channel_id>/name/", staged(channel_forms.rename), name="rename"),
    path("<int:channel_id>/number/", staged(channel_forms.renumber), name="renumber"),
    path("<int:channel_id>/hidden/", staged(channel_forms.hide), name="hide"),
    path("<int:channel_id>/step/", staged(channel_actions.step), name="step"),
    # groups
    path("groups/create/", staged(group_actions.create), name="create_group"),
    path("groups/place/", staged(group_actions.place), name="place_groups"),
    path("groups/<int:group_id>/rename/", staged(group_actions.rename), name="rename_group"),
    path("groups/<int:group_id>/delete/", staged(group_actions.delete), name="delete_group"),
    path("groups/<int:group_id>/step/", staged(group_actions.step), name="step_group"),
    # streams on channels
    path("add-streams/", staged(stream_actions.add_to_channel), name="add_to_channel"),
    path("add-streams/channels/", staged(stream_actions.find_channels), name="find_channels"),
    path("create-from-stream/", staged(stream_actions.create_channel), name="create_from_stream"),
    path("bulk-create/", include("channels_app.bulk_urls")),
    path("auto-sync/", include("channels_app.auto_sync_urls")),
    path("names/", include("channels_app.names_urls")),
    path("<int:channel_id>/streams/add/", staged(stream_actions.add), name="add_streams"),
    path("<int:channel_id>/streams/remove/", staged(stream_actions.remove), name="remove_streams"),
    path("<int:channel_id>/streams/reorder/", staged(stream_actions.reorder), name="reorder_streams"),
    path("<int:channel_id>/streams/replace/", staged(replace_stream.replace), name="replace_stream"),
    path("<int:channel_id>/streams/<int:stream_id>/step/", staged(stream_actions.step), name="step_stream"),
]
