from django.apps import AppConfig


class EpgAppConfig(AppConfig):
    name = "epg_app"
    verbose_name = "Guide"

    def ready(self) -> None:
        from epg_app import take_guide, tasks, undo_changes  # noqa: F401 - importing tasks registers them and what is due
        from epg_app.mirror import register, switching

        undo_changes.register()
        take_guide.register()
        switching.register()
        register.register()
