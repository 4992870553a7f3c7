from django.apps import AppConfig


class EcmSiteConfig(AppConfig):
    name = "ecm_site"
    verbose_name = "Site"

    def ready(self) -> None:
        from ecm_site.demo.install_demo import keep_guide_current
        from tasks_app.ticks import register_due_check

        register_due_check(keep_guide_current)
