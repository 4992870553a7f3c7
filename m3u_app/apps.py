from django.apps import AppConfig
from django.db.models.signals import post_migrate


class M3uAppConfig(AppConfig):
    name = "m3u_app"
    verbose_name = "Providers & streams"

    def ready(self) -> None:
        from m3u_app import providers

        providers.load()

        from ecm_site.settings_navigation import ORDER, Section, register_section
        from m3u_app import (  # importing tasks registers them
            account_belongings,
            custom_streams,
            delete_account_task,  # noqa: F401
            edit_profiles,
            expiry_notices,
            linked_accounts,
            search_index,
            server_groups,
            tasks,  # noqa: F401
            undo_changes,
            undo_filters,
        )
        from m3u_app.changes import search_index as change_search
        from m3u_app.digest import edit_digest
        from m3u_app.digest import task as digest_task
        from m3u_app.mirror import register as mirror
        from m3u_app.mirror import switching

        post_migrate.connect(search_index.after_migrate, sender=self)
        post_migrate.connect(change_search.after_migrate, sender=self)

        for part in (
            undo_changes,
            undo_filters,
            edit_profiles,
            server_groups,
            linked_accounts,
            account_belongings,
            custom_streams,
            expiry_notices,
            edit_digest,
            digest_task,
            mirror,
            switching,
        ):
            part.register()
        register_section(Section("m3u-digest", "M3U Digest", "m3u_digest:page", icon="mail-forward", order=ORDER["m3u-digest"]))
