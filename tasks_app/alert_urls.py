"""Addresses of alerts: the pages under the settings, and the HTTP surface of 50 §4.5."""

from django.urls import include, path

from tasks_app.views import alert_log, alert_methods, alerts, alerts_api

page_patterns = [
    path("", alerts.settings, name="settings"),
    path("mail-server/", alerts.mail_server, name="mail_server"),
    path("recipients/", alerts.recipients, name="recipients"),
    path("discord/", alerts.discord, name="discord"),
    path("telegram/", alerts.telegram, name="telegram"),
    path("digest/", alerts.digest, name="digest"),
    path("methods/", alert_methods.method_list, name="methods"),
    path("methods/add/", alert_methods.choose_type, name="choose_type"),
    path("methods/add/<slug:method_type>/", alert_methods.add, name="add"),
    path("methods/<int:method_id>/", alert_methods.edit, name="edit"),
    path("methods/<int:method_id>/switch/", alert_methods.switch, name="switch"),
    path("methods/<int:method_id>/test/", alert_methods.test, name="test"),
    path("methods/<int:method_id>/delete/", alert_methods.delete, name="delete"),
    path("deliveries/", alert_log.deliveries, name="deliveries"),
]

urlpatterns = [
    path("settings/notifications/", include((page_patterns, "alerts"))),
    path("api/alert-methods/types", alerts_api.types),
    path("api/alert-methods/test", alerts_api.test_values),
    path("api/alert-methods", alerts_api.collection),
    path("api/alert-methods/<int:method_id>", alerts_api.single),
    path("api/alert-methods/<int:method_id>/test", alerts_api.test_method),
    path("api/settings/test-smtp", alerts_api.test_smtp),
    path("api/settings/test-discord", alerts_api.test_discord),
    path("api/settings/test-telegram", alerts_api.test_telegram),
]
