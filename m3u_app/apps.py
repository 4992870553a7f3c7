from django.apps import AppConfig


class M3uAppConfig(AppConfig):
    name = "m3u_app"
    verbose_name = "Providers & streams"
