from django.apps import AppConfig


class EpgAppConfig(AppConfig):
    name = "epg_app"
    verbose_name = "Guide"

    def ready(self) -> None:
        from epg_app import tasks  # noqa: F401 - importing them registers the tasks and what is due
