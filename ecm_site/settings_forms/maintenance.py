"""The form on Settings → Maintenance: log level and how often the worker looks (50 §5.1, T-15, O-6)."""

from typing import Any

from django import forms
from django.conf import settings

from ecm_site.conf import EcmSettings
from ecm_site.settings_form import SettingChoice, SettingNumber, SettingsForm

LEVEL_WORDS = {
    "": "As LOG_LEVEL in the environment says",
    "DEBUG": "Debug: everything",
    "INFO": "Info: what happens",
    "WARNING": "Warning: what may need a look",
    "ERROR": "Error: what failed",
    "CRITICAL": "Critical: only what stops ECM",
}


class MaintenanceForm(SettingsForm):
    backend_log_level = SettingChoice(
        "backend_log_level",
        LEVEL_WORDS,
        required=False,
        label="Log level",
        help_text="Takes effect at once, in the web server and the worker. The pages of task runs keep their own log.",
    )
    task_tick_seconds = SettingNumber(
        "task_tick_seconds",
        label="Look for due tasks every (seconds)",
        help_text="A schedule starts at most this late. 60 is right for nearly everybody.",
    )

    def __init__(self, data: Any = None, *, current: EcmSettings) -> None:
        super().__init__(data, current=current)
        field = self.fields["backend_log_level"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [
                (value, f"{words} ({settings.LOG_LEVEL})" if not value else words) for value, words in LEVEL_WORDS.items()
            ]
