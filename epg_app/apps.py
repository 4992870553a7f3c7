from django.apps import AppConfig


class EpgAppConfig(AppConfig):
    name = "epg_app"
    verbose_name = "Guide"
