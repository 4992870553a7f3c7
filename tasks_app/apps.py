from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class TasksAppConfig(AppConfig):
    name = "tasks_app"
    verbose_name = "Tasks & journal"

    def ready(self) -> None:
        autodiscover_modules("tasks")  # every app registers its background work in <app>/tasks.py
