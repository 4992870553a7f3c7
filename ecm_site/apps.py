from django.apps import AppConfig


class EcmSiteConfig(AppConfig):
    name = "ecm_site"
    verbose_name = "Site"
