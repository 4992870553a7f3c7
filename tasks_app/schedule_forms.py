"""The form of a schedule: one form for all types, of which the chosen type's fields count (50 §1.4)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.forms import BoundField

from tasks_app.models.schedules import LAST_DAY, ScheduleType
from tasks_app.scheduling.next_run import week_number
from tasks_app.scheduling.wall_clock import on_the_wall, zone_names

INTERVAL_PRESETS = (
    (300, "5 minutes"),
    (900, "15 minutes"),
    (1800, "30 minutes"),
    (3600, "1 hour"),
    (7200, "2 hours"),
    (21600, "6 hours"),
    (43200, "12 hours"),
    (86400, "24 hours"),
)
CUSTOM = "custom"
KEPT = "kept"
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
QUICK_PICKS = (
    ("weekdays", "Weekdays", (1, 2, 3, 4, 5)),
    ("weekend", "Weekend", (0, 6)),
    ("every", "Every day", tuple(range(7))),
)
PICKS = {key: list(days) for key, _words, days in QUICK_PICKS}


class NumberBox(forms.NumberInput):
    """A short number field inside a row of several."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__(attrs={"min": low, "max": high, "class": "schedule-number", "inputmode": "numeric"})


class ScheduleForm(forms.Form):
    """Reads a schedule as a person types it. Whether the rule makes sense is for the rules to say, not for the form."""

    name = forms.CharField(
        max_length=100,
        required=False,
        label="Name",
        help_text="Optional. Without one the rule itself is shown.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    enabled = forms.BooleanField(required=False, label="Switched on")
    schedule_type = forms.ChoiceField(choices=ScheduleType.choices, widget=forms.RadioSelect, label="Repeat")
    interval = forms.ChoiceField(required=False, widget=forms.RadioSelect, label="Every")
    interval_days = forms.IntegerField(required=False, min_value=0, max_value=30, label="Days", widget=NumberBox(0, 30))
    interval_hours = forms.IntegerField(required=False, min_value=0, max_value=23, label="Hours", widget=NumberBox(0, 23))
    interval_minutes = forms.IntegerField(required=False, min_value=0, max_value=59, label="Minutes", widget=NumberBox(0, 59))
    schedule_time = forms.CharField(
        required=False, max_length=8, label="Time", widget=forms.TextInput(attrs={"type": "time", "step": 60})
    )
    days_of_week = forms.TypedMultipleChoiceField(
        choices=list(enumerate(DAYS)), coerce=int, required=False, widget=forms.CheckboxSelectMultiple, label="Days"
    )
    week_parity = forms.TypedChoiceField(
        coerce=int, empty_value=None, required=False, widget=forms.RadioSelect, label="Starting"
    )
    day_of_month = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        label="Day of the month",
        choices=[*((day, str(day)) for day in range(1, 32)), (LAST_DAY, "Last day")],
        help_text="A month that is shorter runs on its last day.",
    )
    cron_expression = forms.CharField(
        required=False,
        max_length=200,
        strip=True,
        label="Cron expression",
        help_text="Minute, hour, day of month, month, day of week. 15 */6 * * * is a quarter past every sixth hour.",
        widget=forms.TextInput(
            attrs={"class": "font-monospace", "autocomplete": "off", "spellcheck": "false", "maxlength": 200}
        ),
    )
    timezone = forms.CharField(
        required=False,
        max_length=64,
        label="Time zone",
        help_text="Type a part of the name, such as a city.",
        widget=forms.TextInput(attrs={"list": "schedule-zones", "autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        initial: dict[str, Any],
        now: datetime,
        kept_words: str = "",
        keeps_week: bool = False,
    ) -> None:
        super().__init__(data, initial=initial)
        self.kept_seconds: int | None = initial.get("interval_seconds") if kept_words else None
        choices = [*((str(seconds), words) for seconds, words in INTERVAL_PRESETS), (CUSTOM, "Other …")]
        if kept_words:
            choices.insert(0, (KEPT, kept_words))
        self._choices("interval", choices)
        weeks = parity_choices(now, str(self["timezone"].value() or "UTC"))
        self._choices("week_parity", weeks if keeps_week else [("", "with the first day that comes"), *weeks])

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def rule_values(self) -> dict[str, Any]:
        """What was typed under the names of :class:`tasks_app.models.Schedule`; call after ``is_valid()``.

        Fields that could not be read are missing; those of other types are left empty (T-4).
        """
        values = self.cleaned_data
        chosen = values.get("schedule_type", "")
        rule: dict[str, Any] = {"schedule_type": chosen, "timezone": values.get("timezone") or "UTC"}
        if chosen == ScheduleType.INTERVAL:
            rule["interval_seconds"] = self._seconds()
        elif chosen == ScheduleType.CRON:
            rule["cron_expression"] = values.get("cron_expression", "")
        else:
            rule["schedule_time"] = values.get("schedule_time", "")
        if chosen in (ScheduleType.WEEKLY, ScheduleType.BIWEEKLY):
            rule["days_of_week"] = values.get("days_of_week", [])
        if chosen == ScheduleType.BIWEEKLY:
            rule["week_parity"] = values.get("week_parity")
        if chosen == ScheduleType.MONTHLY:
            rule["day_of_month"] = values.get("day_of_month")
        return rule

    def _seconds(self) -> int:
        chosen = self.cleaned_data.get("interval", "")
        if chosen == KEPT and self.kept_seconds is not None:
            return self.kept_seconds
        if chosen.isdecimal():
            return int(chosen)
        days, hours, minutes = (self.cleaned_data.get(f"interval_{unit}") or 0 for unit in ("days", "hours", "minutes"))
        return days * 86_400 + hours * 3600 + minutes * 60

    @property
    def custom_interval(self) -> list[BoundField]:
        return [self[f"interval_{unit}"] for unit in ("days", "hours", "minutes")]

    @property
    def quick_picks(self) -> tuple[tuple[str, str, tuple[int, ...]], ...]:
        return QUICK_PICKS

    def add_rule_errors(self, errors: Mapping[str, list[str]]) -> None:
        """Put what the rules say (50 T-4) beside the field that shows it."""
        for name, sentences in errors.items():
            field = "interval" if name == "interval_seconds" else name
            for sentence in sentences:
                self.add_error(field if field in self.fields else None, sentence)


def parity_choices(now: datetime, zone: str) -> list[tuple[str, str]]:
    """ "This week" and "next week" as the parity that each has in ``zone`` (T-8), with the Sunday they begin on."""
    today = on_the_wall(now, ZoneInfo(zone if zone in zone_names() else "UTC")).date()
    this = today - timedelta(days=today.isoweekday() % 7)
    choices = []
    for words, sunday in (("this week", this), ("next week", this + timedelta(days=7))):
        choices.append((str(week_number(sunday) % 2), f"{words} (the one from Sunday, {sunday.day} {sunday:%B})"))
    return choices
