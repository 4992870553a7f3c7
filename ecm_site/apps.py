from django.apps import AppConfig


class EcmSiteConfig(AppConfig):
    name = "ecm_site"
    verbose_name = "Site"

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from ecm_site import palette_pages
        from ecm_site.demo.install_demo import keep_guide_current
        from ecm_site.log_level import follow_log_level
        from ecm_site.settings_forms import PAGES
        from ecm_site.settings_navigation import ORDER, Section, register_section
        from tasks_app.run_events import run_finished, run_progressed, run_started
        from tasks_app.ticks import register_due_check

        palette_pages.register()
        autodiscover_modules("palette")  # every room offers what Ctrl-K finds in <app>/palette.py
        follow_log_level()
        register_due_check(follow_log_level)
        for tells in (run_started, run_progressed, run_finished):
            tells.connect(follow_log_level, dispatch_uid="follow_log_level")  # worker processes see no requests
        for page in PAGES:
            register_section(Section(page.slug, page.title, page.url_name, page.icon, ORDER[page.slug]))
        register_section(
            Section("linked-accounts", "Linked Accounts", "settings_linked_accounts", "link", ORDER["linked-accounts"])
        )
        register_section(Section("maintenance", "Maintenance", "settings_maintenance", icon="tool", order=ORDER["maintenance"]))
        register_section(Section("publishing", "Publishing", "publishing:page", "broadcast", ORDER["publishing"]))
        register_due_check(keep_guide_current)
