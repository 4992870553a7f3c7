from django.apps import AppConfig
from django.db.models.signals import post_migrate


class M3uAppConfig(AppConfig):
    name = "m3u_app"
    verbose_name = "Providers & streams"

    def ready(self) -> None:
        from m3u_app import providers

        providers.load()

        from m3u_app import delete_account_task, search_index, tasks, undo_changes  # noqa: F401 - importing tasks registers them

        post_migrate.connect(search_index.after_migrate, sender=self)

        undo_changes.register()
