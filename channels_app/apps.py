from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ChannelsAppConfig(AppConfig):
    name = "channels_app"
    verbose_name = "Lineup"

    def ready(self) -> None:
        """Tell the floors below what the lineup uses, and listen to what they change."""
        from channels_app import (  # noqa: F401 - importing registers the task
            bulk_task,
            row_journal,
            signals,
            sort_streams_task,
            undo,
        )
        from channels_app.account_loss import LineupOfAccount
        from channels_app.autosync import change_settings
        from channels_app.autosync import tasks as autosync_tasks  # noqa: F401 - importing registers the task
        from channels_app.drafts import tasks as draft_tasks  # noqa: F401 - importing registers the task
        from channels_app.drafts import touch_triggers
        from channels_app.groups import auto_created, forget_hidden  # noqa: F401 - importing registers the clean-up
        from channels_app.guide_loss import LineupOfGuide
        from channels_app.guide_use import used_guide_entries
        from channels_app.guideless import channels_without_guide
        from channels_app.lineup_csv import task as csv_task  # noqa: F401 - importing registers the task
        from channels_app.logos import tasks as logo_tasks  # noqa: F401 - importing registers the task
        from channels_app.mirror import registering, switching
        from channels_app.profiles import default_profiles, set_memberships
        from channels_app.publishing import change_output, due_publish, tasks  # noqa: F401 - importing registers them
        from channels_app.stream_loss import ChannelStreams
        from epg_app.guideless import register_guideless
        from epg_app.mapped_entries import register_mapping
        from epg_app.source_users import register_source_user
        from m3u_app.account_users import register_account_user
        from m3u_app.stream_users import register_stream_user
        from tasks_app.undo import register_undo

        undo.register_handlers()
        auto_created.register_handlers()
        register_undo(set_memberships.ENTITY, set_memberships.undo_memberships)
        register_undo(default_profiles.ENTITY, default_profiles.undo_default)
        row_journal.register_handlers()
        change_output.register_handlers()
        change_settings.register_handlers()
        register_stream_user(ChannelStreams())
        register_account_user(LineupOfAccount())
        register_mapping(used_guide_entries)
        register_guideless(channels_without_guide)
        register_source_user(LineupOfGuide())
        switching.register()
        signals.connect()
        registering.register()
        post_migrate.connect(touch_triggers.after_migrate, sender=self)
