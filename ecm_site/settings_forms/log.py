"""The log level on Settings → Maintenance (50 §5.1 ``backend_log_level``, O-6)."""

from typing import Any

from django import forms
from django.conf import settings

from ecm_site.conf import EcmSettings
from ecm_site.settings_form import SettingChoice, SettingsForm

LEVEL_WORDS = {
    "": "As LOG_LEVEL in the environment says",
    "DEBUG": "Debug: everything",
    "INFO": "Info: what happens",
    "WARNING": "Warning: what may need a look",
    "ERROR": "Error: what failed",
    "CRITICAL": "Critical: only what stops ECM",
}


class LogLevelForm(SettingsForm):
    backend_log_level = SettingChoice(
        "backend_log_level",
        LEVEL_WORDS,
        required=False,
        label="Log level",
        help_text="Takes effect at once, in the web server and the worker. The pages of task runs keep their own log.",
    )

    def __init__(self, data: Any = None, *, current: EcmSettings) -> None:
        super().__init__(data, current=current)
        field = self.fields["backend_log_level"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [
                (value, f"{words} ({settings.LOG_LEVEL})" if not value else words) for value, words in LEVEL_WORDS.items()
            ]
