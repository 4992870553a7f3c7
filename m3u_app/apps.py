from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class M3uAppConfig(AppConfig):
    name = "m3u_app"
    verbose_name = "Providers & streams"

    def ready(self) -> None:
        from m3u_app import providers

        providers.load()
        if find_spec("m3u_app.tasks") is not None:
            import_module("m3u_app.tasks")

        from m3u_app import delete_account_task, undo_changes  # noqa: F401 - importing the task registers it

        undo_changes.register()
