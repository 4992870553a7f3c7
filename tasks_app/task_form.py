"""The form in a task's editor: its messages, its alerts, its configuration (50 §1.9, §1.10)."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms import BoundField

from tasks_app.models import Task
from tasks_app.parameter_forms import changes_of, has_parameters, parameter_form
from tasks_app.registry import TaskScheduler

SEVERITIES = ("alert_on_error", "alert_on_warning", "alert_on_success", "alert_on_info")
CHANNELS = ("send_to_email", "send_to_discord", "send_to_telegram")
SWITCHES = ("show_notifications", "send_alerts", *SEVERITIES, *CHANNELS)


class TaskForm(forms.Form):
    """Switches of a task; ``configuration`` is the form of its parameters, None when it has none."""

    show_notifications = forms.BooleanField(
        required=False, label="Show under the bell", help_text="Progress and results appear there while you are in ECM."
    )
    send_alerts = forms.BooleanField(
        required=False, label="Send alerts", help_text="Goes out through the alert methods of Settings → Notification Settings."
    )
    alert_on_error = forms.BooleanField(required=False, label="Errors")
    alert_on_warning = forms.BooleanField(required=False, label="Warnings")
    alert_on_success = forms.BooleanField(required=False, label="Successes")
    alert_on_info = forms.BooleanField(required=False, label="Starts")
    send_to_email = forms.BooleanField(required=False, label="E-mail")
    send_to_discord = forms.BooleanField(required=False, label="Discord")
    send_to_telegram = forms.BooleanField(required=False, label="Telegram")

    def __init__(self, data: Mapping[str, Any] | None, *, task: type[TaskScheduler], row: Task) -> None:
        super().__init__(data, initial={name: getattr(row, name) for name in SWITCHES}, auto_id=f"id_{task.task_id}_%s")
        self._row = row
        self._below: dict[str, Any] = dict(task.default_parameters or {})
        self.configuration: forms.Form | None = None
        if has_parameters(task):
            self.configuration = parameter_form(task, data, {**self._below, **row.configuration}, name=task.task_id)

    def is_valid(self) -> bool:
        """Both parts are looked at, so that all errors show at once."""
        good = super().is_valid()
        return (self.configuration is None or self.configuration.is_valid()) and good

    def changes(self) -> dict[str, Any]:
        """What to store, by field of :class:`tasks_app.models.Task`."""
        changes: dict[str, Any] = {name: self.cleaned_data[name] for name in SWITCHES}
        if self.configuration is not None:
            changes["configuration"] = changes_of(self.configuration, self._below, self._row.configuration)
        return changes

    @property
    def severity_fields(self) -> list[BoundField]:
        return [self[name] for name in SEVERITIES]

    @property
    def channel_fields(self) -> list[BoundField]:
        return [self[name] for name in CHANNELS]
