"""Filters of the journal and of past runs. Everything is optional; what is unreadable is said beside its field."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.forms.utils import from_current_timezone
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from tasks_app.journal_filter import JournalFilter
from tasks_app.models import NotificationKind, RunStatus
from tasks_app.notifications.queries import NotificationFilter
from tasks_app.registry import all_tasks

PAGE_SIZES = (25, 50, 100, 200)
DEFAULT_PAGE_SIZE = 50
RANGES = {
    "hour": ("Last hour", timedelta(hours=1)),
    "day": ("Last 24 hours", timedelta(days=1)),
    "week": ("Last 7 days", timedelta(days=7)),
    "month": ("Last 30 days", timedelta(days=30)),
}
CUSTOM = "custom"
ORIGINS = {"person": True, "automatic": False}


class MomentField(forms.Field):
    """A date or a moment, ISO-like, in the operator's time zone unless it names one."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def __init__(self, *, end_of_day: bool, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.end_of_day = end_of_day

    def to_python(self, value: Any) -> datetime | None:
        text = str(value or "").strip()
        if not text:
            return None
        moment = self._moment(text)
        if moment is None or not 1970 <= moment.year < 3000:  # far ends of time cannot be told in every time zone
            raise forms.ValidationError(
                f"“{text[:40]}” cannot be read. Write a date as 2026-03-08 or a moment as 2026-03-08 14:30."
            )
        return moment if timezone.is_aware(moment) else from_current_timezone(moment)

    def _moment(self, text: str) -> datetime | None:
        try:
            day = parse_date(text) if len(text) <= 10 else None
            if day is not None:
                return datetime.combine(day, time.max if self.end_of_day else time.min)
            return parse_datetime(text)
        except ValueError:  # shaped like a date, but there is no such day
            return None


class JournalFilterForm(forms.Form):
    """The filters of the journal as they stand in the address (50 §2.3)."""

    category = forms.CharField(required=False, max_length=20)
    action = forms.CharField(required=False, max_length=30)
    range = forms.ChoiceField(
        required=False,
        label="Time",
        choices=[("", "Any time"), *((key, label) for key, (label, _) in RANGES.items()), (CUSTOM, "From … to …")],
    )
    date_from = MomentField(end_of_day=False, label="From")
    date_to = MomentField(end_of_day=True, label="To")
    origin = forms.ChoiceField(
        required=False,
        label="Made by",
        choices=[("", "Everybody"), ("person", "People"), ("automatic", "ECM itself")],
    )
    batch = forms.CharField(required=False, max_length=50)
    entity = forms.IntegerField(required=False, min_value=-(2**63), max_value=2**63 - 1)
    q = forms.CharField(required=False, max_length=200, label="Search")
    size = forms.IntegerField(required=False, label="Per page")

    def clean_size(self) -> int:
        """Between 1 and the largest page offered; larger wishes are met as far as possible (50 §2.3)."""
        return max(1, min(self.cleaned_data["size"] or DEFAULT_PAGE_SIZE, PAGE_SIZES[-1]))

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        start, end = values.get("date_from"), values.get("date_to")
        if start and end and start > end:
            self.add_error("date_to", "This lies before “From”.")
        return values

    def moments(self) -> dict[str, str]:
        """Values for the two date inputs, which accept one spelling only; the error names what cannot be read."""
        shown = {}
        for name in ("date_from", "date_to"):
            given = str(self.data.get(name, ""))[:40]
            try:
                moment = self.fields[name].clean(given)
            except forms.ValidationError:
                moment = None
            shown[name] = timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M") if moment else ""
        return shown

    @property
    def is_custom(self) -> bool:
        """Whether the two date fields are in use."""
        return self.data.get("range") == CUSTOM or bool(
            not self.data.get("range") and (self.data.get("date_from") or self.data.get("date_to"))
        )

    def filter(self) -> JournalFilter:
        """The filter to apply; call after ``is_valid()``."""
        values = self.cleaned_data
        since, until = values["date_from"], values["date_to"]
        if values["range"] in RANGES:
            since, until = timezone.now() - RANGES[values["range"]][1], None
        return JournalFilter(
            category=values["category"],
            action=values["action"],
            since=since,
            until=until,
            user_initiated=ORIGINS.get(values["origin"]),
            batch_id=values["batch"],
            entity_id=values["entity"],
            text=values["q"].strip(),
        )


class RunFilterForm(forms.Form):
    """Filters of past runs. An unknown task shows nothing instead of everything."""

    task = forms.CharField(required=False, max_length=50)
    status = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any outcome"),
            *((str(status.value), status.label) for status in RunStatus if status not in ("queued", "running")),
        ],
    )

    def task_choices(self) -> list[tuple[str, str]]:
        """Known tasks, and the one asked for even if it is gone."""
        known = [(task.task_id, task.name) for task in all_tasks()]
        asked = str(self.data.get("task", ""))[:50]
        return known if not asked or asked in dict(known) else [*known, (asked, asked)]


class NotificationFilterForm(forms.Form):
    """Filters of the page with all notifications."""

    show = forms.ChoiceField(required=False, choices=[("", "All"), ("unread", "Unread only")])
    kind = forms.ChoiceField(required=False, choices=[("", "Any kind"), *NotificationKind.choices])
    q = forms.CharField(required=False, max_length=200, label="Search")

    def filter(self) -> NotificationFilter:
        """The filter to apply; call after ``is_valid()``."""
        values = self.cleaned_data
        return NotificationFilter(
            unread_only=values.get("show") == "unread", kind=values.get("kind", ""), text=values.get("q", "").strip()
        )
