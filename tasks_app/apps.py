from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.module_loading import autodiscover_modules


class TasksAppConfig(AppConfig):
    name = "tasks_app"
    verbose_name = "Tasks & journal"

    def ready(self) -> None:
        from ecm_site.navigation import MenuEntry, register_occasional_entry
        from ecm_site.settings_navigation import ORDER, Section, register_section
        from tasks_app import journal_index, journal_triggers, notifications
        from tasks_app.alerts import run_alerts, undo_methods
        from tasks_app.change_settings import ENTITY_TYPE, undo_change
        from tasks_app.mirror import mirror_tasks, triggers, undo_rows
        from tasks_app.mirror_pages import answering  # noqa: F401 - registers its task
        from tasks_app.mirror_pages.header import server_mark
        from tasks_app.switching import task as switching_task
        from tasks_app.ticks import register_due_check
        from tasks_app.undo import register_undo

        register_undo(ENTITY_TYPE, undo_change, admin_only=True)
        undo_rows.register()
        register_due_check(journal_index.index_new_entries)
        register_due_check(mirror_tasks.deliver_when_due)
        register_due_check(switching_task.finish_when_due)
        post_migrate.connect(journal_triggers.after_migrate, sender=self)
        pre_migrate.connect(triggers.before_migrate, sender=self)
        post_migrate.connect(triggers.after_migrate, sender=self)
        notifications.connect()
        run_alerts.connect()
        undo_methods.register()
        register_section(
            Section("notifications", "Notification Settings", "alerts:settings", "bell-ringing", ORDER["notifications"])
        )
        register_section(
            Section("scheduled-tasks", "Scheduled Tasks", "tasks:scheduled", "calendar-time", ORDER["scheduled-tasks"])
        )
        register_occasional_entry(
            MenuEntry("Server", "/server/", icon="server"),
            before="/tasks/",
            is_shown=lambda request: server_mark(request) is not None,
        )
        autodiscover_modules("tasks")  # every app registers its background work in <app>/tasks.py…
        autodiscover_modules("cleanup")  # …and what the clean-up removes for it in <app>/cleanup.py
