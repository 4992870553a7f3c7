"""One schedule while it is being written: its form, the form of its parameters, and what it would do (50 §1.4, T-13)."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict

from ecm_site.conf import get_settings
from tasks_app.models import Schedule, Task
from tasks_app.models.schedules import ScheduleType
from tasks_app.parameter_forms import changes_of, has_parameters, parameter_form
from tasks_app.registry import TaskScheduler
from tasks_app.schedule_forms import CUSTOM, INTERVAL_PRESETS, KEPT, PICKS, ScheduleForm
from tasks_app.schedule_words import Preview, preview
from tasks_app.scheduling.cron import PRESETS
from tasks_app.scheduling.describe import describe_interval
from tasks_app.scheduling.rules import RULE_FIELDS, InvalidSchedule, clean_rule, default_zone

DEFAULT_TIME = "03:00"


class ScheduleEditor:
    """``schedule`` is None for a new one. ``data`` is what was sent, None while the form is only opened."""

    def __init__(
        self,
        task: type[TaskScheduler],
        row: Task,
        schedule: Schedule | None,
        data: QueryDict | None,
        now: datetime,
        *,
        suggested_time: str = DEFAULT_TIME,
    ) -> None:
        self.task = task
        self.schedule = schedule
        self.now = now
        self._below = {**(task.default_parameters or {}), **row.configuration}
        self._stored: dict[str, Any] = dict(schedule.parameters) if schedule else {}
        self._suggested_time = suggested_time
        self.rule = self._first_rule()
        sent = pressed(data)
        self.form = ScheduleForm(
            sent,
            initial=self._initial(),
            now=now,
            kept_words=self._kept_words(),
            keeps_week=self.rule.get("week_parity") is not None,
        )
        self.parameters = (
            parameter_form(task, sent, {**self._below, **self._stored}) if has_parameters(task) else forms.Form(sent)
        )
        self.asks_only = data is not None and any(data.get(name) for name in ("pick", "preset", "show"))
        """A button was pressed that fills in fields or shows the preview, and saves nothing."""
        if self._is_zone_open():
            self.form.fields["timezone"].widget.attrs["data-fill-zone"] = ""

    def _is_zone_open(self) -> bool:
        """Whether the browser may put its own zone in: nobody said which one is meant."""
        return self.schedule is None and not get_settings().time_zone and not self.form.is_bound

    def is_valid(self) -> bool:
        """Check fields, rule and parameters; all that is wrong is then beside its field."""
        good = self.form.is_valid()
        good = self.parameters.is_valid() and good
        try:
            clean_rule(self.form.rule_values(), self.now)
        except InvalidSchedule as invalid:
            self.form.add_rule_errors(invalid.errors)
            return False
        return good

    def values(self) -> dict[str, Any]:
        """What to store, by field of :class:`tasks_app.models.Schedule`; call after :meth:`is_valid`."""
        return {
            "name": self.form.cleaned_data["name"],
            "enabled": self.form.cleaned_data["enabled"],
            **self.form.rule_values(),
            "parameters": changes_of(self.parameters, self._below, self._stored),
        }

    def preview(self) -> Preview:
        """The schedule in words and its next moments, or what is missing."""
        if not self.form.is_bound:
            return preview(self.rule, self.now, is_off=not self.form.initial["enabled"])
        self.form.is_valid()
        unread = [str(text) for name in INTERVAL_PARTS for text in self.form.errors.get(name, [])]
        if unread and self.form.cleaned_data.get("interval") == CUSTOM:
            return Preview(problems=unread)
        return preview(self.form.rule_values(), self.now, is_off=not self.form.cleaned_data.get("enabled"))

    def _first_rule(self) -> dict[str, Any]:
        if self.schedule is not None:
            return {name: getattr(self.schedule, name) for name in RULE_FIELDS}
        return {"schedule_type": ScheduleType.DAILY, "schedule_time": self._suggested_time, "timezone": default_zone()}

    def _initial(self) -> dict[str, Any]:
        """What the form shows when it opens; types that are not chosen yet begin with sensible values."""
        rule = self.rule
        seconds = rule.get("interval_seconds")
        initial = {
            "name": self.schedule.name if self.schedule else "",
            "enabled": self.schedule.enabled if self.schedule else True,
            **rule,
            "schedule_time": rule.get("schedule_time") or self._suggested_time,
            "day_of_month": rule.get("day_of_month") or 1,
            "interval": "3600",
        }
        if seconds in dict(INTERVAL_PRESETS):
            initial["interval"] = str(seconds)
        elif seconds:
            initial["interval"] = KEPT if self._kept_words() else CUSTOM
        initial["interval_days"], rest = divmod(seconds or 3600, 86_400)
        initial["interval_hours"], rest = divmod(rest, 3600)
        initial["interval_minutes"] = rest // 60
        return initial

    def _kept_words(self) -> str:
        """An interval that the fields cannot write (it has seconds) is offered as it is."""
        seconds = self.rule.get("interval_seconds") or 0
        return f"{describe_interval(seconds)} (as it is)" if seconds % 60 else ""


INTERVAL_PARTS = ("interval_days", "interval_hours", "interval_minutes")


def pressed(data: QueryDict | None) -> QueryDict | None:
    """``data`` with the effect of a pressed button: quick picks and presets are buttons that also work without scripts."""
    if data is None:
        return None
    days, expression = PICKS.get(data.get("pick", "")), PRESETS.get(data.get("preset", ""))
    if days is None and expression is None:
        return data
    changed = data.copy()
    if days is not None:
        changed.setlist("days_of_week", [str(day) for day in days])
    if expression is not None:
        changed["cron_expression"] = expression
    return changed
