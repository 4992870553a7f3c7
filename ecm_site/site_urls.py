from django.urls import path

from ecm_site.settings_forms import PAGES
from ecm_site.views import (
    dashboard,
    debug,
    demo,
    dispatcharr,
    health,
    maintenance,
    palette,
    settings_pages,
    setup,
    sign_in,
    theme,
    welcome,
)

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("first-steps/hide/", dashboard.hide_getting_started, name="hide_getting_started"),
    path("setup/", setup.setup, name="setup"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("welcome/demo/", demo.install, name="install_demo"),
    path("welcome/demo/remove/", demo.remove, name="remove_demo"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("account/theme/", theme.set_theme, name="set_theme"),
    path("account/password/", sign_in.change_password, name="change_password"),
    path("find/", palette.find, name="palette"),
    path("settings/", settings_pages.settings_home, name="settings"),
    *(path(f"settings/{page.slug}/", settings_pages.settings_page, {"slug": page.slug}, page.url_name) for page in PAGES),
    path("settings/dispatcharr/test/", dispatcharr.test_connection, name="settings_dispatcharr_test"),
    path("settings/maintenance/", maintenance.maintenance, name="settings_maintenance"),
    path("settings/maintenance/log/", maintenance.log, name="log"),
    path("settings/maintenance/log/download/", maintenance.download_log, name="log_download"),
    path("settings/maintenance/unlock/", maintenance.unlock, name="unlock_sign_in"),
    path("api/health", health.health, name="health"),
    path("api/health/ready", health.ready, name="health_ready"),
    path("api/health/schema", health.schema, name="health_schema"),
    path("api/version", health.version, name="version"),
    path("api/debug/request-rates", debug.rates, name="request_rates"),
]
